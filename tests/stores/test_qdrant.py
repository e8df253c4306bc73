"""The Qdrant store keeps the contract in the client's local mode, and on the server that a variable names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.stores import VectorStore, open_store
from rag.testing import StoreContract
from rag.testing.store import DIM, EMBEDDER

pytest.importorskip("qdrant_client", reason="Qdrant is not installed: pip install 'footnote-rag[qdrant]'")


def open_here(url: str, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM, **options: Any) -> Any:
    return open_store(
        url, fingerprint=fingerprint, dim=dim, embedder="words", language="english", options=options
    )


class TestQdrantStore(StoreContract):
    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> VectorStore:
        name = str(path).replace("/", "-")
        store: VectorStore = open_here(f"qdrant://:memory:/{name}", fingerprint=fingerprint, dim=dim)
        return store
