"""What is on disk: generations, torn and foreign files, a killed writer, readers beside a writer."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.errors import CorruptError, StoreError
from rag.indexes import DenseIndex

DIM = 16
QUERIES = np.random.default_rng(0).standard_normal((3, DIM)).astype(np.float32)


def rows(start: int, stop: int) -> NDArray[np.float32]:
    """A vector for each position, always the same one."""
    return np.concatenate(
        [np.random.default_rng(position).standard_normal((1, DIM)) for position in range(start, stop)]
    ).astype(np.float32)


def saved(folder: Path) -> DenseIndex:
    """Two segments with codes, and some rows of the first removed since."""
    index = DenseIndex.open(folder, DIM, exact_limit=0, segment_rows=100)
    index.add(np.arange(200), rows(0, 200))
    index.save(1)
    index.remove(np.arange(10))
    index.save(2)
    return index


def equal(one: DenseIndex, other: DenseIndex) -> bool:
    mine, yours = one.search(QUERIES, 10), other.search(QUERIES, 10)
    return mine[0].tobytes() == yours[0].tobytes() and mine[1].tobytes() == yours[1].tobytes()


def test_a_save_is_what_opens(tmp_path: Path) -> None:
    index = DenseIndex.open(tmp_path / "new" / "folder", DIM)
    index.add(np.arange(50), rows(0, 50))
    assert index.pending == 50
    index.remove(np.array([3, 999]))
    assert index.pending == 51
    before = index.search(QUERIES, 60)
    index.save(17)
    assert index.pending == 0
    again = DenseIndex.open(tmp_path / "new" / "folder", DIM)
    assert (len(again), again.stamp, again.pending) == (49, 17, 0)
    for one in (index, again):
        after = one.search(QUERIES, 60)
        assert [part.tobytes() for part in after] == [part.tobytes() for part in before]


def test_what_is_not_saved_is_gone(tmp_path: Path) -> None:
    index = saved(tmp_path)
    index.add(np.array([500]), rows(500, 501))
    index.remove(np.array([11]))
    again = DenseIndex.open(tmp_path, DIM)
    assert (len(again), again.stamp) == (190, 2)


def test_a_new_stamp_alone_can_be_saved(tmp_path: Path) -> None:
    index = saved(tmp_path)
    data = {path.name: path.stat().st_ino for path in tmp_path.glob("*.vectors")}
    index.save(9)
    assert {path.name: path.stat().st_ino for path in tmp_path.glob("*.vectors")} == data
    assert DenseIndex.open(tmp_path, DIM).stamp == 9


def test_an_index_can_be_emptied(tmp_path: Path) -> None:
    index = saved(tmp_path)
    assert index.remove(np.arange(1000)) == 190
    index.save(3)
    assert [path.name for path in tmp_path.iterdir()] == ["dense.json"]
    again = DenseIndex.open(tmp_path, DIM)
    assert (len(again), again.stamp) == (0, 3)
    again.add(np.arange(5), rows(0, 5))
    assert len(again) == 5


def test_adding_after_opening_mapped_files(tmp_path: Path) -> None:
    """FAISS aborts the process when a mapped index grows; in a process of its own, lest it abort pytest."""
    saved(tmp_path)
    code = f"""
import numpy as np
from pathlib import Path
from rag.indexes import DenseIndex
index = DenseIndex.open(Path({str(tmp_path)!r}), {DIM}, exact_limit=0, segment_rows=100)
for step in range(30):
    index.add(np.arange(1000 + 7 * step, 1007 + 7 * step), np.ones((7, {DIM}), np.float32))
    index.search(np.ones((1, {DIM}), np.float32), 5)
    if step % 3 == 2:
        index.save(step)
print(len(index), DenseIndex.open(Path({str(tmp_path)!r}), {DIM}).stamp)
"""
    done = run(code)
    assert (done.returncode, done.stdout.split()) == (0, ["400", "29"]), done.stderr


def test_few_files_are_left(tmp_path: Path) -> None:
    """Small saves merge: 40 of them leave a handful of segments, and only files that the manifest names."""
    index = DenseIndex.open(tmp_path, DIM, segment_rows=4096)
    for step in range(40):
        index.add(np.arange(100 * step, 100 * step + 100), rows(100 * step, 100 * step + 100))
        index.save(step)
    assert len(list(tmp_path.glob("*.vectors"))) <= 5
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1.1 * 4000 * (2 * DIM + 16)


DAMAGE = [
    (name, cut) for name in ("0.vectors", "1.positions", "0.codes", ".dead") for cut in (0, 0.01, 0.5, -1)
]


@pytest.mark.parametrize(("ending", "cut"), DAMAGE)
def test_a_cut_file_is_corrupt(tmp_path: Path, ending: str, cut: float) -> None:
    saved(tmp_path)
    (path,) = tmp_path.glob(f"*{ending}")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 1 if cut < 0 else int(cut * len(data))])
    with pytest.raises(CorruptError, match="rebuild the index"):
        DenseIndex.open(tmp_path, DIM)


@pytest.mark.parametrize("ending", ["0.vectors", "1.positions", "0.codes", ".dead"])
def test_a_missing_file_is_corrupt(tmp_path: Path, ending: str) -> None:
    saved(tmp_path)
    (path,) = tmp_path.glob(f"*{ending}")
    path.unlink()
    with pytest.raises(CorruptError, match="is missing"):
        DenseIndex.open(tmp_path, DIM)


def test_every_flipped_or_cut_manifest_is_corrupt(tmp_path: Path) -> None:
    saved(tmp_path)
    path = tmp_path / "dense.json"
    data = path.read_bytes()
    parsed = json.loads(data)
    for place in range(0, len(data), 7):
        for damaged in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
            path.write_bytes(damaged)
            try:
                unharmed = json.loads(damaged) == parsed  # white space
            except ValueError:
                unharmed = False
            if not unharmed:
                with pytest.raises(CorruptError, match="rebuild the index"):
                    DenseIndex.open(tmp_path, DIM)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '"x"', '{"check": 0, "format": 1}'])
def test_a_foreign_manifest_is_corrupt(tmp_path: Path, content: str) -> None:
    (tmp_path / "dense.json").write_text(content)
    with pytest.raises(CorruptError, match="torn or foreign"):
        DenseIndex.open(tmp_path, DIM)


@pytest.mark.parametrize("kind", ["vectors", "codes"])
def test_foreign_contents_of_the_right_size_are_corrupt(tmp_path: Path, kind: str) -> None:
    saved(tmp_path)
    path = next(tmp_path.glob(f"*.{kind}"))
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(CorruptError, match="rebuild the index"):
        DenseIndex.open(tmp_path, DIM, exact_limit=0).search(QUERIES, 3)


def test_another_dim_is_corrupt(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(CorruptError, match="vectors of 16 values, expected 24"):
        DenseIndex.open(tmp_path, 24)


def test_erase_makes_room_for_a_rebuild(tmp_path: Path) -> None:
    reader = saved(tmp_path)
    (tmp_path / "other").write_text("not the index's")
    before = reader.search(QUERIES, 10)
    (tmp_path / "dense.json").write_text("torn")
    DenseIndex.erase(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    fresh = DenseIndex.open(tmp_path, DIM)
    assert (len(fresh), fresh.stamp) == (0, 0)
    fresh.add(np.arange(3), rows(0, 3))
    fresh.save(1)
    assert reader.search(QUERIES, 10)[1].tolist() == before[1].tolist()


def test_a_save_that_fails_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    index = saved(folder)
    index.add(np.arange(300, 320), rows(300, 320))
    before = index.search(QUERIES, 10)
    aside = tmp_path / "aside"
    folder.rename(aside)
    folder.write_text("a file where the folder was")
    with pytest.raises(StoreError, match="cannot be saved"):
        index.save(3)
    assert (index.stamp, index.pending) == (2, 20)
    assert index.search(QUERIES, 10)[1].tolist() == before[1].tolist()
    folder.unlink()
    aside.rename(folder)
    assert len(DenseIndex.open(folder, DIM)) == 190
    index.save(4)
    again = DenseIndex.open(folder, DIM, exact_limit=0)
    assert (len(again), again.stamp) == (210, 4)
    assert again.search(QUERIES, 10)[1].tolist() == before[1].tolist()


def test_two_writers_in_turn_leave_what_the_last_one_held(tmp_path: Path) -> None:
    """A writer that another has overtaken writes everything it holds; one that is behind writes nothing."""
    saved(tmp_path)
    first, second = (DenseIndex.open(tmp_path, DIM, exact_limit=0, segment_rows=100) for _ in range(2))
    first.add(np.arange(300, 400), rows(300, 400))
    first.save(5)
    first.remove(np.arange(10, 190))
    first.save(6)
    second.add(np.arange(500, 510), rows(500, 510))
    second.save(4)
    assert (second.stamp, second.pending) == (2, 10)
    assert (len(DenseIndex.open(tmp_path, DIM)), DenseIndex.open(tmp_path, DIM).stamp) == (110, 6)
    second.save(7)
    last = DenseIndex.open(tmp_path, DIM, exact_limit=0)
    assert (len(last), last.stamp) == (200, 7)
    assert equal(last, second)
    expected = DenseIndex.open(tmp_path / "expected", DIM, exact_limit=0)
    expected.add(np.arange(10, 200), rows(10, 200))
    expected.add(np.arange(500, 510), rows(500, 510))
    assert equal(last, expected)
    # The files that the first has mapped no longer have a name.
    assert (first.search(QUERIES, 5, np.arange(300, 400))[1] >= 300).all()


def test_a_save_over_an_erased_index_is_complete(tmp_path: Path) -> None:
    index = saved(tmp_path)
    DenseIndex.erase(tmp_path)
    index.save(3)
    again = DenseIndex.open(tmp_path, DIM, exact_limit=0)
    assert (len(again), again.stamp) == (190, 3)
    assert equal(again, index)


WRITER = f"""
import sys
import numpy as np
from pathlib import Path
from rag.indexes import DenseIndex

def row(position):
    return np.random.default_rng(position).standard_normal((1, {DIM}))

folder, steps = Path(sys.argv[1]), int(sys.argv[2])
index = DenseIndex.open(folder, {DIM}, exact_limit=100, segment_rows=150)
first = index.stamp
for step in range(first, first + steps):
    own = np.arange(20 * step, 20 * step + 20)
    index.add(own, np.concatenate([row(position) for position in own]).astype(np.float32))
    index.remove(own[:5])
    index.save(step + 1)
    print(step + 1, flush=True)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def fresh(folder: Path, stamp: int) -> DenseIndex:
    """What the writer's index must hold after `stamp` steps."""
    index = DenseIndex.open(folder, DIM, exact_limit=100)
    if stamp:
        index.add(np.arange(20 * stamp), rows(0, 20 * stamp))
        index.remove(np.concatenate([np.arange(20 * step, 20 * step + 5) for step in range(stamp)]))
    return index


def test_a_killed_writer_leaves_an_index_that_opens(tmp_path: Path) -> None:
    """SIGKILL at random moments, in the same folder again and again: no reported save is ever lost."""
    chance, folder, last = random.Random(11), tmp_path / "index", 0
    for attempt in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), "100000"],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            reported = int(writer.stdout.readline())
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
            reported = max([reported, *map(int, writer.stdout.read().split())])
        index = DenseIndex.open(folder, DIM, exact_limit=100)
        assert index.stamp in (reported, reported + 1)  # one may be complete and not yet reported
        assert reported > last
        assert len(index) == 15 * index.stamp
        assert equal(index, fresh(tmp_path / f"fresh{attempt}", index.stamp))
        last = index.stamp


def test_a_reader_works_on_while_another_process_saves(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    assert run(WRITER, str(folder), "10").returncode == 0
    reader = DenseIndex.open(folder, DIM, exact_limit=100)
    expected, seen = reader.search(QUERIES, 10), set()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), "60"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        while writer.poll() is None:
            got = reader.search(QUERIES, 10)
            assert (got[0].tobytes(), got[1].tobytes()) == (expected[0].tobytes(), expected[1].tobytes())
            opened = DenseIndex.open(folder, DIM, exact_limit=100)
            assert len(opened) == 15 * opened.stamp
            opened.search(QUERIES, 10)
            seen.add(opened.stamp)
    assert writer.returncode == 0
    assert (reader.stamp, len(reader)) == (10, 150)
    assert min(seen) >= 10
    final = DenseIndex.open(folder, DIM, exact_limit=100)
    assert final.stamp == 70
    assert equal(final, fresh(tmp_path / "fresh", 70))


def test_a_generation_replaced_while_it_is_opened_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer cleans up between a reader's look at a file's head and FAISS' own opening of it."""
    faiss = pytest.importorskip("faiss")
    index, read, reads = saved(tmp_path), faiss.read_index, []

    def late(*arguments: object) -> object:
        reads.append(arguments)
        if len(reads) == 1:
            index.add(np.arange(200, 230), rows(200, 230))
            index.remove(np.arange(10, 180))
            index.save(3)
            assert not Path(str(arguments[0])).exists()
        return read(*arguments)

    monkeypatch.setattr(faiss, "read_index", late)
    opened = DenseIndex.open(tmp_path, DIM, exact_limit=0)
    assert (opened.stamp, len(opened)) == (3, 50)
    assert equal(opened, index)
