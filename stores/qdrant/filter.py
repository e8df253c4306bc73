"""A filter as Qdrant's conditions, equal to `where.matches` on every value.

Every field is a label, `name␟value` with values as `engine/sortable.py` writes them, which answers what is
equal; numbers stand in a list of their own, which answers what is above or below. The engine compares as
floats, so a number is its float and the rest, which is 0 but for large integers. Qdrant neither orders
strings nor knows globs: for these the values there are of the field are read first, and the matching ones
asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..engine.sortable import list_item, list_items, sortable, sortable_fields
from ..where import AllOf, AnyOf, Filter, NotOf, Where, as_64_bits, matches

if TYPE_CHECKING:
    from qdrant_client import models

Values = Callable[[str], Iterable[str]]
"""All strings that stand in a field, by its name."""

_LARGEST = 1.7976931348623157e308
_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def filtered_payload(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What conditions look at, of a document's or a chunk's fields."""
    scalars = {name: value for name, value in sortable_fields(fields).items() if value != "x"}
    numbers = [
        {"name": name, **dict(zip(("value", "rest"), _in_two(value), strict=True))}
        for name, value in fields.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return {
        "names": [name for name, value in fields.items() if value is not None],
        "scalars": list(scalars),
        "labels": [f"{name}\x1f{value}" for name, value in scalars.items()],
        "items": list_items(fields),
        "numbers": numbers,
    }


def to_conditions(where: Filter, values: Values) -> models.Filter:
    """One filter. `values` is asked for strings only where a condition orders them or is a glob."""
    from qdrant_client import models

    match where:
        case Where():
            return _condition(where, values)
        case NotOf(part):
            return models.Filter(must_not=[to_conditions(part, values)])
        case AllOf(parts):
            return models.Filter(must=[to_conditions(part, values) for part in parts])
        case AnyOf(parts):
            return (
                models.Filter(should=[to_conditions(part, values) for part in parts]) if parts else nothing()
            )


def nothing() -> models.Filter:
    """What no point matches."""
    return is_one_of("kind", ["nothing"])


def is_one_of(key: str, values: Iterable[Any]) -> models.Filter:
    """Whether a field of the payload, or one of a list in it, is among the values."""
    from qdrant_client import models

    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))])


def _condition(where: Where, values: Values) -> models.Filter:
    from qdrant_client import models

    field, value = where.field, where.value
    match where.op:
        case "exists":
            return is_one_of("names", [field])
        case "has":
            return is_one_of("items", [list_item(field, value)])
        case "=":
            return is_one_of("labels", [_label(field, value)])
        case "in":
            return is_one_of("labels", [_label(field, item) for item in value]) if value else nothing()
        case "!=":
            equal = is_one_of("labels", [_label(field, value)])
            return models.Filter(must=[is_one_of("scalars", [field])], must_not=[equal])
    if isinstance(value, bool):
        return nothing()
    if isinstance(value, str):
        wanted = [_label(field, text) for text in values(field) if matches(where, {field: text})]
        return is_one_of("labels", wanted) if wanted else nothing()
    return _beyond(field, where.op, *_in_two(value))


def _beyond(field: str, op: str, value: float, rest: int) -> models.Filter:
    """Numbers of a field on one side of a number: by their floats or, where these are equal, by the rests."""
    from qdrant_client import models

    def between(key: str, **bounds: float) -> models.FieldCondition:
        return models.FieldCondition(key=key, range=models.Range(**bounds))

    strict = {"lt" if op in ("<", "<=") else "gt": value}
    same = models.Filter(
        must=[between("value", gte=value, lte=value), between("rest", **{_BOUNDS[op]: rest})]
    )
    name = models.FieldCondition(key="name", match=models.MatchValue(value=field))
    inner = models.Filter(must=[name, models.Filter(should=[between("value", **strict), same])])
    nested = models.Nested(key="numbers", filter=inner)
    return models.Filter(must=[models.NestedCondition(nested=nested)])


def _label(field: str, value: Any) -> str:
    return f"{field}\x1f{sortable(value)}"


def _in_two(value: int | float) -> tuple[float, int]:
    """A number as a finite float and what is left of an integer that no float is equal to."""
    value = as_64_bits(value)
    if isinstance(value, int):
        return float(value), value - int(float(value))
    if math.isinf(value):
        return math.copysign(_LARGEST, value), int(math.copysign(1, value))
    return value, 0
