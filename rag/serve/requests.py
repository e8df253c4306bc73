"""What routes take, as types: read from JSON here, described by them in `openapi.py`."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Refused(Exception):
    """A request that is not answered: the HTTP status, and what was wrong with it."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after = status, detail, retry_after


@dataclass(frozen=True, slots=True)
class TurnBody:
    """One turn of the conversation before the question."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class AskBody:
    """A question. `where` is a filter in its text form; `history` has the oldest turn first."""

    question: str
    k: int | None = None
    where: str | None = None
    history: tuple[TurnBody, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchBody:
    """A query. `explain` adds the record of every stage."""

    query: str
    k: int | None = None
    where: str | None = None
    explain: bool = False


@dataclass(frozen=True, slots=True)
class WhyBody:
    """A question and what it should have been answered with."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackBody:
    """What a person says of an answer.

    `good` and `bad` rate the answer that was shown: `answer` is its text, `short` the words in it that
    answer, `chunks` the ids that it cites; without them the question is asked again. `correction` goes before
    every source from then on.
    """

    question: str
    verdict: Literal["good", "bad", "correction"]
    answer: str = ""
    short: str = ""
    chunks: tuple[str, ...] = ()
    correction: str = ""


@dataclass(frozen=True, slots=True)
class MessageBody:
    """A turn of a chat: text, or parts of it."""

    role: str
    content: Any = ""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    include_usage: bool = False


@dataclass(frozen=True, slots=True)
class ChatBody:
    """A chat as OpenAI's API has it; fields that mean nothing here are ignored."""

    messages: tuple[MessageBody, ...]
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """OpenAI's responses, in their plain form: a text, or messages."""

    input: Any
    model: str = ""
    stream: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddingsBody:
    """Texts to embed; a text alone counts as one."""

    input: Any
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"


OPEN = (ChatBody, ResponseBody, EmbeddingsBody, MessageBody, StreamOptions)
"""Bodies of a foreign API, which may have other fields."""


def read_body(data: bytes, kind: type[T]) -> T:
    """The JSON of a request as its type. Raises Refused, 400 for no JSON and 422 for other values."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is no JSON ({error}): expected an object") from None
    return _read("the body", value, kind)  # type: ignore[no-any-return]


def _read(where: str, value: Any, kind: Any) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(kind):
            return None
        return _read(where, value, next(part for part in get_args(kind) if part is not type(None)))
    if origin is Literal:
        return _checked(
            where, value, value in get_args(kind) and isinstance(value, str), " or ".join(get_args(kind))
        )
    if origin is tuple:
        _checked(where, value, isinstance(value, list), "a list")
        return tuple(_read(f"{where}[{at}]", item, get_args(kind)[0]) for at, item in enumerate(value))
    if is_dataclass(kind):
        return _object(where, value, kind)
    if kind is str:
        return _checked(where, value, isinstance(value, str) and _encodes(value), "text")
    if kind is int:
        return _checked(
            where, value, isinstance(value, int) and not isinstance(value, bool), "a whole number"
        )
    return _checked(where, value, isinstance(value, kind), "true or false")


def _object(where: str, value: Any, kind: Any) -> Any:
    _checked(where, value, isinstance(value, Mapping), "an object")
    hints = get_type_hints(kind)
    if kind not in OPEN and (unknown := set(value) - set(hints)):
        known = ", ".join(hints)
        raise Refused(422, f"{where} has unknown {', '.join(sorted(unknown))[:200]}; known are {known}")
    given = {
        name: item for name, item in value.items() if name in hints and (item is not None or kind not in OPEN)
    }
    for field in fields(kind):
        if field.default is MISSING and field.name not in given:
            raise Refused(422, f"{where} has no {field.name}: expected {', '.join(hints)}")
    return kind(**{name: _read(f"{where}.{name}", item, hints[name]) for name, item in given.items()})


def _checked(where: str, value: Any, right: bool, expected: str) -> Any:
    if not right:
        raise Refused(422, f"{where} is {json.dumps(value, ensure_ascii=True)[:80]}, expected {expected}")
    return value


def _encodes(text: str) -> bool:
    """Whether it is Unicode: halves of surrogate pairs cannot be stored or searched."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
