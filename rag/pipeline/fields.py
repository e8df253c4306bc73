"""A JSON schema → a JSON value that keeps to it: each field is asked of the documents, and cited or null.

A field's question is its `description`, or `What is the NAME?` where it has none, about what the caller
names. The answer's words become a value of the field's type and form:

    string           the words that answer, or the sentence that does; with `enum` the one option that stands
                     there, with `format: date` the date as YYYY-MM-DD, with `pattern` only what it matches
    number, integer  the one number that stands there, within `minimum` and `maximum`
    boolean          yes or no, as the built-in answer tells it
    array            the items of the answer, each as `items` says
    object           its properties, each a field

What the documents do not say, and words that are no such value, give null and a note of why: nothing is made
up to fill a form. Source: DocCGen: Document-based Controlled Code Generation, which holds what is written to
a schema; here it is read, so that each value has a citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError
from rag.types import Answer, Citation

if TYPE_CHECKING:
    from rag.stores import Filter

    from .pipeline import Pipeline

TYPES = ("string", "number", "integer", "boolean", "array", "object")
_REFUSED = ("$ref", "oneOf", "anyOf", "allOf", "not", "if", "patternProperties", "prefixItems")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)\b"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?P<year>\d{{4}})\b"),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})\b"),
)
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:[ ,\u202f]\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.])-?\d+(?:\.\d+)?")
_SPELLED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
            "twelve")  # fmt: skip
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_YES_NO = re.compile(r"(yes|no)\b", re.IGNORECASE)
_UNKNOWN = "the documents do not say"


class Field(NamedTuple):
    """A field of the schema: the names that lead to it, its own schema, and what is asked for it."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]
    question: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of a field. `value` is None where the documents do not give it; `note` says why then."""

    name: str
    question: str
    value: Any
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A schema filled from documents: `value` keeps to it, but for what is null."""

    value: Mapping[str, Any]
    fields: tuple[Filled, ...]


def fill(
    rag: Pipeline,
    schema: Mapping[str, Any],
    about: str = "",
    k: int | None = None,
    where: Filter | None = None,
) -> Form:
    """Asks each field of the schema of an object. `about` says of whom or what, such as `the lease`.

    Raises ConfigError for a schema that says what this cannot keep to.
    """
    wanted = list(fields_of(schema, about))
    told = rag.variant({"stages.extractive": {**rag.settings.stages.get("extractive", {}), "yes_no": True}})
    value: dict[str, Any] = {}
    done = []
    for field in wanted:
        pipeline = told if field.schema["type"] == "boolean" else rag
        one = _filled(field, pipeline.ask(field.question, k, where))
        done.append(one)
        inner = value
        for name in field.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[field.path[-1]] = one.value
    return Form(value, tuple(done))


def fields_of(schema: Mapping[str, Any], about: str = "", path: tuple[str, ...] = ()) -> Iterator[Field]:
    """The fields of an object's schema, those of objects within it among them."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or not properties:
        raise ConfigError(f"the schema{_at(path)} has no `properties`: expected that of a JSON object")
    for name, inner in properties.items():
        here = (*path, str(name))
        kept = _checked(inner, here)
        if kept["type"] == "object":
            yield from fields_of(kept, about, here)
        else:
            yield Field(here, kept, question_of(here, kept, about))


def question_of(path: Sequence[str], schema: Mapping[str, Any], about: str) -> str:
    """What is asked for a field."""
    said = " ".join(str(schema.get("description") or schema.get("title") or "").split())
    if said.endswith("?"):
        return f"{said[:-1].rstrip()} ({about})?" if about else said
    what = said.rstrip(".") or " ".join(word.lower() for name in path for word in _WORDS.findall(name))
    article = "" if re.match(r"(?:the|an?|all|every|how|who)\b", what, re.IGNORECASE) else "the "
    asked = "Which are" if schema["type"] == "array" else "What is"
    if schema["type"] == "boolean":
        return f"Is there {what}{f' for {about}' if about else ''}?"
    return f"{asked} {article}{what}{f' of {about}' if about else ''}?"


def _checked(schema: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    """A field's schema with one type. Raises ConfigError."""
    if not isinstance(schema, Mapping):
        raise ConfigError(f"the schema{_at(path)} is {schema!r}, expected an object")
    if refused := [word for word in _REFUSED if word in schema]:
        raise ConfigError(
            f"the schema{_at(path)} has {refused[0]}, which cannot be kept to here: leave it out"
        )
    given = schema.get("type", "object" if "properties" in schema else "string")
    kinds = [kind for kind in (given if isinstance(given, list) else [given]) if kind != "null"]
    if len(kinds) != 1 or kinds[0] not in TYPES:
        raise ConfigError(f"the schema{_at(path)} has the type {given!r}, expected one of {', '.join(TYPES)}")
    kept = {**schema, "type": kinds[0]}
    if kinds[0] == "array":
        kept["items"] = _checked(schema.get("items", {"type": "string"}), (*path, "items"))
        if kept["items"]["type"] in ("array", "object"):
            raise ConfigError(
                f"the schema{_at(path)} has {kept['items']['type']}s in an array, expected values"
            )
    return kept


def _at(path: Sequence[str]) -> str:
    return f" of {'.'.join(path)}" if path else ""


def _filled(field: Field, answer: Answer) -> Filled:
    name = ".".join(field.path)
    if answer.abstained or not answer.sentences:
        return Filled(name, field.question, None, confidence=answer.confidence, note=_UNKNOWN)
    if field.schema["type"] == "array":
        values: list[Any] = []
        proof: list[Citation] = []
        for sentence in answer.sentences:
            value = value_of(_bare(sentence.text), field.schema["items"])
            if value is not None:
                values.append(value)
                proof += sentence.citations
        note = "" if values else f"no {field.schema['items']['type']} in “{answer.text}”"
        return Filled(name, field.question, values or None, tuple(proof), answer.confidence, note)
    first = answer.sentences[0]
    texts = [first.text]
    if answer.span is not None and field.schema["type"] != "boolean":
        texts.insert(0, answer.span.quote)
    for text in texts:
        value = value_of(text, field.schema)
        if value is not None:
            spanned = answer.span is not None and text == answer.span.quote
            cited = [answer.span] if spanned and answer.span else list(first.citations)
            return Filled(name, field.question, value, tuple(cited), answer.confidence)
    expected = field.schema.get("format") or field.schema["type"]
    note = f"no {'option' if 'enum' in field.schema else expected} in “{first.text}”"
    return Filled(name, field.question, None, (), answer.confidence, note)


def value_of(text: str, schema: Mapping[str, Any]) -> Any:
    """What the words say, as the schema of a value asks for it; None where they say no such value."""
    if "enum" in schema:
        return _option(text, schema["enum"])
    kind = schema["type"]
    if kind == "boolean":
        found = _YES_NO.match(text)
        return found[1].lower() == "yes" if found else None
    if kind in ("number", "integer"):
        return _number(text, schema)
    if schema.get("format") == "date":
        return _date(text)
    words = " ".join(text.split())
    if "pattern" in schema:
        match = re.search(schema["pattern"], words)
        return match[0] if match else None
    return words[: schema["maxLength"]] if "maxLength" in schema else words


def _option(text: str, options: Sequence[Any]) -> Any:
    """The one option whose words stand in the text; of one within another the longer."""
    low, said = _spaced(text), {option: _spaced(str(option)) for option in options}
    there = [option for option, words in said.items() if words.strip() and words in low]
    whole = [one for one in there if not any(said[one] in said[other] for other in there if other != one)]
    return whole[0] if len(whole) == 1 else None


def _spaced(text: str) -> str:
    """The words of a text in lower case, a blank around each."""
    return " ".join(["", *re.findall(r"[^\W_]+", text.lower()), ""])


def _number(text: str, schema: Mapping[str, Any]) -> int | float | None:
    found = {match[0] for match in _NUMBER.finditer(text)}
    if not found:
        words = {word for word in re.findall(r"[a-z]+", text.lower()) if word in _SPELLED}
        found = {str(_SPELLED.index(word)) for word in words}
    if len(found) != 1:
        return None
    number = Decimal(re.sub(r"[ ,\u202f]", "", found.pop()))
    bounds = [Decimal(str(schema.get(name, number))) for name in ("minimum", "maximum")]
    if not bounds[0] <= number <= bounds[1]:
        return None
    if number == number.to_integral_value():
        return int(number)
    return None if schema["type"] == "integer" else float(number)


def _date(text: str) -> str | None:
    """The one date of the text, as YYYY-MM-DD; 3/4/2031 is none, since it may be two."""
    found = set()
    for pattern in _DATES:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            word = (parts.get("month") or "")[:3].lower()
            named = 1 + _MONTHS.index(word) if word in _MONTHS else 0
            number = int(parts.get("number") or named)
            try:
                found.add(date(int(parts["year"]), number, int(parts["day"])).isoformat())
            except ValueError:
                continue
    return found.pop() if len(found) == 1 else None


def _bare(text: str) -> str:
    """An item without its mark."""
    return re.sub(r"^\s*(?:[-*•]|\(?\d{1,3}[.)])\s+", "", text)
