"""An index that may only be read: what reads answers, what writes says one clear thing."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.commands import furnished, run
from tests.stores.unprivileged import as_nobody

QUESTION, ANSWER = "Who signs off every release?", "Ana Berg"
PAGE = "# Releases\n\nAna Berg signs off every release. The Service Level Objective (SLO) is 99 %.\n"
READING: tuple[tuple[tuple[str, ...], str], ...] = (
    (("status",), "documents    1"),
    (("ls",), "docs/page.md"),
    (("search", "release"), "docs/page.md"),
    (("search", "release", "--explain"), "docs/page.md"),
    (("search", "--like", "asked.txt"), "docs/page.md"),
    (("ask", QUESTION), ANSWER),
    (("ask", QUESTION, "--explain"), ANSWER),
    (("ask", QUESTION, "--schema", "form.json"), ANSWER),
    (("why", QUESTION, "--answer", ANSWER), "answered"),
    (("summarize", "docs/page.md"), ANSWER),
    (("suggest",), "SLO"),
    (("correct", "--list"), "no corrections"),
    (("glossary", "show"), "Service Level Objective"),
    (("config", "show"), "search.k"),
    (("tune", "list"), "nothing is adopted"),
    (("doctor",), "index"),
)
WRITING: tuple[tuple[str, ...], ...] = (
    ("config", "init"),
    ("config", "set", "search.k", "12"),
    ("ingest", "docs"),
    ("ingest", "docs", "--force"),
    ("ingest", "docs", "--watch"),
    ("good", QUESTION),
    ("bad", QUESTION),
    ("correct", QUESTION, ANSWER),
    ("glossary", "build"),
    ("rm", "docs/page.md", "--yes"),
    ("eval", "run", "qa.jsonl", "--out", "runs"),
    ("eval", "make", "made.jsonl", "--number", "1"),
    ("eval", "label", "asked.txt", "label.jsonl"),
    ("export", "archive.rag"),
    ("move", ".rag", "moved"),
    ("work", "--idle", "0.1"),
)


class Said(NamedTuple):
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str


def every(folder: Path) -> list[Said]:
    """What every command says in that folder, those that read before those that write."""
    return [Said(*run(folder, *words)) for words in (*(words for words, _ in READING), *WRITING)]


def check(said: Sequence[Said], refused: str) -> None:
    for (words, holds), (code, out, err) in zip(READING, said[: len(READING)], strict=True):
        assert (code, err) == (0, ""), (words, err)
        assert holds in out, words
    for words, (code, out, err) in zip(WRITING, said[len(READING) :], strict=True):
        assert code in (1, 2), words
        assert out == "", words
        assert err.startswith("rag: "), (words, err)
        assert err.count("\n") == 1, (words, err)
        assert refused in err or (words[0] == "work" and "cannot be used" in err), (words, err)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:  # others may not look into the folders of pytest
        made = Path(place) / "shelf"
        (made / "docs").mkdir(parents=True)
        (made / "docs" / "page.md").write_text(PAGE)
        furnished(made, QUESTION, ANSWER)
        assert run(made, "ingest", "docs")[0] == 0
        yield made


def rehearsed(folder: Path) -> None:
    """Every command once in a copy: whoever has no rights may not read modules either."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "copy"
        shutil.copytree(folder, copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        for words in (*(words for words, _ in READING), *WRITING):
            if "--watch" not in words:
                run(copy, *words)


def state(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_user_without_rights_reads_all_and_is_told_of_what_cannot_be_written(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.parent.chmod(0o755)
    before = state(folder)
    said = as_nobody(every, folder, before=rehearsed)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert state(folder) == before
    check(said, "ermission denied")


MOUNTED = """
import pickle, sys
from pathlib import Path
from tests.cli.test_read_only import every
Path(sys.argv[2]).write_bytes(pickle.dumps([tuple(said) for said in every(Path(sys.argv[1]))]))
"""
MOUNT = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def test_a_mount_that_may_only_be_read(folder: Path, tmp_path: Path) -> None:
    before, said = state(folder), tmp_path / "said"
    inside = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", str(folder)]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets no user mount a folder")
    command = [*inside, sys.executable, "-c", MOUNTED, str(folder), str(said)]
    subprocess.run(command, cwd=Path(__file__).parents[2], check=True, timeout=300)
    assert state(folder) == before
    check([Said(*each) for each in pickle.loads(said.read_bytes())], "ead-only file system")
