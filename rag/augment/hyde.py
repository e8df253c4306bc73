"""Searches with a passage that could answer: a language model writes it, and its vector finds real ones.

The dense leg gets q and n hypothetical passages, each a ranked list of its own; the lexical leg gets q alone,
as a made-up passage has made-up words. Source: Precise Zero-Shot Dense Retrieval without Relevance Labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rag.llm.chat import OpenModel
from rag.options import Amount, Count
from rag.types import Query, Question

from .model_prompt import ModelPrompt


def build(
    open_model: OpenModel, n: Count = 1, weight: Amount = 1.0, max_tokens: Count = 160, prompt: str = "hyde"
) -> Callable[[Question], Question]:
    """A stage that adds `n` written passages as dense queries of `weight`."""
    asking = ModelPrompt(open_model, prompt, max_tokens)

    def hyde(question: Question) -> Question:
        written = (asking.text(question, seed=seed) for seed in range(n))
        passages = tuple(Query(text, weight, leg="dense") for text in dict.fromkeys(written) if text)
        return replace(question, queries=(*question.to_search, *passages))

    return hyde
