"""Cuts the hits where their score falls off: as many as belong together, instead of always the same number.

For scores s₁ ≥ s₂ ≥ … ≥ sₙ the drop after place i, as a share of the whole range, is

    dᵢ = (sᵢ − sᵢ₊₁) / (s₁ − sₙ)

and the cut is after the first place i ≥ `least` where dᵢ ≥ `drop`. The share is the same whatever scale a
fusion or a reranker scores on, negative scores included; the paper compares log sᵢ / sᵢ₊₁, which needs
positive ones. Source: MMed-RAG: Versatile Multimodal RAG System for Medical Vision Language Models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from rag.options import Bounds, Count
from rag.trace import note_dropped
from rag.types import Hit, Question


def build(
    drop: Annotated[float, Bounds(above=0, most=1)] = 0.35, least: Count = 5
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that keeps the hits before the first drop of `drop` (above 0, to 1), and at least `least`."""

    def adaptive(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        ranked = sorted(hits, key=lambda hit: -hit.score)
        place = _cut([hit.score for hit in ranked], drop, least)
        for hit in ranked[place:]:
            note_dropped(hit, f"behind a drop in score after place {place}")
        return ranked[:place]

    return adaptive


def _cut(scores: Sequence[float], drop: float, least: int) -> int:
    """How many of the scores, which descend, come before the first large drop."""
    span = scores[0] - scores[-1] if scores else 0.0
    for place in range(least, len(scores)):
        if span and (scores[place - 1] - scores[place]) / span >= drop:
            return place
    return len(scores)
