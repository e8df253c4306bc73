"""What models that run in this process share: one answer at a time, and a prompt by their own template."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rag.errors import ModelError

from .chat import Message


@contextmanager
def turn(lock: threading.Lock, patience: float, name: str) -> Iterator[None]:
    """Holds a model for one answer. Raises ModelError where it is not free within `patience` seconds."""
    if not lock.acquire(timeout=patience):
        raise ModelError(
            f"{name} is still busy with another answer after {patience:g} s: read that answer to its end or "
            "close it, or raise model.timeout"
        )
    try:
        yield
    finally:
        lock.release()


def check_room(name: str, tokens: int, context_tokens: int) -> None:
    """Raises ModelError where a prompt leaves no room for an answer."""
    if tokens >= context_tokens:
        raise ModelError(
            f"{name} was given {tokens} tokens, its context has {context_tokens}: raise "
            "model.context_tokens, or ask for fewer hits"
        )


Template = Callable[[list[dict[str, str]]], str]
"""Messages as role and content → the prompt."""


def rendered(template: Template, messages: Sequence[Message], name: str) -> str:
    """The prompt by a chat template. One that has no system role gets its text with the user's first turn.

    Raises ModelError where the template refuses that too.
    """
    system = [message.content.strip() for message in messages if message.role == "system"]
    try:
        text = template([message._asdict() for message in messages])
        if all(part in text for part in system):  # some templates drop what they do not know
            return text
        refused: Exception | None = None
    except Exception as error:  # a template may raise anything
        refused = error
    try:
        return template([message._asdict() for message in folded(messages)])
    except Exception as error:
        raise ModelError(
            f"the chat template of {name} refuses the prompt: {refused or error}. Use another file or model."
        ) from error


def folded(messages: Sequence[Message]) -> list[Message]:
    """The same without a system role: its text opens the first user's turn."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    rest = [message for message in messages if message.role != "system"]
    if not system or not rest:
        return [Message("user", message.content) for message in messages]
    return [Message(rest[0].role, f"{system}\n\n{rest[0].content}"), *rest[1:]]


def plain(messages: Sequence[Message]) -> str:
    """A prompt for models without a chat template: the turns, one after the other."""
    return "\n\n".join(message.content for message in messages) + "\n\n"
