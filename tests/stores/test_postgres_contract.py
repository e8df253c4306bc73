"""PostgreSQL keeps the shipped contract: with either precision, every lexical engine, and with its index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rag.stores import VectorStore, open_store
from rag.testing import StoreContract
from tests.stores.postgres_server import Server, server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


class PostgresContract(StoreContract):
    """The contract over schemas of one server: a path is a schema."""

    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _server(self, running: Server, tmp_path: Path) -> None:
        self.url, self.base = running.url, tmp_path

    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        schema = f"{self.base.name}_{path.name}".replace("-", "_").lower()
        return open_store(
            f"{self.url}?schema={schema}",
            fingerprint=fingerprint,
            dim=dim,
            embedder="words",
            language="english",
            options=self.options,
        )


class TestPostgres(PostgresContract):
    pass


class TestPostgresInFullPrecision(PostgresContract):
    options: ClassVar[dict[str, Any]] = {"vectors": "float32", "lexical": "ts_rank"}


class TestPostgresWithItsIndex(PostgresContract):
    """The index is built from ten chunks on, so that nearly every search of the contract is through it."""

    options: ClassVar[dict[str, Any]] = {"exact_up_to": 10}
