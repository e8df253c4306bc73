"""An index follows its files: what is new, changed, moved, gone or broken, and nothing twice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rag.errors import ConfigError, LoadError
from rag.ingest import Progress
from rag.types import Document
from tests.ingest.conftest import Notes, read


def paragraphs(*words: str) -> str:
    """Paragraphs of 120 words each, so that each is a chunk of its own."""
    return "\n\n".join(" ".join(f"{word}{n}" for n in range(120)) for word in words)


# ------------------------------------------------------------------------------ files


def test_added_edited_and_removed_files(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    b = notes.write("sub/b.txt", "basil")
    report = notes.ingest()
    assert report.added == ["docs/a.txt", "docs/sub/b.txt"]
    assert str(report) == "2 added"

    notes.write("c.txt", "cedar")
    notes.write("a.txt", "amber edited")
    b.unlink()
    report = notes.ingest()
    assert (report.added, report.updated, report.removed) == (
        ["docs/c.txt"],
        ["docs/a.txt"],
        ["docs/sub/b.txt"],
    )
    assert notes.stored() == {"docs/a.txt": "amber edited", "docs/c.txt": "cedar"}
    assert notes.search("basil") == []
    assert notes.search("edited") == ["docs/a.txt"]


def test_an_edit_that_keeps_size_and_time_is_seen(notes: Notes) -> None:
    path = notes.write("a.txt", "amber")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    notes.ingest()
    path.write_text("basil")
    os.utime(path, ns=times)
    assert path.stat().st_mtime_ns == times[1]
    assert notes.ingest().updated == ["docs/a.txt"]
    assert notes.stored() == {"docs/a.txt": "basil"}


def test_a_second_run_changes_and_embeds_nothing(notes: Notes) -> None:
    for number in range(5):
        notes.write(f"{number}.txt", f"amber n{number}")
    notes.ingest()
    embedded, before = notes.embedder.embedded, notes.stored()
    notes.load = refuse_to_read
    report = notes.ingest()
    assert not report.changed
    assert report.failed == []
    assert len(report.unchanged) == 5
    assert notes.embedder.embedded == embedded
    assert notes.stored() == before


def refuse_to_read(path: Path, source: str) -> Sequence[Document]:
    raise LoadError(f"{source} did not have to be read")


def test_a_touched_file_is_not_parsed(notes: Notes) -> None:
    path = notes.write("a.txt", "amber")
    notes.ingest()
    os.utime(path, ns=(10**18, 10**18))
    notes.load = refuse_to_read
    assert notes.ingest().unchanged == ["docs/a.txt"]


@pytest.mark.parametrize("to", ["renamed.txt", "deep/down/a.txt"])
def test_a_moved_file_keeps_its_vectors(notes: Notes, to: str) -> None:
    path = notes.write("a.txt", paragraphs("amber", "basil"))
    notes.ingest()
    embedded = notes.embedder.embedded
    (notes.docs / to).parent.mkdir(parents=True, exist_ok=True)
    path.rename(notes.docs / to)
    report = notes.ingest()
    assert report.moved == [("docs/a.txt", f"docs/{to}")]
    assert (report.added, report.removed) == ([], [])
    assert notes.embedder.embedded == embedded
    assert list(notes.stored()) == [f"docs/{to}"]
    assert notes.search("basil7") == [f"docs/{to}"]


def test_a_copy_is_no_move_and_a_move_is_claimed_once(notes: Notes) -> None:
    path = notes.write("a.txt", "amber")
    notes.ingest()
    notes.write("b.txt", "amber")
    assert notes.ingest().added == ["docs/b.txt"]
    path.unlink()
    notes.write("c.txt", "amber")
    notes.write("d.txt", "amber")
    report = notes.ingest()
    assert (report.moved, report.added) == ([("docs/a.txt", "docs/c.txt")], ["docs/d.txt"])
    assert list(notes.stored()) == ["docs/b.txt", "docs/c.txt", "docs/d.txt"]


def test_only_the_changed_paragraph_is_embedded(notes: Notes) -> None:
    notes.write("a.txt", paragraphs("amber", "basil", "cedar"))
    assert notes.ingest().embedded == 3
    notes.write("a.txt", paragraphs("amber", "birch", "cedar"))
    report = notes.ingest()
    assert (report.embedded, report.reused, report.chunks) == (1, 2, 3)
    assert notes.search("basil5") == []


def test_a_folder_in_place_of_a_file(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.ingest()
    (notes.docs / "a.txt").unlink()
    notes.write("a.txt/b.txt", "basil")
    report = notes.ingest()
    assert (report.removed, report.added) == (["docs/a.txt"], ["docs/a.txt/b.txt"])


def test_roots_inside_each_other_and_apart(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("sub/b.txt", "basil")
    other = notes.base / "more"
    other.mkdir()
    (other / "c.txt").write_text("cedar")
    report = notes.ingest(notes.docs / "sub", notes.docs, notes.docs / "sub" / "b.txt", other)
    assert report.added == ["docs/a.txt", "docs/sub/b.txt", "more/c.txt"]
    assert not notes.ingest(notes.docs / "sub").changed  # what was not walked stays
    (notes.docs / "a.txt").unlink()
    (other / "c.txt").unlink()
    assert not notes.ingest(notes.docs / "sub").changed
    assert notes.ingest(notes.docs).removed == ["docs/a.txt"]
    assert notes.ingest(other).removed == ["more/c.txt"]


def test_a_path_that_does_not_exist_changes_nothing(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.ingest()
    with pytest.raises(ConfigError, match="does not exist"):
        notes.ingest(notes.docs, notes.base / "typo")
    assert list(notes.stored()) == ["docs/a.txt"]


def test_no_index_is_made_for_a_typo(notes: Notes) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        notes.ingest(notes.base / "typo")
    assert not (notes.base / ".rag").exists()


# ------------------------------------------------------------------------------ failures


def test_a_failing_file_keeps_its_old_version(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("b.txt", "basil")
    notes.ingest()
    notes.write("a.txt", "BROKEN")
    for _ in range(2):
        report = notes.ingest()
        assert report.failed == [("docs/a.txt", "cannot be understood")]
        assert not report.changed
    assert notes.search("amber") == ["docs/a.txt"]
    notes.write("a.txt", "mended")
    assert notes.ingest().updated == ["docs/a.txt"]


def test_a_file_without_text_is_told(notes: Notes) -> None:
    notes.write("a.txt", " \n ")
    assert notes.ingest().failed == [("docs/a.txt", "no text to index")]
    assert notes.stored() == {}


def test_characters_and_names_that_no_store_can_keep(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    odd = os.fsencode(notes.docs) + b"/caf\xe9.txt"
    Path(os.fsdecode(odd)).write_text("basil")
    notes.load = lambda path, source: [
        Document.make("nul\0 half\ud800", source, title="t\udfff", metadata={"half\ud800": ["\udc00", "\0"]})
    ]
    report = notes.ingest()
    assert report.added == ["docs/a.txt", "docs/caf\\xe9.txt"]
    assert notes.stored()["docs/a.txt"] == "nul  half?"
    assert not notes.ingest().changed


def test_metadata_that_is_no_json_is_told_and_the_rest_goes_on(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("b.txt", "basil")
    notes.load = lambda path, source: [
        Document.make(path.read_text(), source, metadata={"x": {1} if path.name == "a.txt" else 1})
    ]
    report = notes.ingest()
    assert report.added == ["docs/b.txt"]
    ((source, reason),) = report.failed
    assert source == "docs/a.txt"
    assert "JSON" in reason


def test_an_interrupted_run_goes_on_where_it_stopped(notes: Notes) -> None:
    for number in range(30):
        notes.write(f"{number:02}.txt", paragraphs(*(f"n{number}part{part}x" for part in range(20))))
    seen: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress)
        if progress.documents >= 10:
            raise KeyboardInterrupt

    with notes.open() as rag, pytest.raises(KeyboardInterrupt):
        rag.ingest(notes.docs, load=read, progress=interrupt)
    stored, embedded = len(notes.stored()), notes.embedder.embedded
    assert 10 <= stored < 30
    report = notes.ingest()
    assert len(report.unchanged) == stored
    assert len(report.added) == 30 - stored
    assert len(notes.stored()) == 30
    assert notes.embedder.embedded < embedded + 20 * (30 - stored) + 1
    assert not notes.ingest().changed


# ------------------------------------------------------------------------------ several documents a file


def rows(path: Path, source: str) -> list[Document]:
    """A document a line, named by its `id`."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [Document.make(record["text"], f"{source}#{record['id']}") for record in records]


def table(**texts: str) -> str:
    return "\n".join(json.dumps({"id": name, "text": text}) for name, text in texts.items())


def test_rows_added_changed_and_removed(notes: Notes) -> None:
    notes.load = rows
    notes.write("t.jsonl", table(a="amber", b="basil", c="cedar"))
    assert notes.ingest().added == ["docs/t.jsonl#a", "docs/t.jsonl#b", "docs/t.jsonl#c"]
    embedded = notes.embedder.embedded

    notes.write("t.jsonl", table(a="amber", b="birch", d="delta"))
    report = notes.ingest()
    assert (report.added, report.updated) == (["docs/t.jsonl#d"], ["docs/t.jsonl#b"])
    assert (report.removed, report.unchanged) == (["docs/t.jsonl#c"], ["docs/t.jsonl#a"])
    assert notes.embedder.embedded == embedded + 2
    assert notes.stored() == {
        "docs/t.jsonl#a": "amber", "docs/t.jsonl#b": "birch", "docs/t.jsonl#d": "delta"
    }  # fmt: skip

    notes.load = refuse_to_read
    assert not notes.ingest().failed
    (notes.docs / "t.jsonl").unlink()
    assert len(notes.ingest().removed) == 3


def test_a_moved_file_moves_its_rows(notes: Notes) -> None:
    notes.load = rows
    path = notes.write("t.jsonl", table(a="amber", b="basil"))
    notes.ingest()
    embedded = notes.embedder.embedded
    path.rename(notes.docs / "u.jsonl")
    assert notes.ingest().moved == [
        ("docs/t.jsonl#a", "docs/u.jsonl#a"),
        ("docs/t.jsonl#b", "docs/u.jsonl#b"),
    ]
    assert notes.embedder.embedded == embedded


def test_rows_of_one_id_or_without_text_are_told_once_read(notes: Notes) -> None:
    notes.load = rows
    text = "\n".join([table(a="amber", b=" "), table(a="birch", c="cedar")])
    notes.write("t.jsonl", text)
    report = notes.ingest()
    assert report.added == ["docs/t.jsonl#a", "docs/t.jsonl#c"]
    assert {source for source, _ in report.failed} == {"docs/t.jsonl", "docs/t.jsonl#b"}
    assert notes.stored()["docs/t.jsonl#a"] == "birch"
    notes.load = refuse_to_read  # the file is known for what it is
    assert notes.ingest().failed == []


def test_a_file_of_which_only_some_rows_were_stored_is_read_again(notes: Notes) -> None:
    notes.load = rows
    notes.write("t.jsonl", table(a="amber", b="basil", c="cedar"))
    notes.ingest()
    with notes.open() as rag:
        assert rag.remove(["docs/t.jsonl#b"]) == ["docs/t.jsonl#b"]
    assert notes.ingest().added == ["docs/t.jsonl#b"]


# ------------------------------------------------------------------------------ documents from Python


def test_documents_from_python_stay_until_they_are_removed(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    note = Document.make("kelp", "note://1", metadata={"year": 2024})
    assert notes.ingest(note, notes.docs).added == ["docs/a.txt", "note://1"]
    assert notes.ingest(note).unchanged == ["note://1"]
    assert notes.ingest(Document.make("lotus", "note://1")).updated == ["note://1"]
    (notes.docs / "a.txt").unlink()
    assert notes.ingest().removed == ["docs/a.txt"]
    assert notes.stored() == {"note://1": "lotus"}


def test_of_documents_of_one_id_the_last_wins(notes: Notes) -> None:
    one, other = Document.make("amber", "note://1"), Document.make("basil", "note://1")
    notes.ingest(one, other, one, Document.make("kelp", "note://2"), other)
    assert notes.stored() == {"note://1": "basil", "note://2": "kelp"}
    assert notes.search("amber") == []


# ------------------------------------------------------------------------------ recipe


def test_other_chunk_settings_cut_every_document_anew(notes: Notes) -> None:
    notes.write("a.txt", paragraphs("amber", "basil"))
    assert notes.ingest().chunks == 2
    report = notes.ingest(chunk__max_tokens=50)
    assert report.updated == ["docs/a.txt"]
    assert report.chunks >= 5
    assert not notes.ingest(chunk__max_tokens=50).changed
    with notes.open() as rag:
        assert rag.store.stats()["chunks"] == report.chunks


# ------------------------------------------------------------------------------ the real loaders


@pytest.mark.parametrize("change", [None, str.upper])
def test_files_are_parsed_in_the_pool(notes: Notes, change: Callable[[str], str] | None) -> None:
    notes.write("guide.md", "# Guide\n\nPut amber into the lamp.")
    notes.write("table.csv", "name,colour\nkelp,green\n")
    notes.write("empty.txt", "")
    notes.write("~$guide.docx", "Ada")
    notes.write("code.bin", "unknown")
    with notes.open() as rag:
        report = rag.ingest(notes.docs)
        assert report.added == ["docs/guide.md", "docs/table.csv"]
        assert not report.failed
        assert [source for source, _ in report.skipped] == [
            "docs/code.bin", "docs/empty.txt", "docs/~$guide.docx",
        ]  # fmt: skip
        assert rag.search("amber lamp")[0].chunk.source == "docs/guide.md"
        if change:
            notes.write("guide.md", change("# Guide\n\nPut birch into the lamp."))
            assert rag.ingest(notes.docs).updated == ["docs/guide.md"]
        else:
            assert not rag.ingest(notes.docs).changed
