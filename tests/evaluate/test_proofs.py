"""Support is found anew from the stored documents, whatever the pipeline says of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag import Answer, Case, Question, Rag
from rag.evaluate.running.proofs import supports
from rag.types import Sentence

ASKED = "When was the great hall opened?"


@pytest.fixture
def answer(rag: Rag) -> Answer:
    answer = rag.ask(ASKED)
    assert answer.sentences[0].text == "The great hall opened in 1931."
    return answer


def with_sentence(answer: Answer, **changes: object) -> Answer:
    return replace(answer, sentences=(replace(answer.sentences[0], **changes),))  # type: ignore[arg-type]


def test_a_quote_that_stands_where_it_says_is_proved(rag: Rag, answer: Answer) -> None:
    assert supports(rag, with_sentence(answer, support=0.0)) == [1.0], (
        "the pipeline's own figure is not asked"
    )


def test_a_citation_that_does_not_exist_proves_nothing(rag: Rag, answer: Answer) -> None:
    (citation,) = answer.sentences[0].citations
    for wrong in (
        replace(citation, start=citation.start + 1),
        replace(citation, quote="The great hall opened in 1831."),
        replace(citation, document_id="nowhere"),
    ):
        assert supports(rag, with_sentence(answer, support=1.0, citations=(wrong,))) == [0.0]
    assert supports(rag, with_sentence(answer, support=1.0, citations=())) == [0.0]


def test_a_written_sentence_is_scored_against_what_it_cites(rag: Rag, answer: Answer) -> None:
    told = {
        text: supports(rag, with_sentence(answer, text=text, support=1.0))[0]
        for text in (
            "In 1931 the great hall opened.",
            "In 1871 the great hall opened.",
            "Roses grow at dawn.",
        )
    }
    right, invented, other = told.values()
    assert right > 0.9, "the same terms in another order"
    assert invented < 0.5, "a number that the source does not have"
    assert other < 0.2
    assert supports(rag, replace(answer, sentences=())) == []


def test_a_pipeline_cannot_vouch_for_itself(rag: Rag) -> None:
    def boast(question: Question, answer: Answer) -> Answer:
        invented = Sentence("It opened twice.", answer.sentences[0].citations, 1.0)
        bare = Sentence("Everybody knows.", (), 1.0)
        return replace(answer, sentences=(*answer.sentences, invented, bare), confidence=1.0)

    case = Case("1", ASKED, ("1931",), {"hall.md": 1.0})
    run = rag.variant(ground=[boast]).evaluate([case], measures=["Support", "CiteP"])
    assert run.summary["Support"].mean == pytest.approx(1 / 3)
    assert run.summary["CiteP"].mean == 1, "both citations point to the document"
