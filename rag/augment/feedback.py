"""Asks once, and asks again with what the best chunks say: pseudo-relevance feedback on both legs.

Dense, Rocchio: with the unit rows v of the `read` nearest chunks,

    q' = α q + (1 − α) · mean v,  scaled to length 1

Lexical, RM3: with P(d) ∝ exp of the chunk's BM25 score, and P(w | d) the share of w among its words,

    P(w) = α P(w | q) + (1 − α) Σ_d P(w | d) P(d),  the `terms` likeliest words of the chunks

as a query in which words are repeated in proportion. Sources: Rocchio, Relevance Feedback in Information
Retrieval; Abdul-Jaleel et al., UMass at TREC 2004 (RM3); Li et al., Pseudo Relevance Feedback with Deep
Language Models and Dense Retrievers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from rag.embedding import Embedder
from rag.options import Count, Share
from rag.retrieve.vectors import vectors_of
from rag.stores import VectorStore
from rag.trace import note
from rag.types import Query, Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.indexes import Analyzer

_RESOLUTION = 100  # words of the lexical query: its weights are rounded to hundredths


def build(
    store: VectorStore,
    embedder: Embedder,
    language: str = "english",
    read: Count = 3,
    alpha: Share = 0.9,
    terms: Count = 10,
) -> Callable[[Question], Question]:
    """A stage that reads `read` chunks a leg; `alpha` (0 to 1) is how much of the question stays."""

    def feedback(question: Question) -> Question:
        asked = embedder.embed([question.text], "query")[0]
        with store.snapshot():
            near = store.get([hit.chunk_id for hit in store.dense(asked, read)])
            worded = store.lexical(question.text, read)
            texts = {chunk.id: chunk.text for chunk in store.get([hit.chunk_id for hit in worded])}
            moved = rocchio(asked, vectors_of(store, embedder, near), alpha)
        scores = [(texts[hit.chunk_id], hit.score) for hit in worded if hit.chunk_id in texts]
        weights = rm3(question.text, scores, alpha, terms, language)
        note("terms", {word: round(weight, 4) for word, weight in weights.items()})
        first = Query(question.text, leg="dense", vector=moved.tolist())
        return replace(question, queries=(first, Query(repeated(weights), leg="lexical")))

    return feedback


def rocchio(asked: NDArray[np.float32], rows: NDArray[np.float32], alpha: float) -> NDArray[np.float32]:
    """q' as above, for a unit vector (dim,) and unit rows (n, dim); without rows, the question's own."""
    import numpy as np

    if not len(rows):
        return asked
    moved: NDArray[np.float32] = alpha * asked + (1 - alpha) * rows.mean(axis=0)
    length = float(np.linalg.norm(moved))
    return moved / length if length else asked


def rm3(
    question: str, chunks: Sequence[tuple[str, float]], alpha: float, terms: int, language: str
) -> dict[str, float]:
    """Stem → P(w), for (text, score) pairs. A stem stems to itself, but for rare exceptions."""
    asked = _shares(question, language)
    highest = max((score for _, score in chunks), default=0.0)
    parts = [(_shares(text, language), math.exp(score - highest)) for text, score in chunks]
    total = sum(weight for _, weight in parts) or 1.0
    model: dict[str, float] = {}
    for shares, weight in parts:
        for word, share in shares.items():
            model[word] = model.get(word, 0.0) + share * weight / total
    best = sorted(model.items(), key=lambda row: (-row[1], row[0]))[:terms]
    kept = sum(weight for _, weight in best) or 1.0
    mixed = {word: alpha * share for word, share in asked.items()}
    for word, weight in best:
        mixed[word] = mixed.get(word, 0.0) + (1 - alpha) * weight / kept
    return dict(sorted(mixed.items(), key=lambda row: (-row[1], row[0])))


def repeated(weights: Mapping[str, float]) -> str:
    """A text in which each word stands in proportion to its weight; what rounds to nothing is left out."""
    total = sum(weights.values()) or 1.0
    return " ".join(
        word for word, weight in weights.items() for _ in range(round(weight / total * _RESOLUTION))
    )


def _shares(text: str, language: str) -> dict[str, float]:
    """Word → its share of the text's terms."""
    counts = Counter(_analyzer(language).analyze(text))
    total = counts.total() or 1
    return {term: count / total for term, count in counts.items()}


@cache
def _analyzer(language: str) -> Analyzer:
    from rag.indexes import Analyzer

    return Analyzer(language)
