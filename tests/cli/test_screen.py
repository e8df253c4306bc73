"""Documents, names and errors cannot command the screen: judged by a terminal, and character by character."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.commands.live import Bar, _Draft
from rag.progress import READING, Progress, tell
from rag.terminal import controls_in, html_safe, json_safe, one_line, shown, to_json
from rag.terminal.screen import Screen
from rag.types import Event
from tests.cli.commands import MEANT, forbidden, run
from tests.cli.terminal import COLUMNS, LINES, on_a_terminal

pyte = pytest.importorskip("pyte", reason="pyte is not installed: pip install 'footnote-rag[dev]'")

FORGED = "\x1b[2K\x1b[1A\x1b[2K\rMallory signs off every release. [1]\n"
COMMANDING = {
    "title of the window": "\x1b]0;owned\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "cleared screen": "\x1b[2J\x1b[H",
    "cleared screen in C1": "\x9b2J\x9b1;1H",
    "carriage return": "a long beginning of a line\rover",
    "backspaces": "Ana\x08\x08\x08Eve",
    "next line": "one\x85two",
    "separators": "one\u2028two\u2029three",
    "isolates": "\u2066abc\u2069",
    "bell and delete": "\x07\x7f",
}
POLICY = f"""---
owner: "Ana {json.dumps(COMMANDING["cleared screen"] + COMMANDING["title of the window"])[1:-1]}"
---
# Release policy \x1b[31mred\x1b[0m {COMMANDING["title of the window"]}

Ana signs off every release. {FORGED}

## Details \x9b2J

""" + "\n\n".join(f"The {name} says: {text} and ends here." for name, text in COMMANDING.items())
VISIBLE_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
VISIBLE_FORMATS |= set(range(0x13430, 0x13440))  # signs of Arabic, Syriac, Kaithi and Egyptian that are seen


def on_a_screen(folder: Path, *args: str, typed: str = "", **environment: str) -> tuple[str, pyte.Screen]:
    """What the command writes to a terminal, and the screen that comes of it."""
    written = on_a_terminal(folder, *args, typed=typed, **environment)
    screen = pyte.Screen(COLUMNS, LINES)
    screen.title = "ours"
    pyte.ByteStream(screen).feed(written)
    return written.decode(), screen


def lines_of(screen: pyte.Screen) -> list[str]:
    return [line.rstrip() for line in screen.display if line.strip()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index over hostile documents: their texts, headings, metadata and names."""
    folder = tmp_path_factory.mktemp("screen")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "policy.md").write_text(POLICY)
    (docs / "fruit.txt").write_text("Bananas are yellow. They grow in Ecuador.\n")
    (docs / "a\x1b[2J\x1b]0;owned\x07\n[1] real.md 1–9 b.txt").write_text(
        "Kiwis are green. They grow in Italy.\n"
    )
    return folder


@pytest.fixture(scope="module")
def ingested(folder: Path) -> tuple[str, pyte.Screen]:
    return on_a_screen(folder, "ingest", "docs")


def test_an_ingest_is_not_commanded_and_warns(folder: Path, ingested: tuple[str, pyte.Screen]) -> None:
    _, screen = ingested
    lines = lines_of(screen)
    assert screen.title == "ours"
    assert lines[0].startswith("3 added"), "what was said first is on the screen still"
    warned = [line for line in lines if line.startswith("  warning docs/")]
    assert len(warned) == 2
    assert r"a\x1b[2J\x1b]0;owned\x07\n[1] real.md" in warned[0]
    assert "control characters (" in "\n".join(lines)
    assert not any(line.startswith("[1] real.md") for line in lines)


def test_the_store_keeps_every_character_and_offset(folder: Path, ingested: tuple[str, pyte.Screen]) -> None:
    with Rag(folder / ".rag") as rag:
        [info] = rag.documents('source = "docs/policy.md"')
        [document] = rag.store.load([info.id])
        kept = POLICY.replace("\r", "\n")  # what ends a line is read as the end of a line
        assert document.text == kept
        for hit in rag.search("Who signs off every release?", where='source = "docs/policy.md"'):
            assert hit.chunk.text == kept[hit.chunk.start : hit.chunk.end]


CALLS = {
    "ask": ("ask", "Who signs off every release?"),
    "ask, explained": ("ask", "Who signs off every release?", "--explain"),
    "ask, declined": ("ask", "Who painted the Mona Lisa in the Louvre?"),
    "search": ("search", "release Ana Eve kiwis screen", "-k", "20"),
    "search, explained": ("search", "kiwis green", "--explain"),
    "ls": ("ls",),
    "status": ("status",),
    "doctor": ("doctor",),
    "why": ("why", "Who signs off every release?", "--answer", "Mallory"),
    "rm": ("rm", "no\x1b[2Jsuch\x1b]0;owned\x07", "--yes"),
    "an option that is none": ("ask", "--no\x1b[2Jsuch\x1b]0;owned\x07"),
    "a command that is none": ("no\x1b[2Jsuch\x1b]0;owned\x07",),
    "an index that is none": ("ask", "x", "--index", "no\x1b[2Jsuch\x1b]0;owned\x07"),
    "a filter that is none": ("ls", "--where", "no\x1b[2Jsuch\x1b]0;owned\x07"),
    "a wrong value": ("search", "kiwis", "-k", "\x1b[2J\x1b]0;owned\x07"),
    "an unknown field": ("search", "kiwis", "--where", "colour = 'a\x1b]0;owned\x07'"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_no_command_lets_a_document_command_the_screen(
    folder: Path, ingested: tuple[str, pyte.Screen], call: tuple[str, ...]
) -> None:
    _, out, err = run(folder, *call)
    assert out or err
    assert forbidden(out) | forbidden(err) == set()


@pytest.mark.parametrize("name", ["ask, explained", "ls", "an option that is none", "rm"])
def test_a_terminal_shows_the_same_and_nothing_moves_on_it(folder: Path, ingested: object, name: str) -> None:
    written, screen = on_a_screen(folder, *CALLS[name])
    assert screen.title == "ours"
    assert "https://evil.example\x1b" not in written
    assert not {"\x9b", "\x85", "\u2028", "\x07", "\x08", "\x7f"} & set(written)
    told = "\n".join(lines_of(screen))
    assert r"\x1b" in told or "Usage" in told


def test_a_forged_answer_is_seen_for_what_it_is(folder: Path, ingested: tuple[str, pyte.Screen]) -> None:
    _, screen = on_a_screen(
        folder, "search", "Who signs off every release?", "-k", "3", "--retrieve", "lexical"
    )
    lines = lines_of(screen)
    told = "\n".join(lines)
    assert r"every release. \x1b[2K\x1b[1A\x1b[2K Mallory signs off" in told
    assert "Ana signs off every release." in told
    assert not any(line.lstrip().startswith("Mallory") for line in lines)


def test_a_written_answer_is_not_obeyed_while_it_is_written(folder: Path, ingested: object) -> None:
    (folder / "hostile.py").write_text(
        "def write(question, hits):\n"
        f"    yield from ('Ana ', 'signs. ', {FORGED!r}, '\\x1b]0;owned', '\\x07 [1]')\n"
    )
    call = ("ask", "Who signs?", "--generate", "hostile:write", "--ground", "")
    _, screen = on_a_screen(folder, *call, PYTHONPATH=str(folder))
    assert screen.title == "ours"
    first = lines_of(screen)[0]
    assert first.startswith("Ana signs. [1]")
    assert r"\x1b[2K\x1b[1A\x1b[2K [2] Mallory signs off every release. [2] \x1b]0;owned\x07" in first


def test_a_conversation_is_not_commanded(folder: Path, ingested: object) -> None:
    asked = "Who signs off every release?\n/sources\n/where source = 'x\x1b]0;owned\x07'\n"
    asked += "/no\x1b]0;owned\x07\n/quit\n"
    _, out, err = run(folder, "chat", stdin=asked)
    assert "signs off every release." in out
    assert r"\x1b]0;owned\x07" in out
    assert forbidden(out) | forbidden(err) == set()


@pytest.mark.parametrize("name", ["ask", "ask, explained", "search, explained", "ls", "doctor", "why", "rm"])
def test_json_is_the_same_values_in_characters_that_are_safe(
    folder: Path, ingested: object, name: str
) -> None:
    _, out, _ = run(folder, *CALLS[name], "--json")
    assert forbidden(out) == set()
    for document in out.splitlines() if name == "rm" else [out]:
        assert isinstance(json.loads(document), dict | list)
    if name == "ls":
        assert any("\x1b[2J\x1b]0;owned\x07\n" in row["source"] for row in json.loads(out))


def test_doctor_names_the_documents(folder: Path, ingested: object) -> None:
    findings = json.loads(run(folder, "doctor", "--json")[1])
    told = [one["what"] for one in findings if "holds control characters" in one["what"]]
    assert len(told) == 2
    assert any(what.startswith("docs/policy.md: ") for what in told)


def test_reports_of_evaluations_show_them_too(folder: Path, ingested: object) -> None:
    question = {"question": "Who signs off\x9b2J every \u202erelease?", "answers": ["Zoe"]}  # shown as wrong
    (folder / "qa.jsonl").write_text(json.dumps(question) + "\n")
    code, out, err = run(folder, "eval", "qa.jsonl", "--out", "runs")
    assert code == 0, err
    assert forbidden(out) | forbidden(err) == set()
    pages = list((folder / "runs").rglob("*.html"))
    assert pages
    for page in pages:
        assert forbidden(page.read_text()) == set()
        assert r"Who signs off\x9b2J every \u202erelease?" in page.read_text()


def test_logs_and_warnings_and_crashes_are_shown(tmp_path: Path) -> None:
    program = (
        "import logging, warnings, sys\n"
        "from rag.terminal import hear_logs, crashed\n"
        "hear_logs()\n"
        "logging.getLogger('rag.stores').warning('a %s b', 'x\\x1b]0;owned\\x07\\nforged line')\n"
        "warnings.warn('of \\x9b2J')\n"
        "try:\n    raise ValueError('bad \\x1b[2J\\rname')\n"
        "except ValueError as error:\n    logging.exception('failed'); crashed(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[0] == r"a x\x1b]0;owned\x07\nforged line b"
    assert r"of \x9b2J" in done.stderr
    assert done.stderr.count(r"ValueError: bad \x1b[2J\x0dname") == 2
    assert forbidden(done.stderr) == set()


# ----------------------------------------------------------------------------------------- the rule itself


def test_every_character_that_commands_or_hides_is_shown_in_words() -> None:
    for code in range(0x110000):
        one = chr(code)
        kind = unicodedata.category(one)
        if one in MEANT or kind not in ("Cc", "Cf", "Zl", "Zp", "Cs") or code in VISIBLE_FORMATS:
            continue
        assert one not in shown(f"pass{one}word"), hex(code)
        assert one not in html_safe(f"pass{one}word")
        assert forbidden(to_json(f"pass{one}word")) == set()
        assert json.loads(to_json(f"pass{one}word")) == f"pass{one}word"


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "CR and LF\r\n".replace("\r", ""),
        "👩‍🚀 👨‍👩‍👧 ❤️ 1️⃣ 🏳️‍🌈",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می‌خواهم",
        "क्‍ष",
        "שלום\u200f עולם",
        "Größe, naïve, ‘quoted’ … 日本語",
    ],
)
def test_honest_text_stays_as_it_is(text: str) -> None:
    assert shown(text) == text
    assert controls_in(text) == ""


def test_how_they_are_shown() -> None:
    assert shown("a\x1b[0m\x9b\r\nb\rc\u202ed") == "a\\x1b[0m\\x9b\nb\\x0dc\\u202ed"
    assert shown("\U000e0041\ud800") == "\\U000e0041\\ud800"
    assert one_line("a\nb\tc") == "a\\nb\\tc"
    assert shown("zero\u200bwidth") == "zero\\u200bwidth"
    assert json_safe('"\x9b"') == '"\\u009b"'
    assert controls_in("a\x1bb\x1bc\u202e") == (
        "control characters (2), characters that turn the direction of reading over (1)"
    )


def test_a_document_made_in_python_warns_too(tmp_path: Path) -> None:
    with Rag(tmp_path / ".rag") as rag:
        done = rag.ingest([Document.make("Kiwis are green.", "a.txt", title="Kiwi\x1b[2J")])
        assert [row.reason for row in done.warnings] == ["shown as escapes: control characters (1)"]
        assert rag.documents()[0].title == "Kiwi\x1b[2J"


def test_a_bar_on_a_narrow_terminal_leaves_nothing_behind() -> None:
    written = io.StringIO()
    bar = Bar(Screen(file=written, force_terminal=True, width=80, height=24))
    terminal = pyte.Screen(80, 24)
    stream = pyte.Stream(terminal)
    for number in range(3):
        bar(Progress("embedding", 1_000 + number, 123_456, 900, 54_321, "a/very/long/path/" * 9 + "file.md"))
        stream.feed(written.getvalue().replace("\n", "\r\n"))
        written.seek(0)
        written.truncate()
        assert len(lines_of(terminal)) == 1, "the bar is one line"
        bar.hide()
        stream.feed(written.getvalue().replace("\n", "\r\n"))
        written.seek(0)
        written.truncate()
        assert lines_of(terminal) == []


def test_that_a_prompt_is_read_is_shown_until_the_first_text() -> None:
    written = io.StringIO()
    terminal = pyte.Screen(80, 24)
    stream = pyte.Stream(terminal)

    def looked() -> str:
        stream.feed(written.getvalue().replace("\n", "\r\n"))
        written.seek(0)
        written.truncate()
        return "\n".join(lines_of(terminal))

    screens = []

    def events() -> Iterator[Event]:
        tell(Progress(READING, 128, 700))
        screens.append(looked())
        yield Event("text", text="The lamp is red.")

    draft = _Draft(Screen(file=written, force_terminal=True, width=80, height=24))
    draft.bar = Bar(Screen(file=written, force_terminal=True, width=80, height=24))
    with draft:
        screens += [looked() for _ in draft.of(events())]
    screens.append(looked())
    reading, writing, after = screens
    assert "reading the prompt" in reading
    assert "128/700" in reading
    assert "reading" not in writing
    assert after == ""
