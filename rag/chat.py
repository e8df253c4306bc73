"""A conversation over an index: each question is answered with the turns before it in mind.

`Chat` keeps the turns and knows a few commands (`/help`); what comes of a line is a stream of events or a
notice. It neither reads nor prints: `rag chat` does, and so can any other front end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rag.augment.memory import remember
from rag.augment.ratings import rate, rating
from rag.errors import RagError
from rag.types import Answer, Event, Turn

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_TALK = re.compile(
    r"(?:(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks?(?: you)?|thx|cheers|ok(?:ay)?|great"
    r"|(?:good)?bye|hallo|guten (?:morgen|tag|abend)|danke|tschüss|bonjour|salut|merci|au revoir|hola"
    r"|buenos días|gracias|adiós|你好|谢谢|再见)"
    r"(?: (?:there|all|everyone|a lot|so much|very much|schön|beaucoup))?[\s!.,…~]*)+",
    re.IGNORECASE,
)
_KEPT = 12  # turns; older ones have no say in what a follow-up means
COMMANDS = {
    "/help": "show these commands",
    "/sources": "show what the last answer was made from",
    "/good": "the last answer is right: keep it for the memory and for `rag eval`",
    "/bad": "the last answer is wrong; `rag correct` says what is right",
    "/where FILTER": "search only what matches from now on; without a filter, everything",
    "/clear": "forget the conversation",
    "/quit": "leave",
}


class Notice(NamedTuple):
    """Something said about the conversation, not in it."""

    text: str
    failed: bool = False


class Chat:
    """One conversation. `ended` is true after `/quit`."""

    def __init__(
        self, rag: Pipeline, *, k: int | None = None, where: str | None = None, history: bool = True
    ) -> None:
        self._rag = rag.variant(augment=["history", *rag.settings.search.augment]) if history else rag
        self._k, self._where = k, where
        self.turns: list[Turn] = []
        self.last: Answer | None = None
        self.ended = False

    def say(self, line: str) -> Iterator[Event | Notice | Answer]:
        """What comes of a line: the events of an answer; a notice; or, for `/sources`, the last answer.

        A greeting or thanks is no question: nothing is searched.
        A question that fails leaves the conversation as it was, and its error is a notice.
        """
        line = line.strip()
        if line.startswith("/"):
            yield from self._command(line)
        elif _TALK.fullmatch(line):
            yield Notice("ask a question about the documents, or /help")
        elif line:
            try:
                yield from self._asked(line)
            except RagError as error:
                yield Notice(str(error), failed=True)

    def _asked(self, question: str) -> Iterator[Event]:
        history = self.turns[-_KEPT:]
        for event in self._rag.stream(question, k=self._k, where=self._where, history=history):
            if event.answer is not None:
                self.last = event.answer
                # As it was understood, so that the next follow-up can point to what this one meant.
                self.turns.append(Turn(event.answer.question, event.answer.text))
            yield event

    def _command(self, line: str) -> Iterator[Notice | Answer]:
        word, _, rest = line.partition(" ")
        if word in ("/quit", "/exit", "/q"):
            self.ended = True
        elif word == "/clear":
            self.turns, self.last = [], None
            yield Notice("the conversation is forgotten")
        elif word == "/sources":
            yield self.last if self.last is not None else Notice("nothing was asked yet")
        elif word in ("/good", "/bad"):
            yield self._rated(good=word == "/good")
        elif word == "/where":
            yield self._filtered(rest.strip())
        else:
            known = "\n".join(f"{name:15} {meaning}" for name, meaning in COMMANDS.items())
            yield Notice(known if word == "/help" else f"there is no {word}; known are\n{known}")

    def _rated(self, *, good: bool) -> Notice:
        if self.last is None:
            return Notice("nothing was asked yet")
        try:
            given = rating(self.last.question, self.last, good=good)
            rate(self._rag.home, given)
            if good and given.chunks:
                remember(self._rag.home, self._rag.embedder, given.question, given.chunks)
        except RagError as error:
            return Notice(str(error), failed=True)
        return Notice("kept as right" if good else "kept as wrong")

    def _filtered(self, where: str) -> Notice:
        from rag.stores import parse_where

        try:
            if where:
                parse_where(where)
        except RagError as error:
            return Notice(str(error))
        self._where = where or None
        return Notice(f"searching where {where}" if where else "searching everything")
