"""What the processes of the tests do: ingest and tell of it, so that they can be killed at any moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from rag import Rag
from rag.embedding import Kind
from rag.stores import Filter, LocalStore, Upsert
from rag.testing import WordEmbedder
from rag.types import Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 64


class SlowWords(WordEmbedder):
    """Takes its time, as a model does."""

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        time.sleep(0.02)
        return super().embed(texts, kind)


class Telling(LocalStore):
    """Sends what it does: `stored` with id and hash, `gone` with the id, and `syncing` when that begins."""

    pipe: Connection

    def upsert(self, items: Sequence[Upsert]) -> None:
        super().upsert(items)
        for item in items:
            self.pipe.send(("stored", item.document.id, item.hash))

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        for document_id in document_ids:  # before: a document that is on its way out may be there or not
            self.pipe.send(("gone", document_id, ""))
        return super().delete(document_ids, where)

    def sync(self) -> None:
        self.pipe.send(("syncing", "", ""))
        super().sync()


def load(path: Path, source: str) -> list[Document]:
    """A text file as one document."""
    return [Document.make(path.read_text(), source, title="book")]


def open_rag(folder: Path, store: LocalStore) -> Rag:
    """The pipeline over a store, cutting small."""
    settings = {"chunk.method": "fixed", "chunk.max_tokens": 16}
    return Rag(folder / ".rag", embedder=SlowWords(DIM), store=store, settings=settings)


def ingest(folder: Path, pipe: Connection) -> None:
    """Follows the files of a folder, then writes its indexes down again and again."""
    store = Telling.open(folder / ".rag", fingerprint=f"words-{DIM}", dim=DIM, language="english")
    store.pipe = pipe
    open_rag(folder, store).ingest(folder / "files", load=load)
    pipe.send(("done", "", ""))
