"""A store of words, and a fresh build to compare it with."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rag.stores import Filter, LocalStore, Upsert
from rag.testing.store import DIM, EMBEDDER, query


def open_store(path: Path, **options: Any) -> LocalStore:
    """A store for words: its language is told, so that what came first decides nothing."""
    return LocalStore.open(
        path, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="english", **options
    )


def found(store: LocalStore, text: str, k: int, where: Filter | None = None) -> list[dict[str, float]]:
    """Chunk id → score of both legs."""
    with store.snapshot():
        return [dict(store.dense(query(text), k, where)), dict(store.lexical(text, k, where))]


def assert_like_a_fresh_build(
    store: LocalStore,
    items: Iterable[Upsert],
    texts: Iterable[str],
    filters: Iterable[Filter | None] = (None,),
) -> None:
    """Documents, chunks, hits and scores are those of a store that was given these documents only."""
    items = sorted(items, key=lambda item: item.document.id)
    with tempfile.TemporaryDirectory() as folder:
        fresh = open_store(Path(folder), engine=store.identity.engine)
        try:
            fresh.upsert(items)
            assert list(store.documents()) == list(fresh.documents())
            assert [chunk for chunk, _ in store.scan(limit=10_000)] == [
                chunk for chunk, _ in fresh.scan(limit=10_000)
            ]
            for text, where, k in itertools.product(texts, filters, (3, 10_000)):
                for leg, expected in zip(
                    found(store, text, k, where), found(fresh, text, k, where), strict=True
                ):
                    assert leg == pytest.approx(expected, abs=1e-5), (text, where, k)
                    assert list(leg) == list(expected) or _nearly_tied(expected)
        finally:
            fresh.close()
    assert list(store.problems()) == []


def _nearly_tied(scores: dict[str, float]) -> bool:
    """Whether two neighbours are so close that their order is a matter of rounding."""
    return any(0 < one - other < 1e-5 for one, other in itertools.pairwise(scores.values()))
