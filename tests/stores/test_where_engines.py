"""Filters on the engines that are libraries agree with the reference evaluator on everything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.stores import Filter, Where, open_store
from rag.testing.store import DIM, EMBEDDER
from tests.stores.test_where import agrees, documents, filters

PACKAGES = {"lancedb": "lancedb", "qdrant": "qdrant_client"}
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module", params=PACKAGES)
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    name = request.param
    pytest.importorskip(PACKAGES[name], reason=f"not installed: pip install 'footnote-rag[{name}]'")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        url = f"lancedb://{folder}" if name == "lancedb" else f"qdrant://:memory:/{Path(folder).name}"
        store = open_store(url, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="none")
        yield store
        store.close()


@FEW
@given(documents, st.lists(filters, min_size=5, max_size=15))
def test_random_filters_equal_the_reference(
    store: Any, fields: list[dict[str, Any]], wheres: list[Filter]
) -> None:
    agrees(store, fields, wheres)


@FEW
@given(documents)
def test_filters_on_the_values_that_are_there_equal_the_reference(
    store: Any, fields: list[dict[str, Any]]
) -> None:
    there = {
        repr((n, v)): (n, v) for row in fields for n, v in row.items() if isinstance(v, str | int | float)
    }
    agrees(
        store,
        fields,
        [Where(n, op, v) for n, v in there.values() for op in ("=", "!=", "<", "<=", ">", ">=")][:20],
    )


def test_large_integers_are_told_apart(store: Any) -> None:
    """As floats they would all be 2⁵³ or 2⁶³."""
    large = [2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63), 2.0**53, 10**400]
    wheres = [Where("x", op, value) for value in large for op in ("=", "!=", "<", "<=", ">", ">=")]
    agrees(store, [{"x": value} for value in large], wheres)


def test_pages_headings_and_globs(store: Any) -> None:
    wheres: list[Filter] = [
        Where("page", ">=", 1),
        Where("page", "=", "1"),
        Where("page", "in", (0, "1", 2.0)),
        Where("page", "exists"),
        Where("heading", "~", "One*"),
        Where("heading", ">", "One › 0"),
        Where("source", "~", "shelf/[[]*"),
        Where("source", "~", "shelf/[1]?é.*"),
        Where("source", "~", "*\\*"),
        Where("source", "=", 5),
        Where("source", "!=", 5),
        Where("document_id", "exists"),
        Where("x", "~", "50%_*"),
        Where("x", "~", "back\\slash"),
        Where("x", "~", "two*lines"),
    ]
    agrees(store, [{"x": "50%_off"}, {"x": "50 or"}, {"x": "back\\slash"}, {"x": "two\nlines"}], wheres)
