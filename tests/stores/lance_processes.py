"""What the writing and reading processes of the LanceDB tests do, until they are told or killed."""

from __future__ import annotations

import itertools
import random
from multiprocessing.connection import Connection
from typing import Any

from rag.stores import open_store
from rag.testing.store import DIM, EMBEDDER
from tests.stores.reading import DOCUMENTS, edition, faults


def open_words(url: str) -> Any:
    return open_store(url, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="english")


def write_editions(url: str, writer: int, pipe: Connection) -> None:
    """Stores editions of all documents in any order, two at a time, and tells of each."""
    chance = random.Random(writer)
    store = open_words(url)
    for number in itertools.count():
        version = writer * 10_000 + number
        chosen = chance.sample(range(DOCUMENTS), 2)
        store.upsert([edition(document, version) for document in chosen])
        pipe.send(version)
        if number % 10 == 9:
            store.sync()


def read_editions(url: str, pipe: Connection) -> None:
    """Takes snapshots until something comes, and sends how many, and what was wrong in them."""
    store, count, found = open_words(url), 0, []
    while not pipe.poll():
        found += faults(store)
        count += 1
        if count == 1:
            pipe.send("ready")
    pipe.send((count, found))
