"""Drops hits that say what a better hit has said: near-identical text, by shared word shingles.

Two chunks are near-identical when the Jaccard similarity of their sets of three-word shingles reaches a
threshold: J(A, B) = |A ∩ B| / |A ∪ B|. Source: Broder, On the Resemblance and Containment of Documents.
Only texts of nearly one length, whose sets of words are as similar, are looked at so closely.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from rag.options import Share
from rag.types import Hit, Question


def build(similarity: Share = 0.9) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that keeps the best of each group of hits whose similarity (0 to 1) reaches `similarity`."""

    def duplicates(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        kept: list[Hit] = []
        for hit in hits:
            text = hit.chunk.text
            near = [
                other.chunk.text
                for other in kept
                if similarity <= (len(text) + 1) / (len(other.chunk.text) + 1) <= 1 / similarity
            ]
            if not any(_alike(text, other, similarity) for other in near):
                kept.append(hit)
        return kept

    return duplicates


def _alike(left: str, other: str, similarity: float) -> bool:
    """Whether the shingles agree; sets of words that do not agree spare the look at them."""
    if _jaccard(frozenset(left.split()), frozenset(other.split())) < similarity:
        return False
    return _jaccard(_shingles(left), _shingles(other)) >= similarity


def _shingles(text: str) -> frozenset[int]:
    """Hashes of all runs of three words; of the text itself where there are fewer."""
    words = re.findall(r"\w+", text.lower())
    if len(words) < 3:
        return frozenset([hash(tuple(words) or text)])
    return frozenset(map(hash, zip(words, words[1:], words[2:], strict=False)))


def _jaccard(left: frozenset[Any], other: frozenset[Any]) -> float:
    shared = len(left & other)
    return shared / max(1, len(left) + len(other) - shared)
