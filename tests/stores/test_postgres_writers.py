"""Writers of one PostgreSQL store are killed at random while others write and read the same documents."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import pytest

from rag.stores import VectorStore
from rag.testing.store import ids, query
from tests.stores.lance_processes import open_words, read_editions, write_editions
from tests.stores.postgres_server import Server, server
from tests.stores.processes import killed, started
from tests.stores.reading import CHUNKS, DOCUMENTS, edition

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.stores.lance_processes", "psycopg_pool", "pgvector.psycopg"])
KILLS = 8


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


def at_work(work: Any, *args: Any) -> tuple[Any, Connection]:
    """A process that has said something, and this end of its pipe."""
    process, here = started(PROCESSES, work, *args)
    assert here.poll(60)
    return process, here


def assert_like_a_fresh_build(store: VectorStore, fresh: VectorStore) -> None:
    """As many rows as ids, and the documents, hits and scores of a store that got the last editions only."""
    rows = store.scan(limit=1000)
    assert len({chunk.id for chunk, _ in rows}) == len(rows) == store.stats()["chunks"] == DOCUMENTS * CHUNKS
    assert list(store.problems()) == []
    infos = list(store.documents())
    kept = [edition(int(info.source[5:-4]), info.metadata["version"]) for info in infos]
    assert len(infos) == DOCUMENTS
    assert [info.hash for info in infos] == [item.hash for item in kept]
    fresh.upsert(kept)
    fresh.sync()
    for text in ("amber", "part1 book3", f"version{infos[0].metadata['version']}", "nowhere"):
        assert store.dense(query(text), 100) == fresh.dense(query(text), 100)
        one, other = store.lexical(text, 100), fresh.lexical(text, 100)
        assert ids(one) == ids(other)
        assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], rel=1e-6)


@pytest.mark.timeout(240)
def test_killed_writers_leave_no_half_document_and_no_row_twice(running: Server) -> None:
    url, chance = f"{running.url}?schema=shelf", random.Random(7)
    store = open_words(url)
    store.upsert([edition(number, 0) for number in range(DOCUMENTS)])
    readers = [at_work(read_editions, url) for _ in range(2)]
    writers = [at_work(write_editions, url, number) for number in range(1, 5)]
    versions: list[int] = []
    for turn in range(KILLS):
        time.sleep(chance.uniform(0.02, 0.2))
        place = chance.randrange(len(writers))
        versions += killed(*writers[place])
        writers[place] = at_work(write_editions, url, turn + 5)
    for process, pipe in writers:
        versions += killed(process, pipe)
    for process, pipe in readers:
        assert pipe.recv() == "ready"
        pipe.send("stop")
        assert pipe.poll(60)
        count, found = pipe.recv()
        assert count > 5
        assert found == []
        process.join()
    assert len(set(versions)) > 2 * KILLS

    store.sync()
    fresh = open_words(f"{running.url}?schema=fresh")
    assert_like_a_fresh_build(store, fresh)
    store.close()
    fresh.close()


def test_the_index_is_built_while_others_write(running: Server) -> None:
    """Two syncs and two writers at once: one index comes about, valid, and holds everything."""
    from rag.stores import open_store
    from rag.testing.store import DIM, EMBEDDER, library, together

    def opened() -> VectorStore:
        return open_store(
            f"{running.url}?schema=index",
            fingerprint=EMBEDDER.fingerprint,
            dim=DIM,
            language="english",
            options={"exact_up_to": 5},
        )

    stores, items = [opened(), opened()], library()
    stores[0].upsert(items[:10])
    together(
        stores[0].sync,
        stores[1].sync,
        lambda: stores[0].upsert(items[5:25]),
        lambda: stores[1].upsert(items[20:]),
    )
    for store in stores:
        assert store.stats()["dense"] == "hnsw"
        assert list(store.problems()) == []
        expected = {chunk.id for item in items for chunk in item.chunks}
        assert {hit.chunk_id for hit in store.dense(query("amber"), len(expected))} == expected
        store.close()
