"""Measures of a ranking of documents, by trec_eval's definitions.

For a ranking d₁ … and gains g(d), with rel(d) = 1 where g(d) ≥ `least`, R = Σ rel over all judged documents:

    nDCG@k      Σ_{i≤k} g(dᵢ) / log₂(i + 1), over the same sum for the best ranking there could be
    R@k         Σ_{i≤k} rel(dᵢ) / R
    P@k         Σ_{i≤k} rel(dᵢ) / k
    RR@k        1 / i for the first i ≤ k with rel(dᵢ) = 1, else 0
    AP@k        Σ_{i≤k} rel(dᵢ) · P@i / R
    Success@k   1 where some i ≤ k has rel(dᵢ) = 1

Without a cutoff the whole ranking counts. Source: trec_eval; Järvelin and Kekäläinen, Cumulated Gain-based
Evaluation of IR Techniques.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Gains = Mapping[str, float]
RankingMeasure = Callable[[Sequence[str], Gains, int | None, float], float]


def ndcg(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    best = _discounted(sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:k])
    return _discounted([max(0.0, gains.get(document, 0)) for document in ranking[:k]]) / best if best else 0.0


def recall(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    relevant = _relevant(gains, least)
    return len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0.0


def precision(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    deep = len(ranking) if k is None else k
    return len(_relevant(gains, least) & set(ranking[:k])) / deep if deep else 0.0


def reciprocal_rank(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    relevant = _relevant(gains, least)
    return next((1 / rank for rank, document in enumerate(ranking[:k], 1) if document in relevant), 0.0)


def average_precision(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    relevant = _relevant(gains, least)
    seen, total = 0, 0.0
    for rank, document in enumerate(ranking[:k], 1):
        if document in relevant:
            seen += 1
            total += seen / rank
    return total / len(relevant) if relevant else 0.0


def success(ranking: Sequence[str], gains: Gains, k: int | None = None, least: float = 1) -> float:
    return float(bool(_relevant(gains, least) & set(ranking[:k])))


RANKING: Mapping[str, RankingMeasure] = {
    "nDCG": ndcg,
    "R": recall,
    "P": precision,
    "RR": reciprocal_rank,
    "AP": average_precision,
    "Success": success,
}
"""By ir_measures' names; `least` is the gain from which a document counts as relevant."""


def _relevant(gains: Gains, least: float) -> set[str]:
    return {document for document, gain in gains.items() if gain >= least}


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
