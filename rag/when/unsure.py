"""Unsure: the reader, shown the first hits, takes none of them for an answer.

For the first n hits h₁ … hₙ, unsure = max P(answers | q, hᵢ) < below. What it reads is remembered, so that
`rerank`, which reads the same hits, does not read them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.options import Count, Share
from rag.reading import Reader, passage_of
from rag.trace import note
from rag.types import Hit, Question

from . import When


def build(reader: Reader, below: Share = 0.5, read: Count = 5) -> When:
    """A condition that holds where no hit of the first `read` reaches the probability `below`."""

    def unsure(question: Question, found: Callable[[], Sequence[Hit]]) -> bool:
        hits = found()[:read]
        readings = reader.read(question.text, [passage_of(hit) for hit in hits])
        best = max((reading.answerable for reading in readings), default=0.0)
        note("best", round(best, 4))
        return best < below

    return unsure
