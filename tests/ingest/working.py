"""What the processes of these tests do: work for an ingest, or read beside it, until told or killed."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rag import Rag
from rag.queue.worker import join
from rag.stores import open_store
from rag.testing.store import DIM, EMBEDDER
from rag.types import Document, Span
from tests.stores.ingesting import SlowWords
from tests.stores.reading import CHUNKS, faults


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
    """A pipeline whose embedder takes its time, so that kills meet work."""
    settings = {"ingest.queue": queue or None, "index.language": "english", "store.url": url or None}
    return Rag(folder / ".rag", embedder=SlowWords(DIM), chunk=by_lines, settings=settings)


def work_in_process(folder: Path, url: str, queue: str, pipe: Connection) -> None:
    """Says that it begins, then works until it is killed."""
    with open_rag(folder, url, queue) as rag:
        pipe.send("at work")
        join(rag)


def read_in_process(url: str, documents: int, pipe: Connection) -> None:
    """Takes snapshots until something comes, and sends how many, and what was wrong in them."""
    store: Any = open_store(
        url, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="english"
    )
    count, found = 0, []
    while not pipe.poll():
        found += faults(store, documents)
        count += 1
        if count == 1:
            pipe.send("ready")
    pipe.send((count, found))
