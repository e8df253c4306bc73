"""Hits as they stand in their documents: chunks of one document together and in reading order.

Documents come in the order of their best hit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.types import Hit, Question


def build() -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that groups hits by document and sorts each group by offset."""

    def source(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        first: dict[str, int] = {}
        for place, hit in enumerate(hits):
            first.setdefault(hit.chunk.document_id, place)
        return sorted(hits, key=lambda hit: (first[hit.chunk.document_id], hit.chunk.start))

    return source
