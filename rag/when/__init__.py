"""Conditions on which a stage runs: `multi_query if unsure`, `rerank if not jargon`.

- `unsure.py`: the reader finds no answer in the first hits
- `wording.py`: what the question itself shows: abbreviations and codes, two things in one, a conversation

A condition is `(question, found) -> bool`; calling `found` gives hits: those that the stage gets, and before
retrieval, where there are none, those of a first search. Sources: Language hooks, which fire where a program
finds that they may help; confidence-based iteration as in VideoICL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.types import Hit, Question

NAMES = {
    "history": "rag.when.wording:build_history",
    "jargon": "rag.when.wording:build_jargon",
    "multi": "rag.when.wording:build_multi",
    "unsure": "rag.when.unsure:build",
}
"""Name in the settings → what builds the condition."""


class When(Protocol):
    """Whether a stage is worth its time for this question."""

    def __call__(self, question: Question, found: Callable[[], Sequence[Hit]]) -> bool: ...
