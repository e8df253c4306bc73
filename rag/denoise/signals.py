"""Prefers new documents and chosen sources, by hand: no training, two knobs.

    score(h) = z(score before) + recency · 2^(−age / half_life) + prefer_weight · [source matches prefer]

`age` is in days, of the date that a document's fields tell; without one the term is 0. So a document of today
is worth `recency` deviations of the scores. Source: Context Tuning for Retrieval Augmented Generation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rag.options import Amount, Count
from rag.trace import note
from rag.types import Hit, Question

from .blend import standard
from .hit_signals import age_of, now


def build(
    recency: Amount = 0.5,
    half_life: Count = 365,
    prefer: Sequence[str] = (),
    prefer_weight: Amount = 0.5,
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that orders all hits anew; `prefer` are patterns of sources, such as `policies/*`."""

    def signals(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        if not hits:
            return hits
        today = now()
        boosts, scored = [], []
        for hit, z in zip(hits, standard([hit.score for hit in hits]), strict=True):
            age = max(0.0, age_of(hit.chunk, today))
            new = recency * 2 ** (-age / half_life) if age == age else 0.0
            liked = (
                prefer_weight if any(fnmatchcase(hit.chunk.source, pattern) for pattern in prefer) else 0.0
            )
            scored.append(replace(hit, score=z + new + liked))
            if new or liked:
                shares = {"recency": round(new, 3), "source": round(liked, 3)}
                boosts.append({"source": hit.chunk.source, "shares": shares})
        note("signals", boosts)
        return sorted(scored, key=lambda hit: -hit.score)

    return signals
