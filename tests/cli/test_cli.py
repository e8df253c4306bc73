"""The `rag` command as a user meets it: real processes, real files, the built-in model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from rag.cli import app
from tests.cli.terminal import on_a_terminal

GUIDE = """# Guide

## Sessions

A session lasts thirty minutes. The server closes it after that.

## Errors

Error ERR_4021 means that the disk is full. Free some space and try again.
"""
COMMANDS = ("ingest", "ask", "search", "status", "ls", "rm", "doctor")


def rag(
    folder: Path, *args: str, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from rag.cli import main; main()", *args],
        cwd=folder,
        env={**clean, "COLUMNS": "100", **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def json_of(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index over two documents; tests that change it make their own."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE)
    (folder / "docs" / "fruit.txt").write_text("Bananas are yellow. They grow in Ecuador.\n")
    done = rag(folder, "ingest", "docs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 added · ")
    assert "\x1b" not in done.stdout + done.stderr, "piped output is plain"
    return folder


def test_an_answer_names_its_source_and_its_characters(folder: Path) -> None:
    done = rag(folder, "ask", "How long does a session last?")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "A session lasts thirty minutes. [1]"
    start = GUIDE.index("A session")
    assert lines[2] == f'[1] docs/guide.md {start}–{start + 31}  "A session lasts thirty minutes."'


def test_an_answer_as_json(folder: Path) -> None:
    values = json_of(rag(folder, "ask", "How long does a session last?", "--json", "--explain"))
    (citation,) = values["citations"]
    assert GUIDE[citation["start"] : citation["end"]] == citation["quote"]
    assert values["sentences"][0]["cites"] == [1]
    assert values["abstained"] is False
    assert [record["stage"] for record in values["trace"]][:4] == [
        "augment",
        "augment",
        "retrieve",
        "denoise",
    ]


def test_a_terminal_gets_colours_and_links_and_with_no_color_neither(folder: Path) -> None:
    asked = ("ask", "How long does a session last?")
    shown = on_a_terminal(folder, *asked).decode()
    link = (folder / "docs" / "guide.md").as_uri()
    assert "\x1b[" in shown
    assert f"{link}\x1b\\" in shown
    assert b"\x1b" not in on_a_terminal(folder, *asked, NO_COLOR="1")


def test_a_terminal_sees_an_answer_while_it_is_written_and_a_pipe_only_what_is_proved(folder: Path) -> None:
    (folder / "writer.py").write_text(
        "def write(question, hits):\n    yield from ('A session ', 'lasts thirty ', 'minutes. [1]')\n"
    )
    asked = ("ask", "How long does a session last?", "--generate", "writer:write", "--ground", "")
    shown = on_a_terminal(folder, *asked, PYTHONPATH=str(folder), NO_COLOR="1").decode().replace("\r", "")
    piped = rag(folder, *asked, PYTHONPATH=str(folder)).stdout
    assert piped.startswith("A session lasts thirty minutes. [1]\n\n[1] docs/guide.md")
    draft, _, proved = shown.rpartition("\x1b[2K")  # the line of the draft is erased
    assert "A session lasts thirty minutes. [1]" in draft
    assert proved == piped
    assert json_of(rag(folder, *asked, "--json", PYTHONPATH=str(folder)))["sentences"][0]["cites"] == [1]


def test_no_answer_is_exit_code_3(folder: Path) -> None:
    done = rag(folder, "ask", "What is the capital of Mongolia?")
    assert done.returncode == 3, done.stdout
    assert done.stdout.startswith("The sources do not answer this.")
    assert json_of(rag(folder, "ask", "What is the capital of Mongolia?", "--json"))["abstained"] is True


def test_a_code_is_found_exactly(folder: Path) -> None:
    (hit,) = json_of(rag(folder, "search", "ERR_4021", "-k", "1", "--json"))["hits"]
    assert "ERR_4021" in hit["text"]
    assert hit["heading"].startswith("Guide")
    assert hit["ranks"]["lexical"] == 1
    assert not any(name.startswith("_") for name in hit["metadata"])


def test_explain_shows_every_stage(folder: Path) -> None:
    told = rag(folder, "ask", "What does ERR_4021 mean?", "--explain").stdout
    for word in (
        "retrieve hybrid",
        "denoise duplicates",
        "generate extractive",
        "ground abstain",
        " ms",
        "(#1)",
    ):
        assert word in told
    assert "retrieve lexical" in rag(folder, "search", "x", "--retrieve", "lexical", "--explain").stdout


def test_filters(folder: Path) -> None:
    hits = json_of(rag(folder, "search", "the", "--where", 'source ~ "*.txt"', "--json"))["hits"]
    assert {hit["source"] for hit in hits} == {"docs/fruit.txt"}
    done = rag(folder, "search", "the", "--where", "year >=")
    assert done.returncode == 2
    assert "expected a value" in done.stderr
    assert "^" in done.stderr


def test_status_and_ls(folder: Path) -> None:
    values = json_of(rag(folder, "status", "--json"))
    assert (values["documents"], values["chunks"], values["dim"]) == (2, 2, 384)
    assert "documents" in rag(folder, "status").stdout
    rows = json_of(rag(folder, "ls", "--json"))
    assert [row["source"] for row in rows] == ["docs/fruit.txt", "docs/guide.md"]
    assert [row["title"] for row in rows] == ["fruit", "Guide"]
    assert rag(folder, "ls", "--where", 'title = "Guide"').stdout.split()[:2] == ["1", "docs/guide.md"]


def test_doctor_finds_nothing_wrong(folder: Path) -> None:
    done = rag(folder, "doctor")
    assert done.returncode == 0, done.stdout
    assert "truth and derived indexes agree" in done.stdout
    assert all(finding["level"] != "error" for finding in json_of(rag(folder, "doctor", "--json")))


def test_doctor_names_what_is_wrong_and_what_mends_it(tmp_path: Path) -> None:
    rag(tmp_path, "ingest", "-", "--name", "a.txt", stdin="Some words.")
    (tmp_path / ".rag" / "store.sqlite").write_bytes(b"no database at all" * 1000)
    done = rag(tmp_path, "doctor")
    assert done.returncode == 1
    assert "→" in done.stdout
    assert "store.sqlite" in done.stdout


def test_sync_by_command(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One sentence about amber.")
    (tmp_path / "b.txt").write_text("One sentence about basil.")
    assert json_of(rag(tmp_path, "ingest", ".", "--json"))["added"] == ["a.txt", "b.txt"]
    (tmp_path / "a.txt").write_text("Another sentence about amber.")
    (tmp_path / "b.txt").rename(tmp_path / "c.txt")
    report = json_of(rag(tmp_path, "ingest", ".", "--json"))
    assert report["updated"] == ["a.txt"]
    assert report["moved"] == [{"from": "b.txt", "to": "c.txt"}]
    (tmp_path / "c.txt").unlink()
    assert json_of(rag(tmp_path, "ingest", ".", "--json"))["removed"] == ["c.txt"]
    report = json_of(rag(tmp_path, "ingest", ".", "--json"))
    assert (report["unchanged"], report["embedded"]) == (1, 0)


def test_a_bad_file_is_a_row_and_exit_code_1_and_the_rest_is_stored(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("One good sentence.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    done = rag(tmp_path, "ingest", ".", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["added"] == ["good.txt"]
    assert {row["source"] for row in report["failed"]} == {"bad.pdf", "binary.txt"}
    assert {row["source"] for row in report["skipped"]} == {"picture.png", "loop"}
    shown = rag(tmp_path, "ingest", ".").stdout
    assert "failed  bad.pdf: " in shown
    assert "skipped picture.png: no loader for .png" in shown


def test_standard_input(tmp_path: Path) -> None:
    report = json_of(
        rag(tmp_path, "ingest", "-", "--name", "note.md", "--json", stdin="# Note\n\nAmber words.")
    )
    assert report["added"] == ["note.md"]
    assert json_of(rag(tmp_path, "ls", "--json"))[0]["title"] == "Note"


def test_rm(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        rag(tmp_path, "ingest", "-", "--name", name, stdin=f"Words of {name}.")
    assert rag(tmp_path, "rm", "a.txt").stdout == "removed a.txt\n"
    assert rag(tmp_path, "rm", "a.txt").returncode == 2
    assert rag(tmp_path, "rm").returncode == 2
    assert json_of(rag(tmp_path, "rm", "--where", 'source ~ "b*"', "--json"))["removed"] == ["b.txt"]


def test_settings_come_from_flag_environment_file_default(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text("[search]\nk = 7\ndepth = 50\n")
    shown = json_of(rag(tmp_path, "config", "show", "--json", RAG_SEARCH_K="3", RAG_SEARCH_DENOISE=""))
    assert shown["search.k"] == {"value": 3, "from": "RAG_SEARCH_K"}
    assert shown["search.depth"] == {"value": 50, "from": str(tmp_path / "rag.toml")}
    assert shown["search.denoise"] == {"value": [], "from": "RAG_SEARCH_DENOISE"}
    assert shown["chunk.max_tokens"]["from"] == "default"
    (tmp_path / "rag.toml").write_text("[search]\nkk = 7\n")
    done = rag(tmp_path, "config", "show")
    assert done.returncode == 2
    assert "unknown kk; known are" in done.stderr


def test_config_init_writes_every_setting_and_changes_nothing(tmp_path: Path) -> None:
    default = json_of(rag(tmp_path, "config", "show", "--json"))
    assert rag(tmp_path, "config", "init").returncode == 0
    assert json_of(rag(tmp_path, "config", "show", "--json")) == default
    path = tmp_path / "rag.toml"
    path.write_text(re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.MULTILINE))
    shown = json_of(rag(tmp_path, "config", "show", "--json"))
    assert {name: one["value"] for name, one in shown.items()} == {
        name: one["value"] for name, one in default.items()
    }
    assert {one["from"] for one in shown.values()} == {str(path)}
    assert rag(tmp_path, "config", "init").returncode == 2, "an existing file is not overwritten"


def test_index_by_option_and_environment(tmp_path: Path) -> None:
    rag(tmp_path, "ingest", "-", "--index", "one.rag", "--name", "a.txt", stdin="Amber words.")
    assert json_of(rag(tmp_path, "status", "--json", RAG_INDEX="one.rag"))["documents"] == 1
    assert rag(tmp_path, "status").returncode == 1


def test_errors_in_json_and_on_standard_error(tmp_path: Path) -> None:
    done = rag(tmp_path, "ask", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "rag: there is no index at .rag: run `rag ingest PATH` first"
    assert json.loads(rag(tmp_path, "ask", "x", "--json").stdout)["kind"] == "StoreError"
    assert rag(tmp_path, "ingest", "nowhere").returncode == 2
    assert rag(tmp_path, "ask").returncode == 2
    assert rag(tmp_path, "nothing").returncode == 2
    assert not (tmp_path / ".rag").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(tmp_path: Path, command: str) -> None:
    done = rag(tmp_path, command, "--help")
    assert done.returncode == 0
    assert f"rag {command}" in done.stdout.partition("Example")[2]


def test_completion_and_version(tmp_path: Path) -> None:
    done = rag(tmp_path, "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete" in done.stdout
    assert rag(tmp_path, "--version").stdout.startswith("footnote-rag ")


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from rag.cli import main; sys.argv = ['rag', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'faiss', 'onnxruntime', 'tokenizers', 'tantivy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_options_are_typed_by_values_and_not_by_strings() -> None:
    """Typer evaluates a string four times a parameter: a quarter of the time that `rag --help` takes."""
    groups = [typer.main.get_command(app)]
    read = []
    for group in groups:
        for command in group.commands.values():  # type: ignore[attr-defined]
            (groups if hasattr(command, "commands") else read).append(command)
    typed = {command.name: command.callback.__wrapped__.__annotations__ for command in read}
    assert len(typed) > 30
    assert not [name for name, types in typed.items() if any(isinstance(of, str) for of in types.values())]


def test_a_question_need_not_be_quoted(folder: Path) -> None:
    done = rag(folder, "ask", "How", "long", "does", "a", "session", "last?", "--json")
    assert json_of(done)["question"] == "How long does a session last?"
