"""Lexical retrieval alone: BM25."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.options import Count
from rag.stores import Filter, VectorStore
from rag.types import Hit, Question

from .legs import checked_depth, lexical_legs, queries_on, to_hits


def build(
    store: VectorStore, depth: Count = 100, fusion: str = "zscore"
) -> Callable[[Question, int, Filter | None], Sequence[Hit]]:
    """A retriever over terms only. Scores are BM25's, or fused ones where there are several queries."""
    from rag.indexes import fuse

    def lexical(question: Question, k: int, where: Filter | None = None) -> Sequence[Hit]:
        queries = queries_on("lexical", question)
        with store.snapshot():
            legs = lexical_legs(store, queries, checked_depth(k, depth), where)
            ranking = legs[0] if len(legs) == 1 else fuse(fusion, legs, [q.weight for q in queries])
            return to_hits(store, ranking, k, {"lexical": legs})

    return lexical
