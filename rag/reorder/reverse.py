"""Best hits last, next to the question that ends a prompt, where models look most.

Ranks 1 2 3 become 3 2 1. The effect is measured in Lost in the Middle: How Language Models Use Long Contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.types import Hit, Question


def build() -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that turns the order round."""

    def reverse(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return list(hits)[::-1]

    return reverse
