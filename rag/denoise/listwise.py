"""Reranks all hits in one pass of a language model: it reads the whole list and writes the order.

Hit scores become 1 / rank; hits that the model forgets keep their order behind those it names. One pass over
the full list needs no sliding window: source: Sliding Windows Are Not the End: Exploring Full Ranking with
Long-Context Large Language Models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.llm.chat import ChatModel, Message, OpenModel, reply
from rag.options import Count
from rag.prompts import Prompt, fill, load_prompt
from rag.prompts.data import harmless
from rag.types import Hit, Question

_TOKENS_A_HIT = 6  # what a reply needs to write "[12] > "
_LEAST = 16  # tokens of a passage below which ranking makes no sense


def build(
    open_model: OpenModel, read: Count = 20, prompt: str = "listwise"
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that reorders the first `read` hits; the rest follow as they were.

    Where the passages do not fit into the model's context, the longest are cut until they do.
    """
    loaded = load_prompt(prompt, ("question", "sources"))

    def listwise(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        if len(hits) < 2:
            return hits
        model = open_model("")
        first = hits[:read]
        max_tokens = _TOKENS_A_HIT * len(first)
        written = reply(model, _messages(model, loaded, question, first, max_tokens), max_tokens=max_tokens)
        ranked = [hits[place] for place in order(written, len(first))] + list(hits[read:])
        return [replace(hit, score=1 / rank) for rank, hit in enumerate(ranked, 1)]

    return listwise


def order(written: str, n: int) -> list[int]:
    """Places (from 0) in the order that a reply names numbers (from 1); those it does not name come last."""
    named = [int(number) - 1 for number in re.findall(r"\d+", written)]
    wanted = dict.fromkeys(place for place in named if 0 <= place < n)
    return [*wanted, *(place for place in range(n) if place not in wanted)]


def _messages(
    model: ChatModel, prompt: Prompt, question: Question, hits: Sequence[Hit], max_tokens: int
) -> list[Message]:
    """The prompt with all hits; the longest are cut, by a quarter each time, until it fits."""
    texts = [harmless(hit.chunk.text, prompt.delimiters, model.control) for hit in hits]
    asked = harmless(question.text, prompt.delimiters, model.control)
    while True:
        sources = "\n".join(
            fill(prompt.source, {"number": n, "text": text}) for n, text in enumerate(texts, 1)
        )
        messages = [Message("user", fill(prompt.user, {"sources": sources, "question": asked}))]
        if prompt.system:
            messages.insert(0, Message("system", prompt.system))
        longest = max(map(len, texts))
        if model.prompt_tokens(messages) + max_tokens <= model.context_tokens or longest < _LEAST:
            return messages
        texts = [text[: longest * 3 // 4] for text in texts]
