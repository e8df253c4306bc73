"""Writers of one LanceDB table are killed at random while others write and read the same documents."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

import pytest

from rag.testing.store import ids, query
from tests.stores.processes import killed, started
from tests.stores.reading import CHUNKS, DOCUMENTS, edition

pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")

from tests.stores.lance_processes import open_words, read_editions, write_editions

PROCESSES = multiprocessing.get_context("spawn")  # the engine's threads do not survive a fork
KILLS = 4


@pytest.mark.timeout(240)
def test_killed_writers_leave_no_half_document_and_no_row_twice(tmp_path: Path) -> None:
    url, chance = f"lancedb://{tmp_path}/shelf", random.Random(7)
    store = open_words(url)
    store.upsert([edition(number, 0) for number in range(DOCUMENTS)])
    readers = [started(PROCESSES, read_editions, url) for _ in range(2)]
    writers = [started(PROCESSES, write_editions, url, number) for number in range(1, 5)]
    for _, pipe in [*readers, *writers]:
        assert pipe.poll(120)  # all are at work
    versions = []
    for turn in range(KILLS):
        time.sleep(chance.uniform(0.2, 0.6))
        process, pipe = writers[turn % len(writers)]
        versions += killed(process, pipe)
        if turn < KILLS // 2:
            writers[turn] = started(PROCESSES, write_editions, url, turn + 5)
            assert writers[turn][1].poll(120)
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

    _assert_whole(store, tmp_path)


def _assert_whole(store: Any, tmp_path: Path) -> None:
    """As many rows as ids, and the hits of a store that was given the last editions only."""
    store.sync()
    rows = store.scan(limit=1000)
    assert len({chunk.id for chunk, _ in rows}) == len(rows) == store.stats()["chunks"] == DOCUMENTS * CHUNKS
    assert list(store.problems()) == []
    infos = list(store.documents())
    assert len(infos) == DOCUMENTS
    kept = [edition(int(info.source[5:-4]), info.metadata["version"]) for info in infos]
    assert [info.hash for info in infos] == [item.hash for item in kept]
    fresh = open_words(f"lancedb://{tmp_path}/fresh")
    fresh.upsert(kept)
    fresh.sync()
    for text in ("amber", "part1 book3", f"version{infos[0].metadata['version']}"):
        for one, other in (
            (store.dense(query(text), 100), fresh.dense(query(text), 100)),
            (store.lexical(text, 100), fresh.lexical(text, 100)),
        ):
            assert ids(one) == ids(other)
            assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-5)
