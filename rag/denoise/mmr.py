"""Orders hits so that each says something the ones before it did not: maximal marginal relevance.

From the hits not yet chosen, R \\ S, the next one is

    argmax_d  λ · rel(d) − (1 − λ) · max_{e ∈ S} v_d · v_e

with rel the hit's score stretched to 0 … 1 over the hits, and v the chunks' unit vectors. λ = 1 leaves the
order as it is. Source: Carbonell and Goldstein, The Use of MMR, Diversity-Based Reranking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.embedding import Embedder
from rag.options import Share
from rag.retrieve.vectors import vectors_of
from rag.stores import VectorStore
from rag.types import Hit, Question


def build(
    store: VectorStore, embedder: Embedder, relevance: Share = 0.8
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that reorders hits with λ = `relevance`; scores stay, and what is cut later is what repeats."""

    def mmr(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        if len(hits) < 2:
            return hits
        order = _greedy(store, embedder, hits, relevance)
        return [hits[place] for place in order]

    return mmr


def _greedy(store: VectorStore, embedder: Embedder, hits: Sequence[Hit], relevance: float) -> list[int]:
    """Places of the hits in their new order; ties go to the hit that came first."""
    import numpy as np

    rows = vectors_of(store, embedder, [hit.chunk for hit in hits])
    scores = np.array([hit.score for hit in hits])
    span = np.ptp(scores)
    stretched = (scores - scores.min()) / span if span else np.ones(len(hits))
    nearest = np.zeros(len(hits))
    left, order = list(range(len(hits))), []
    while left:
        gains = relevance * stretched[left] - (1 - relevance) * nearest[left]
        chosen = left.pop(int(np.argmax(gains)))
        order.append(chosen)
        nearest = np.maximum(nearest, rows @ rows[chosen])
    return order
