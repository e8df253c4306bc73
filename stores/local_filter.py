"""A filter as SQL over the local store's tables, equal to `where.matches` on every value.

SQLite's own comparisons differ from the reference (missing values, types, booleans stored as 1), so every
condition is made to be 0 or 1 and checks the JSON type first.
"""

from __future__ import annotations

from typing import Any

from .where import AllOf, AnyOf, Filter, NotOf, Where, leaves

_COLUMNS = {
    "source": "document.source",
    "title": "document.title",
    "document_id": "document.id",
    "page": "chunk.page",
    "heading": "chunk.heading",
}
_NUMBER = "('integer', 'real')"


def needs_chunks(where: Filter) -> bool:
    """Whether any condition looks at a chunk rather than at its document."""
    return any(leaf.field in ("page", "heading") for leaf in leaves(where))


def to_sql(where: Filter) -> tuple[str, list[Any]]:
    """An SQL expression that is 1 or 0, and its parameters."""
    match where:
        case Where():
            return _condition(where)
        case NotOf(part):
            sql, values = to_sql(part)
            return f"(NOT {sql})", values
        case AllOf(parts):
            return _join(parts, "AND", "1")
        case AnyOf(parts):
            return _join(parts, "OR", "0")


def _join(parts: tuple[Filter, ...], word: str, empty: str) -> tuple[str, list[Any]]:
    found = [to_sql(part) for part in parts]
    sql = f" {word} ".join(sql for sql, _ in found)
    return (f"({sql})" if found else empty), [value for _, values in found for value in values]


def _condition(where: Where) -> tuple[str, list[Any]]:
    if where.field in _COLUMNS:
        return _on_column(_COLUMNS[where.field], where)
    return _on_metadata(where)


def _on_column(column: str, where: Where) -> tuple[str, list[Any]]:
    """Built-in fields: strings, but for `page`, which is a number or missing."""
    if where.op == "exists":
        return f"({column} IS NOT NULL)", []
    kind = "'integer'" if where.field == "page" else "'text'"
    return _compare(column, f"iif({column} IS NULL, 'null', {kind})", where)


def _on_metadata(where: Where) -> tuple[str, list[Any]]:
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


def _compare(value: str, kind: str, where: Where, before: list[Any] | None = None) -> tuple[str, list[Any]]:
    """`value op ?` where the JSON type `kind` fits. `before`: parameters of `value` and of `kind` each."""
    before = before or []
    match where.op:
        case "in":
            return _join_any(value, kind, where, before)
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
    wanted_value = where.value
    if isinstance(wanted_value, int) and not -(2**63) <= wanted_value < 2**63:
        wanted_value = float(wanted_value)  # SQLite's integers have 64 bits
    fits = "= 'text'" if isinstance(where.value, str) else f"IN {_NUMBER}"
    return (
        f"(coalesce({kind}, '') {fits} AND {value} {where.op} ?)",
        [*before, *before, wanted_value],
    )


def _join_any(value: str, kind: str, where: Where, before: list[Any]) -> tuple[str, list[Any]]:
    """`in`: any one of the values is equal."""
    parts = [_compare(value, kind, Where(where.field, "=", item), before) for item in where.value]
    sql = " OR ".join(sql for sql, _ in parts) or "0"
    return f"({sql})", [item for _, values in parts for item in values]
