"""How sure a figure is: intervals of means, paired differences, and how many questions would decide.

Interval. The mean of n values is resampled B times with replacement; its percentiles are the interval. A
plain percentile interval is too narrow for small n, by the factor √((n − 1)/n) and by z in the place of
Student's t, so the percentiles taken are the expanded ones

    α′ = Φ(−√(n / (n − 1)) · t_{α/2, n−1})        and 1 − α′

Where all values are equal there is nothing to resample; for values within 0 and 1 the interval is then the
exact binomial bound: after n of n, the rate is at least (α/2)^(1/n).

p-value. Under the hypothesis that two systems do not differ, the sign of each question's difference is a
coin: p is the share of sign flips whose mean is at least as far from 0; exact up to 12 differences, else
sampled, with the outcome itself counted, (1 + hits) / (1 + flips).

Questions needed. For 80 % power at the difference d and spread s seen: n = ((z_{α/2} + z_β) · s / d)².

Sources: Efron and Tibshirani, An Introduction to the Bootstrap; Hesterberg, What Teachers Should Know About
the Bootstrap; Smucker, Allan and Carterette, A Comparison of Statistical Significance Tests for Information
Retrieval Evaluation; Holm, A Simple Sequentially Rejective Multiple Test Procedure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 10_000
FLIPS = 10_000
_SERIES = 200  # degrees of freedom up to which t is solved for
_EXACT = 12  # differences up to which all 2ⁿ sign flips are tried
_POWER = 0.8
_ALPHA = 0.05
_BLOCK = 2_000_000  # resampled values in memory at once
_NORMAL = NormalDist()


class Mean(NamedTuple):
    """A mean over n questions, and the interval that holds the true one (95 % unless said otherwise)."""

    mean: float
    low: float
    high: float
    n: int


class Difference(NamedTuple):
    """B − A over the questions both have: its mean, interval, p-value, and n.

    `needed`: about how many questions would decide the question; None where it is decided, or where there is
    no difference to decide.
    """

    mean: float
    low: float
    high: float
    p: float
    n: int
    needed: int | None

    @property
    def decided(self) -> bool:
        """Whether the interval leaves 0 out, and chance alone is unlikely to do it (p < .05)."""
        return (self.low > 0 or self.high < 0) and self.p < _ALPHA


def interval(values: Sequence[float], *, confidence: float = 0.95, seed: int = 0) -> Mean:
    """The mean and its bootstrap interval. Raises ConfigError for no values or a confidence not in (0, 1)."""
    import numpy as np

    if not 0 < confidence < 1:
        raise ConfigError(f"confidence is {confidence}, expected between 0 and 1, such as 0.95")
    data = np.asarray(values, np.float64)
    if not data.size:
        raise ConfigError("there are no values to take the mean of: expected at least one")
    mean, alpha = float(data.mean()), 1 - confidence
    if data.min() == data.max():
        return Mean(mean, *_all_equal(mean, data.size, alpha), data.size)
    tail = _expanded(alpha / 2, data.size)
    low, high = np.quantile(_resampled(data, seed), (tail, 1 - tail)).tolist()
    return Mean(mean, min(low, mean), max(high, mean), data.size)


def difference(
    a: Sequence[float], b: Sequence[float], *, confidence: float = 0.95, seed: int = 0
) -> Difference:
    """B − A, question by question. Raises ConfigError for lists of unequal length, or empty ones."""
    import numpy as np

    if len(a) != len(b):
        raise ConfigError(f"{len(a)} values beside {len(b)}: a paired comparison needs the same questions")
    data = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    if data.size and not data.any():
        return Difference(0.0, 0.0, 0.0, 1.0, data.size, None)
    mean, low, high, n = interval(data.tolist(), confidence=confidence, seed=seed)
    p = permutation_p(data.tolist(), seed=seed)
    result = Difference(mean, low, high, p, n, None)
    return result if result.decided else result._replace(needed=needed(data.tolist(), confidence))


def permutation_p(differences: Sequence[float], *, flips: int = FLIPS, seed: int = 0) -> float:
    """The two-sided p-value of a mean difference of 0, by flipping signs."""
    import numpy as np

    data = np.asarray([value for value in differences if value], np.float64)
    if not data.size:
        return 1.0
    seen = abs(data.sum()) - 1e-9 * np.abs(data).sum()  # sums of equal terms may differ in their last bit
    if data.size <= _EXACT:
        signs = 1 - 2 * ((np.arange(2**data.size)[:, None] >> np.arange(data.size)) & 1)
        return float((np.abs(signs @ data) >= seen).mean())
    random, hits, left = np.random.default_rng(seed), 0, flips
    while left:
        rows = min(left, max(1, _BLOCK // data.size))
        signs = random.integers(0, 2, (rows, data.size), dtype=np.int8) * 2 - 1
        hits += int((np.abs(signs @ data) >= seen).sum())
        left -= rows
    return (1 + hits) / (1 + flips)


def needed(differences: Sequence[float], confidence: float = 0.95) -> int | None:
    """Questions for 80 % power at the difference seen; None where the mean difference is 0."""
    n = len(differences)
    mean = sum(differences) / n
    if not mean or n < 2:
        return None
    spread = math.sqrt(sum((value - mean) ** 2 for value in differences) / (n - 1))
    z = _NORMAL.inv_cdf(1 - (1 - confidence) / 2) + _NORMAL.inv_cdf(_POWER)
    return max(n + 1, math.ceil((z * spread / abs(mean)) ** 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for how many there are, in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def student_t(tail: float, freedom: int) -> float:
    """The t of Student's distribution that leaves `tail` (above 0, below ½) above it.

    Up to 200 degrees of freedom the finite series of Abramowitz and Stegun, 26.7.3 and 26.7.4, is solved for
    the angle atan(t / √freedom); beyond, the Cornish–Fisher expansion is as good.
    """
    if freedom > _SERIES:
        return _cornish_fisher(tail, freedom)
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _inside(middle, freedom) < 1 - 2 * tail else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _inside(angle: float, freedom: int) -> float:
    """P(|T| < √freedom · tan(angle)) for Student's T."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= (step - 1) / step * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _cornish_fisher(tail: float, freedom: int) -> float:
    z, v = _NORMAL.inv_cdf(1 - tail), freedom
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / v + g2 / v**2 + g3 / v**3 + g4 / v**4


def _expanded(tail: float, n: int) -> float:
    return _NORMAL.cdf(-math.sqrt(n / (n - 1)) * student_t(tail, n - 1))


def _all_equal(value: float, n: int, alpha: float) -> tuple[float, float]:
    """The exact binomial bound on the side where there is room; the value itself unless it is 0, 1 or −1."""
    bound = (alpha / 2) ** (1 / n)
    if value == 1:
        return bound, 1.0
    if value == -1:
        return -1.0, -bound
    if value == 0:
        return 0.0, 1 - bound
    return value, value


def _resampled(data: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Means of `RESAMPLES` samples with replacement, shape (RESAMPLES,)."""
    import numpy as np

    random = np.random.default_rng(seed)
    distinct, counts = np.unique(data, return_counts=True)
    if distinct.size <= 4:  # counts of few distinct values are drawn at once: the same law, much faster
        picked = random.multinomial(data.size, counts / data.size, RESAMPLES)
        return np.asarray(picked @ distinct / data.size)
    rows = max(1, _BLOCK // data.size)
    blocks = [
        data[random.integers(0, data.size, (min(rows, RESAMPLES - start), data.size), np.int32)].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(blocks)
