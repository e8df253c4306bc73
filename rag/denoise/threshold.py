"""Drops hits that are no nearer to the question than chunks of this corpus are to each other by chance.

A cosine means nothing by itself: embedders crowd texts into a cone, and one corpus is narrower than another.
So the cut t is read off the corpus. With unit rows v of a random sample of chunks,

    t = the `quantile` of { vᵢ · vⱼ : chunks i and j of different documents }

and a hit stays where its cosine with the question is at least t, or where it is the first of the lexical leg:
rare names and codes are found by their letters, whatever an embedder makes of them. Idea: A Compass for
Navigating the World of Sentence Embeddings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from rag.embedding import Embedder
from rag.options import Share
from rag.retrieve.vectors import sample, vectors_of
from rag.stores import VectorStore
from rag.trace import note, note_dropped
from rag.types import Hit, Question


def build(
    store: VectorStore, embedder: Embedder, quantile: Share = 0.5, at: float | None = None
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that cuts at `quantile` (0 to 1) of chance similarities, or at the cosine `at` where given.

    A sample without two documents gives no cut, and all hits stay.
    """

    @cache
    def cut() -> float:
        return chance(store, quantile) if at is None else at

    def threshold(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        limit = cut()
        note("threshold", round(limit, 4))
        kept = []
        for hit, cosine in zip(hits, cosines(store, embedder, question, hits), strict=True):
            if cosine >= limit or hit.ranks.get("lexical") == 1:
                kept.append(hit)
            else:
                note_dropped(hit, f"cosine {cosine:.3f} is below {limit:.3f}, which chance reaches")
        return kept

    return threshold


def chance(store: VectorStore, quantile: float) -> float:
    """The cosine that this share of random pairs of chunks stays under; −1 where there are no pairs."""
    import numpy as np

    chunks, rows = sample(store)
    documents = np.array([chunk.document_id for chunk in chunks])
    apart = np.triu(documents[:, None] != documents[None, :], 1)
    if not apart.any():
        return -1.0
    return float(np.quantile((rows @ rows.T)[apart], quantile))


def cosines(
    store: VectorStore, embedder: Embedder, question: Question, hits: Sequence[Hit]
) -> Sequence[float]:
    """Each hit's cosine with the question as it was typed."""
    if not hits:
        return []
    asked = embedder.embed([question.text], "query")[0]
    scores: list[float] = (vectors_of(store, embedder, [hit.chunk for hit in hits]) @ asked).tolist()
    return scores
