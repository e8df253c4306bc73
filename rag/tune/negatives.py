"""Passages that do not answer a question, though much in them looks as if they did."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from rag.evaluate.measures.words import normalised

from .examples import Example
from .items import Item

Ranked = Mapping[str, Sequence[str]]
"""Example id → passages in the order in which a retriever brings them for its question."""


def unanswerable(example: Example) -> Item:
    """A question that was written to have no answer in its passage."""
    return Item(example.question, example.context, example.title, answerable=False)


def answer_removed(example: Example) -> Item | None:
    """The example's own passage without the sentences that hold an answer; None where nothing is left."""
    from rag.text.sentences import sentences

    kept = [
        example.context[start:end]
        for start, end in sentences(example.context)
        if not any(a < end and b > start for a, b in example.answers)
    ]
    rest = " ".join(kept)
    if len(rest) < 80 or _holds(rest, example.texts):
        return None
    return Item(example.question, rest, example.title, answerable=False)


def other_passage(example: Example, others: Sequence[str], chance: random.Random) -> Item | None:
    """The question with a passage of `others` that lacks the answer; nearer ones come first in the list."""
    free = [one for one in others if one != example.context and not _holds(one, example.texts)]
    if not free:
        return None
    place = min(int(chance.expovariate(0.35)), len(free) - 1)
    return Item(example.question, free[place], example.title, answerable=False)


def ranked_passages(examples: Sequence[Example], depth: int = 20) -> dict[str, list[str]]:
    """For every question the passages of the same files that hybrid search ranks high.

    Dense and lexical similarity are added as z-scores, as search does by default.
    """
    import numpy as np
    from rank_bm25 import BM25Okapi

    from rag.embedding.onnx import OnnxEmbedder
    from rag.indexes import Analyzer

    passages = list(dict.fromkeys(example.context for example in examples))
    embedder = OnnxEmbedder.open()
    rows = embedder.embed(passages, "document")
    asked = embedder.embed([example.question for example in examples], "query")
    analyze = Analyzer().analyze
    lexical = BM25Okapi([analyze(passage) for passage in passages])
    found = {}
    for example, vector in zip(examples, asked, strict=True):
        dense, words = rows @ vector, lexical.get_scores(analyze(example.question))
        total = (dense - dense.mean()) / (dense.std() + 1e-6) + (words - words.mean()) / (words.std() + 1e-6)
        best = np.argpartition(-total, min(depth, len(passages) - 1))[:depth]
        found[example.id] = [passages[place] for place in best[np.argsort(-total[best])]]
    return found


def _holds(passage: str, answers: Sequence[str]) -> bool:
    text = f" {normalised(passage)} "
    return any(f" {normalised(answer)} " in text for answer in answers if normalised(answer))
