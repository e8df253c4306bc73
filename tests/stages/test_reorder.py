"""Orders, and adjacent chunks that become one."""

from __future__ import annotations

from pathlib import Path

from rag import Document
from rag.reorder.neighbours import build as neighbours
from rag.reorder.reverse import build as reverse
from rag.reorder.score import build as score
from rag.types import Hit, Question
from tests.stages.small import hit, opened, texts, traced

ASKED = Question("q")
TEXT = "Amber is old. Basil is green.\n\nCedar is tall. Delta is wide."


def test_orders() -> None:
    hits = [hit("a", 2), hit("b", 3), hit("c", 1), hit("d", 3)]
    assert texts(score()(ASKED, hits)) == ["b", "d", "a", "c"]  # equal scores keep their order
    assert texts(reverse()(ASKED, hits)) == ["d", "c", "b", "a"]


def chunk_hits(rag_hits: list[Hit], *wanted: str) -> list[Hit]:
    by_text = {one.chunk.text: one for one in rag_hits}
    return [by_text[text] for text in wanted]


def test_adjacent_chunks_become_the_text_between_their_ends(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": TEXT, "b.txt": "Basil again."}) as rag:
        hits = rag.search("is basil again", k=10)
        amber, basil, cedar, delta, again = chunk_hits(
            hits, "Amber is old.", "Basil is green.", "Cedar is tall.", "Delta is wide.", "Basil again."
        )
        stage = neighbours(rag.store)
        found, record = traced(stage, "q", [delta, again, basil, amber])
        assert texts(found) == ["Delta is wide.", "Basil again.", "Amber is old. Basil is green."]
        joined = found[2].chunk
        assert TEXT[joined.start : joined.end] == joined.text
        assert (joined.id, found[2].score) == (basil.chunk.id, basil.score), "its best part stood third"
        assert record.detail["joined"] == 1

        # Across the blank line two characters lie between: within `gap` 3, and not within 1.
        (whole,) = stage(ASKED, [cedar, amber, delta, basil])
        assert whole.chunk.text == TEXT
        assert len(neighbours(rag.store, gap=1)(ASKED, [cedar, amber, delta, basil])) == 2


def test_a_document_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": TEXT}) as rag:
        hits = chunk_hits(rag.search("amber basil"), "Amber is old.", "Basil is green.")
        rag.ingest(Document.make("Something else entirely stands here now, says the editor.", "a.txt"))
        assert neighbours(rag.store)(ASKED, hits) == hits
        rag.remove(["a.txt"])
        assert neighbours(rag.store)(ASKED, hits) == hits


def test_an_answer_from_joined_chunks_cites_the_document(tmp_path: Path) -> None:
    with opened(tmp_path, {"a.txt": TEXT}, reorder=["neighbours"]) as rag:
        answer = rag.ask("Cedar is what?")
    assert len(answer.hits) == 1
    citation = answer.citations[0]
    assert citation.quote == "Cedar is tall."
    assert TEXT[citation.start : citation.end] == citation.quote
