"""Searches with the question in the words of its answer: a language model rewrites it as a query.

The question stays as a query of its own, so a bad rewrite cannot lose what the question finds. Source: Query
Rewriting for Retrieval-Augmented Large Language Models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.llm.chat import OpenModel
from rag.options import Amount, Count
from rag.types import Query, Question

from .model_prompt import ModelPrompt


def build(
    open_model: OpenModel, weight: Amount = 1.0, max_tokens: Count = 64, prompt: str = "rewrite"
) -> Callable[[Question], Question]:
    """A stage that adds one rewritten query of `weight`."""
    asking = ModelPrompt(open_model, prompt, max_tokens)

    def rewrite(question: Question) -> Question:
        known = {question.text.lower()}
        added = tuple(Query(line, weight) for line in asking.lines(question, 1) if line.lower() not in known)
        return replace(question, queries=(*question.to_search, *added))

    return rewrite
