"""Drops hits that say what a better hit has said: near-identical text, by shared word shingles.

Two chunks are near-identical when the Jaccard similarity of their sets of three-word shingles reaches a
threshold: J(A, B) = |A ∩ B| / |A ∪ B|. Source: Broder, On the resemblance and containment of documents (1997).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.types import Hit, Question


def build(similarity: float = 0.9) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that keeps the best of each group of hits whose similarity (0 to 1) reaches `similarity`."""

    def duplicates(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        kept: list[Hit] = []
        seen: list[frozenset[str]] = []
        for hit in hits:
            shingles = _shingles(hit.chunk.text)
            if all(_jaccard(shingles, other) < similarity for other in seen):
                kept.append(hit)
                seen.append(shingles)
        return kept

    return duplicates


def _shingles(text: str) -> frozenset[str]:
    words = re.findall(r"\w+", text.lower())
    if not words:
        return frozenset([text])
    return frozenset(" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
