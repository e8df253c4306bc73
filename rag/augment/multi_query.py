"""Asks in several ways at once: a language model writes n wordings, and their ranked lists are fused.

Source: RAG-Fusion: a New Take on Retrieval-Augmented Generation.
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
    weight: Amount = 0.5,
    max_tokens: Count = 128,
    prompt: str = "multi_query",
) -> Callable[[Question], Question]:
    """A stage that adds up to `n` other wordings, each with `weight`; the question keeps a weight of 1."""
    asking = ModelPrompt(open_model, prompt, max_tokens, n=n)

    def multi_query(question: Question) -> Question:
        known = {question.text.lower()}
        added = tuple(Query(line, weight) for line in asking.lines(question, n) if line.lower() not in known)
        return replace(question, queries=(*question.to_search, *added))

    return multi_query
