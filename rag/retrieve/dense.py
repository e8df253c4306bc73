"""Dense retrieval alone: the chunks whose vectors are nearest to the queries'."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.embedding import Embedder
from rag.options import Count
from rag.stores import Filter, VectorStore
from rag.types import Hit, Question

from .legs import checked_depth, dense_legs, queries_on, query_vectors, to_hits
from .query_map import QueryMap


def build(
    store: VectorStore,
    embedder: Embedder,
    depth: Count = 100,
    fusion: str = "zscore",
    query_map: QueryMap | None = None,
) -> Callable[[Question, int, Filter | None], Sequence[Hit]]:
    """A retriever over vectors only. Scores are cosines, or fused ones where there are several queries."""
    from rag.indexes import fuse

    def dense(question: Question, k: int, where: Filter | None = None) -> Sequence[Hit]:
        queries = queries_on("dense", question)
        vectors = query_vectors(embedder, queries, query_map)
        with store.snapshot():
            legs = dense_legs(store, vectors, checked_depth(k, depth), where)
            ranking = legs[0] if len(legs) == 1 else fuse(fusion, legs, [q.weight for q in queries])
            return to_hits(store, ranking, k, {"dense": legs})

    return dense
