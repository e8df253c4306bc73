"""The row of a table that has the most or the least of something: the cheapest, the longest, the fewest.

The rows are those that meet the question's conditions (`selection.py`), of a table whose first column is what
`which X` asks for, where there is one. The column is the one of numbers whose name follows the adjective
(`largest fuel tank`), or has the noun of the adjective (`longest`: length), or whose every word stands in the
question where no single one has that. Nothing is taken where two columns fit. A row that is a sum is left
out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from rag.text.tables import Cell, Row
from rag.types import Chunk

from .selection import Analyze, is_sum, selection, table_of

Direction = Literal["most", "least"]

_DATES = "date year built made founded established bought purchased acquired since joined born"
_ADJECTIVES: dict[str, tuple[tuple[Direction, str], ...]] = {
    "oldest": (("least", _DATES), ("most", "age")),
    "newest|youngest|latest|most recent(?:ly)?": (("most", _DATES), ("least", "age")),
    "earliest": (("least", f"{_DATES} time start begin depart departure open"),),
    "most expensive|dearest|costliest": (("most", "price cost fee rate"),),
    "cheapest|least expensive|most affordable": (("least", "price cost fee rate"),),
    r"(?:been|here|with us|served|worked)(?: \w+){0,4} longest": (("least", "since joined"),),
    "longest": (("most", "length duration"),),
    "shortest": (("least", "length duration height"),),
    "heaviest": (("most", "weight"),),
    "lightest": (("least", "weight"),),
    "tallest|highest": (("most", "height"),),
    "deepest": (("most", "depth draught"),),
    "widest|broadest": (("most", "width beam"),),
    "narrowest": (("least", "width beam"),),
    "fastest|quickest": (("most", "speed"),),
    "slowest": (("least", "speed"),),
    "biggest|largest|greatest|maximum": (("most", "size area capacity"),),
    "smallest|minimum": (("least", "size area capacity"),),
    "lowest": (("least", "height"),),
    "most|max": (("most", ""),),
    "least|fewest|min": (("least", ""),),
}
_COMPILED = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), ways) for words, ways in _ADJECTIVES.items()]
_NOT = re.compile(
    r"\bat (?:the )?(?:most|least|latest|earliest)\b|\bmost of\b|\b(?:most|least) (?:important|likely)"
    r"|\b(?:latest|newest|most recent) (?:version|edition|release|news|update)s?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?![A-Za-z]+-\d)\D{0,5}?(-?\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)\D{0,12}")
_MOMENT = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)|(?P<day2>\d\d)\.(?P<month2>\d\d)\.(?P<year2>\d{4}))?"
    r"(?:(?:^|[ T])(?P<hour>\d\d):(?P<minute>\d\d))?"
)
_WHICH = re.compile(
    r"\W*(?:who|whose|where|(?:which|what)(?: of (?:our|the|your|these|all)(?: the)?)?"
    r"(?! (?:is|are|was|were)\b) (?P<noun>[\w-]+))",
    re.IGNORECASE,
)
_NUMERIC = 0.8  # share of the rows whose cell of a column has a number
_UNIT = re.compile(
    r"\([^)]{0,40}\)|\[[^\]]{0,40}\]|\b(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|kg|km|m|mm|cm|h|kW|%)(?!\w)|[€$£%]"
)
_FEWEST = 2


class Extreme(NamedTuple):
    """The rows with the most or the least in `column`, of `of` rows; in the document of `hits[place]`."""

    place: int
    rows: tuple[Row, ...]
    of: int
    column: str
    direction: Direction
    unexplained: frozenset[str]

    @property
    def description(self) -> str:
        """What the rows are: `highest of 12 values of “Price”`."""
        word = "highest" if self.direction == "most" else "lowest"
        return f"{word} of {self.of} values of “{self.column}”"


def directions_of(question: str) -> tuple[tuple[Direction, str], ...]:
    """Whether a question asks for the most or the least of something, and the nouns of its adjective.

    Several where that depends on the column (the oldest has the highest age, and the earliest year); empty
    where it asks for neither.
    """
    if _NOT.search(question):
        return ()
    return next((ways for words, ways in _COMPILED if words.search(question)), ())


def key_of(question: str, row: Row, analyze: Analyze) -> Cell | None:
    """The cell that says what has the most, where that is asked for rather than how much it is.

    It is that of the column which the question names (`which concert`), or else the first.
    """
    match = _WHICH.match(question)
    if not match:
        return None
    noun = set(analyze(match["noun"] or ""))
    return next((cell for cell in row.cells if noun & set(analyze(cell.name))), row.cells[0])


def is_keyed_by(question: str, chunk: Chunk, text: str, analyze: Analyze) -> bool:
    """Whether the first column of a chunk's table, its title or its heading is what `which X` asks for."""
    match = _WHICH.match(question)
    rows = table_of(chunk, text)
    named = f"{rows[0].names[0]} {chunk.title} {chunk.heading}" if rows else ""
    return bool(match and set(analyze(match["noun"] or "")) & set(analyze(named)))


def extreme(
    question: str,
    place: int,
    chunk: Chunk,
    text: str,
    analyze: Analyze,
) -> Extreme | None:
    """What the question selects of a chunk's table; None where it asks for no extreme, or no column is clear.

    `text` is that of the chunk's document.
    """
    wanted = directions_of(question)
    selected = selection(question, place, chunk, text, analyze) if wanted else None
    if selected is None:
        return None
    rows = [row for row in selected.rows if not is_sum(row)]
    met = {column for column, _ in selected.conditions}
    values = {
        name: amounts
        for name in dict.fromkeys(name for row in rows for name in row.names)
        if name
        and name not in met
        and len(amounts := _amounts(rows, name)) >= max(_FEWEST, _NUMERIC * len(rows))
    }
    direction, nouns, column = next(
        (
            (way, nouns, column)
            for way, nouns in wanted
            if (column := _column(question, nouns, list(values), analyze))
        ),
        (wanted[0][0], "", ""),
    )
    if not column:
        return None
    best = (max if direction == "most" else min)(values[column].values())
    chosen = [row for at, row in enumerate(rows) if values[column].get(at) == best]
    known = {
        *analyze(column),
        *analyze(nouns),
        *analyze(" ".join(word for words in _ADJECTIVES for word in words.split("|"))),
    }
    return Extreme(place, tuple(chosen), len(rows), column, direction, selected.unexplained - known)


def _amounts(rows: Sequence[Row], column: str) -> dict[int, Decimal]:
    """Place of a row → the number in its cell, where that has just one, or a date or a time as a number.

    Empty where some cells are dates or times and others are numbers.
    """
    cells = [(at, cell.text) for at, row in enumerate(rows) for cell in row.cells if cell.name == column]
    moments = {at: moment for at, text in cells if (moment := _moment(text)) is not None}
    numbers = {at: match[1] for at, text in cells if at not in moments and (match := _NUMBER.fullmatch(text))}
    if moments and numbers:
        return {}
    return moments or {at: Decimal(re.sub(r"[,' ]", "", number)) for at, number in numbers.items()}


def _moment(cell: str) -> Decimal | None:
    """A date, a time or both as year, month, day, hour and minute in one number."""
    match = _MOMENT.fullmatch(cell)
    if not match:
        return None
    parts = {name.rstrip("2"): value for name, value in match.groupdict().items() if value}
    return Decimal("".join(parts.get(name, "00") for name in ("year", "month", "day", "hour", "minute")))


def _column(question: str, nouns: str, names: Sequence[str], analyze: Analyze) -> str:
    asked, wanted = set(analyze(question)), set(analyze(nouns))
    terms = {name: set(analyze(_UNIT.sub(" ", name))) for name in names}
    after = next(
        (list(analyze(question[m.end() :])) for words, _ in _COMPILED if (m := words.search(question))), []
    )
    following = [name for name in names if terms[name] and set(after[: len(terms[name])]) == terms[name]]
    if len(following) == 1:
        return following[0]
    fitting = [name for name in names if terms[name] & wanted]
    if len(fitting) != 1:
        fitting = [name for name in names if terms[name] and terms[name] <= asked]
    return fitting[0] if len(fitting) == 1 else ""
