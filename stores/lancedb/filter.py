"""A filter as SQL (DataFusion) over the rows of a LanceDB table, equal to `where.matches` on every value.

The built-in fields of documents are columns. All others are one text a row, in which SQL finds a field by its
name; values in it sort as they should (`engine/sortable.py`). That is some twenty times faster than a column
of Arrow maps. Every condition is true or false, never null, so that NOT is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..engine.sortable import ITEM_SIGN, kind_range, list_items, sortable, sortable_fields
from ..where import AllOf, AnyOf, Filter, NotOf, Where

_TEXTS = ("source", "title", "document_id", "heading")
_MARK = "\x01"
_APART = str.maketrans({"\x01": "\x02\x03", "\x02": "\x02\x04"})  # keeps the order, and the mark for us


def field_text(fields: Mapping[str, Any]) -> str:
    """Every field that is not null, as a mark twice, its name, a mark, its value, and one mark at the end."""
    entries = [_entry(name, value) for name, value in sortable_fields(fields).items()]
    return "".join(entries) + _MARK


def item_text(fields: Mapping[str, Any]) -> str:
    """The items of all lists, in the same form."""
    entries = [_entry(*item.split(ITEM_SIGN, 1)) for item in list_items(fields)]
    return "".join(entries) + _MARK


def _entry(name: str, value: str) -> str:
    return f"{_MARK}{_MARK}{name}{_MARK}{value.translate(_APART)}"


def to_sql(where: Filter) -> str:
    """An SQL expression that is true or false for every row."""
    match where:
        case Where(field) if field in _TEXTS:
            return _on_text(where)
        case Where():
            return _on_metadata(where)
        case NotOf(part):
            return f"(NOT {to_sql(part)})"
        case AllOf(parts):
            return _joined([to_sql(part) for part in parts], "AND", "true")
        case AnyOf(parts):
            return _joined([to_sql(part) for part in parts], "OR", "false")


def quoted(text: str) -> str:
    """A string as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """Whether a column has one of these values."""
    listed = ", ".join(map(quoted, dict.fromkeys(values)))
    return f"({column} IN ({listed}))" if listed else "false"


def _joined(parts: list[str], word: str, empty: str) -> str:
    return f"({f' {word} '.join(parts)})" if parts else empty


def _on_metadata(where: Where) -> str:
    if where.op == "has":
        return f"contains(items, {quoted(_entry(where.field, sortable(where.value)) + _MARK)})"
    # What stands between the field's name and the next mark; an empty string where there is no such field.
    value = f"split_part(split_part(fields, {quoted(_entry(where.field, ''))}, 2), {quoted(_MARK)}, 1)"
    match where.op:
        case "exists":
            return f"({value} <> '')"
        case "~":
            return f"({value} LIKE {_encoded(_like(where.value))})"
        case "in":
            return one_of(value, (sortable(item).translate(_APART) for item in where.value))
        case "=":
            return f"({value} = {_encoded(where.value)})"
        case "!=":
            return f"({value} <> {_encoded(where.value)} AND {value} > '' AND {value} < 'x')"
    if isinstance(where.value, bool):
        return "false"
    first, beyond = kind_range(where.value)
    wanted = _encoded(where.value)
    return f"({value} {where.op} {wanted} AND {value} >= {quoted(first)} AND {value} < {quoted(beyond)})"


def _on_text(where: Where) -> str:
    """Built-in fields, columns of strings. Values of two kinds are never equal, and never ordered."""
    if where.op == "exists":
        return "true"
    if where.op == "in":
        return one_of(where.field, (item for item in where.value if isinstance(item, str)))
    if where.op == "has" or not isinstance(where.value, str):
        return "true" if where.op == "!=" else "false"
    if where.op == "~":
        return f"({where.field} LIKE {quoted(_like(where.value))})"
    return f"({where.field} {where.op} {quoted(where.value)})"


def _encoded(value: Any) -> str:
    return quoted(sortable(value).translate(_APART))


def _like(glob: str) -> str:
    """A glob as a LIKE pattern, whose escape is the backslash."""
    wild = {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}
    return "".join(wild.get(char, char) for char in glob)
