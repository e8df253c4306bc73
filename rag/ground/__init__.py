"""Pieces of an answer → an answer whose every sentence is proved, or an abstention.

- `cite.py`: sentences, and the spans of the hits that they cite; always the first step
- `markers.py`: markers and labels as language models write them → plain ones
- `align.py`: which span a written sentence rests on; `evidence.py`: what that span says to a reader
- `refusal.py`: sentences that say there is no answer; `compose.py`: an answer put together again from checked
  sentences
- `plain.py`: a quoted piece of Markdown as a sentence to read
- `abstain.py`: the one decision whether the sources answer at all
- `support.py`: how well each written sentence is supported; marks, removes, or withdraws the answer
- `relevant.py`: takes out written sentences that do not answer the question
- `consensus.py`: of several drafts of a language model the one that agrees most with the others
- `semantic_entropy.py`: withdraws what a language model would answer otherwise the next time

A ground stage is `(question, answer) -> answer`; stages chain.
"""

from __future__ import annotations

from typing import Protocol

from rag.types import Answer, Question

NAMES = {
    "abstain": "rag.ground.abstain:build",
    "consensus": "rag.ground.consensus:build",
    "relevant": "rag.ground.relevant:build",
    "semantic_entropy": "rag.ground.semantic_entropy:build",
    "support": "rag.ground.support:build",
}
"""Name in the settings → what builds the stage."""


class Ground(Protocol):
    """Checks, mends or withdraws an answer."""

    def __call__(self, question: Question, answer: Answer) -> Answer: ...
