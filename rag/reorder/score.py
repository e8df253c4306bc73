"""Best hits first, by the score they have now: puts right what a stage before it left in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.types import Hit, Question


def build() -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that sorts by score, descending; equal scores keep their order."""

    def score(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return sorted(hits, key=lambda hit: -hit.score)

    return score
