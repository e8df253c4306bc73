"""Hits → the pieces of an answer. A generator is `(question, hits) -> pieces`.

- `extractive.py`: sentences taken from the hits, never invented; needs no model beyond the embedder
- `candidates.py`: which parts of a chunk may be quoted; `evidence.py`: how well one answers a question

A piece is a string that may carry markers (`[2]` cites the second hit), or a `Quote`: a sentence taken word
for word. A model that writes yields strings as they come; quotes need no checking and are shown at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from rag.types import Hit, Question

PARTS_ONLY = ("candidates", "evidence")


class Quote(NamedTuple):
    """A sentence of a hit, `hits[hit].chunk.text[start:end]`, and how likely it answers (0 to 1)."""

    hit: int
    start: int
    end: int
    score: float


class Generator(Protocol):
    """Answers a question from hits, and from nothing else; yields nothing where they hold no answer."""

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterable[str | Quote]: ...
