"""The denoise stages by arithmetic: what stays, what goes, and what the trace says of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.denoise.compress import build as compress
from rag.denoise.mmr import build as mmr
from rag.denoise.threshold import build as threshold
from rag.denoise.threshold import chance
from rag.reading import Passage, Reading, Span
from rag.retrieve.vectors import sample, vectors_of
from rag.testing import WordEmbedder
from tests.stages.small import dropped, hit, opened, texts, traced

EMBEDDER = WordEmbedder(4096)


# --------------------------------------------------------------------------------------------- vectors


def test_vectors_come_from_the_store_and_where_it_has_none_from_the_embedder(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": "Amber basil.", "b.txt": "Cedar delta ember."}) as rag:
        chunks = [found.chunk for found in rag.search("amber cedar")]
        strange = [hit("Fjord grove.").chunk]
        before = rag.embedder.embedded  # type: ignore[attr-defined]
        rows = vectors_of(rag.store, rag.embedder, [*chunks, *strange])
        assert rag.embedder.embedded == before + 1  # type: ignore[attr-defined]
        made = rag.embedder.embed([chunk.indexed_text for chunk in [*chunks, *strange]])
        assert rows == pytest.approx(made, abs=1e-6)
        assert len(sample(rag.store)[0]) == 2
        assert vectors_of(rag.store, rag.embedder, []).shape == (0, 4096)


# ------------------------------------------------------------------------------------------- threshold


def test_the_threshold_is_what_chance_reaches(tmp_path: Path) -> None:
    # Pairs of different documents: a·b = 1/2 (one word of two shared), a·c = 0, b·c = 0. b's two chunks
    # share both words, but are of one document, so that pair does not count.
    documents = {"a.txt": "amber basil", "c.txt": "delta ember"}
    with opened(tmp_path, {**documents, "b.txt": "basil cedar"}) as rag:
        assert chance(rag.store, 1.0) == pytest.approx(0.5, abs=1e-6)
        assert chance(rag.store, 0.5) == pytest.approx(0.0, abs=1e-6)

        stage = threshold(rag.store, rag.embedder, quantile=1.0)
        hits = rag.search("delta ember")
        found, record = traced(stage, "delta ember", hits)
        assert texts(found) == ["delta ember"]
        assert record.detail["threshold"] == pytest.approx(0.5, abs=1e-4)
        assert set(dropped(record)) == {"a.txt", "b.txt"}
        assert "cosine 0.000 is below 0.500" in dropped(record)["a.txt"]


def test_the_first_by_letters_is_never_cut(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": "amber basil", "b.txt": "basil amber"}) as rag:
        stage = threshold(rag.store, rag.embedder, at=0.9)
        found, _ = traced(stage, "zebra", [hit("amber", lexical=1), hit("basil", lexical=2)])
        assert texts(found) == ["amber"]


def test_a_corpus_of_one_document_tells_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": "amber basil"}) as rag:
        found, record = traced(threshold(rag.store, rag.embedder), "zebra", [hit("amber")])
        assert (len(found), record.detail["threshold"]) == (1, -1.0)
        assert traced(threshold(rag.store, rag.embedder), "zebra", [])[0] == []


# ------------------------------------------------------------------------------------------------- mmr


def test_mmr_prefers_what_says_something_new(tmp_path: Path) -> None:
    # rel 1, .9, 0 after stretching 1.0, .9, .0. With λ = .5, behind "amber basil":
    #   "basil amber"  .5·.9 − .5·1 = −.05        "cedar delta"  .5·0 − .5·0 = 0: it comes first
    with opened(tmp_path, {"a.txt": "amber basil"}) as rag:
        hits = [hit("amber basil", 1.0), hit("basil amber", 0.9, start=20), hit("cedar delta", 0.0, start=40)]
        assert texts(traced(mmr(rag.store, rag.embedder, 0.5), "q", hits)[0]) == [
            "amber basil",
            "cedar delta",
            "basil amber",
        ]
        assert traced(mmr(rag.store, rag.embedder, 1.0), "q", hits)[0] == hits
        assert traced(mmr(rag.store, rag.embedder), "q", hits[:1])[0] == hits[:1]


# -------------------------------------------------------------------------------------------- compress


LONG = (
    "Bananas are yellow. They grow in Ecuador. The harbour opens at nine. Ferries leave at ten. "
    "Nobody swims there. Cats sleep all day. Dogs do not."
)


def test_a_compressed_hit_is_a_span_of_its_document() -> None:
    start = 100
    (found,), record = traced(
        compress(EMBEDDER, around=1), "When does the harbour open?", [hit(LONG, start=start)]
    )
    chunk = found.chunk
    assert chunk.text == "They grow in Ecuador. The harbour opens at nine. Ferries leave at ten."
    assert chunk.text == LONG[chunk.start - start : chunk.end - start]
    assert chunk.id == hit(LONG, start=start).chunk.id, "it can still be looked up"
    assert record.detail["tokens"] == {
        "before": 33,
        "after": 16,
    }  # 4 + 5 + 6 + 5 + 4 + 5 + 4, with full stops


def test_a_compressed_hit_is_cited_where_it_stands(tmp_path: Path) -> None:
    text = f"# Port\n\n{LONG}\n"
    with Rag(tmp_path / "i", embedder=EMBEDDER, denoise=["compress"], ground=[]) as rag:
        rag.ingest(Document.make(text, "port.md", media_type="text/markdown"))
        answer = rag.ask("The harbour opens at what time?")
    (citation,) = answer.citations
    assert "The harbour opens at nine." in citation.quote
    assert text[citation.start : citation.end] == citation.quote
    assert all(text[one.chunk.start : one.chunk.end] == one.chunk.text for one in answer.hits)


@pytest.mark.parametrize(
    ("share", "kept"),
    [
        # 33 + 9 tokens, of the first text 4 + 5 + 6 + 5 + 4 + 5 + 4; the harbour's sentence goes before all
        (0.01, ["The harbour opens at nine."]),  # the first is taken in any case
        (0.15, ["The harbour opens at nine."]),  # 6.3 of 42: it costs 6
        (0.3, ["They grow in Ecuador. The harbour opens at nine."]),  # 12.6: the next one beside it costs 5
        (1, [LONG, "Harbour dues rise. They fund the piers."]),
    ],
)
def test_a_budget_of_tokens_is_kept_over_all_hits(share: float, kept: list[str]) -> None:
    hits = [hit(LONG), hit("Harbour dues rise. They fund the piers.", 0.5, "b.txt")]
    found, record = traced(compress(EMBEDDER, tokens=share), "When does the harbour open?", hits)
    assert texts(found) == kept
    assert record.detail["tokens"]["before"] == 42
    assert record.detail["tokens"]["after"] <= max(6, share * 42)
    assert set(dropped(record)) == ({"b.txt"} if len(kept) == 1 else set())


def test_what_the_reader_finds_goes_first_within_a_budget() -> None:
    class Finds:
        name = fingerprint = "finds"

        def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
            return [Reading(9.0, 1.0, (Span(at, at + 4, 1.0),)) for at in [passages[0].text.index("Cats")]]

        def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
            return [0.0] * len(pairs)

    (found,) = traced(compress(EMBEDDER, Finds(), tokens=0.2), "When does the harbour open?", [hit(LONG)])[0]
    assert found.chunk.text == "Cats sleep all day."


def test_compress_leaves_what_has_no_sentences() -> None:
    assert texts(traced(compress(EMBEDDER), "q", [hit("…"), hit("One word", start=9)])[0]) == [
        "…",
        "One word",
    ]
    assert traced(compress(EMBEDDER), "q", [hit("…")])[0] == [hit("…")]
    assert traced(compress(EMBEDDER), "q", [])[0] == []


def test_every_stage_keeps_offsets(tmp_path: Path) -> None:
    for stages in (["threshold"], ["mmr"], ["conflicts"], ["poison"], ["compress"]):
        with Rag(tmp_path / "i", embedder=EMBEDDER, denoise=stages, reorder=["neighbours"]) as rag:
            rag.ingest(Document.make(LONG, "port.txt"))
            hits = rag.ask("Where do bananas grow?").hits
        assert hits
        assert all(LONG[one.chunk.start : one.chunk.end] == one.chunk.text for one in hits)
        assert all(math.isfinite(one.score) for one in hits)
