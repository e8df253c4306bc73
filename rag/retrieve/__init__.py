"""Queries → hits. A retriever is `(question, k, where) -> hits`, best first.

- `hybrid.py`: the dense and the lexical leg, fused (the default)
- `dense.py`, `lexical.py`: one leg alone
- `routed.py`: the same within the collections that a first search votes for
- `legs.py`: what the three share: asking a store for ranked lists, and turning them into hits
- `filter_notes.py`: why a filter let nothing through
- `query_map.py`: a map of query vectors that `rag tune retriever` fitted
- `vectors.py`: the vectors of hits, and a sample of the corpus
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.stores import Filter
from rag.types import Hit, Question

NAMES = {
    "dense": "rag.retrieve.dense:build",
    "hybrid": "rag.retrieve.hybrid:build",
    "lexical": "rag.retrieve.lexical:build",
    "routed": "rag.retrieve.routed:build",
}
"""Name in the settings → what builds the stage."""


class Retriever(Protocol):
    """Finds the k best hits among the chunks that match `where`: k come back whenever k exist."""

    def __call__(self, question: Question, k: int, where: Filter | None) -> Sequence[Hit]: ...
