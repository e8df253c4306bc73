"""What all retrievers share: ask the store's legs for every query, and make hits of a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.stores import Filter, VectorStore
from rag.types import Hit, Query, Question, Scored

from .query_map import QueryMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DEEPEST = 2**31 - 1  # servers take the number as 32 bits


def dense_legs(
    store: VectorStore, vectors: NDArray[np.float32], depth: int, where: Filter | None
) -> list[list[Scored]]:
    """One ranked list a row of `vectors` (queries, dim), of at most `depth` chunks."""
    return [store.dense(vector, depth, where) for vector in vectors]


def lexical_legs(
    store: VectorStore, queries: Sequence[Query], depth: int, where: Filter | None
) -> list[list[Scored]]:
    """One ranked list a query, of at most `depth` chunks."""
    return [store.lexical(query.text, depth, where) for query in queries]


def queries_on(leg: Literal["dense", "lexical"], question: Question) -> Sequence[Query]:
    """Those of its queries that this leg is to answer."""
    return [query for query in question.to_search if query.leg in ("", leg)]


def query_vectors(
    embedder: Embedder, queries: Sequence[Query], query_map: QueryMap | None = None
) -> NDArray[np.float32]:
    """One unit row a query: the vector it brings, or that of its text, mapped where there is a map."""
    import numpy as np

    embedded = embedder.embed([query.text for query in queries if query.vector is None], "query")
    rows = iter(embedded if query_map is None or not len(embedded) else query_map(embedded))
    vectors = [next(rows) if query.vector is None else query.vector for query in queries]
    return np.array(vectors, np.float32).reshape(len(vectors), embedder.dim)


def to_hits(
    store: VectorStore,
    ranking: Sequence[tuple[str, float]],
    k: int,
    legs: Mapping[str, Sequence[Sequence[Scored]]],
) -> list[Hit]:
    """The first k of a ranking as hits, each knowing the best rank and score it had in every leg."""
    best: dict[str, dict[str, tuple[int, float]]] = {}
    for name, lists in legs.items():
        for ranked in lists:
            for rank, (chunk_id, score) in enumerate(ranked, 1):
                seen = best.setdefault(chunk_id, {})
                if name not in seen or rank < seen[name][0]:
                    seen[name] = (rank, score)
    top = dict(ranking[:k])
    return [
        Hit(
            chunk,
            top[chunk.id],
            {name: rank for name, (rank, _) in best[chunk.id].items()},
            {name: score for name, (_, score) in best[chunk.id].items()},
        )
        for chunk in store.get(list(top))
    ]


def checked_depth(k: int, depth: int) -> int:
    """How deep each leg looks: `depth`, and never less than the hits wanted, as far as stores can count."""
    if k < 1:
        raise ConfigError(f"k is {k}, expected at least 1")
    return min(max(k, depth), _DEEPEST)
