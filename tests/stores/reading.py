"""What the reading and writing processes of the tests do."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from rag.stores import LocalStore, Upsert
from rag.testing.store import ids, make, query
from tests.stores.fresh import open_store

DOCUMENTS, CHUNKS = 6, 3


def edition(number: int, version: int) -> Upsert:
    """Document `number`, whose every chunk says which version it is of."""
    parts = [f"amber part{part} book{number} version{version}" for part in range(CHUNKS)]
    return make(f"book-{number}.txt", *parts, version=version)


def faults(store: LocalStore, documents: int = DOCUMENTS) -> list[str]:
    """What one hybrid snapshot shows that no moment of the store's life looked like."""
    k = documents * CHUNKS + 10
    with store.snapshot():
        dense, lexical = ids(store.dense(query("amber"), k)), ids(store.lexical("amber", k))
        chunks = store.get(dense)
    found = [] if set(dense) == set(lexical) else ["the legs see different chunks"]
    if [chunk.id for chunk in chunks] != dense:
        found.append("a ranked chunk is not there")
    versions = defaultdict(list)
    for chunk in chunks:
        versions[chunk.document_id].append(int(chunk.text.rpartition("version")[2]))
        if chunk.metadata["version"] != versions[chunk.document_id][-1]:
            found.append("a chunk has the metadata of another version")
    mixed = [seen for seen in versions.values() if len(seen) != CHUNKS or len(set(seen)) != 1]
    found += [f"a document is a mixture: versions {sorted(seen)}" for seen in mixed]
    if len(versions) != documents:
        found.append(f"{len(versions)} documents instead of {documents}")
    return found


def read(store: LocalStore, stopped: Callable[[], bool]) -> tuple[int, list[str]]:
    """Takes snapshots until stopped; how many, and all their faults."""
    found: list[str] = []
    for count in itertools.count(1):
        found += faults(store)
        if stopped() or found:
            return count, found
    return 0, found


def read_in_process(folder: Path, pipe: Connection) -> None:
    """Sends `ready`, takes snapshots until something comes, and sends what it saw."""
    store = open_store(folder)
    early = faults(store)  # the first snapshot opens the indexes, which takes long on a busy machine
    pipe.send("ready")
    count, found = read(store, pipe.poll)
    pipe.send((count, early + found))
    store.close()


def search_on_demand(folder: Path, pipe: Connection) -> None:
    """Answers every text with the ids that both legs find, until None comes."""
    store = open_store(folder)
    pipe.send("ready")
    while (text := pipe.recv()) is not None:
        pipe.send((ids(store.dense(query(text), 3)), ids(store.lexical(text, 3))))
    store.close()


def write_on_demand(folder: Path, pipe: Connection) -> None:
    """Holds the writer's place until something comes."""
    store = open_store(folder)
    with store.writing():
        pipe.send("writing")
        pipe.recv()
    store.close()
