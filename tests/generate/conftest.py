"""A language model whose every answer is known, and the tiny one that was trained for these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rag.llm.chat import DEFAULTS, ChatOptions, Message
from rag.types import Chunk, Hit, stable_id

TINY = Path(__file__).parents[1] / "fixtures" / "tiny-llama"


class Scripted:
    """A `ChatModel` that counts words as tokens and writes what it is told to, word by word.

    A script is a text, or a function of the messages. A turn costs one token more than its words.
    """

    name = "scripted"
    control = ("<<control>>",)

    def __init__(
        self, script: str | Callable[[Sequence[Message]], str] = "", context_tokens: int = 1000
    ) -> None:
        self.script, self.context_tokens = script, context_tokens
        self.asked: list[Sequence[Message]] = []
        self.options: list[dict[str, object]] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(1 + self.count(one.content) for one in messages)

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        self.asked.append(messages)
        self.options.append(
            {name: getattr(options, name) for name in ("max_tokens", "temperature", "seed", "grammar")}
        )
        text = self.script if isinstance(self.script, str) else self.script(messages)
        for place, word in enumerate(text.split(" ")):
            yield word if place == 0 else f" {word}"


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


def hit(text: str, score: float = 1.0, source: str = "a.txt", **fields: str) -> Hit:
    chunk = Chunk(stable_id(source, text), source, source, text, 0, len(text), **fields)
    return Hit(chunk, score)


@pytest.fixture
def hits() -> list[Hit]:
    """Three one-sentence hits, best first."""
    return [
        hit("The lamp is painted red.", 3.0, "lamp.txt"),
        hit("The gate opens at noon.", 2.0, "gate.txt"),
        hit("The boat is made of oak.", 1.0, "boat.txt"),
    ]


@pytest.fixture
def make_hit() -> Callable[..., Hit]:
    return hit


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The folder of the tiny Llama: `hf/`, `tiny-llama.gguf`, `prompt.toml`."""
    return TINY
