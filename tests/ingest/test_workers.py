"""Workers embed for an ingest, and any of them may die at any moment: nothing is lost, nothing is double."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import rag
from rag import Rag
from rag.errors import ConfigError, FingerprintError, RagError, StoreError
from rag.ingest.queue.open import NAME, open_queue
from rag.ingest.queue.worker import join, work
from rag.testing import WordEmbedder
from tests.ingest.working import book, by_lines, ingest_in_process, open_rag, work_in_process
from tests.stores.reading import CHUNKS

PROCESSES = multiprocessing.get_context("forkserver")
BUILT_IN = Path(rag.__file__).parent / "models" / "all-minilm-l6-v2"
DOCUMENTS = 600  # in units of 43 documents


def started(work: Callable[..., None], *args: Any) -> Any:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(*args, there), daemon=True)
    process.start()
    assert here.poll(60)
    return process


def killed(process: Any) -> None:
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def beside(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Runs in a thread; what it returns or raises is in the list then."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except RagError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def stored(opened: Rag) -> list[Any]:
    """Documents, and chunks with their vectors."""
    assert list(opened.store.problems()) == []
    rows = opened.store.scan(limit=10_000)
    assert len({chunk.id for chunk, _ in rows}) == len(rows) == opened.store.stats()["chunks"]
    return [list(opened.store.documents()), [(chunk, vector.tolist()) for chunk, vector in rows]]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What an ingest without workers stores."""
    with open_rag(tmp_path_factory.mktemp("fresh")) as opened:
        opened.ingest([book(number, 1) for number in range(DOCUMENTS)])
        return stored(opened)


def test_an_ingest_whose_workers_are_killed_ends_as_one_without_workers(
    tmp_path: Path, fresh: list[Any]
) -> None:
    queue, chance = str(tmp_path / "queue.sqlite"), random.Random(7)
    names = [f"worker-{number}" for number in range(9)]
    workers = [started(work_in_process, tmp_path, "", queue, name) for name in names[:3]]
    with open_rag(tmp_path, queue=queue) as opened, closing(open_queue(queue)) as beside_it:
        ingest, outcome = beside(lambda: opened.ingest([book(number, 1) for number in range(DOCUMENTS)]))
        for turn in range(6):
            time.sleep(chance.uniform(0.02, 0.1))
            killed(workers[turn % 3])
            beside_it.release(names[turn])  # what else happens when the lease ends
            workers[turn % 3] = started(work_in_process, tmp_path, "", queue, names[turn + 3])
        ingest.join()
        [report] = outcome
        assert (len(report.added), report.chunks, report.failed) == (DOCUMENTS, DOCUMENTS * CHUNKS, [])
        assert stored(opened) == fresh
    for worker in workers:
        killed(worker)


def test_an_ingest_that_is_killed_goes_on_where_it_stopped(tmp_path: Path, fresh: list[Any]) -> None:
    queue = str(tmp_path / "queue.sqlite")
    ingest = started(ingest_in_process, tmp_path, queue, DOCUMENTS)
    with open_rag(tmp_path) as looking:
        until = time.monotonic() + 30
        while not (looking.exists and looking.documents()) and time.monotonic() < until:
            time.sleep(0.02)
    killed(ingest)
    with open_rag(tmp_path, queue=queue) as opened:
        report = opened.ingest([book(number, 1) for number in range(DOCUMENTS)])
        assert len(report.added) + len(report.unchanged) == DOCUMENTS
        assert report.added
        assert report.unchanged
        assert stored(opened) == fresh


def test_processes_of_an_ingest_are_replaced_when_they_are_killed(tmp_path: Path) -> None:
    """With the real embedder, opened by its name in every process."""
    text = "The lantern of house {0} is lit at dusk. Its keeper writes the number {0} into a book of days."
    for number in range(150):
        path = tmp_path / "docs" / f"house-{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(number))
    with Rag(tmp_path / ".rag", settings={"ingest.workers": 2}) as opened:
        ingest, outcome = beside(lambda: opened.ingest(tmp_path / "docs"))
        until = time.monotonic() + 60
        while not (children := worker_children()) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(children[0], signal.SIGKILL)
        ingest.join()
        assert worker_children() == []
        [report] = outcome
        assert (len(report.added), report.failed) == (150, [])
        found = stored(opened)
    with Rag(tmp_path / "fresh.rag") as alone:
        alone.ingest(tmp_path / "docs")
        assert stored(alone) == found


def worker_children() -> list[int]:
    """The processes that embed for this one."""
    pids = [
        int(pid) for task in Path("/proc/self/task").iterdir() for pid in _read(task / "children").split()
    ]
    return [pid for pid in pids if "rag.ingest.queue.process" in _read(Path(f"/proc/{pid}/cmdline"))]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # it just ended


def test_a_worker_that_cannot_begin_ends_the_ingest_with_its_reason(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(BUILT_IN, model)
    with Rag(
        tmp_path / ".rag", embedder=str(model), chunk=by_lines, settings={"ingest.workers": 2}
    ) as opened:
        assert opened.embedder.dim == 384
        shutil.rmtree(model)
        with pytest.raises(
            StoreError, match=r"worker of this ingest ended \(exit status 1\): there is no emb"
        ):
            opened.ingest(book(1, 1))
        assert opened.documents() == []


def test_what_cannot_be_embedded_is_told_and_the_rest_is_stored(tmp_path: Path) -> None:
    with open_rag(tmp_path, queue=str(tmp_path / "queue.sqlite")) as opened:
        bad = book(1000, 1)
        bad = type(bad).make(f"{bad.text}\nunspeakable", bad.source)
        report = opened.ingest([*(book(number, 1) for number in range(5)), bad])
        assert len(report.added) == 5
        assert report.failed == [("book-1000.txt", "this word is unspeakable")]


def test_what_changes_later_keeps_the_vectors_of_what_did_not(tmp_path: Path) -> None:
    with open_rag(tmp_path, queue=str(tmp_path / "queue.sqlite")) as opened:
        first = book(1, 1)
        longer = type(first).make(f"{first.text}\nsomething new", first.source)
        report = opened.ingest([first, longer])  # the later one wins, and waits for the former
        assert (report.added, report.updated) == ([first.source], [first.source])
        assert (report.embedded, report.reused) == (CHUNKS + 1, CHUNKS)
        assert opened.store.load([first.id])[0].text == longer.text
        assert len(stored(opened)[1]) == CHUNKS + 1


def test_a_worker_refuses_another_embedder_and_another_store(tmp_path: Path) -> None:
    queue = open_queue(str(tmp_path / "queue.sqlite"))
    run = queue.begin("words-64", "postgresql://db/notes")
    other = Rag(tmp_path / ".rag", embedder=WordEmbedder(32))
    with pytest.raises(FingerprintError, match=r"embeds with words-64, this worker with words-32"):
        work(other, queue)
    with open_rag(tmp_path) as opened:
        with pytest.raises(ConfigError, match=r"the ingest stores into postgresql://db/notes, this worker"):
            work(opened, queue)
        queue.end(run)
        assert work(opened, queue, idle=0.2) == 0
        assert join(opened, idle=0.1) == 0
        assert (tmp_path / ".rag" / NAME).exists()
        assert not opened.exists  # a worker makes no store
    queue.close()
