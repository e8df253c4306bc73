"""What every language model does, however it is run: messages in, pieces of text out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

NAMES = {
    "gguf": "rag.llm.gguf:opened",
    "hf": "rag.llm.hf:opened",
    "openai": "rag.llm.openai:opened",
}
"""Kind in the settings → what opens a model of it: `(settings, offline) -> ChatModel`."""


class Message(NamedTuple):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How one turn is written. Temperature 0 always gives the same turn; else the seed decides.

    `grammar` (GBNF) is held to by models that can, and so is a JSON `schema`; at most one of them is given.
    """

    max_tokens: int = 512
    stop: Sequence[str] = ()
    temperature: float = 0.0
    seed: int = 0
    grammar: str = ""
    schema: Mapping[str, Any] | None = None


DEFAULTS = ChatOptions()


@runtime_checkable
class ChatModel(Protocol):
    """A language model. It keeps no conversation: each call gets all messages.

    `context_tokens` is how many tokens prompt and answer may have together. `control` are the strings that
    its tokenizer reads as control tokens, which no data may contain.
    """

    @property
    def name(self) -> str: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def control(self) -> Sequence[str]: ...

    def count(self, text: str) -> int:
        """The tokens of a text, by the model's own tokenizer; an upper estimate where it is out of reach."""
        ...

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """The tokens of the prompt that the messages become, chat template included."""
        ...

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        """The next turn, piece by piece. Raises ModelError where it fails, or the prompt does not fit."""
        ...


OpenModel = Callable[[str], ChatModel]
"""A kind, or "" for the one in the settings → the model, loaded once."""


def reply(model: ChatModel, messages: Sequence[Message], *, max_tokens: int, seed: int = 0) -> str:
    """A whole turn without its reasoning, for stages that need a short text and not a stream."""
    from .stream import without_reasoning

    return "".join(without_reasoning(model.chat(messages, ChatOptions(max_tokens, seed=seed)))).strip()
