"""Pieces of an answer → an answer whose every sentence is proved, or an abstention.

- `cite.py`: sentences, and the spans of the hits that they cite; always the first step
- `plain.py`: a quoted piece of Markdown as a sentence to read
- `abstain.py`: the one decision whether the sources answer at all

A ground stage is `(question, answer) -> answer`; stages chain.
"""

from __future__ import annotations

from typing import Protocol

from rag.types import Answer, Question

PARTS_ONLY = ("cite", "plain")


class Ground(Protocol):
    """Checks, mends or withdraws an answer."""

    def __call__(self, question: Question, answer: Answer) -> Answer: ...
