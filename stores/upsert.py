"""What an upsert goes through before any engine sees it: repeats dropped, vectors checked."""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import StoreError

from .contract import Upsert


def prepared(items: Sequence[Upsert], dim: int) -> list[Upsert]:
    """The items to store: of documents with one id the last, of chunks with one id the first.

    Engines differ on repeats: one refuses them, another stores both. Vectors come back as contiguous float32
    of shape (chunks, dim). Raises StoreError where they do not fit or are not finite.
    """
    return [_distinct(_checked(item, dim)) for item in {item.document.id: item for item in items}.values()]


def _checked(item: Upsert, dim: int) -> Upsert:
    import numpy as np

    vectors = np.ascontiguousarray(item.vectors, np.float32)
    if vectors.shape != (len(item.chunks), dim):
        raise StoreError(
            f"{item.document.source}: got vectors of shape {vectors.shape}, expected "
            f"({len(item.chunks)}, {dim}): one row a chunk, of the store's embedder"
        )
    if not np.isfinite(vectors).all():
        raise StoreError(
            f"{item.document.source} ({item.document.id}): a vector is not finite, expected unit rows: "
            "look at what the embedder made of this document"
        )
    return item._replace(vectors=vectors)


def _distinct(item: Upsert) -> Upsert:
    rows: dict[str, int] = {}
    for row, chunk in enumerate(item.chunks):
        rows.setdefault(chunk.id, row)
    if len(rows) == len(item.chunks):
        return item
    keep = list(rows.values())
    return item._replace(chunks=[item.chunks[row] for row in keep], vectors=item.vectors[keep])
