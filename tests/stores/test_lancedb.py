"""The LanceDB store keeps the contract, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.stores import VectorStore, open_store
from rag.testing import StoreContract

pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")


class TestLanceStore(StoreContract):
    def open(
        self, path: Path, *, fingerprint: str = "words-64", dim: int = 64, **options: Any
    ) -> VectorStore:
        return open_store(
            f"lancedb://{path}",
            fingerprint=fingerprint,
            dim=dim,
            embedder="words",
            language="english",
            options=options,
        )
