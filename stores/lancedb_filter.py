"""A filter as SQL (DataFusion) over the rows of a LanceDB table, equal to `where.matches` on every value.

Built-in fields are columns; the rest, and the page, is a map of strings that sort as the values do
(`sortable.py`), and the items of lists are one list of strings. Every condition is true or false, never
null, so that NOT is safe.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .sortable import kind_range, list_item, sortable
from .where import AllOf, AnyOf, Filter, NotOf, Where

_TEXTS = ("source", "title", "document_id", "heading")


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


def _sure(sql: str) -> str:
    return f"coalesce({sql}, false)"


def _on_metadata(where: Where) -> str:
    value = f"map_extract(fields, {quoted(where.field)})[1]"
    if where.op == "has":
        return _sure(f"array_has(items, {quoted(list_item(where.field, where.value))})")
    if where.op == "exists":
        return f"({value} IS NOT NULL)"
    return _compared(value, where)


def _on_text(where: Where) -> str:
    """Built-in fields, columns of strings. Values of two kinds are never equal, and never ordered."""
    if where.op == "exists":
        return f"({where.field} IS NOT NULL)"
    if where.op == "in":
        return _sure(one_of(where.field, (item for item in where.value if isinstance(item, str))))
    if where.op == "has" or not isinstance(where.value, str):
        return f"({where.field} IS NOT NULL)" if where.op == "!=" else "false"
    if where.op == "~":
        return _sure(f"{where.field} LIKE {quoted(_like(where.value))}")
    return _sure(f"{where.field} {where.op} {quoted(where.value)}")


def _compared(value: str, where: Where) -> str:
    match where.op:
        case "has":
            return "false"
        case "~":
            return _sure(f"{value} LIKE {quoted(sortable(_like(where.value)))}")
        case "in":
            return _sure(one_of(value, map(sortable, where.value)))
        case "=":
            return _sure(f"{value} = {quoted(sortable(where.value))}")
        case "!=":
            return _sure(f"{value} <> {quoted(sortable(where.value))} AND {value} < 'x'")
    if isinstance(where.value, bool):
        return "false"
    first, beyond = kind_range(where.value)
    wanted: Any = quoted(sortable(where.value))
    return _sure(f"{value} {where.op} {wanted} AND {value} >= {quoted(first)} AND {value} < {quoted(beyond)}")


def _like(glob: str) -> str:
    """A glob as a LIKE pattern, whose escape is the backslash."""
    wild = {"*": "%", "?": "_", "%": "\\%", "_": "\\_", "\\": "\\\\"}
    return "".join(wild.get(char, char) for char in glob)
