"""What the processes of these tests do: work for an ingest, or read beside it, until told or killed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import Rag
from rag.embedding import Kind
from rag.errors import ModelError
from rag.ingest.queue.open import open_queue
from rag.ingest.queue.worker import work
from rag.stores import open_store
from rag.testing import WordEmbedder
from rag.testing.store import DIM, EMBEDDER
from rag.types import Document, Span
from tests.stores.reading import CHUNKS, faults

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Slow(WordEmbedder):
    """Takes its time for every unit, so that kills meet work, and fails at one word."""

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        if any("unspeakable" in text for text in texts):
            raise ModelError("this word is unspeakable")
        time.sleep(0.1)
        return super().embed(texts, kind)


def by_lines(document: Document, token_ends: Any) -> Iterator[Span]:
    """A chunk a line."""
    start = 0
    for line in document.text.splitlines(keepends=True):
        yield Span(start, start + len(line.rstrip("\n")))
        start += len(line)


def book(number: int, version: int) -> Document:
    """Document `number`, whose every chunk says which version it is of."""
    parts = [f"amber part{part} book{number} version{version}" for part in range(CHUNKS)]
    return Document.make("\n".join(parts), f"book-{number:03}.txt", metadata={"version": version})


def open_rag(folder: Path, url: str = "", queue: str = "") -> Rag:
    """A pipeline with the slow embedder; without a queue it works alone."""
    settings = {"ingest.queue": queue or None, "index.language": "english", "store.url": url or None}
    return Rag(folder / ".rag", embedder=Slow(DIM), chunk=by_lines, settings=settings)


def work_in_process(folder: Path, url: str, queue: str, name: str, pipe: Connection) -> None:
    """Says that it begins, then works until it is killed."""
    with open_rag(folder, url, queue) as rag, closing(open_queue(queue)) as opened:
        pipe.send("at work")
        work(rag, opened, name=name)


def ingest_in_process(folder: Path, queue: str, documents: int, pipe: Connection) -> None:
    """Says that it begins, then ingests until it is done or killed."""
    with open_rag(folder, queue=queue) as rag:
        pipe.send("at work")
        rag.ingest([book(number, 1) for number in range(documents)])


def read_in_process(url: str, documents: int, pipe: Connection) -> None:
    """Takes snapshots until something comes, and sends how many, and what was wrong in them."""
    store: Any = open_store(
        url, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="english"
    )
    count, found = 0, []
    while not pipe.poll():
        found += faults(store, documents)
        count += 1
        time.sleep(0.05)  # the others need the machine, too
        if count == 1:
            pipe.send("ready")
    pipe.send((count, found))
