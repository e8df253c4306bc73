"""The second half of an ingest: documents that are cut → vectors → the store.

`Here` embeds and stores in this process. Others hand the work to processes and machines: `rag/queue/` by
leases, `ray.py` on a Ray cluster. All of them store by the same upsert, which may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rag.embedding import Embedder
from rag.stores import Upsert, VectorStore
from rag.types import Chunk, Document, DocumentInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNIT = 128
"""Chunks, at most, that are embedded in one call: what is lost of the work when a process is killed."""


class Pending(NamedTuple):
    """A document on its way into the store, and what stands there in its place until then."""

    document: Document
    chunks: list[Chunk]
    hash: str
    former: DocumentInfo | None
    moved_from: DocumentInfo | None


class Done(NamedTuple):
    """Something that was done: so many chunks embedded, a document stored, or given up with an error."""

    embedded: int = 0
    stored: Pending | None = None
    failed: Pending | None = None
    error: str = ""


class Storing(Protocol):
    """Where documents go. What is done is reported as it happens, in any order, now or in a later call."""

    def put(self, items: Sequence[Pending], known: Mapping[str, NDArray[np.float32]]) -> Iterator[Done]:
        """Takes documents. `known` has the vectors of those indexed texts that need no embedding."""
        ...

    def rest(self) -> Iterator[Done]:
        """Waits until everything that was put is done."""
        ...


class Batch(NamedTuple):
    """Documents that are stored together: the texts to embed, and where each chunk's vector then stands.

    Chunk i of the batch has the vector `rows[i]` of the known ones, followed by those of `texts`.
    """

    items: Sequence[Pending]
    known: Sequence[NDArray[np.float32]]
    texts: list[str]
    rows: list[int]

    @classmethod
    def of(cls, items: Sequence[Pending], known: Mapping[str, NDArray[np.float32]]) -> Batch:
        """Every text once, in the order of the chunks."""
        wanted = [chunk.indexed_text for item in items for chunk in item.chunks]
        distinct = dict.fromkeys(wanted)
        reused = [text for text in distinct if text in known]
        missing = [text for text in distinct if text not in known]
        place = {text: row for row, text in enumerate([*reused, *missing])}
        return cls(items, [known[text] for text in reused], missing, [place[text] for text in wanted])

    @property
    def pieces(self) -> list[list[str]]:
        """The texts in calls of at most `UNIT`, all about as large."""
        number = -(-len(self.texts) // UNIT)
        ends = [len(self.texts) * piece // number for piece in range(number + 1)] if number else []
        return [self.texts[ends[piece] : ends[piece + 1]] for piece in range(number)]

    def upserts(self, embedded: Sequence[NDArray[np.float32]], dim: int) -> list[Upsert]:
        """The documents with their vectors. `embedded` has those of `texts`, in order."""
        import numpy as np

        vectors = np.array([*self.known, *embedded], np.float32).reshape(-1, dim)
        batch, at = [], 0
        for item in self.items:
            rows = self.rows[at : at + len(item.chunks)]
            batch.append(Upsert(item.document, item.chunks, vectors[rows], item.hash))
            at += len(rows)
        return batch


class Here:
    """Embeds and stores in this process."""

    def __init__(self, store: VectorStore, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder

    def put(self, items: Sequence[Pending], known: Mapping[str, NDArray[np.float32]]) -> Iterator[Done]:
        batch = Batch.of(items, known)
        embedded: list[NDArray[np.float32]] = []
        for piece in batch.pieces:
            embedded += list(self._embedder.embed(piece, "document"))
            yield Done(embedded=len(piece))
        self._store.upsert(batch.upserts(embedded, self._embedder.dim))
        yield from (Done(stored=item) for item in items)

    def rest(self) -> Iterator[Done]:
        """Nothing is left: `put` waited."""
        yield from ()
