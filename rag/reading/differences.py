"""By how much something changed: the difference of two numbers of tables, with the rows that have them.

The two numbers stand in one row, under two columns that the question names (`between 2030 and 2031`), or in
the same column of two rows with the same first cell, in tables that differ by a number in their name, heading
or file (`Prices 2030`, `Prices 2031`). Where the question names numbers, they say which two. Nothing is said
where a cell has no number or more than one, where the units differ, or where more than two would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.types import Hit

from .cells import column_of
from .choice import Judged
from .units import Unit

_ASKS = re.compile(
    r"\bby how (?:much|many)\b|\bhow (?:much|many) (?:more|less|fewer|higher|lower|dearer|cheaper|heavier"
    r"|longer|shorter|larger|smaller)\b|\bhow (?:much|many)\b[^?]{1,200}\b(?:ris(?:e|en)|rose|increas\w+"
    r"|fall(?:en)?|fell|drop(?:ped)?|decreas\w+|gr[eo]wn?|chang\w+|(?:gone?|went) (?:up|down))\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"%|\bper ?cent|\bpercentage|\bshare\b|\btimes\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<before>[^\d\s,.+-]{0,4}\s?)(?P<number>[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?)"
    r"(?P<after>\s?[^\d]{0,12})"
)
_DIGITS = re.compile(r"\d+")
_ROWS = 8  # of the rows judged best, those that are looked at


class Difference(NamedTuple):
    """Two cells, as they stand, and what is between them; `rows` are the units that have them, one or two."""

    rows: tuple[Judged, ...]
    name: str
    before: str
    after: str
    amount: str

    @property
    def text(self) -> str:
        """`Pump, Price EUR: 2,950 − 2,810 = 140.`"""
        return f"{self.name}: {self.after} − {self.before} = {self.amount}."


def asks_difference(question: str) -> bool:
    """Whether a question asks by how much something changed or is more, and not by what share."""
    return bool(_ASKS.search(question)) and not _SHARE.search(question)


def difference(question: str, judged: Sequence[Judged], hits: Sequence[Hit]) -> Difference | None:
    """The difference that the question asks for; None where it is not clear between which numbers."""
    rows = [one for one in judged if one.unit.kind == "row"][:_ROWS]
    for one in rows:
        found = _of_columns(question, one) or _of_tables(question, one, rows, hits)
        if found:
            return found
    return None


def _of_columns(question: str, one: Judged) -> Difference | None:
    """Between two columns of a row that the question names, in their order."""
    named = [
        (name, cell)
        for name, cell in _cells(one.unit)
        if name and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", question, re.IGNORECASE)
    ]
    if len(named) != 2:
        return None
    (first, before), (second, after) = named
    return _between(one.unit, f"{_key(one.unit)}, {first} to {second}", before, after, (one,))


def _of_tables(question: str, one: Judged, rows: Sequence[Judged], hits: Sequence[Hit]) -> Difference | None:
    """Between the same column of two rows with the same first cell, in tables of two years or versions."""
    column = column_of(one.unit, one.span)
    others = [other for other in rows if column and _is_same(one.unit, other.unit, column, hits)]
    asked = set(_DIGITS.findall(question))
    named = {number for row in (one, *others) for number in _numbers(row.unit, hits)} & asked
    if len(named) > 1:
        others = [
            other for other in others if named <= {*_numbers(one.unit, hits), *_numbers(other.unit, hits)}
        ]
    if len(others) != 1:
        return None
    old, new = sorted((one, others[0]), key=lambda row: _numbers(row.unit, hits))
    before, after = (dict(_cells(row.unit))[column] for row in (old, new))
    return _between(one.unit, f"{_key(one.unit)}, {column}", before, after, (old, new))


def _between(unit: Unit, name: str, before: str, after: str, rows: tuple[Judged, ...]) -> Difference | None:
    first, second = _NUMBER.fullmatch(before), _NUMBER.fullmatch(after)
    if not first or not second or first["before"] != second["before"] or first["after"] != second["after"]:
        return None
    old, new = (Decimal(match["number"].replace(",", "")) for match in (first, second))
    if old == new:
        return None
    said = f"{new - old:,}" if "," in before + after else str(new - old)
    return Difference(rows, name, before, after, said)


def _is_same(unit: Unit, other: Unit, column: str, hits: Sequence[Hit]) -> bool:
    """Whether another row is about the same thing, in a table whose name has other numbers."""
    return (
        column in dict(_cells(other))
        and _key(unit).lower() == _key(other).lower()
        and _numbers(unit, hits) != _numbers(other, hits)
        and _bare(unit, hits) == _bare(other, hits)
    )


def _cells(unit: Unit) -> Iterator[tuple[str, str]]:
    for (first, last, _), name in zip(unit.pieces, unit.columns(), strict=True):
        yield name, unit.view[first:last]


def _key(unit: Unit) -> str:
    return next((cell for _, cell in _cells(unit)), "")


def _place(unit: Unit, hits: Sequence[Hit]) -> str:
    """Where a table stands: its file, its title and its headings."""
    chunk = hits[unit.place].chunk
    return f"{chunk.source.rpartition('/')[2]} {chunk.title} {unit.context}"


def _numbers(unit: Unit, hits: Sequence[Hit]) -> list[str]:
    return _DIGITS.findall(_place(unit, hits))


def _bare(unit: Unit, hits: Sequence[Hit]) -> str:
    return _DIGITS.sub("#", _place(unit, hits)).lower()
