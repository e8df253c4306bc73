"""One writer and many readers, in threads and processes: each sees one moment of the store, and soon."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rag.errors import LockedError, StoreError
from rag.indexes import DenseIndex
from rag.stores import LocalStore
from rag.testing.store import DIM, ids, make, query
from tests.stores import reading
from tests.stores.fresh import assert_like_a_fresh_build, open_store

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.stores.ingesting", "rag.ingest.run", "faiss", "tantivy"])


@contextmanager
def process(work: Callable[[Path, Connection], None], folder: Path) -> Iterator[Connection]:
    """A process at work on a folder, and the pipe to it."""
    here, there = PROCESSES.Pipe()
    started = PROCESSES.Process(target=work, args=(folder, there), daemon=True)
    started.start()
    there.close()
    try:
        yield here
        started.join(20)
        assert started.exitcode == 0
    finally:
        started.kill()
        started.join()
        here.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    store = open_store(tmp_path)
    yield store
    store.close()


def test_every_snapshot_is_one_moment(store: LocalStore, tmp_path: Path) -> None:
    store.upsert([reading.edition(number, 0) for number in range(reading.DOCUMENTS)])
    stop = threading.Event()
    other = open_store(tmp_path)
    with (
        process(reading.read_in_process, tmp_path) as one,
        process(reading.read_in_process, tmp_path) as two,
        ThreadPoolExecutor() as threads,
    ):
        readers = [threads.submit(reading.read, each, stop.is_set) for each in (store, store, other)]
        try:
            assert (one.recv(), two.recv()) == ("ready", "ready")
            for version in range(1, 61):
                store.upsert([reading.edition(version % reading.DOCUMENTS, version)])
                if version % 7 == 0:
                    store.sync()
        finally:
            stop.set()
            for pipe in (one, two):
                pipe.send("stop")
        outcomes = [reader.result() for reader in readers] + [one.recv(), two.recv()]
    other.close()
    for count, faults in outcomes:
        assert faults == []
        assert count > 1
    last = {version % reading.DOCUMENTS: version for version in range(61)}
    assert_like_a_fresh_build(
        store, [reading.edition(*each) for each in last.items()], ["amber", "version58"]
    )


def test_a_reader_in_another_process_sees_what_is_written(store: LocalStore, tmp_path: Path) -> None:
    with process(reading.search_on_demand, tmp_path) as pipe:
        assert pipe.recv() == "ready"
        for word in ("kelp", "lotus", "maple"):
            item = make(f"{word}.txt", word)
            store.upsert([item])
            pipe.send(word)
            dense, lexical = pipe.recv()
            assert (dense[0], lexical) == (item.chunks[0].id, [item.chunks[0].id])
            store.sync()  # the reader was first to bring the indexes up, and does not hold on to them
        store.delete([make("kelp.txt", "").document.id])
        pipe.send("kelp")
        assert pipe.recv()[1] == []
        pipe.send(None)


def test_a_second_writer_is_refused_at_once_or_waits(store: LocalStore, tmp_path: Path) -> None:
    item = make("a.txt", "amber")
    with process(reading.write_on_demand, tmp_path) as pipe:
        assert pipe.recv() == "writing"
        for write in (lambda: store.upsert([item]), lambda: store.delete(["x"]), store.sync):
            with pytest.raises(LockedError, match="another process is writing"):
                write()
        assert store.lexical("amber", 1) == []
        patient = open_store(tmp_path, wait=20)
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(patient.upsert, [item])
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            pipe.send("go")
            waiting.result(20)
        patient.close()
    assert ids(store.lexical("amber", 1)) == [item.chunks[0].id]


def test_writers_by_turns_leave_indexes_that_open(store: LocalStore, tmp_path: Path) -> None:
    """Each has an older dense index in memory than the one the other has saved meanwhile."""
    other, items = open_store(tmp_path), []
    for turn in range(6):
        items.append(make(f"book-{turn}.txt", f"amber n{turn}", "basil"))
        writer = (store, other)[turn % 2]
        writer.upsert([items[-1]])
        writer.sync()
        saved = DenseIndex.open(tmp_path / "dense", DIM)
        assert len(saved) == 2 * len(items)
    for each in (store, other):
        assert_like_a_fresh_build(each, items, ["amber", "basil n3"])
    other.close()


def test_a_reader_so_far_behind_that_the_log_has_forgotten(store: LocalStore, tmp_path: Path) -> None:
    reader, items = open_store(tmp_path), [make(f"book-{n}.txt", f"amber n{n}") for n in range(20)]
    store.upsert(items[:5])
    assert len(reader.dense(query("amber"), 100)) == 5
    store.upsert(items[5:])
    store.delete([items[0].document.id])
    store.sync()
    store._truth.connection.execute("DELETE FROM change")
    assert_like_a_fresh_build(reader, items[1:], ["amber n7"])
    assert_like_a_fresh_build(store, items[1:], ["amber n7"])
    shutil.rmtree(tmp_path / "dense")  # nor can a new index replay it: all is read again
    late = open_store(tmp_path)
    assert_like_a_fresh_build(late, items[1:], ["amber n7"])
    for each in (reader, late):
        each.close()


def test_threads_of_one_writer_take_turns(store: LocalStore) -> None:
    items = [make(f"book-{number}.txt", f"amber n{number}", "basil") for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda item: (store.upsert([item]), store.sync()), items))
    assert_like_a_fresh_build(store, items, ["amber n7"])


def test_a_write_inside_a_snapshot_is_refused(store: LocalStore) -> None:
    with store.snapshot(), pytest.raises(StoreError, match="inside a snapshot"):
        store.upsert([make("a.txt", "amber")])
    store.upsert([make("a.txt", "amber")])


def test_an_error_of_the_caller_inside_a_snapshot_is_the_callers(store: LocalStore) -> None:
    with pytest.raises(FileNotFoundError), store.snapshot():
        Path("/nowhere/at/all").read_text()
    assert store.lexical("amber", 1) == []


def test_threads_that_are_gone_leave_no_open_files(store: LocalStore) -> None:
    store.upsert([make("a.txt", "amber")])

    def search() -> None:
        assert len(store.dense(query("amber"), 1)) == 1

    def after(threads: int) -> int:
        for _ in range(threads):
            thread = threading.Thread(target=search)
            thread.start()
            thread.join()
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    few = after(5)
    assert after(50) <= few + 2


def test_a_store_that_was_replaced_says_so(store: LocalStore, tmp_path: Path) -> None:
    store.upsert([make("a.txt", "amber")])
    store.sync()
    shutil.copytree(tmp_path, tmp_path / "copy")
    (tmp_path / "copy" / "store.sqlite").replace(tmp_path / "store.sqlite")
    for use in (lambda: store.lexical("amber", 1), lambda: store.delete(["x"])):
        with pytest.raises(StoreError, match="replaced since it was opened"):
            use()
