"""The lease queue, on SQLite and on PostgreSQL: nothing is lost, nothing is done by two that both count."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import ConfigError, StoreError
from rag.ingest.queue.leases import TRIES, Queue, Run, Unit
from rag.ingest.queue.open import open_queue
from tests.stores.postgres_server import Server, server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "deep" / "queue.sqlite")
    return f"{request.getfixturevalue('running').url}?schema=q{abs(hash(tmp_path)) % 10**9}"


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    opened = open_queue(url)
    yield opened
    opened.close()


@pytest.fixture
def run(queue: Queue) -> Run:
    return queue.begin("words-64", "")


def taken(queue: Queue, run: Run, worker: str = "ada", kind: str = "embed") -> Unit:
    unit = queue.take(run, worker, [kind])  # type: ignore[list-item]
    assert unit is not None
    return unit


def test_what_is_to_be_stored_waits_for_its_parts_and_finds_their_results_in_order(
    queue: Queue, run: Run
) -> None:
    whole = queue.put(run, b"documents", [b"one", b"two"], known=b"K")
    assert queue.take(run, "ada", ["store"]) is None
    first, second = taken(queue, run, "ada"), taken(queue, run, "bob")
    assert (first.payload, second.payload) == (b"one", b"two")
    assert queue.done(second, b"2")
    assert queue.take(run, "ada", ["store"]) is None
    assert queue.done(first, b"1")
    unit = taken(queue, run, kind="store")
    assert (unit.id, unit.payload, queue.results(unit)) == (whole, b"documents", b"K12")
    assert queue.finished(run) == []
    assert queue.done(unit)
    assert queue.finished(run) == [(whole, "")]
    assert queue.finished(run) == []


def test_what_needs_no_embedding_can_be_stored_at_once(queue: Queue, run: Run) -> None:
    queue.put(run, b"documents", [], known=b"K")
    assert queue.results(taken(queue, run, kind="store")) == b"K"


def test_a_unit_of_a_dead_worker_goes_to_another_and_only_that_one_counts(queue: Queue, run: Run) -> None:
    queue.put(run, b"", [b"one"])
    lost = taken(queue, run, "ada")
    assert queue.keep(lost)
    assert queue.take(run, "bob", ["embed"]) is None
    queue.release("ada")
    again = taken(queue, run, "bob")
    assert (again.id, again.turn) == (lost.id, lost.turn + 1)
    assert not queue.keep(lost)
    assert not queue.done(lost, b"late")
    queue.give_back(lost, "no longer mine to give")
    assert queue.keep(again)
    assert queue.done(again, b"good")
    assert not queue.done(again, b"twice")
    assert queue.results(taken(queue, run, kind="store")) == b"good"


def test_what_kills_all_its_workers_fails_in_the_end(queue: Queue, run: Run) -> None:
    whole = queue.put(run, b"", [b"poison", b"fine"])
    for _ in range(TRIES):
        assert queue.finished(run) == []
        assert taken(queue, run, "ada").payload == b"poison"
        queue.release("ada")
    assert taken(queue, run, "ada").payload == b"fine"
    [(unit, error)] = queue.finished(run)
    assert unit == whole
    assert "died each time" in error


def test_the_reason_that_was_given_last_is_told(queue: Queue, run: Run) -> None:
    queue.put(run, b"", [b"one"])
    for number in range(TRIES):
        unit = taken(queue, run, "ada")
        queue.give_back(unit, f"reason {number}")
        assert queue.take(run, "bob", ["embed"]) is None  # later
        queue.release("ada")
    assert [error for _, error in queue.finished(run)] == [f"reason {TRIES - 1}"]


def test_what_an_ingest_that_died_left_is_not_handed_out(queue: Queue, run: Run) -> None:
    queue.put(run, b"", [b"one"])
    assert queue.runs() == [run]
    _age(queue, 1)
    assert queue.runs() == []
    assert queue.take(run, "ada", ["embed"]) is None
    assert queue.keep_run(run)  # it was asleep only
    assert taken(queue, run).payload == b"one"
    _age(queue, 7200)
    other = queue.begin("words-64", "")
    assert not queue.keep_run(run)
    assert queue.runs() == [other]


def test_an_ended_run_leaves_nothing(queue: Queue, run: Run) -> None:
    queue.put(run, b"", [b"one"])
    unit = taken(queue, run)
    queue.end(run)
    assert not queue.done(unit, b"late")
    assert _rows(queue) == 0


def test_many_take_at_once_and_each_unit_goes_to_one(queue: Queue, url: str, run: Run) -> None:
    for number in range(10):
        queue.put(run, b"", [f"{number}-{piece}".encode() for piece in range(5)])

    def worker(name: str) -> list[bytes]:
        own, found = open_queue(url), []
        while unit := own.take(run, name, ["embed"]):
            found.append(unit.payload)
            assert own.done(unit)
        own.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        found = [payload for each in pool.map(worker, "abcd") for payload in each]
    assert sorted(found) == sorted(f"{number}-{piece}".encode() for number in range(10) for piece in range(5))


def test_a_queue_lives_in_a_file_or_in_postgresql(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot live at qdrant://db: expected a file"):
        open_queue("qdrant://db")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="see that its folder can be written"):
        open_queue(str(tmp_path / "file" / "queue.sqlite"))


def _age(queue: Queue, seconds: int) -> None:
    """All runs as they are when their ingest was silent until `seconds` after their lease ended."""
    with queue._database.transaction() as execute:
        execute(f"UPDATE ingest_run SET lease = {queue._database.now} - {seconds}", ())


def _rows(queue: Queue) -> int:
    with queue._database.transaction() as execute:
        return len(execute("SELECT id FROM ingest_run", ())) + len(execute("SELECT id FROM ingest_unit", ()))
