"""What the stages that ask a language model share: the prompt filled in, and short lines out of its reply."""

from __future__ import annotations

import re
from functools import cached_property

from rag.llm.chat import ChatModel, Message, OpenModel, reply
from rag.prompts import fill, load_prompt
from rag.prompts.data import harmless
from rag.types import Question

# What models like to write before a line: "1. ", "- ", "Query: ".
_LEAD = re.compile(
    r"^\s*(?:[-*•]\s+|\(?\d{1,2}[.):]\s+|(?:query|question|rewritten query)\s*:\s*)+", re.IGNORECASE
)
_LONGEST = 400  # characters of a line that is still a query


class ModelPrompt:
    """A prompt and the model to ask; the model is opened with the first question."""

    def __init__(self, open_model: OpenModel, prompt: str, max_tokens: int, n: int = 1) -> None:
        self._open, self._max_tokens, self._n = open_model, max_tokens, n
        self._prompt = load_prompt(prompt)

    @cached_property
    def _model(self) -> ChatModel:
        return self._open("")

    def text(self, question: Question, *, seed: int = 0) -> str:
        """The reply as one line. Raises ModelError where the model fails."""
        prompt, model = self._prompt, self._model
        values = {
            "question": harmless(question.text, control=model.control),
            "n": self._n,
            "history": "\n".join(
                f"{who}: {harmless(text, control=model.control)}"
                for turn in question.history
                for who, text in (("User", turn.question), ("Answer", turn.answer))
            ),
        }
        messages = [Message("user", fill(prompt.user, values))]
        if prompt.system:
            messages.insert(0, Message("system", fill(prompt.system, values)))
        return reply(model, messages, max_tokens=self._max_tokens, seed=seed)

    def lines(self, question: Question, n: int) -> list[str]:
        """The first n lines of the reply that can be queries, all different, without bullets and quotes."""
        queries: dict[str, str] = {}
        for row in self.text(question).splitlines():
            line = _LEAD.sub("", row).strip().strip("\"'“”`").strip()
            if re.search(r"\w", line) and len(line) <= _LONGEST and not line.endswith(":"):
                queries.setdefault(line.lower(), line)
        return list(queries.values())[:n]
