"""Routed retrieval: a first search over everything says which collections a question is for.

The first γ = `read` hits of the hybrid search vote for the collection c they are from, the hit at rank j with
γ − j + 1, and

    share(c) = Σ_{j: hit j is from c} (γ − j + 1) / Σ_j (γ − j + 1)

Kept are the collections whose share reaches `least` times the largest one, and the question is asked again
within them; where all that have a vote are kept, the first search stands. Collections are the indexes that
are read together, or with `by` the folders at the top of the sources, or the values of a field of the
metadata. What has no value of that field belongs everywhere: where it has votes enough to be kept, nothing is
left out. Source: CRCS(l), Shokouhi, Central-Rank-Based Collection Selection in Uncooperative Distributed
Information Retrieval, after ReDDE (Si and Callan, Relevant Document Distribution Estimation Method for
Resource Selection); here the sample that votes is all there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from rag.embedding import Embedder
from rag.options import Amount, Count, Share
from rag.stores import AllOf, AnyOf, Filter, VectorStore, Where
from rag.trace import note
from rag.types import Chunk, Hit, Question

from .hybrid import build as hybrid_over
from .query_map import QueryMap

INDEX, FOLDER = "index", "folder"


def build(
    store: VectorStore,
    embedder: Embedder,
    depth: Count = 100,
    fusion: str = "zscore",
    dense_weight: Amount = 1.0,
    lexical_weight: Amount = 1.0,
    query_map: QueryMap | None = None,
    by: str = INDEX,
    read: Count = 20,
    least: Share = 0.1,
) -> Callable[[Question, int, Filter | None], Sequence[Hit]]:
    """A hybrid retriever that leaves out collections which the first `read` hits hardly vote for.

    `by` is `index`, `folder`, or a field of the metadata. The trace has the shares, and what was kept.
    """
    hybrid = hybrid_over(store, embedder, depth, fusion, dense_weight, lexical_weight, query_map)
    names: Sequence[str] = getattr(store, "names", ())

    def routed(question: Question, k: int, where: Filter | None = None) -> Sequence[Hit]:
        hits = hybrid(question, max(k, read), where)
        shares = votes([_collection(hit.chunk, by, names) for hit in hits[:read]])
        kept = chosen(shares, least)
        note("shares", {name or "none": round(share, 4) for name, share in shares.items()})
        note("routed to", kept if "" not in kept else ["everything"])
        if "" in kept or len(kept) == len(shares):
            return hits[:k]
        within = _within(by, kept)
        return hybrid(question, k, within if where is None else AllOf((where, within)))

    return routed


def votes(collections: Sequence[str]) -> dict[str, float]:
    """The share of each collection, largest first, from that of each hit, best first."""
    summed: dict[str, float] = defaultdict(float)
    for place, name in enumerate(collections):
        summed[name] += len(collections) - place
    whole = sum(summed.values())
    return {name: vote / whole for name, vote in sorted(summed.items(), key=lambda one: (-one[1], one[0]))}


def chosen(shares: dict[str, float], least: float) -> list[str]:
    """The collections whose share is at least so many times the largest one."""
    bar = least * max(shares.values(), default=0.0)
    return [name for name, share in shares.items() if share >= bar]


def _collection(chunk: Chunk, by: str, names: Sequence[str]) -> str:
    if by == INDEX:
        held = [name for name in names if chunk.source.startswith(f"{name}:")]
        return max(held, key=len, default="")
    if by == FOLDER:
        folder, slash, _ = chunk.source.partition("/")
        return folder if slash else ""
    value = chunk.metadata.get(by)
    return value if isinstance(value, str) else ""


def _within(by: str, kept: Sequence[str]) -> Filter:
    if by in (INDEX, FOLDER):
        mark = ":" if by == INDEX else "/"
        return AnyOf(tuple(Where("source", "~", f"{name}{mark}*") for name in kept))
    return Where(by, "in", tuple(kept))
