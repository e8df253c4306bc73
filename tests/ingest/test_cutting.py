"""Documents are cut where they are parsed, under the same limits, and exactly as they would be here."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag import Rag
from rag.embedding.tokenizer import WrittenTokenizer
from rag.errors import LoadError
from rag.ingest import sync
from rag.ingest.deadline import within
from rag.ingest.parsing.cutting import LONGEST_METADATA
from rag.models import BUILT_IN_EMBEDDER
from rag.testing import WordEmbedder
from rag.types import Document, Span

WRITTEN = WrittenTokenizer((BUILT_IN_EMBEDDER / "tokenizer.json").read_text("utf-8"))


class Words(WordEmbedder):
    """Embeds words, and counts tokens by a tokenizer that other processes can open."""

    tokenizer: WrittenTokenizer | None = WRITTEN
    token_ends = staticmethod(WRITTEN.open())  # type: ignore[assignment]


class Alone(Words):
    """The same, where no other process can count."""

    tokenizer = None


def faulty(document: Document, token_ends: object) -> list[Span]:
    """A chunking method that goes wrong as its document says."""
    if "HANG" in document.text:
        time.sleep(600)
    if "DEVOUR" in document.text:
        return [Span(0, 1, "x" * (5 << 30))]
    if "BUG" in document.text:
        raise KeyError("a bug")
    return [Span(0, len(document.text.rstrip()))]


def make() -> object:
    return faulty


def test_chunks_are_the_same_wherever_documents_are_cut(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text(
        "# Guide\n\n" + "A sentence of the guide. " * 90 + "\n\n## Ünder\n\nx 😀.\n"
    )
    (docs / "code.py").write_text("class A:\n    def f(self):\n        return 1\n" * 40)
    (docs / "rows.jsonl").write_text('{"text": "one of them"}\n{"text": "another", "title": "T"}\n')
    chunks = {}
    for embedder in (Words(), Alone()):
        with Rag(tmp_path / type(embedder).__name__, embedder=embedder) as rag:
            assert rag.ingest(docs).failed == []
            chunks[type(embedder)] = [chunk for chunk, _ in rag.store.scan(limit=1000)]
    assert len(chunks[Words]) > 10
    assert chunks[Words] == chunks[Alone]


def test_a_document_that_cannot_be_cut_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = tmp_path / "offered" / "faulty-1.dist-info"
    offered.mkdir(parents=True)
    (offered / "METADATA").write_text("Name: faulty\nVersion: 1\n")
    (offered / "entry_points.txt").write_text("[rag.chunking]\nfaulty = tests.ingest.test_cutting:make\n")
    monkeypatch.syspath_prepend(str(offered.parent))
    docs = tmp_path / "docs"
    docs.mkdir()
    for word in ("HANG", "DEVOUR", "BUG", "good", "better"):
        (docs / f"{word}.txt").write_text(f"{word} text")
    settings = {"chunk.method": "faulty", "ingest.timeout": 12.0, "ingest.workers": 1}
    with Rag(tmp_path / ".rag", embedder=Words(), settings=settings) as rag:
        report = rag.ingest(docs)
        kept = sorted(info.source for info in rag.store.documents())
    reasons = {failure.source: failure.reason for failure in report.failed}
    assert kept == ["docs/better.txt", "docs/good.txt"]
    assert sorted(reasons) == ["docs/BUG.txt", "docs/DEVOUR.txt", "docs/HANG.txt"]
    assert reasons["docs/BUG.txt"] == "the chunking method failed: KeyError: 'a bug'"
    assert reasons["docs/DEVOUR.txt"].startswith("out of memory")
    assert reasons["docs/HANG.txt"].startswith("took longer than 12 seconds and was stopped")


def test_documents_of_a_program_have_limits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "LONGEST", 1_000)
    long = Document.make("word " * 201, "long")
    wide = Document.make("text", "wide", metadata={"values": ["v" * 100] * (LONGEST_METADATA // 100)})
    good = Document.make("word " * 200, "good", metadata={"values": ["v" * 100] * 100})
    with Rag(tmp_path / ".rag", embedder=Words()) as rag:
        report = rag.ingest([long, wide, good])
    assert report.added == ["good"]
    reasons = {failure.source: failure.reason for failure in report.failed}
    assert reasons["long"].startswith("too large: 1,005 characters, at most 1,000")
    assert reasons["wide"].startswith("its metadata is too large: ")


def busy(document: Document, token_ends: object) -> list[Span]:
    """A chunking method that never ends for some, and holds on to what it gets."""
    while "HANG" in document.text:
        try:
            time.sleep(0.01)
        except Exception:
            continue
    return [Span(0, len(document.text))]


def test_cutting_in_this_process_has_a_limit_of_time(tmp_path: Path) -> None:
    """A method that is a function, documents of a program, and a thread that is not the first."""
    texts = ("one", "HANG", "two")
    documents = [Document.make(f"{text} text", text) for text in texts]
    reports = []

    def ingest() -> None:
        settings = {"ingest.timeout": 0.4}
        with Rag(tmp_path / ".rag", embedder=Words(), chunk=busy, settings=settings) as rag:
            reports.append(rag.ingest(documents))

    thread = threading.Thread(target=ingest)
    began = time.monotonic()
    thread.start()
    thread.join(60)
    assert time.monotonic() - began < 60
    (report,) = reports
    assert report.added == ["one", "two"]
    ((source, reason),) = [(failure.source, failure.reason) for failure in report.failed]
    assert source == "HANG"
    assert reason == "cutting it into chunks took longer than 0.4 seconds and was stopped"


def test_a_limit_that_comes_late_harms_nothing() -> None:
    """Work that ends at about its limit gives its value or the error, and nothing is raised afterwards."""
    outcomes = set()
    for _ in range(300):
        try:
            outcomes.add(within(0.002, lambda: time.sleep(0.002), "it"))
        except LoadError as error:
            outcomes.add(str(error))
        sum(range(2000))
    assert outcomes <= {None, "it took longer than 0.002 seconds and was stopped"}
    with pytest.raises(KeyError):
        within(5.0, lambda: {}["x"], "it")


def test_the_tokens_of_another_process_are_those_of_the_embedder() -> None:
    from rag.embedding.onnx import OnnxEmbedder

    embedder = OnnxEmbedder.open()
    text = "[SEP] an [UNK] Ünïcode 😀 text\n한국어 \ud800 end"
    ends: NDArray[np.int64] = embedder.tokenizer.open()(text)
    assert ends.tolist() == embedder.token_ends(text).tolist()
