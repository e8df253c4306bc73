"""Does a confidence of .8 mean right in 8 of 10 cases? Reliability by bins, and the expected error.

Confidences from 0 to 1 are put into M bins of equal width. With acc(b) the share right of the n(b) answers
in bin b and conf(b) their mean confidence,

    ECE = Σ n(b) / N · |acc(b) − conf(b)|

0 is perfect. Source: Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rag.evaluate.statistics import Mean, interval

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers with a confidence from `low` to `high`: their mean confidence, and the share that is right."""

    low: float
    high: float
    confidence: float
    right: Mean


@dataclass(frozen=True, slots=True)
class Calibration:
    """`bins` that hold answers, by rising confidence; `ece` from 0 to 1, lower is better."""

    bins: tuple[Bin, ...]
    ece: float


def calibration(judged: Sequence[tuple[float, bool]], bins: int = BINS, seed: int = 0) -> Calibration:
    """Of (confidence, right) pairs. No pairs give no bins and an error of 0."""
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for pair in judged:
        held[min(bins - 1, int(pair[0] * bins))].append(pair)
    filled, error = [], 0.0
    for at in sorted(held):
        sure = sum(confidence for confidence, _ in held[at]) / len(held[at])
        right = interval([float(answer) for _, answer in held[at]], seed=seed)
        filled.append(Bin(at / bins, (at + 1) / bins, sure, right))
        error += len(held[at]) / len(judged) * abs(right.mean - sure)
    return Calibration(tuple(filled), error)
