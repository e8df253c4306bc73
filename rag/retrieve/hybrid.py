"""Hybrid retrieval: the dense and the lexical leg, side by side, fused into one ranked list.

The legs fail differently: BM25 misses paraphrases, embeddings miss names and codes. The default fusion is
chosen by measurement; `docs/fusion.md` has the figures. A question in letters that the embedder never learned
(Chinese, for the one that ships) is left to the lexical leg, where that finds anything. With a multilingual
embedder, a question in another language than the index has few words in common with it: the lexical leg,
which still finds names and codes, then counts a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from rag.embedding import Embedder
from rag.options import Amount, Count
from rag.stores import Filter, VectorStore
from rag.text.scripts import reads
from rag.trace import note
from rag.types import Hit, Question

from .legs import checked_depth, dense_legs, lexical_legs, queries_on, query_vectors, to_hits
from .query_map import QueryMap

_OTHER_LANGUAGE = 0.1  # what the weight of the lexical leg is multiplied by
_EMBEDDING = ThreadPoolExecutor(1, thread_name_prefix="embed-query")


def build(
    store: VectorStore,
    embedder: Embedder,
    depth: Count = 100,
    fusion: str = "zscore",
    dense_weight: Amount = 1.0,
    lexical_weight: Amount = 1.0,
    query_map: QueryMap | None = None,
) -> Callable[[Question, int, Filter | None], Sequence[Hit]]:
    """A retriever that asks both legs for `depth` chunks a query and fuses them by `fusion`."""
    from rag.indexes import fuse

    across = bool(getattr(embedder, "across", {}))

    def hybrid(question: Question, k: int, where: Filter | None = None) -> Sequence[Hit]:
        near, worded = queries_on("dense", question), queries_on("lexical", question)
        deep = checked_depth(k, depth)
        # The model runs outside the interpreter's lock, so the lexical leg comes for free meanwhile.
        vectors = _EMBEDDING.submit(query_vectors, embedder, near, query_map)
        with store.snapshot():
            lexical = lexical_legs(store, worded, deep, where)
            dense = dense_legs(store, vectors.result(), deep, where)
            if any(lexical) and not reads(embedder, question.text):
                note("left out", "dense: the embedder does not know these letters")
                near, dense = [], []
            worth = lexical_weight
            if across and _is_other_language(question.text, store):
                note("weighed", "lexical: a tenth, the question is in another language than the index")
                worth *= _OTHER_LANGUAGE
            weights = [dense_weight * query.weight for query in near]
            weights += [worth * query.weight for query in worded]
            ranking = fuse(fusion, dense + lexical, weights)
            return to_hits(store, ranking, k, {"dense": dense, "lexical": lexical})

    return hybrid


def _is_other_language(question: str, store: VectorStore) -> bool:
    """Whether a question is in another language than most of the index; not where that is unknown."""
    from rag.indexes import detect_language

    known = getattr(store, "language", "auto")
    return known != "auto" and detect_language([question]) != known
