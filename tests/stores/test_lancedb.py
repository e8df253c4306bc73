"""The LanceDB store keeps the contract, in a folder and in a bucket, and tells clearly what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.stores import VectorStore, open_store
from rag.testing import StoreContract
from rag.testing.store import DIM, EMBEDDER
from tests.stores.moto_server import KEYS, make_bucket, s3_server

pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")


def open_here(url: str, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM, **options: Any) -> Any:
    return open_store(
        url, fingerprint=fingerprint, dim=dim, embedder="words", language="english", options=options
    )


class TestLanceStore(StoreContract):
    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        store: VectorStore = open_here(f"lancedb://{path}", fingerprint=fingerprint, dim=dim)
        return store


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with one bucket, `shelf`."""
    pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server,s3]'")
    with s3_server() as address:
        make_bucket(address, "shelf")
        yield address


class TestLanceStoreInABucket(StoreContract):
    @pytest.fixture(autouse=True)
    def _server(self, s3: str) -> None:
        self.address = s3

    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        url = f"s3://shelf/{path.relative_to(path.anchor)}"
        store: VectorStore = open_here(url, fingerprint=fingerprint, dim=dim, endpoint=self.address, **KEYS)
        return store
