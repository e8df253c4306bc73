"""Scores of different kinds, made comparable: a model's beside those of the search."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev


def standard(scores: Sequence[float]) -> list[float]:
    """z = (score − mean) / deviation; 0 for all where they do not differ."""
    deviation, mean = pstdev(scores), fmean(scores)
    return [(score - mean) / deviation if deviation else 0.0 for score in scores]


def blended(first: Sequence[float], second: Sequence[float], share: float) -> list[float]:
    """(1 − share) · z(first) + share · z(second), score by score; `share` is from 0 to 1.

    A single score stays as it is: there is nothing to compare it with.
    """
    if len(first) == 1:
        return list(first)
    pairs = zip(standard(first), standard(second), strict=True)
    return [(1 - share) * own + share * other for own, other in pairs]
