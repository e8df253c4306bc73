"""A filter as SQL over the tables `document` d and `chunk` c, equal to `where.matches` on every value.

Metadata is looked at in the column `fields`: its JSON, with numbers written so that PostgreSQL's exact
`numeric` compares them as Python does. Every condition is true or false, never null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..where import CHUNK_FIELDS, Filter, Where, as_64_bits, leaves
from ..where_sql import Sql, sql_of

_COLUMNS = {"source": "d.source", "title": "d.title", "document_id": "d.id", "heading": "c.heading"}
_BEYOND = 10**400  # stands for an infinite float, which JSON does not have


def needs_chunks(where: Filter) -> bool:
    """Whether any condition looks at a chunk rather than at its document."""
    return any(leaf.field in CHUNK_FIELDS for leaf in leaves(where))


def to_sql(where: Filter | None) -> Sql:
    """An SQL condition, and its parameters."""
    return ("true", []) if where is None else sql_of(where, _condition)


def fields_text(metadata: Mapping[str, Any]) -> str:
    """The JSON of the column `fields`."""
    return json.dumps(_exact(dict(metadata)), ensure_ascii=False)


def _exact(value: Any) -> Any:
    """The value with its numbers as integers where they are whole: their digits are then all there."""
    if isinstance(value, Mapping):
        return {str(name): _exact(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    kept = as_64_bits(value)
    if math.isinf(kept):
        return _BEYOND if kept > 0 else -_BEYOND
    return int(kept) if kept == int(kept) else kept


def _number(value: Any) -> Decimal:
    exact = _exact(value)
    return Decimal(exact) if isinstance(exact, int) else Decimal(repr(exact))


def _condition(where: Where) -> Sql:
    if where.field in _COLUMNS:
        return _on_text(_COLUMNS[where.field], where)
    if where.field == "page":
        return _on_page(where)
    return _on_metadata(where)


def _on_text(column: str, where: Where) -> Sql:
    """Built-in strings, which are always there and sorted by code point."""
    value = where.value
    match where.op:
        case "exists":
            return "true", []
        case "has":
            return "false", []
        case "~":
            return f"({column} LIKE %s)", [_like(value)]
        case "in":
            return f"({column} = ANY(%s))", [[text for text in value if isinstance(text, str)]]
        case "!=" if not isinstance(value, str):
            return "true", []
    if not isinstance(value, str):
        return "false", []
    return f"({column} {_sign(where)} %s)", [value]


def _on_page(where: Where) -> Sql:
    """A number, or null."""
    value = where.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match where.op:
        case "exists":
            return "(c.page IS NOT NULL)", []
        case "has" | "~":
            return "false", []
        case "in":
            numbers = [_number(number) for number in value if not isinstance(number, str | bool)]
            return "coalesce(c.page = ANY(%s::numeric[]), false)", [numbers]
        case "!=" if not is_number:
            return "(c.page IS NOT NULL)", []
    if not is_number:
        return "false", []
    return f"coalesce(c.page {_sign(where)} %s::numeric, false)", [_number(value)]


def _on_metadata(where: Where) -> Sql:
    name, value = where.field, where.value
    field = "(d.fields -> %s)"
    text = f"(({field} #>> '{{}}') COLLATE \"C\")"
    match where.op:
        case "exists":
            return f"coalesce(jsonb_typeof{field} <> 'null', false)", [name]
        case "=":
            return "(d.fields @> %s::jsonb)", [fields_text({name: value})]
        case "has":
            return "(d.fields @> %s::jsonb)", [fields_text({name: [value]})]
        case "in":
            wanted = [fields_text({name: item}) for item in value]
            return "(d.fields @> ANY(%s::jsonb[]))", [wanted]
        case "!=":
            single = f"coalesce(jsonb_typeof{field} IN ('string', 'number', 'boolean'), false)"
            return f"({single} AND NOT d.fields @> %s::jsonb)", [name, fields_text({name: value})]
        case "~":
            return f"coalesce(jsonb_typeof{field} = 'string' AND {text} LIKE %s, false)", [
                name,
                name,
                _like(value),
            ]
    if isinstance(value, bool):
        return "false", []
    if isinstance(value, str):
        sql = f"coalesce(jsonb_typeof{field} = 'string' AND {text} {where.op} %s, false)"
        return sql, [name, name, value]
    # CASE, since PostgreSQL may otherwise cast a string to a number before it looks at its type.
    sql = f"CASE WHEN jsonb_typeof{field} = 'number' THEN {field}::numeric {where.op} %s ELSE false END"
    return sql, [name, name, _number(value)]


def _sign(where: Where) -> str:
    return "<>" if where.op == "!=" else where.op


def _like(glob: str) -> str:
    """A glob as a LIKE pattern."""
    wild = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"}
    return "".join(wild.get(char, char) for char in glob)
