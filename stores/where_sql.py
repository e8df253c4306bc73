"""A filter as SQL with parameters: `and`, `or` and `not`, alike in every dialect; conditions are its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .where import AllOf, AnyOf, Filter, NotOf, Where

Sql = tuple[str, list[Any]]
"""An expression, and its parameters in their order."""


def sql_of(
    where: Filter, condition: Callable[[Where], Sql], *, true: str = "true", false: str = "false"
) -> Sql:
    """The filter as an expression; `condition` writes one leaf, which is true or false and never null."""

    def joined(parts: tuple[Filter, ...], word: str, empty: str) -> Sql:
        conditions = [sql_of(part, condition, true=true, false=false) for part in parts]
        sql = f" {word} ".join(sql for sql, _ in conditions)
        return (f"({sql})" if conditions else empty), [value for _, values in conditions for value in values]

    match where:
        case Where():
            return condition(where)
        case NotOf(part):
            sql, values = sql_of(part, condition, true=true, false=false)
            return f"(NOT {sql})", values
        case AllOf(parts):
            return joined(parts, "AND", true)
        case AnyOf(parts):
            return joined(parts, "OR", false)
