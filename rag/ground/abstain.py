"""The one decision whether the sources answer: an answer of too little confidence is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.options import Share
from rag.reading import Reader
from rag.trace import note_reader
from rag.types import Answer, Question

from .answerable import answerable

_WITHDRAWN = "The model wrote an answer that the sources do not support; it was withdrawn."
REFUSAL = "The sources do not answer this."


def withdrawn(answer: Answer) -> Answer:
    """The answer as an abstention: no sentence, no citation; its hits stay. A written draft is told of."""
    if any(not sentence.quoted for sentence in answer.sentences):
        note_reader(_WITHDRAWN)
    return replace(answer, text=REFUSAL, sentences=(), citations=(), span=None, abstained=True)


def build(abstain_below: Share = 0.3, reader: Reader | None = None) -> Callable[[Question, Answer], Answer]:
    """A stage that withdraws answers without a cited sentence, or with confidence under `abstain_below`.

    A quoted answer keeps the confidence that its generator has in it. With a reader, that of a written one is
    the probability that the hits answer the question (`answerable.py`).
    """

    def abstain(question: Question, answer: Answer) -> Answer:
        if not any(sentence.citations for sentence in answer.sentences):
            return withdrawn(answer)
        if reader is not None and not all(sentence.quoted for sentence in answer.sentences):
            own = answer.confidence
            answer = replace(answer, confidence=answerable(question.text, answer.hits, own, reader))
        return answer if answer.confidence >= abstain_below else withdrawn(answer)

    return abstain
