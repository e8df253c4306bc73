"""The local store keeps the shipped contract, with either lexical engine."""

from __future__ import annotations

from pathlib import Path

from rag.stores import LocalStore
from rag.testing import StoreContract


class TestLocalStore(StoreContract):
    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> LocalStore:
        return LocalStore.open(path, fingerprint=fingerprint, dim=dim, embedder="words", language="english")


class TestLocalStoreWithRankBM25(StoreContract):
    def open(self, path: Path, *, fingerprint: str = "words-64", dim: int = 64) -> LocalStore:
        return LocalStore.open(
            path, fingerprint=fingerprint, dim=dim, embedder="words", language="none", engine="rank-bm25"
        )
