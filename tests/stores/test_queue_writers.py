"""Two ingests of overlapping documents, workers that store for both and are killed, readers beside them."""

from __future__ import annotations

import multiprocessing
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rag.ingest.queue.open import open_queue
from rag.stores import Upsert, VectorStore
from rag.testing.store import DIM, EMBEDDER, ids, query
from tests.ingest.working import book, open_rag, read_in_process, work_in_process
from tests.stores.lance_processes import open_words
from tests.stores.postgres_server import server
from tests.stores.reading import CHUNKS

PROCESSES = multiprocessing.get_context("spawn")  # an engine's threads do not survive a fork
BOOKS = 90
KILLS = {"postgresql": 6, "lancedb": 3}
VERSIONS = {"postgresql": 4, "lancedb": 1}  # a folder of files is slow with ten processes on two cores
HALVES = (range(60), range(30, BOOKS))


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as running:
        yield running.url


@pytest.fixture(params=["postgres", "lancedb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """URLs of stores of one kind, by name."""
    if request.param == "lancedb":
        pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")
        return lambda name: f"lancedb://{tmp_path}/{name}"
    url = request.getfixturevalue("postgres")
    return lambda name: f"{url}?schema={name}"


def started(work: Callable[..., None], *args: Any) -> tuple[Any, Any]:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(*args, there), daemon=True)
    process.start()
    there.close()
    return process, here


@pytest.mark.timeout(900)
def test_workers_of_two_ingests_are_killed_and_every_document_is_whole(
    place: Callable[[str], str], tmp_path: Path
) -> None:
    url, chance = place("shelf"), random.Random(7)
    kind = url.partition(":")[0]
    versions, kills = VERSIONS[kind], KILLS[kind]
    queue = url if url.startswith("postgresql") else str(tmp_path / "queue.sqlite")
    with open_rag(tmp_path, url) as rag:
        rag.ingest([book(number, 0) for number in range(BOOKS)])
    readers = [started(read_in_process, url, BOOKS) for _ in range(2)]
    names = [f"worker-{number}" for number in range(4 + kills)]
    workers = [started(work_in_process, tmp_path, url, queue, name) for name in names[:4]]
    for _, pipe in [*readers, *workers]:
        assert pipe.poll(300)  # all are at work

    reports: list[Any] = []
    ingests = [
        threading.Thread(target=_ingest, args=(tmp_path, url, queue, half, versions, reports))
        for half in HALVES
    ]
    for ingest in ingests:
        ingest.start()
    with closing(open_queue(queue)) as beside:
        for turn in range(kills):
            time.sleep(chance.uniform(0.1, 0.4))
            process, _ = workers[turn % 4]
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            beside.release(names[turn])  # what else happens when the lease ends
            workers[turn % 4] = started(work_in_process, tmp_path, url, queue, names[turn + 4])
    for ingest in ingests:
        ingest.join(400)
    assert [(report.failed, len(report.updated)) for report in reports] == [([], 60)] * 2 * versions
    for process, pipe in readers:
        assert pipe.recv() == "ready"
        pipe.send("stop")
        assert pipe.poll(60)
        count, found = pipe.recv()
        assert count > 5
        assert found == []
        process.join()
    for process, _ in workers:
        process.kill()
        process.join()
    with closing(open_words(url)) as store, closing(open_words(place("fresh"))) as fresh:
        assert_like_a_fresh_build(store, fresh, versions)


def _ingest(folder: Path, url: str, queue: str, numbers: range, versions: int, reports: list[Any]) -> None:
    for version in range(1, versions + 1):
        with open_rag(folder, url, queue) as rag:
            turn = version * 1000 + numbers.start  # the two never write the same
            reports.append(rag.ingest([book(number, turn) for number in numbers]))


def assert_like_a_fresh_build(store: VectorStore, fresh: VectorStore, versions: int) -> None:
    """As many rows as ids, the last version of each document, the hits of a store that got these only."""
    rows = store.scan(limit=1000)
    assert len({chunk.id for chunk, _ in rows}) == len(rows) == store.stats()["chunks"] == BOOKS * CHUNKS
    assert list(store.problems()) == []
    infos = list(store.documents())
    assert len(infos) == BOOKS
    for info in infos:
        number, version = int(info.source[5:8]), info.metadata["version"]
        last = {versions * 1000 + half.start for half in HALVES if number in half}
        assert version in last
        chunks = sorted(
            (chunk for chunk, _ in rows if chunk.document_id == info.id), key=lambda one: one.start
        )
        [document] = store.load([info.id])
        assert document == book(number, version)
        vectors = EMBEDDER.embed([chunk.indexed_text for chunk in chunks])
        assert vectors.shape == (CHUNKS, DIM)
        fresh.upsert([Upsert(document, chunks, vectors, info.hash)])
    for one in (store, fresh):
        one.sync()
    for text in ("amber", "part1 book3", f"version{versions * 1000}", "nowhere"):
        assert store.dense(query(text), 300) == fresh.dense(query(text), 300)
        mine, theirs = store.lexical(text, 300), fresh.lexical(text, 300)
        assert ids(mine) == ids(theirs)
        assert [hit.score for hit in mine] == pytest.approx([hit.score for hit in theirs], rel=1e-5)
