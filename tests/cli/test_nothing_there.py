"""Where there is nothing to find, to read or to show, a command says so, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run

EMPTY = "note: the index is empty: run `rag ingest PATH` first\n"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A folder with an index that holds no document."""
    (tmp_path / "docs").mkdir()
    status, _, said = run(tmp_path, "ingest", "docs")
    assert (status, said) == (
        0,
        "note: there is no file to read in docs: is it the right folder, and do --include, --exclude, "
        "--hidden and `.gitignore` let its files through?\n",
    )
    return tmp_path


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("ask", "Who signs?"), 3),
        (("ask", "Who signs?", "--denoise", "threshold,poison"), 3),
        (("search", "Who signs?"), 0),
        (("search", "Who signs?", "--where", "owner = 'Ann'"), 0),
        (("suggest",), 3),
        (("ls",), 0),
    ],
)
def test_an_empty_index_is_told(empty: Path, words: tuple[str, ...], status: int) -> None:
    assert run(empty, *words)[::2] == (status, EMPTY)


def test_an_index_that_has_documents_is_not_called_empty(empty: Path) -> None:
    (empty / "docs" / "a.txt").write_text("Ann signs off every release.\n")
    assert run(empty, "ingest", "docs")[2] == "", "a file was read"
    assert run(empty, "ingest", "docs")[2] == "", "a file that did not change is one that was read"
    said = run(empty, "search", "Who signs?", "--where", "owner = 'Ann'")[2]
    assert said == "note: no document has the field 'owner'; `rag ls --json` shows what each has\n"
    assert run(empty, "ls", "--where", "source = 'b.txt'")[2] == ""


def test_files_that_cannot_be_read_are_no_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.svg").write_text("<svg/>")
    _, shown, said = run(tmp_path, "ingest", "docs")
    assert "1 skipped" in shown
    assert said == ""


def test_the_note_leaves_json_alone(empty: Path) -> None:
    _, shown, said = run(empty, "search", "Who signs?", "--json")
    assert json.loads(shown)["hits"] == []
    assert said == EMPTY


def test_a_glossary_without_terms_says_what_fills_it(empty: Path) -> None:
    run(empty, "glossary", "build")
    status, shown, said = run(empty, "glossary", "show")
    assert (status, shown) == (0, "")
    assert said == "no terms: `rag glossary build` looks for them in the documents\n"
    assert json.loads(run(empty, "glossary", "show", "--json")[1]) == {}


def test_an_archive_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    status, _, said = run(tmp_path, "import", "nothing.ragz")
    assert (status, said) == (2, "rag: there is no nothing.ragz: name an archive that `rag export` wrote\n")
    assert not (tmp_path / ".rag").exists()


def test_a_language_without_stems_is_refused_before_an_index_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann signs off every release.\n")
    status, _, said = run(tmp_path, "ingest", "a.txt", "--language", "klingon")
    assert status == 2
    assert said.startswith("rag: no stemmer for the language 'klingon'; PyStemmer knows ")
    assert not (tmp_path / ".rag").exists()
