"""Routed retrieval: votes by rank, the collections that are kept, and the second search within them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Rag
from rag.retrieve.routed import chosen, votes
from rag.testing import WordEmbedder
from rag.types import Document

_MILL = ["The mill was built in 1740.", "The mill stone was cut in 1750.", "The mill wheel turns in winter."]
_BOAT = ["The boat is made of oak.", "The boat sails at noon.", "A mill was once reached by this boat."]


def _documents(texts: list[str], folder: str, place: str) -> list[Document]:
    return [Document.make(text, f"{folder}{n}.txt", metadata={"of": place}) for n, text in enumerate(texts)]


def test_votes_count_by_rank() -> None:
    # ranks 1 to 4 vote 4, 3, 2, 1: a has 4 + 3 + 1 of 10, b has 2
    assert votes(["a", "a", "b", "a"]) == {"a": 0.8, "b": 0.2}
    assert chosen({"a": 0.8, "b": 0.2}, 0.25) == ["a", "b"]
    assert chosen({"a": 0.8, "b": 0.2}, 0.26) == ["a"]
    assert votes([]) == {}
    assert chosen({}, 0.1) == []


def test_a_question_is_asked_within_the_index_that_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, texts in (("mills", _MILL), ("boats", _BOAT)):
        with Rag(name, embedder=WordEmbedder()) as rag:
            rag.ingest(_documents(texts, "", name))
    settings = {"search.retrieve": "routed", "stages.routed": {"read": 3, "least": 0.8}}
    with Rag.over(["mills", "boats"], embedder=WordEmbedder(), settings=settings, denoise=[]) as rag:
        hits, trace = rag.explain("When was the mill built?", k=6)
        assert {hit.chunk.source.partition(":")[0] for hit in hits} == {"mills"}
        (record,) = [record for record in trace if record.stage == "retrieve"]
        assert record.detail["routed to"] == ["mills"]
        assert record.detail["shares"]["mills"] > 0.5
        (hit, *_) = rag.search("When was the mill built?", k=6, where='source ~ "boats:*"')
        assert hit.chunk.source.startswith("boats:"), "a filter that is given goes first"
        assert len(rag.variant({"search.retrieve": "hybrid"}).search("mill boat", k=6)) == 6


@pytest.mark.parametrize(
    ("by", "kept"), [("folder", ["mills"]), ("of", ["mills"]), ("index", ["everything"])]
)
def test_collections_of_one_index(tmp_path: Path, by: str, kept: list[str]) -> None:
    settings = {"search.retrieve": "routed", "stages.routed": {"by": by, "read": 3, "least": 0.8}}
    with Rag(tmp_path / "i", embedder=WordEmbedder(), settings=settings, denoise=[]) as rag:
        rag.ingest(_documents(_MILL, "mills/", "mills") + _documents(_BOAT, "boats/", "boats"))
        hits, trace = rag.explain("When was the mill built?", k=6)
        (record,) = [record for record in trace if record.stage == "retrieve"]
        assert record.detail["routed to"] == kept
        assert len(hits) == (6 if kept == ["everything"] else 3)


def test_what_has_no_collection_is_never_left_out(tmp_path: Path) -> None:
    settings = {"search.retrieve": "routed", "stages.routed": {"by": "of", "read": 3, "least": 0.8}}
    with Rag(tmp_path / "i", embedder=WordEmbedder(), settings=settings, denoise=[]) as rag:
        rag.ingest([Document.make(text, f"{n}.txt") for n, text in enumerate(_MILL)])
        rag.ingest(_documents(_BOAT, "boats/", "boats"))
        assert len(rag.search("When was the mill built?", k=6)) == 6
