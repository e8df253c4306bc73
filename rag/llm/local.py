"""What models that run in this process share: one answer at a time, and a prompt by their own template."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rag.errors import ModelError

from .chat import Message


class Turns:
    """Whose turn it is with a model that gives one answer at a time.

    A caller waits as long as the answer before it goes on, however long that takes; one that has not gone on
    for `patience` seconds was left unread.
    """

    def __init__(self, name: str, patience: float) -> None:
        self._name, self._patience = name, patience
        self._lock, self._went_on = threading.Lock(), time.monotonic()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the model for one answer. Raises ModelError where the answer before it was left unread."""
        while not self._lock.acquire(timeout=max(self._left(), 0.0)):
            if self._left() <= 0:
                raise ModelError(
                    f"{self._name} is still busy with another answer, which has not gone on for "
                    f"{self._patience:g} s: read that answer to its end or close it, or raise model.timeout"
                )
        self.went_on()
        try:
            yield
        finally:
            self.went_on()  # for those that wait on: the next one begins now
            self._lock.release()

    def went_on(self) -> None:
        """Notes that the answer of whoever holds the model has a piece more."""
        self._went_on = time.monotonic()

    def _left(self) -> float:
        return self._went_on + self._patience - time.monotonic()


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
