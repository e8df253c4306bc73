"""Best hits at both ends of the context, the weakest in the middle, where long-context models look least.

Ranks 1 2 3 4 5 become 1 3 5 4 2. Source: Long-Context LLMs Meet RAG; the effect it counters is measured in
Lost in the Middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.types import Hit, Question


def build() -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that puts odd ranks first, ascending, and even ranks last, descending."""

    def edges(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return [*hits[::2], *reversed(hits[1::2])]

    return edges
