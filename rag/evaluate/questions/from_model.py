"""Questions and paraphrases that a language model writes; what it writes is checked before it is kept.

A question is dropped where its answer does not stand in the passage, or stands in the question, and where it
speaks of a passage that nobody who asks it has seen. Source: Bonifacio et al., InPars: Data Augmentation for
Information Retrieval using Large Language Models.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rag.evaluate.measures.words import contains
from rag.llm.chat import ChatModel, Message
from rag.llm.structured import Schema, shape, structured
from rag.prompts import Prompt, fill, load_prompt
from rag.prompts.data import harmless
from rag.text.shared_words import normalised
from rag.types import Chunk, stable_id

from .cases import Case

_TEXT = {"type": "string", "maxLength": 160}
_QUESTIONS = {"type": "array", "minItems": 1, "maxItems": 1, "items": shape(question=_TEXT, answer=_TEXT)}
_PARAPHRASE = shape(question=_TEXT)
_MAX_TOKENS = 160
_LONGEST = 1500  # characters of a passage that are shown
_SEEN = re.compile(r"\b(the|this|that) (given |above )?(passage|text|excerpt|paragraph)\b", re.IGNORECASE)
_DELIMITERS = ("<passage", "</passage")


class Writer:
    """A language model that writes questions."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._questions = load_prompt("questions", ("text", "n"))
        self._paraphrase = load_prompt("paraphrase")

    def questions(self, chunk: Chunk) -> Iterator[Case]:
        """A question about a chunk; none where the model writes none that can be used."""
        passage = chunk.text[:_LONGEST]
        rows = self._reply(self._questions, {"text": passage, "n": "1"}, _QUESTIONS) or []
        for row in rows:
            question, answer = row["question"].strip(), row["answer"].strip().rstrip(".")
            if usable(question, answer, passage):
                identity = f"made-{stable_id(question)[:8]}"
                yield Case(identity, question, (answer,), {chunk.source: 1.0}, {"made": "model"})

    def paraphrase(self, question: str) -> str:
        """The question in other words; empty where the model writes none."""
        row = self._reply(self._paraphrase, {"question": question}, _PARAPHRASE)
        other = " ".join(row["question"].split()) if row else ""
        return other if other and normalised(other) != normalised(question) else ""

    def _reply(self, prompt: Prompt, values: Mapping[str, str], wanted: Schema) -> Any | None:
        safe = {name: harmless(text, _DELIMITERS, self._model.control) for name, text in values.items()}
        messages = [Message("system", prompt.system), Message("user", fill(prompt.user, safe))]
        return structured(self._model, messages, wanted, max_tokens=_MAX_TOKENS)


def usable(question: str, answer: str, passage: str) -> bool:
    """Whether a question about a passage could be asked by somebody, and has its answer there."""
    return (
        question.endswith("?")
        and len(question) >= 12
        and not _SEEN.search(question)
        and contains(passage, [answer]) == 1
        and contains(question, [answer]) == 0
    )
