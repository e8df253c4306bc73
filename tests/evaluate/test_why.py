"""`why` names the stage that lost an answer: each place is made to lose one here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import ConfigError, Document, Hit, Question, Rag
from rag.evaluate import Case
from rag.evaluate.why import why
from rag.generate import Quote
from rag.testing import WordEmbedder

HALL = Case("hall", "When was the great hall opened?", ("1931",), {"hall.md": 1.0})


def test_nothing_lost(rag: Rag) -> None:
    found = why(rag, HALL)
    assert found.lost == "answered"
    assert "The great hall opened in 1931." in str(found)


def test_an_answer_in_a_cell_is_one_that_was_read(tmp_path: Path) -> None:
    """Between the cells of a CSV file stand no blanks: `Teal,hull paint,540,2031-03-02`."""
    table = "boat,work,cost,done\nTeal,hull paint,540,2031-03-02\nSwift,oarlocks,85,2031-04-01\n"
    (tmp_path / "repairs.csv").write_text(table)
    with Rag(tmp_path / "i", embedder=WordEmbedder(), settings={"index.language": "english"}) as rag:
        rag.ingest(tmp_path / "repairs.csv")
        found = why(rag, Case("x", "What did the hull paint of the Teal cost?", ("540",)))
        assert found.lost != "not parsed"
        assert "repairs.csv" in found.evidence[0]
        assert why(rag, Case("x", "What did the hull paint of the Teal cost?", ("54",))).lost == "not parsed"


def test_not_ingested_and_not_parsed(rag: Rag) -> None:
    gone = why(rag, Case("x", "When?", ("1931",), {"cellar.md": 1.0}))
    assert (gone.lost, "cellar.md" in gone.because) == ("not ingested", True)
    silent = why(rag, Case("x", "When was the great hall opened?", ("1831",)))
    assert silent.lost == "not parsed"
    elsewhere = why(rag, Case("x", "When was the hall opened?", ("1931",), {"tower.md": 1.0}))
    assert elsewhere.lost == "not parsed", "another document than the one judged holds it"


def test_cut_apart(tmp_path: Path) -> None:
    text = f"Amber basil cedar {'delta ' * 12}. Echo {'foxtrot ' * 12}."
    with Rag(
        tmp_path / "i", embedder=WordEmbedder(), chunk="sentences", settings={"chunk.max_tokens": 16}
    ) as rag:
        rag.ingest(Document.make(text, "a.txt"))
        found = why(rag, Case("x", "What follows cedar?", ("delta delta. Echo",)))
    assert found.lost == "cut apart"
    assert "a.txt holds it, in 2 chunks" in found.evidence
    assert "chunk.max_tokens = 32" in found.advice


def test_below_k(rag: Rag) -> None:
    found = why(rag, Case("x", "Roses garden gardener dawn?", ("ninety",)), k=1)
    assert found.lost == "below k"
    assert "1 hit is kept" in found.evidence[1]
    assert found.changes[0].what.startswith("search.k = ")


def test_denoised_away(rag: Rag) -> None:
    def purge(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return [hit for hit in hits if "1931" not in hit.chunk.text]

    found = why(rag.variant(denoise=["duplicates", purge]), HALL)
    assert (found.lost, found.because) == ("denoised away", "purge dropped it")
    assert found.changes == ((("without purge in search.denoise"), True),)


def test_pushed_behind_k_by_a_stage(rag: Rag) -> None:
    def backwards(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return hits[::-1]

    found = why(rag.variant(denoise=[backwards]), HALL, k=1)
    assert found.lost == "denoised away"
    assert "backwards put it at rank 2" in found.because


class Reading:
    """Quotes the first sentence with a digit among the first `read` hits, else the first hit."""

    name = "reading"

    def __init__(self, read: int) -> None:
        self._read = read

    def __call__(self, question: Question, hits: Sequence[Hit]) -> list[Quote]:
        held = [at for at, hit in enumerate(hits[: self._read]) if "1931" in hit.chunk.text]
        return [Quote(held[0] if held else 0, 0, 30, 0.9)]


def test_out_of_budget(rag: Rag) -> None:
    def late(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return sorted(hits, key=lambda hit: "1931" in hit.chunk.text)

    found = why(rag.variant(denoise=[late], generate=Reading(1)), HALL)
    assert found.lost == "out of budget"
    assert "reading reads the first 1" in found.because
    assert found.changes[-1] == ("the passage as the first hit (a better ranking)", True)


def test_unread(rag: Rag) -> None:
    found = why(rag.variant(generate=lambda question, hits: [Quote(len(hits) - 1, 0, 12, 0.9)]), HALL)
    assert found.lost == "unread"
    assert not any(change.works for change in found.changes)
    lines = str(found).splitlines()
    assert lines[-1].startswith("→ ask more closely"), "what brings nothing back is not the last word"
    assert lines[-2].startswith("  tried in vain: the passage as the first hit")
    assert sum(line.startswith("→") for line in lines) == 1
    assert any(fact.startswith("taken instead") for fact in found.evidence)


def test_declined(rag: Rag) -> None:
    found = why(rag.variant({"ask.abstain_below": 1.0}), HALL)
    assert found.lost == "declined"
    (change,) = found.changes
    assert change.works
    assert change.what.startswith("ask.abstain_below = 0.")


def test_a_question_without_answers_is_refused(rag: Rag) -> None:
    with pytest.raises(ConfigError, match="--answer"):
        why(rag, Case("x", "Why?"))
