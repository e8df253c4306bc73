"""`rag ingest --watch` on a terminal of 80 columns: what stays on it, and how Ctrl-C ends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Running

pyte = pytest.importorskip("pyte", reason="pyte is not installed: pip install 'footnote-rag[dev]'")
pytestmark = pytest.mark.timeout(600)
CTRL_C = "\x03"
LONG = "a-file-whose-name-is-too-long-for-one-line-of-a-terminal-of-eighty-columns"


def filled(folder: Path, number: int) -> Path:
    docs = folder / "docs"
    docs.mkdir()
    for one in range(number):
        (docs / f"{LONG}-{one}.txt").write_text(f"Amber number {one} lies in the sand. " * 20)
    return docs


def left(running: Running) -> list[str]:
    """The lines that a person still sees."""
    screen = pyte.Screen(80, 200)
    pyte.ByteStream(screen).feed(running.written)
    return [line.rstrip() for line in screen.display if line.strip()]


def test_reports_stay_bars_do_not_and_an_old_failure_is_told_once(tmp_path: Path) -> None:
    docs = filled(tmp_path, 12)
    (docs / "bad.docx").write_text("no archive")
    with Running(tmp_path, "ingest", "docs", "--watch") as running:
        running.until("rename")
        (docs / "new.txt").write_text("basil")
        running.until("1 added")
        (docs / "bad.docx").write_text("still none")
        running.until("rename")
        (docs / "new.txt").unlink()
        running.until("1 removed")
        running.type(CTRL_C)
        assert running.ended() == 0
    assert "━".encode() in running.written  # there were bars
    times, said = zip(*((line[:8], line[9:]) for line in left(running) if line[2:3] == ":"), strict=True)
    assert all(time.count(":") == 2 for time in times)
    assert [report.partition(" · ")[0] for report in said] == [
        "12 added, 1 failed",
        "1 added, 12 unchanged",
        "13 unchanged, 1 failed",
        "1 removed, 12 unchanged",
    ]
    others = [line for line in left(running) if line[2:3] != ":"]
    assert [line.strip() for line in others if "bad.docx" in line] == [others[0].strip()] * 2
    assert len(others) == 2 * 2 + 1  # each failure on two lines, and what the terminal echoes of Ctrl-C
    assert others[-1] == "^C"


@pytest.mark.parametrize("options", [(), ("--watch",)])
def test_an_ingest_that_is_interrupted_says_so_in_one_line(tmp_path: Path, options: tuple[str, ...]) -> None:
    filled(tmp_path, 3_000)
    with Running(tmp_path, "ingest", "docs", *options) as running:
        running.until("/3000")
        running.type(CTRL_C)
        assert running.ended() == 130
    assert left(running) == ["rag: interrupted; what was stored stays, and the same command goes on"]
