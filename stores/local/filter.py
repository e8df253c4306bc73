"""A filter as SQL over the local store's tables, equal to `where.matches` on every value.

SQLite's own comparisons differ from the reference (missing values, types, booleans stored as 1), so every
condition is made to be 0 or 1 and checks the JSON type first.
"""

from __future__ import annotations

from typing import Any

from ..where import Filter, Where, as_64_bits, leaves
from ..where_sql import Sql, sql_of

_COLUMNS = {
    "source": "document.source",
    "title": "document.title",
    "document_id": "document.id",
    "page": "chunk.page",
    "heading": "chunk.heading",
}
_TEXT, _NUMBER = "= 'text'", "IN ('integer', 'real')"


def needs_chunks(where: Filter) -> bool:
    """Whether any condition looks at a chunk rather than at its document."""
    return any(leaf.field in ("page", "heading") for leaf in leaves(where))


def to_sql(where: Filter) -> Sql:
    """An SQL expression that is 1 or 0, and its parameters."""
    return sql_of(where, _condition, true="1", false="0")


def _condition(where: Where) -> Sql:
    if where.field in _COLUMNS:
        return _on_column(_COLUMNS[where.field], where)
    return _on_metadata(where)


def _on_column(column: str, where: Where) -> Sql:
    """Built-in fields: strings, but for `page`, which is a number or missing."""
    if where.op == "exists":
        return f"({column} IS NOT NULL)", []
    kind = "'integer'" if where.field == "page" else "'text'"
    return _compare(column, f"iif({column} IS NULL, 'null', {kind})", where)


def _on_metadata(where: Where) -> Sql:
    path = f'$."{where.field}"'
    if where.op == "exists":
        return "(coalesce(json_type(document.metadata, ?), 'null') <> 'null')", [path]
    if where.op == "has":
        sql, values = _compare("item.value", "item.type", Where(where.field, "=", where.value))
        return (
            "(coalesce(json_type(document.metadata, ?), '') = 'array' AND EXISTS "
            f"(SELECT 1 FROM json_each(document.metadata, ?) AS item WHERE {sql}))",
            [path, path, *values],
        )
    value, kind = "json_extract(document.metadata, ?)", "json_type(document.metadata, ?)"
    sql, values = _compare(value, kind, where, before=[path])
    return sql, values


def _compare(value: str, kind: str, where: Where, before: list[Any] | None = None) -> Sql:
    """`value op ?` where the JSON type `kind` fits. `before`: parameters of `value` and of `kind` each."""
    before = before or []
    match where.op:
        case "in":
            return _among(value, kind, where, before)
        case "has":
            return "0", []
        case "~":
            pattern = str(where.value).replace("[", "[[]")
            return f"(coalesce({kind}, '') = 'text' AND {value} GLOB ?)", [*before, *before, pattern]
        case "!=":
            sql, values = _compare(value, kind, Where(where.field, "=", where.value), before)
            present = f"coalesce({kind}, 'null') NOT IN ('null', 'array', 'object')"
            return f"({present} AND NOT {sql})", [*before, *values]
    if isinstance(where.value, bool):
        wanted = "true" if where.value else "false"
        return (f"(coalesce({kind}, '') = '{wanted}')", before) if where.op == "=" else ("0", [])
    fits = _TEXT if isinstance(where.value, str) else _NUMBER
    return (
        f"(coalesce({kind}, '') {fits} AND {value} {where.op} ?)",
        [*before, *before, as_64_bits(where.value)],
    )


def _among(value: str, kind: str, where: Where, before: list[Any]) -> Sql:
    """`in`: one list for the strings, one for the numbers; a chain of OR would be too deep for SQLite."""
    texts = [item for item in where.value if isinstance(item, str)]
    booleans = [item for item in where.value if isinstance(item, bool)]
    numbers = [as_64_bits(item) for item in where.value if not isinstance(item, str | bool)]
    parts = [_compare(value, kind, Where(where.field, "=", item), before) for item in set(booleans)]
    for fits, wanted in ((_TEXT, texts), (_NUMBER, numbers)):
        if wanted:
            marks = ", ".join("?" * len(wanted))
            sql = f"(coalesce({kind}, '') {fits} AND {value} IN ({marks}))"
            parts.append((sql, [*before, *before, *wanted]))
    return f"({' OR '.join(sql for sql, _ in parts) or '0'})", [item for _, given in parts for item in given]
