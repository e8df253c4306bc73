"""Risk and coverage: of the questions one is sure of, how many are there, and how many answers are wrong?

Questions are sorted by confidence, highest first. After the first n of N:

    coverage = n / N        risk = wrong among the n / n        AURC = mean of the risk over all n

Questions of equal confidence are answered or declined together. A question without an answer is wrong once it
is answered. Source: El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification; Geifman
and El-Yaniv, Selective Classification for Deep Neural Networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Curve:
    """`points` are (coverage, risk, least confidence), by rising coverage; a lower area, `aurc`, is better.

    `best` is the area of a perfect order of confidence, and `random` that of none at all.
    """

    points: tuple[tuple[float, float, float], ...]
    aurc: float
    best: float
    random: float

    def coverage_at(self, risk: float) -> float:
        """The largest coverage whose risk stays at or under `risk`; 0 where none does."""
        return max((coverage for coverage, reached, _ in self.points if reached <= risk), default=0.0)


def risk_coverage(judged: Sequence[tuple[float, bool]]) -> Curve:
    """The curve of (confidence, right) pairs. No pairs give an empty curve with areas of 0."""
    if not judged:
        return Curve((), 0.0, 0.0, 0.0)
    total, answered, wrong, area = len(judged), 0, 0.0, 0.0
    points = []
    ordered = sorted(judged, key=lambda pair: -pair[0])
    for confidence, tied in groupby(ordered, key=lambda pair: pair[0]):
        group = [not right for _, right in tied]
        share = sum(group) / len(group)
        for _ in group:  # within a tie the order is unknown: wrong answers come in evenly
            answered, wrong = answered + 1, wrong + share
            area += wrong / answered
        points.append((answered / total, wrong / answered, confidence))
    missed = sum(not right for _, right in judged)
    ideal = sum(max(0, n - (total - missed)) / n for n in range(1, total + 1)) / total
    return Curve(tuple(points), area / total, ideal, missed / total)
