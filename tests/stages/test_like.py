"""Query by document: what is about the same comes first, and never the document itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import Document, LoadError, Rag
from rag.cli import app
from rag.retrieve.like import telling
from rag.testing import WordEmbedder

TEXTS = {
    "docs/steam.md": "Steam engines drive pumps. A boiler makes steam, and the engine turns it into motion.",
    "docs/boilers.md": "A boiler is heated by coal until it makes steam for an engine.",
    "docs/roses.md": "Roses grow in the garden. The gardener waters roses at dawn.",
}


def test_telling_words_by_hand() -> None:
    # engine: 3 · 1.6 = 4.8, steam 2 · 1.5 = 3.0, it: a function word, locomotive (stem locomot) 1 · 1.7
    text = "Engine, engine and engine. Steam: it is steam! Locomotive."
    assert telling(text, "english", 3) == ["Engine", "Steam", "Locomotive"]


def test_what_is_about_the_same_comes_first(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "draft.txt").write_text("Notes on the boiler of a steam engine, and on coal for it.")
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest(tmp_path / "docs")
        found = [hit.chunk.source for hit in rag.like(tmp_path / "draft.txt")]
        assert found[:2] == ["docs/boilers.md", "docs/steam.md"]
        own = [hit.chunk.source for hit in rag.like(tmp_path / "docs" / "steam.md", 1)]
        assert own == ["docs/boilers.md"], "a document of the index is not like itself"
        rag.ingest(Document.make(TEXTS["docs/steam.md"], "copy.md"))
        assert "copy.md" not in [hit.chunk.source for hit in rag.like(tmp_path / "docs" / "steam.md")]
        only = rag.like(tmp_path / "draft.txt", where='source ~ "docs/r*"')
        assert [hit.chunk.source for hit in only] == ["docs/roses.md"]
        (tmp_path / "empty.txt").write_text(" ")
        with pytest.raises(LoadError, match="no text"):
            rag.like(tmp_path / "empty.txt")


def test_on_the_command_line_it_is_a_query_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text(TEXTS["docs/steam.md"])
    (tmp_path / "b.md").write_text(TEXTS["docs/boilers.md"])
    assert CliRunner().invoke(app, ["ingest", "a.md", "b.md"]).exit_code == 0
    done = CliRunner().invoke(app, ["search", "--like", "a.md", "--json"])
    assert done.exit_code == 0
    assert "b.md" in done.output
    assert CliRunner().invoke(app, ["search"]).exit_code == 2
    assert CliRunner().invoke(app, ["search", "x", "--like", "a.md"]).exit_code == 2
