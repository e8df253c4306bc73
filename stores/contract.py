"""What every store does. Core asks for ranked lists and fuses them itself, so all stores order hits alike.

A store is opened for one embedder: its name, fingerprint and dimension are kept in the store, and another is
refused with FingerprintError. Vectors are unit rows and the metric is the inner product, everywhere.
`rag.testing.StoreContract` is this page as a test suite; a third party's store inherits it. `open.py` says
what a module offers so that its stores open by URL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rag.types import Chunk, Document, DocumentInfo, Scored

from .where import Filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can and cannot do; the contract suite checks it. It never changes.

    How an engine is driven (search effort, consistency, compression) is no capability but an option of the
    store's own `open`.
    """

    name: str
    lexical: str
    """The lexical engine, `tantivy` or `rank-bm25`; empty where the store has none."""
    filters: frozenset[str]
    """Operators of `Where` that the store evaluates itself; another raises FilterError."""
    bm25: bool = False
    """Lexical scores know how rare a word is, as BM25 does."""
    unspaced: bool = False
    """The lexical leg finds parts of text in scripts without spaces (Chinese, Japanese, Thai)."""
    dense: str = "exact"
    """How the dense leg searches when there are many chunks: `exact`, `hnsw`, …"""
    vectors: str = "float32"
    """The precision in which vectors are kept and come back from `scan`: `float32` or `float16`."""
    atomic_documents: bool = True
    """A reader sees a document's old chunks or its new ones, never a mixture."""
    snapshots: bool = True
    """Inside `snapshot`, what others write meanwhile is not seen."""
    concurrent_writers: bool = False
    """Any number of processes may write at once. Elsewhere the second gets LockedError, or waits."""
    visible_at_once: bool = True
    """What is written is seen by every reader at once; elsewhere, others see it after `sync`."""
    max_k: int | None = None
    """Most hits of one search; a larger `k` gives so many."""
    max_batch: int | None = None
    """Most chunks that go to the engine in one request. A store cuts larger upserts itself."""


class Upsert(NamedTuple):
    """One document with its chunks and their vectors, stored as a whole or not at all.

    `vectors` is float32 of shape (len(chunks), dim), unit rows. `hash` is what `documents()` gives back.
    """

    document: Document
    chunks: Sequence[Chunk]
    vectors: NDArray[np.float32]
    hash: str


class BuiltWith(NamedTuple):
    """What a store was built with. `embedder` is how to open the embedder again."""

    embedder: str
    fingerprint: str
    dim: int
    language: str


class Problem(NamedTuple):
    """Something that is wrong with a store, and the command or step that mends it."""

    what: str
    mend: str


class Tables(Protocol):
    """An SQL database beside a store's own tables, for those who keep theirs there. For any thread."""

    def writing(self) -> AbstractContextManager[Any]:
        """A cursor in a transaction: all of it is committed at the end, or nothing. Raises StoreError."""
        ...

    def close(self) -> None: ...


class VectorStore(Protocol):
    """Documents, chunks and vectors, with search legs. Errors are those of `rag.errors`."""

    @property
    def caps(self) -> Capabilities: ...

    def upsert(self, items: Sequence[Upsert]) -> None:
        """Stores documents, each replaced as a whole. Of repeats, the last wins: see `prepared`.

        Raises StoreError where vectors do not match chunks in number or dimension; nothing is stored then.
        """
        ...

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        """Removes documents by id, and those of which a chunk matches `where`. Returns how many went."""
        ...

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        """The k chunks nearest to a unit vector of shape (dim,), by inner product, best first."""
        ...

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        """The k chunks that match the text best by BM25, best first; without a shared term, none."""
        ...

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        """Chunks in the order asked; ids that are not stored are left out."""
        ...

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        """Documents in the order asked; ids that are not stored are left out."""
        ...

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        """Every document (of which a chunk matches `where`), without its text, ordered by source."""
        ...

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        """Up to `limit` chunks with ids greater than `after`, in order of id, and their vectors."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside it, `dense`, `lexical`, `get` and `load` of this thread all see one state of the store."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Holds the writer's place, for stores that admit one writer. Raises LockedError when it is taken.

        Threads of one process that write without it queue; it may be entered again by the thread that is in.
        """
        ...

    def sync(self) -> None:
        """The barrier: returns when all that was written is durable and seen by all readers at full speed."""
        ...

    def stats(self) -> Mapping[str, Any]:
        """Counts and sizes: at least `documents`, `chunks`, `dim`, `bytes`."""
        ...

    def problems(self) -> Sequence[Problem]:
        """What is wrong inside the store; empty when all is well. May read everything once."""
        ...

    def close(self) -> None: ...
