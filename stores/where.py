"""Filters over documents and chunks: values, and the reference evaluator. `where_text.py` reads them.

    source ~ "guides/*" and year >= 2024 and not (lang in ["de", "fr"] or draft = true)

Fields are `source`, `title`, `page`, `heading`, `document_id`, and any key of the metadata. The rules,
which every store must match (`matches` is the reference):

- A field that is missing or null matches nothing but `not …`; so `lang != "de"` wants `lang` to be there.
- Numbers compare with numbers, strings with strings (by code point), booleans with booleans by = and !=
  only; values of different types are never equal and never ordered. Integers beyond 64 bits compare as
  floats do.
- `~` is a glob over the whole string: `*` any run of characters, `?` any one; case counts.
- `has` looks into a list: `tags has "draft"`. Only `has` and `exists` look at lists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from rag.errors import FilterError
from rag.types import Chunk

Op = Literal["=", "!=", "<", "<=", ">", ">=", "in", "~", "has", "exists"]
CHUNK_FIELDS = ("page", "heading")
DOCUMENT_FIELDS = ("source", "title", "document_id")


MOST_CONDITIONS = 600
"""Conditions in a filter; `in` takes any number of values in one."""
DEEPEST = 24
"""`and`, `or` and `not` inside each other: the parsers of databases take no more."""


class _Combines:
    """`a & b`, `a | b` and `~a` on filters."""

    __slots__ = ()

    def __and__(self: Any, other: Filter) -> AllOf:
        return AllOf((self, other))

    def __or__(self: Any, other: Filter) -> AnyOf:
        return AnyOf((self, other))

    def __invert__(self: Any) -> NotOf:
        return NotOf(self)


@dataclass(frozen=True, slots=True)
class Where(_Combines):
    """One condition: `Where("year", ">=", 2024)`, `Where("author", "exists")`.

    Raises FilterError for an operator or a value that cannot mean anything.
    """

    field: str
    op: Op
    value: Any = True

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\W\d][\w.\-]*", self.field):
            raise FilterError(
                f"{self.field!r} is no field name: expected letters, digits, _ . - and a letter first"
            )
        if self.op not in get_args(Op):
            raise FilterError(f"operator {self.op!r} is unknown: expected one of {', '.join(get_args(Op))}")
        if self.op == "in" and isinstance(self.value, list | set | frozenset):
            object.__setattr__(self, "value", tuple(self.value))
        if (self.op == "in") != isinstance(self.value, tuple):
            raise FilterError(
                f"{self.field} {self.op} {self.value!r}: `in` takes a list, the others one value"
            )
        if self.op == "~" and not isinstance(self.value, str):
            raise FilterError(f'{self.field} ~ {self.value!r}: a glob is a string, such as "guides/*"')
        for value in self.value if isinstance(self.value, tuple) else (self.value,):
            if not isinstance(value, str | int | float | bool) or value != value:
                raise FilterError(f"{value!r} is no filter value: expected a string, a number or a boolean")
            if isinstance(value, str) and not _is_unicode(value):
                raise FilterError(f"{value!r} is no filter value: half of a surrogate pair is no character")


@dataclass(frozen=True, slots=True)
class AllOf(_Combines):
    """Every part holds; with no parts, always true.

    Raises FilterError for more than `MOST_CONDITIONS` conditions, or parts nested deeper than `DEEPEST`.
    """

    parts: tuple[Filter, ...]
    size: tuple[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _measure(self, self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf(_Combines):
    """At least one part holds; with no parts, never true. Raises FilterError as `AllOf` does."""

    parts: tuple[Filter, ...]
    size: tuple[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _measure(self, self.parts)


@dataclass(frozen=True, slots=True)
class NotOf(_Combines):
    """The part does not hold, also where its field is missing. Raises FilterError as `AllOf` does."""

    part: Filter
    size: tuple[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _measure(self, (self.part,))


Filter: TypeAlias = Where | AllOf | AnyOf | NotOf


def _measure(filter_: Any, parts: tuple[Filter, ...]) -> None:
    """Keeps how many conditions are in the parts, and how deep; each of them has been measured itself."""
    sizes = [(1, 0) if isinstance(part, Where) else part.size for part in parts]
    conditions, depth = sum(value for value, _ in sizes), 1 + max((value for _, value in sizes), default=0)
    if conditions > MOST_CONDITIONS:
        raise FilterError(
            f"the filter has {conditions:,} conditions or more, expected at most {MOST_CONDITIONS}: many "
            "values of one field go into one list, `year in [2023, 2024]`"
        )
    if depth > DEEPEST:
        raise FilterError(
            f"the filter nests `and`, `or` and `not` deeper than {DEEPEST}: write it flatter, or ask twice"
        )
    object.__setattr__(filter_, "size", (conditions, depth))


def leaves(where: Filter) -> Iterator[Where]:
    """Every condition in a filter, left to right."""
    match where:
        case Where():
            yield where
        case NotOf(part):
            yield from leaves(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)


def fields_of(chunk: Chunk) -> dict[str, Any]:
    """The fields a filter sees of a chunk: its metadata, and the built-in names over them."""
    return {
        **chunk.metadata,
        "source": chunk.source,
        "title": chunk.title,
        "document_id": chunk.document_id,
        "page": chunk.page,
        "heading": chunk.heading,
    }


def matches(where: Filter, fields: Mapping[str, Any]) -> bool:
    """The reference evaluator: does the filter hold for these fields?"""
    match where:
        case AllOf(parts):
            return all(matches(part, fields) for part in parts)
        case AnyOf(parts):
            return any(matches(part, fields) for part in parts)
        case NotOf(part):
            return not matches(part, fields)
        case Where(name, op, value):
            return _holds(op, fields.get(name), value)


def _holds(op: Op, have: Any, want: Any) -> bool:
    if have is None:
        return False
    if op == "exists":
        return True
    if isinstance(have, list | tuple):
        return op == "has" and any(_equal(item, want) for item in have)
    if isinstance(have, dict):
        return False
    match op:
        case "=":
            return _equal(have, want)
        case "!=":
            return not _equal(have, want)
        case "in":
            return isinstance(want, tuple) and any(_equal(have, item) for item in want)
        case "~":
            return isinstance(have, str) and _glob(str(want)).fullmatch(have) is not None
        case "has":
            return False
    if _kind(have) != _kind(want) or _kind(have) == "boolean":
        return False
    have, want = as_64_bits(have), as_64_bits(want)
    order: dict[str, bool] = {"<": have < want, "<=": have <= want, ">": have > want, ">=": have >= want}
    return order[op]


def _kind(value: Any) -> str:
    """`boolean`, `number` or `string`: only values of one kind compare."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _equal(have: Any, want: Any) -> bool:
    return _kind(have) == _kind(want) and bool(as_64_bits(have) == as_64_bits(want))


def as_64_bits(value: Any) -> Any:
    """A value as stores keep it: an integer that 64 bits do not hold becomes a float, at last infinity."""
    if not isinstance(value, int) or -(2**63) <= value < 2**63:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_unicode(text: str) -> bool:
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _glob(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(char) or re.escape(char) for char in pattern), re.DOTALL)
