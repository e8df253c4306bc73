"""The lexical index on disk: several processes, crashes, torn and foreign files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag.errors import CorruptError, LockedError
from rag.indexes import ENGINES, discard_lexical, open_lexical

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another Python process that runs `code`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


WRITE = """
import sys
from pathlib import Path
from rag.indexes import open_lexical
index = open_lexical(Path(sys.argv[1]), "english", engine=sys.argv[2])
index.update([1], [(2, "a dog")], 2)
index.close()
"""

HOLD = """
import sys, time
from pathlib import Path
from rag.indexes import open_lexical
index = open_lexical(Path(sys.argv[1]), "english", engine=sys.argv[2])
index.update([], [(1, "a cat")], 1)
print("held", flush=True)
time.sleep(60)
"""

ENDLESS = """
import sys
from pathlib import Path
from rag.indexes import open_lexical
index = open_lexical(Path(sys.argv[1]), "english", engine=sys.argv[2])
for stamp in range(1, 100_000):
    index.update([stamp - 5] if stamp > 5 else [], [(stamp, f"cat number{stamp}")], stamp)
    print(stamp, flush=True)
"""


def test_a_reader_keeps_what_it_saw_until_refresh(tmp_path: Path, engine: str) -> None:
    index = open_lexical(tmp_path, "english", engine=engine)
    index.update([], [(1, "a cat")], 1)
    index.close()
    reader = open_lexical(tmp_path, "english", engine=engine)
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path), engine], check=True, cwd=ROOT)
    assert reader.search("cat dog", 10)[1].tolist() == [1]
    assert reader.stamp == 1
    reader.refresh()
    assert reader.search("cat dog", 10)[1].tolist() == [2]
    assert (len(reader), reader.stamp) == (1, 2)
    reader.refresh()
    assert reader.stamp == 2


def test_a_writer_sees_what_others_wrote_since_it_was_opened(tmp_path: Path, engine: str) -> None:
    late = open_lexical(tmp_path, "english", engine=engine)
    early = open_lexical(tmp_path, "english", engine=engine)
    early.update([], [(1, "a cat"), (2, "a cat")], 1)
    early.close()
    late.update([], [(2, "a dog")], 2)
    assert len(late) == 2
    assert late.search("cat", 10)[1].tolist() == [1]
    late.close()


def test_a_second_writer_is_refused(tmp_path: Path, engine: str) -> None:
    holder = start(HOLD, str(tmp_path), engine)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        index = open_lexical(tmp_path, "english", engine=engine)
        assert index.search("cat", 10)[1].tolist() == [1]
        with pytest.raises(LockedError, match="another writer"):
            index.update([], [(2, "a dog")], 2)
    finally:
        holder.kill()
        holder.communicate()
    index.update([], [(2, "a dog")], 2)
    assert len(index) == 2
    index.close()


def test_kill_loses_nothing_that_was_committed(tmp_path: Path, engine: str) -> None:
    for moment in (0.4, 0.55):
        victim = start(ENDLESS, str(tmp_path / str(moment)), engine)
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(moment)
        victim.send_signal(signal.SIGKILL)
        done = [int(line) for line in victim.communicate()[0].split()]
        index = open_lexical(tmp_path / str(moment), "english", engine=engine)
        stamp = index.stamp
        assert stamp >= max(done, default=1)
        # The data may be one update ahead of the stamp; to repeat that update makes sure.
        index.update([stamp - 4] if stamp > 4 else [], [(stamp + 1, f"cat number{stamp + 1}")], stamp + 1)
        wanted = list(range(max(1, stamp - 3), stamp + 2))
        assert sorted(index.search("cat", 100)[1].tolist()) == wanted
        assert index.search(f"number{stamp}", 10)[1].tolist() == [stamp]
        index.close()


def made(folder: Path, engine: str) -> None:
    index = open_lexical(folder, "english", engine=engine)
    index.update([], [(number, f"cat number{number} sits here") for number in range(200)], 9)
    index.update([3], [], 10)
    index.close()


def manifest(folder: Path, engine: str) -> Path:
    return folder / ("lexical.json" if engine == "tantivy" else "lexical.jsonl")


def assert_corrupt_then_rebuilt(folder: Path, engine: str) -> None:
    with pytest.raises(CorruptError, match=r"[Rr]ebuild"):
        open_lexical(folder, "english", engine=engine)
    discard_lexical(folder)
    index = open_lexical(folder, "english", engine=engine)
    assert (len(index), index.stamp) == (0, 0)
    index.update([], [(1, "cat")], 1)
    assert index.search("cat", 10)[1].tolist() == [1]
    index.close()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"engine": "tantivy"}', "\x00\xff" * 40])
def test_a_torn_manifest(tmp_path: Path, engine: str, content: str) -> None:
    made(tmp_path, engine)
    manifest(tmp_path, engine).write_text(content, encoding="latin-1")
    assert_corrupt_then_rebuilt(tmp_path, engine)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_cut_file(tmp_path: Path, engine: str, share: float) -> None:
    made(tmp_path, engine)
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        if path.suffix in {".lock", ".json", ".del"} and engine == "tantivy":
            continue
        if path.suffix == ".lock":
            continue
        copy = tmp_path.with_name(f"{tmp_path.name}-{number}")
        copy.mkdir()
        for other in tmp_path.iterdir():
            (copy / other.name).write_bytes(other.read_bytes())
        whole = path.read_bytes()
        (copy / path.name).write_bytes(whole[: int(share * len(whole))])
        assert_corrupt_then_rebuilt(copy, engine)


def test_a_missing_manifest_or_missing_data(tmp_path: Path) -> None:
    made(tmp_path / "one", "tantivy")
    (tmp_path / "one" / "lexical.json").unlink()
    assert_corrupt_then_rebuilt(tmp_path / "one", "tantivy")
    made(tmp_path / "other", "tantivy")
    (tmp_path / "other" / "meta.json").unlink()
    assert_corrupt_then_rebuilt(tmp_path / "other", "tantivy")


def test_a_manifest_ahead_of_the_data(tmp_path: Path) -> None:
    made(tmp_path, "tantivy")
    path = tmp_path / "lexical.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"commit": values["commit"] + 1}))
    assert_corrupt_then_rebuilt(tmp_path, "tantivy")


def test_a_stamp_behind_the_data_is_no_harm(tmp_path: Path) -> None:
    """What a crash between tantivy's commit and the manifest leaves behind."""
    index = open_lexical(tmp_path, "english")
    index.update([], [(1, "a cat")], 1)
    before = (tmp_path / "lexical.json").read_text()
    index.update([1], [(2, "a dog")], 2)
    index.close()
    (tmp_path / "lexical.json").write_text(before)
    index = open_lexical(tmp_path, "english")
    assert index.stamp == 1
    index.update([1], [(2, "a dog")], 2)
    assert (len(index), index.stamp) == (1, 2)
    index.close()


def test_other_settings_are_refused(tmp_path: Path, engine: str) -> None:
    made(tmp_path, engine)
    with pytest.raises(CorruptError, match="german"):
        open_lexical(tmp_path, "german", engine=engine)
    other = next(name for name in ENGINES if name != engine)
    with pytest.raises(CorruptError):
        open_lexical(tmp_path, "english", engine=other)
    assert len(open_lexical(tmp_path, "english", engine=engine)) == 199


def test_closing_twice(tmp_path: Path, engine: str) -> None:
    made(tmp_path, engine)
    index = open_lexical(tmp_path, "english", engine=engine)
    index.update([4], [], 11)
    index.close()
    index.close()
    assert len(open_lexical(tmp_path, "english", engine=engine)) == 198


def test_discarding_what_is_not_there(tmp_path: Path) -> None:
    discard_lexical(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
