"""A filter as an expression of Milvus, equal to `where.matches` on every value.

Two columns of a row answer it. `labels`, an array of short hashes, says what is there and what it is equal
to. `fields`, a JSON object, holds strings and numbers as texts that sort as the values do
(`engine/sortable.py`), strings in hexadecimal: no value needs quotes or escapes, and what begins with a text
is a range. Every comparison is behind a label that says that the field is there, since versions differ on
what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rag.types import stable_id

from ..engine.sortable import kind_range, list_item, list_items, sortable
from ..where import AllOf, AnyOf, Filter, NotOf, Where, matches

EVERYTHING, NOTHING = "generation >= 0", "generation < 0"

Values = Callable[[str, str], Iterable[str]]
"""The strings that stand in a field, by its name, of the rows that an expression chooses."""


def filtered_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that expressions look at, of a document's or a chunk's fields."""
    there = {name: value for name, value in fields.items() if value is not None}
    scalars = {name: text for name, value in there.items() if (text := sortable(value)) != "x"}
    ordered = {name: text for name, text in scalars.items() if text[0] != "b"}
    labels = [
        *(stable_id("there", name) for name in there),
        *(stable_id("scalar", name) for name in scalars),
        *(stable_id("ordered", name) for name in ordered),
        *(stable_id("is", name, text) for name, text in scalars.items()),
        *(stable_id("has", item) for item in list_items(fields)),
    ]
    return {"labels": labels, "fields": {_column(name): _hexed(text) for name, text in ordered.items()}}


def string_of(fields: Mapping[str, Any], name: str) -> str | None:
    """The string of a field, of what `filtered_fields` made."""
    text = str(fields.get(_column(name), ""))
    return bytes.fromhex(text[1:]).decode("utf-8", "surrogatepass") if text.startswith("s") else None


def to_expression(where: Filter, values: Values) -> str:
    """An expression. `values` is asked only for a glob that is more than a beginning, such as `*.md`."""
    match where:
        case Where():
            return _condition(where, values)
        case NotOf(part):
            return f"(not {to_expression(part, values)})"
        case AllOf(parts):
            return _joined([to_expression(part, values) for part in parts], "and", EVERYTHING)
        case AnyOf(parts):
            return _joined([to_expression(part, values) for part in parts], "or", NOTHING)


def is_one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column of strings has one of these, which are digits: nothing in them needs quotes."""
    return f"({column} in {_listed(values)})"


def _joined(parts: list[str], word: str, empty: str) -> str:
    return f"({f' {word} '.join(parts) or empty})"


def _condition(where: Where, values: Values) -> str:
    field, value = where.field, where.value
    match where.op:
        case "exists":
            return _labelled("there", field)
        case "has":
            return _labelled("has", list_item(field, value))
        case "=":
            return _labelled("is", field, sortable(value))
        case "in":
            return _any_of(field, map(sortable, value))
        case "!=":
            equal = _labelled("is", field, sortable(value))
            return f"({_labelled('scalar', field)} and not {equal})"
        case "~":
            return _glob(where, values)
    if isinstance(value, bool):
        return f"({NOTHING})"
    first, beyond = kind_range(value)
    return _between(field, (where.op, _hexed(sortable(value))), (">=", first), ("<", beyond))


def _glob(where: Where, values: Values) -> str:
    """What is only a beginning is a range; for another glob, the existing strings show which match."""
    begins = where.value.split("*")[0].split("?")[0]
    if begins == where.value:
        return _labelled("is", where.field, sortable(begins))
    text = _hexed(sortable(begins))
    # No digit is above f.
    chosen = _between(where.field, (">=", text), ("<", f"{text}g" if begins else kind_range("")[1]))
    if where.value.rstrip("*") == begins:
        return chosen
    wanted = {text for text in values(where.field, chosen) if matches(where, {where.field: text})}
    return _any_of(where.field, map(sortable, sorted(wanted)))


def _between(field: str, *bounds: tuple[str, str]) -> str:
    """Comparisons of a field that is there."""
    column = f'fields["{_column(field)}"]'
    compared = [f'{column} {op} "{text}"' for op, text in bounds]
    return _joined([_labelled("ordered", field), *compared], "and", EVERYTHING)


def _labelled(*parts: str) -> str:
    return f'(array_contains(labels, "{stable_id(*parts)}"))'


def _any_of(field: str, texts: Iterable[str]) -> str:
    labels = [stable_id("is", field, text) for text in texts]
    return f"(array_contains_any(labels, {_listed(labels)}))" if labels else f"({NOTHING})"


def _listed(values: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _column(name: str) -> str:
    return f"f{stable_id(name)}"


def _hexed(text: str) -> str:
    return f"s{text[1:].encode('utf-8', 'surrogatepass').hex()}" if text[0] == "s" else text
