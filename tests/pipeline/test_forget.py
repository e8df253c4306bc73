"""A document that is removed leaves nothing behind, and where something is left it is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import Document, Rag
from rag.cli import app
from rag.testing import WordEmbedder

SECRET = "The quarry lease with Halvorsen ends on the ninth of March."
SHARED = "All contracts are kept in the cellar of the town hall."
KEPT = "The quarry opened in 1931 and has nine sheds in the valley."
TEXT = f"{SECRET} {SHARED} The lease office manager (LOM) signs it with a red pen. " + "Filler. " * 400


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    settings = {"index.language": "english", "ask.abstain_below": 0.0}
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings=settings) as rag:
        rag.ingest([Document.make(TEXT, "lease.md"), Document.make(f"{KEPT} {SHARED}", "quarry.md")])
        yield rag


def holding(folder: Path, words: str) -> list[str]:
    """The files that have these bytes, found without the thing that is tested."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if words.encode() in path.read_bytes())


def test_nothing_of_a_forgotten_document_is_left(rag: Rag, tmp_path: Path) -> None:
    rag.rate("When does the quarry lease with Halvorsen end?", good=True)
    rag.rate("When did the quarry open?", good=True)
    assert {"ratings.jsonl", "store.sqlite"} <= set(holding(tmp_path, SECRET))
    assert "LOM" in (tmp_path / "index" / "glossary.toml").read_text()
    proof = rag.forget(["lease.md"])
    assert (proof.sources, proof.traces, proof.unproven) == (("lease.md",), (), "")
    # the sentence on the cellar stands in the other document too, and fillers are short
    assert proof.looked_for == 2
    assert proof.files >= 4
    assert holding(tmp_path, SECRET) == []
    assert holding(tmp_path, "Halvorsen") == []
    assert "LOM" not in (tmp_path / "index" / "glossary.toml").read_text()
    assert [hit.chunk.source for hit in rag.search("quarry lease Halvorsen")] == ["quarry.md"]
    rows = (tmp_path / "index" / "ratings.jsonl").read_text().splitlines()
    assert [json.loads(row)["question"] for row in rows] == ["When did the quarry open?"]
    assert rag.store.problems() == []


def test_plain_removal_leaves_bytes_behind(rag: Rag, tmp_path: Path) -> None:
    rag.remove(["lease.md"])
    assert holding(tmp_path, SECRET), "rows that are deleted stay in free pages: so a proof needs more"


def test_what_is_left_is_told(rag: Rag, tmp_path: Path) -> None:
    runs = tmp_path / ".rag-eval" / "runs" / "one"
    runs.mkdir(parents=True)
    (runs / "questions.jsonl").write_text(json.dumps({"said": f"„{SECRET}“ … ö"}) + "\n")
    proof = rag.forget(["lease.md"])
    assert [(trace.source, trace.path.name, trace.words) for trace in proof.traces] == [
        ("lease.md", "questions.jsonl", SECRET)
    ]
    assert f"still holds: “{SECRET}”" in str(proof)


def test_a_trace_across_two_blocks_is_found(
    rag: Rag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.pipeline.forget._BLOCK", 64)
    (tmp_path / "index" / "left.txt").write_text("x" * 30 + SECRET + "y" * 200)
    assert [trace.path.name for trace in rag.forget(["lease.md"]).traces] == ["left.txt"]


def test_the_command_proves_it(tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    (tmp_path / "lease.md").write_text(TEXT)
    (tmp_path / "quarry.md").write_text(KEPT)
    run = CliRunner().invoke
    assert (
        run(app, ["ingest", str(tmp_path / "lease.md"), str(tmp_path / "quarry.md"), "-i", index]).exit_code
        == 0
    )
    source = next(info.source for info in Rag(index).documents() if info.source.endswith("lease.md"))
    (tmp_path / "index" / "copy.txt").write_text(SECRET)
    done = run(app, ["rm", source, "--prove", "-i", index])
    assert done.exit_code == 1
    assert "copy.txt still holds" in done.output
    (tmp_path / "index" / "copy.txt").unlink()
    run(app, ["ingest", str(tmp_path / "lease.md"), "-i", index])
    done = run(app, ["rm", source, "--prove", "--json", "-i", index])
    assert done.exit_code == 0
    told = json.loads(done.output)
    assert told["removed"] == [source]
    assert told["proof"]["traces"] == []
    assert told["proof"]["looked_for"] > 0
