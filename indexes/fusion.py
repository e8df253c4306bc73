"""Several ranked lists → one. A leg is a list of (id, score), best first; so is what comes out.

    rrf      Σ w / (rrf_k + rank)                              missing: 0
    zscore   Σ w · (s − mean) / deviation                      missing: the lowest value of the leg
    minmax   Σ w · (s − min) / (max − min)                     missing: 0
    dbsf     Σ w · (s − mean + 3 deviations) / (6 deviations)  missing: 0

Common to all: weights default to 1 for each leg; an id that comes twice in a leg counts where it comes
first; empty legs say nothing; equal sums go by id, so ids of one call must be comparable.

`zscore` and `minmax` take a leg that is shorter than the longest for complete: it has found all there is,
and whatever it misses scores 0. So BM25's three matches of a rare code stand out against 97 zeros,
instead of the third of them being worth no more than a miss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, TypeVar

from rag.errors import ConfigError

_HEAVIEST = 1e100  # a weight; sums of larger ones would not be numbers any more

Id = TypeVar("Id", bound=Hashable)
Leg: TypeAlias = Sequence[tuple[Id, float]]
Normalise: TypeAlias = Callable[[Sequence[float], int], tuple[list[float], float]]
"""Scores (one or more) and how many are known to be 0 → the scores' values, and that of what is missing."""


class Fusion(Protocol):
    """Legs → one list of (id, sum), best first. Raises ConfigError for weights that do not fit."""

    def __call__(
        self, legs: Sequence[Leg[Id]], *, weights: Sequence[float] | None = None
    ) -> list[tuple[Id, float]]: ...


def rrf(
    legs: Sequence[Leg[Id]], *, weights: Sequence[float] | None = None, rrf_k: float = 60
) -> list[tuple[Id, float]]:
    """Reciprocal rank fusion: Σ w / (rrf_k + rank), ranks from 1.

    A larger `rrf_k` flattens the top. Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms
    Condorcet and individual Rank Learning Methods" (2009), which has rrf_k = 60.
    """
    if rrf_k < 0:
        raise ConfigError(f"rrf_k={rrf_k} came; expected 0 or more (60 in the paper).")
    sums: dict[Id, float] = {}
    for leg, weight in _weighted(legs, weights):
        for rank, identity in enumerate(dict.fromkeys(identity for identity, _ in leg), start=1):
            sums[identity] = sums.get(identity, 0.0) + weight / (rrf_k + rank)
    return _sorted(sums)


def zscore(legs: Sequence[Leg[Id]], *, weights: Sequence[float] | None = None) -> list[tuple[Id, float]]:
    """Sum of standard scores: (s − mean) / deviation, over the scores of the leg.

    Where all scores of a leg are equal, what it holds gets 1 and what it misses −1: the standard scores
    of two equal halves. Lee, "Analyses of Multiple Evidence Combination" (1997) sums normalised scores;
    Webber, Moffat & Zobel, "Score Standardization for Inter-Collection Comparison" (2008) standardise.
    """
    return _summed(legs, weights, _standardised)


def minmax(legs: Sequence[Leg[Id]], *, weights: Sequence[float] | None = None) -> list[tuple[Id, float]]:
    """Sum of scores stretched to 0 … 1: (s − min) / (max − min).

    Where all scores of a leg are equal, they get 1. CombSUM of Fox & Shaw, "Combination of Multiple
    Searches" (1994), with the normalisation of Lee, "Analyses of Multiple Evidence Combination" (1997).
    """
    return _summed(legs, weights, _stretched)


def dbsf(legs: Sequence[Leg[Id]], *, weights: Sequence[float] | None = None) -> list[tuple[Id, float]]:
    """Distribution-based score fusion: (s − (mean − 3 deviations)) / (6 deviations), as Qdrant has it.

    Where all scores of a leg are equal, they get ½. What a leg misses counts as three deviations below
    its mean; with the lowest value instead, the order would be that of standard scores.
    Mazzeschi, "Distribution-Based Score Fusion" (2023).
    """
    return _summed(legs, weights, _distributed)


FUSIONS: Mapping[str, Fusion] = MappingProxyType(
    {"rrf": rrf, "zscore": zscore, "minmax": minmax, "dbsf": dbsf}
)
"""Fusion methods by name."""


def fuse(
    method: str, legs: Sequence[Leg[Id]], weights: Sequence[float] | None = None
) -> list[tuple[Id, float]]:
    """Fuse by the name of a method. Raises ConfigError for a name that is not in `FUSIONS`."""
    if method not in FUSIONS:
        raise ConfigError(f"no fusion {method!r}; expected one of {', '.join(FUSIONS)}.")
    return FUSIONS[method](legs, weights=weights)


def _summed(
    legs: Sequence[Leg[Id]], weights: Sequence[float] | None, normalise: Normalise
) -> list[tuple[Id, float]]:
    sums: dict[Id, float] = {}
    missing = 0.0
    # Of an id that comes twice in a leg, the first entry stays.
    unique = [(dict(reversed(leg)), weight) for leg, weight in _weighted(legs, weights)]
    longest = max((len(scores) for scores, _ in unique), default=0)
    for scores, weight in unique:
        values, absent = normalise(list(scores.values()), longest - len(scores))
        # Every id starts with what it gets where it is missing, and gains the difference where it is not.
        missing += weight * absent
        for identity, value in zip(scores, values, strict=True):
            sums[identity] = sums.get(identity, 0.0) + weight * (value - absent)
    return _sorted({identity: missing + gain for identity, gain in sums.items()})


def _standardised(scores: Sequence[float], zeros: int) -> tuple[list[float], float]:
    everything = [*scores, *([0.0] * zeros)]
    mean, deviation = _moments(everything)
    if not deviation:
        return [1.0] * len(scores), -1.0
    return [(score - mean) / deviation for score in scores], (min(everything) - mean) / deviation


def _stretched(scores: Sequence[float], zeros: int) -> tuple[list[float], float]:
    low, high = min(scores), max(scores)
    if zeros:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        return [1.0] * len(scores), 0.0
    return [(score - low) / (high - low) for score in scores], 0.0


def _distributed(scores: Sequence[float], zeros: int) -> tuple[list[float], float]:
    mean, deviation = _moments(scores)
    if not deviation:
        return [0.5] * len(scores), 0.0
    return [0.5 + (score - mean) / (6 * deviation) for score in scores], 0.0


def _moments(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and deviation (of the population); the deviation is exactly 0 where all scores are equal."""
    if min(scores) == max(scores):
        return scores[0], 0.0
    mean = sum(scores) / len(scores)
    return mean, math.sqrt(sum([(score - mean) ** 2 for score in scores]) / len(scores))


def _weighted(legs: Sequence[Leg[Id]], weights: Sequence[float] | None) -> Iterable[tuple[Leg[Id], float]]:
    if weights is None:
        weights = [1.0] * len(legs)
    if len(weights) != len(legs) or not all(0 <= weight <= _HEAVIEST for weight in weights):
        raise ConfigError(
            f"weights {list(weights)} came for {len(legs)} ranked lists; expected one a list, "
            f"from 0 to {_HEAVIEST:g}."
        )
    return [(leg, weight) for leg, weight in zip(legs, weights, strict=True) if len(leg)]


def _sorted(sums: Mapping[Id, float]) -> list[tuple[Id, float]]:
    """Best first. Sums that differ only by the order of their additions are equal, and go by id."""
    keyed: list[tuple[int, Any, float]] = [
        (-round(total * 1e12), identity, total) for identity, total in sums.items()
    ]
    keyed.sort(key=itemgetter(0, 1))
    return [(identity, total) for _, identity, total in keyed]
