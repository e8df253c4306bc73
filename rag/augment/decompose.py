"""Searches for the parts of a question that needs several facts: a language model splits it.

Each part is a query, so that every fact has a ranked list in which it can come first. Source: Measuring and
Narrowing the Compositionality Gap in Language Models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.llm.chat import OpenModel
from rag.options import Amount, Count
from rag.types import Query, Question

from .model_prompt import ModelPrompt


def build(
    open_model: OpenModel,
    n: Count = 3,
    weight: Amount = 1.0,
    max_tokens: Count = 128,
    prompt: str = "decompose",
) -> Callable[[Question], Question]:
    """A stage that adds up to `n` simpler questions as queries of `weight`."""
    asking = ModelPrompt(open_model, prompt, max_tokens, n=n)

    def decompose(question: Question) -> Question:
        known = {question.text.lower()}
        added = tuple(Query(line, weight) for line in asking.lines(question, n) if line.lower() not in known)
        return replace(question, queries=(*question.to_search, *added))

    return decompose
