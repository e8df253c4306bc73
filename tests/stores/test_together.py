"""Several indexes as one: names in ids and sources, merged lists, filters, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Rag
from rag.errors import ConfigError, FingerprintError, StoreError
from rag.stores import NotOf, Where
from rag.testing import WordEmbedder
from rag.types import Document


def index(path: Path, **texts: str) -> Path:
    with Rag(path, embedder=WordEmbedder()) as rag:
        rag.ingest(
            [Document.make(text, f"{name}.txt", metadata={"of": name}) for name, text in texts.items()]
        )
    return path


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    index(tmp_path / "a", mill="The mill was built in 1740.", gate="The gate opens at noon.")
    index(tmp_path / "b", mill="The mill by the lake burned in 1811.", boat="The boat is made of oak.")
    return ["a", "b"]


def test_hits_and_citations_name_their_index(both: list[str]) -> None:
    with Rag.over(both, embedder=WordEmbedder()) as rag:
        assert sorted(info.source for info in rag.documents()) == [
            "a:gate.txt",
            "a:mill.txt",
            "b:boat.txt",
            "b:mill.txt",
        ]
        hits = rag.search("mill built burned", k=4)
        assert {hit.chunk.source for hit in hits[:2]} == {"a:mill.txt", "b:mill.txt"}
        for question, source in (
            ("What is the boat made of?", "b:boat.txt"),
            ("When does the gate open?", "a:gate.txt"),
        ):
            answer = rag.ask(question)
            assert [citation.source for citation in answer.citations] == [source]
            (document,) = rag.store.load([answer.citations[0].document_id])
            cited = answer.citations[0]
            assert document.text[cited.start : cited.end] == cited.quote


def test_each_list_is_that_of_one_index_of_all(both: list[str], tmp_path: Path) -> None:
    index(
        tmp_path / "all",
        mill="The mill was built in 1740.",
        gate="The gate opens at noon.",
        lake="The mill by the lake burned in 1811.",
        boat="The boat is made of oak.",
    )
    embedder = WordEmbedder()
    vector = embedder.embed(["mill lake noon"], "query")[0]
    with Rag.over(both, embedder=embedder) as rag, Rag(tmp_path / "all", embedder=embedder) as whole:
        merged = [round(hit.score, 5) for hit in rag.store.dense(vector, 3)]
        assert merged == [round(hit.score, 5) for hit in whole.store.dense(vector, 3)]
        ids = [hit.chunk_id for hit in rag.store.lexical("mill", 5)]
        assert {each.partition(":")[0] for each in ids} == {"a", "b"}
        assert [chunk.id for chunk in rag.store.get(ids)] == ids
        scanned = rag.store.scan(limit=10)
        assert [chunk.id for chunk, _ in scanned] == sorted(chunk.id for chunk, _ in scanned)
        first = rag.store.scan(limit=3)
        rest = rag.store.scan(after=first[-1][0].id, limit=10)
        assert [c.id for c, _ in first + rest] == [c.id for c, _ in scanned]
        assert rag.store.stats()["documents"] == 4


@pytest.mark.parametrize(
    ("where", "sources"),
    [
        (Where("source", "=", "b:mill.txt"), ["b:mill.txt"]),
        (Where("source", "~", "mill*"), ["a:mill.txt", "b:mill.txt"]),
        (Where("source", "in", ("a:gate.txt", "b:boat.txt")), ["a:gate.txt", "b:boat.txt"]),
        (Where("source", "~", "a:*"), ["a:gate.txt", "a:mill.txt"]),
        (NotOf(Where("source", "~", "a:*")), ["b:boat.txt", "b:mill.txt"]),
        (Where("of", "=", "gate") | Where("of", "=", "boat"), ["a:gate.txt", "b:boat.txt"]),
    ],
)
def test_filters(both: list[str], where: Where, sources: list[str]) -> None:
    with Rag.over(both, embedder=WordEmbedder()) as rag:
        assert [info.source for info in rag.store.documents(where)] == sources
        ids = tuple(info.id for info in rag.store.documents(where))
        assert [info.id for info in rag.store.documents(Where("document_id", "in", ids))] == list(ids)


def test_what_is_refused(both: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="named once"):
        Rag.over(["a", "a"], embedder=WordEmbedder())
    with (
        Rag.over(both, embedder=WordEmbedder()) as rag,
        pytest.raises(StoreError, match="write to one of them"),
    ):
        rag.ingest([Document.make("New.", "new.txt")])
    with Rag(tmp_path / "c", embedder=WordEmbedder(32)) as other:
        other.ingest([Document.make("The well is dry.", "well.txt")])
    with pytest.raises(FingerprintError):
        Rag.over(["a", "c"], embedder=WordEmbedder())
    with pytest.raises(StoreError, match="no index"):
        Rag.over(["a", "missing"], embedder=WordEmbedder())
