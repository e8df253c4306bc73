"""Contracts as test suites: inherit one, say how to open your part, and run pytest.

- `store.py`: `StoreContract`, what every `VectorStore` does
- `source.py`: `SourceContract`, what every `rag.ingest.sources.Source` does
- `embedder.py`: `EmbedderContract`, and `WordEmbedder`, a small real embedder with scores known by hand

    class TestMyStore(StoreContract):
        def open(self, path, *, fingerprint="words-64", dim=64):
            return MyStore.open(path, fingerprint=fingerprint, dim=dim)
"""

from .embedder import EmbedderContract, WordEmbedder
from .source import SourceContract
from .store import StoreContract

__all__ = ["EmbedderContract", "SourceContract", "StoreContract", "WordEmbedder"]
