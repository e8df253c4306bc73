"""The one decision whether the sources answer: an answer of too little confidence is withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.types import Answer, Question

REFUSAL = "The sources do not answer this."


def withdrawn(answer: Answer) -> Answer:
    """The answer as an abstention: no sentence, no citation; its hits stay."""
    return replace(answer, text=REFUSAL, sentences=(), citations=(), abstained=True)


def build(abstain_below: float = 0.1) -> Callable[[Question, Answer], Answer]:
    """A stage that withdraws answers without a cited sentence, or with confidence under `abstain_below`."""

    def abstain(question: Question, answer: Answer) -> Answer:
        cited = any(sentence.citations for sentence in answer.sentences)
        if cited and answer.confidence >= abstain_below:
            return answer
        return withdrawn(answer)

    return abstain
