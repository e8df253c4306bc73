"""The vectors of chunks that are hits already: read from the store where it can say, embedded where not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.embedding import Embedder
from rag.stores import VectorStore
from rag.types import Chunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE = 500
"""Chunks that stand for the whole corpus."""


def vectors_of(store: VectorStore, embedder: Embedder, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
    """float32 of shape (len(chunks), dim), unit rows, in the order of the chunks."""
    import numpy as np

    stored = [_stored(store, chunk) for chunk in chunks]
    missing = [chunk for chunk, row in zip(chunks, stored, strict=True) if row is None]
    made = iter(embedder.embed([chunk.indexed_text for chunk in missing], "document"))
    rows = [next(made) if row is None else row for row in stored]
    return np.array(rows, np.float32).reshape(len(chunks), embedder.dim)


def sample(store: VectorStore, size: int = SAMPLE) -> tuple[list[Chunk], NDArray[np.float32]]:
    """Up to `size` chunks and their unit rows, (n, dim). Ids are hashes: the first ones are a random draw."""
    import numpy as np

    rows = store.scan(limit=size)
    vectors = np.array([vector for _, vector in rows], np.float32)
    return [chunk for chunk, _ in rows], vectors if rows else vectors.reshape(0, 0)


def _stored(store: VectorStore, chunk: Chunk) -> NDArray[np.float32] | None:
    """The stored vector: a scan that begins right before an id finds it first."""
    try:
        before = f"{int(chunk.id, 16) - 1:0{len(chunk.id)}x}"
    except ValueError:
        return None  # an id that is no hash
    for kept, vector in store.scan(after=before, limit=1):
        if kept.id == chunk.id and kept.text == chunk.text:
            return vector
    return None
