"""Orders hits by trees that were learned on one's own questions, blended with the score that they had.

    score(h) = (1 − w) · z(score before) + w · z(trees(signals of h))        z over all hits

`hit_signals.py` has the signals, `trees.py` the trees, `rag tune ranker` learns both trees and w. The stage
is there where an index has adopted one, behind the stage that reads the hits. The trace has each signal's
share of what the trees say of the first hits. Source: Burges, From RankNet to LambdaRank to LambdaMART.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.errors import ConfigError
from rag.trace import note
from rag.types import Hit, Question

from .blend import blended
from .hit_signals import NAMES, now, table
from .trees import Trees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REACH = 50
_TOLD = 10  # hits whose shares are told
_LEAST = 0.005  # a share that is worth telling


class Ranker:
    """The stage: the first `reach` hits in the order of the blend."""

    name = "ranker"

    def __init__(self, trees: Trees, weight: float, language: str, reach: int = REACH) -> None:
        self._trees, self._weight, self._language, self.reach = trees, weight, language, reach

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        first, rest = hits[: self.reach], hits[self.reach :]
        if not first:
            return hits
        said, shares = self._trees.scored(table(question.text, first, self._language, now()))
        scores = blended([hit.score for hit in first], said.tolist(), self._weight)
        order = sorted(range(len(first)), key=lambda at: -scores[at])
        ordered = [
            replace(
                first[at],
                score=scores[at],
                ranks={**first[at].ranks, "ranker": rank},
                scores={**first[at].scores, "ranker": float(said[at])},
            )
            for rank, at in enumerate(order, 1)
        ]
        note("signals", [self._largest(first[at], shares[at]) for at in order[:_TOLD]])
        lowest = min(hit.score for hit in ordered)
        return [*ordered, *(replace(hit, score=min(hit.score, lowest)) for hit in rest)]

    def _largest(self, hit: Hit, shares: NDArray[np.float64]) -> dict[str, object]:
        """Each signal's share of what the trees say of a hit, the largest first."""
        ranked = sorted(zip(NAMES, shares.tolist(), strict=True), key=lambda row: -abs(row[1]))
        kept = {name: round(share, 3) for name, share in ranked if abs(share) >= _LEAST}
        return {"source": hit.chunk.source, "shares": kept}


def build(ranker: tuple[Trees, float] | None, language: str = "english") -> Ranker:
    """The stage over the trees that are adopted or named. Raises ConfigError where there are none."""
    if ranker is None:
        raise ConfigError("the stage ranker has nothing to go by: `rag tune ranker` makes one for this index")
    return Ranker(*ranker, language)
