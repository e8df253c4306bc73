"""The parsing pool: real processes, loaders that hang, crash, leak and lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.ingest.parsing.pool import Job, Parsed, ParsePool
from rag.loaders import Limits, load, register
from rag.loaders.formats import _registered
from tests.loaders import faulty


def job(folder: Path, name: str, loader: str = "", text: str = "some text") -> Job:
    path = folder / name
    path.write_text(text)
    return Job(path, name, key=object(), loader=f"tests.loaders.faulty:{loader}" if loader else None)


def run(pool: ParsePool, jobs: list[Job]) -> dict[str, Parsed]:
    return {parsed.job.source: parsed for parsed in pool.parse(jobs)}


def test_documents_are_those_of_load_and_the_key_comes_back(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b\n1;2\n")
    jobs = [
        job(tmp_path, "a.md", text="---\ndate: 2024-01-01\n---\n# Ä\n"),
        Job(tmp_path / "t.csv", "t.csv", key=7),
        job(tmp_path, "b.jsonl", text='{"text": "x\\n\\u2028y"}\n{bad\n'),
    ]
    with ParsePool(2, 20.0) as pool:
        outcomes = run(pool, jobs)
    for each in jobs:
        expected = load(each.path, each.source)
        outcome = outcomes[each.source]
        assert outcome.job is each
        assert outcome.error is None
        assert list(outcome.documents) == expected.documents
        assert list(outcome.problems) == expected.problems


def test_each_failure_costs_its_own_file_only(tmp_path: Path) -> None:
    jobs = [
        job(tmp_path, "hangs", "hang"),
        job(tmp_path, "crashes", "crash"),
        job(tmp_path, "leaves", "leave"),
        job(tmp_path, "bug", "bug"),
        job(tmp_path, "refused", "refuse"),
        job(tmp_path, "unstorable", "unstorable"),
        job(tmp_path, "unknown", "no_such_loader"),
        job(tmp_path, "chatter", "chatter"),
        job(tmp_path, "empty.txt", text=""),
        Job(tmp_path / "gone.txt", "gone.txt"),
        *(job(tmp_path, f"good-{n}.txt", text=f"text {n}") for n in range(5)),
    ]
    with ParsePool(2, 1.5) as pool:
        outcomes = run(pool, jobs)
    assert len(outcomes) == len(jobs)
    errors = {source: outcome.error or "" for source, outcome in outcomes.items()}
    assert errors["hangs"].startswith("took longer than 1.5 seconds and was stopped")
    assert errors["crashes"].startswith("the parsing process died (signal SIGSEGV: the last words)")
    assert "exit status 7" in errors["leaves"]
    assert errors["bug"] == "the loader failed: KeyError: 'a bug'"
    assert errors["refused"] == "not this one"
    assert "metadata that is no JSON" in errors["unstorable"]
    assert "loader 'tests.loaders.faulty:no_such_loader' cannot be imported" in errors["unknown"]
    assert errors["empty.txt"].startswith("empty")
    assert "does not exist" in errors["gone.txt"]
    assert outcomes["chatter"].documents[0].text == "quiet"
    for n in range(5):
        assert outcomes[f"good-{n}.txt"].documents[0].text == f"text {n}"


def test_memory_is_bounded_and_the_pool_goes_on(tmp_path: Path) -> None:
    with ParsePool(1, 20.0, memory_mb=512) as pool:
        outcomes = run(pool, [job(tmp_path, "devours", "devour"), job(tmp_path, "good.txt")])
    assert (outcomes["devours"].error or "").startswith("out of memory")
    assert outcomes["good.txt"].error is None


def test_results_come_as_they_finish_whatever_the_order(tmp_path: Path) -> None:
    slow, quick = job(tmp_path, "slow", "wait", "1.0"), job(tmp_path, "quick", "wait", "0.0")
    with ParsePool(2, 20.0) as pool:
        run(pool, [job(tmp_path, "warm-1", "wait", "0.3"), job(tmp_path, "warm-2", "wait", "0.3")])
        assert [parsed.job.source for parsed in pool.parse([slow, quick])] == ["quick", "slow"]
        assert sorted(run(pool, [quick, slow])) == ["quick", "slow"]


def test_jobs_are_read_no_further_ahead_than_two_a_worker(tmp_path: Path) -> None:
    read = 0

    def jobs() -> Iterator[Job]:
        nonlocal read
        for n in range(40):
            read += 1
            yield job(tmp_path, f"{n}.txt")

    with ParsePool(2, 20.0) as pool:
        for yielded, _ in enumerate(pool.parse(jobs()), 1):
            assert read <= yielded + 4
    assert read == 40


def test_processes_start_with_the_jobs_and_see_nothing_of_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PARENT", "x")
    # A module of this name in the folder we stand in must not be what the process runs.
    (tmp_path / "rag.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with ParsePool(8, 20.0, Limits(max_pages=77)) as pool:
        outcomes = run(pool, [job(tmp_path, f"{n}", "surroundings") for n in range(2)])
    seen = [outcome.documents[0].metadata for outcome in outcomes.values()]
    assert 1 <= len({each["pid"] for each in seen}) <= 2
    for each in seen:
        assert (each["secret"], each["numpy"], each["max_pages"]) == ("", False, 77)
        assert str(each["main"]).endswith("worker.py")
        with pytest.raises(ProcessLookupError):
            os.kill(each["pid"], 0)


def test_registered_loaders_reach_the_processes(tmp_path: Path) -> None:
    register(".wait", faulty.wait)
    register(".local", lambda data, source, limits: [])
    try:
        with ParsePool(1, 20.0) as pool:
            outcomes = run(pool, [job(tmp_path, "a.wait", text="0.0"), job(tmp_path, "b.local")])
    finally:
        del _registered[".wait"], _registered[".local"]
    assert outcomes["a.wait"].documents[0].text == "waited 0.0"
    assert "cannot be imported" in (outcomes["b.local"].error or "")


def test_a_reader_who_stops_leaves_nothing_behind(tmp_path: Path) -> None:
    with ParsePool(1, 20.0) as pool:
        for _ in pool.parse(job(tmp_path, f"{n}", "wait", "0.0") for n in range(10)):
            break
        assert list(run(pool, [job(tmp_path, "next.txt")])) == ["next.txt"]
    with pytest.raises(ConfigError, match="closed"):
        next(pool.parse([]))


def test_closing_does_not_wait_for_a_file(tmp_path: Path) -> None:
    pool = ParsePool(1, 500.0)
    jobs = pool.parse([job(tmp_path, "quick.txt"), job(tmp_path, "hangs", "hang")])
    assert next(jobs).job.source == "quick.txt"
    pool.close()
    assert [(parsed.job.source, parsed.error is None) for parsed in jobs] == [("hangs", False)]


@pytest.mark.parametrize(("workers", "timeout", "memory"), [(0, 1.0, None), (1, 0.0, None), (1, 1.0, 1)])
def test_impossible_settings(workers: int, timeout: float, memory: int | None) -> None:
    with pytest.raises(ConfigError, match="got"):
        ParsePool(workers, timeout, memory_mb=memory)


def test_workers_ignore_the_interrupt_and_end_with_their_parent(tmp_path: Path) -> None:
    (tmp_path / "hangs").write_text("x")
    (tmp_path / "parent.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from rag.ingest.parsing.pool import Job, ParsePool\n"
        "pool = ParsePool(1, 500.0)\n"
        "first = Job(Path('seen'), 'seen', loader='tests.loaders.faulty:surroundings')\n"
        "last = Job(Path('hangs'), 'hangs', loader='tests.loaders.faulty:hang')\n"
        "Path('seen').write_text('x')\n"
        "for parsed in pool.parse([first, last]):\n"
        "    print(parsed.documents[0].metadata['pid'], flush=True)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    parent = subprocess.Popen(
        [sys.executable, "parent.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        os.kill(worker, signal.SIGINT)
        time.sleep(0.2)
        os.kill(worker, 0)
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break  # dead; only its new parent has not collected it yet
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{worker}").exists()
