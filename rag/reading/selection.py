"""Rows of a table that meet every condition of a question: which they are, how many, and what they sum to.

A condition is a cell that stands in the question, word for word up to endings: `Marina Visby` in the column
`customer`. Two of one column are either's; those of several columns must all be met. A year that is no cell
is met by dates of that year, unless the table's title or heading names it; `May 2031` by dates of that month.
A column that only says yes or no, and that the question names, must say yes (or no: `without`, `not`).
Rows are open (outstanding, pending) where the cell of a column such as `done` or `returned` is blank, and
returned where it is not.
What is left of the question must be explained by the title, the heading or the names of the columns that are
asked about; `unexplained` are the terms that are not. Summed is the column of plain numbers that the question
names, if no row is a sum itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from rag.text.dates import month_of, months_in
from rag.text.questions import counted_in
from rag.text.tables import Row
from rag.types import Chunk

from .units import rows_of

Analyze = Callable[[str], Sequence[str]]

_YEAR = re.compile(r"(?:19|20)\d\d")
_LONE_YEAR = re.compile(r"(?<![\w./-])(?:19|20)\d\d(?![\w/]|[.-]\d)")  # none that is part of a date or a code
_WORD = re.compile(r"\w+")
_PLAIN = (
    "list name show give all every many number count total row record entry have make place get there exist"
    " sum altogether combined overall come came from case cases item items export file table register log"
    " still now only just currently current already yet today moment own possess please compare comparison"
    " both company firm school museum library club organisation business office society association"
)
"""Words that say nothing of which rows are meant."""
_NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_WHOLE = re.compile(rf"\b(?:(?P<number>{'|'.join(_NUMBERS)}|[2-9]|1[0-2])|all|each|every)\b", re.IGNORECASE)
_FEW = 8  # rows of a table that is shown whole
_SUM = re.compile(r"\W*(?:sub-?total|total|sum|gesamt|summe|altogether)\b", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_EDGES = " .:?_*()[]"
_YES = ("yes", "true", "x", "✓", "y", "ja", "oui", "sí", "si")
_NO = ("no", "false", "-", "–", "—", "n", "nein", "non", "0")
_WITHOUT = re.compile(r"\b(?:without|no|not|never|isn't|aren't|wasn't|weren't)\b", re.IGNORECASE)
_STEM = 5  # letters that two forms of a word begin with
_KEY = re.compile(r"\b(?:id|no|nr|number|code|year|page|telephone|phone|postcode|zip)\b", re.IGNORECASE)
"""Names of columns whose numbers are not summed."""
_OPEN = re.compile(
    r"\b(?:open|outstanding|pending|unfinished|unresolved|incomplete|unsettled)\b", re.IGNORECASE
)
_ENDED = re.compile(
    r"(?:(?:date|when|on) )?(?:done|closed|complet\w+|finished|resolved|fixed|settled|returned|ended)"
    r"(?: (?:on|at|by|date))?",
    re.IGNORECASE,
)
"""Names of columns that are blank until a row's matter has ended."""
BLANK, FILLED = "left blank", "filled in"
_LEAST = 4  # letters or digits of a cell that may be a condition without its column's name


class Selection(NamedTuple):
    """Rows of the document of `hits[place]`, in its text; `of` is how many the table has.

    `conditions` are (column, value); `noun` says that rows are counted: by the table's title, its heading, or
    a value that several rows have, and no column of numbers is asked for; `named` that the table is meant, by
    its title, heading or file name, and rows of it by a condition, so that the noun is what they are;
    `total` is the column that is summed, and the sum.
    """

    place: int
    rows: tuple[Row, ...]
    of: int
    conditions: tuple[tuple[str, str], ...]
    unexplained: frozenset[str]
    noun: bool
    named: bool
    total: tuple[str, Decimal] | None = None


def selection(question: str, place: int, chunk: Chunk, text: str, analyze: Analyze) -> Selection | None:
    """The rows of a chunk's table that the question selects; None where the chunk is of no table.

    `text` is that of the chunk's document.
    """
    table = table_of(chunk, text)
    if not table:
        return None
    asked = terms_of(question, analyze)
    about = about_of(chunk, analyze)
    met = _conditions(question, asked, table, about, analyze)
    chosen = [row for row in table if all(_meets(row, column, values) for column, values in met.items())]
    explained = {*about, *plain_words(analyze)}
    for column, values in met.items():
        explained.update(analyze(column), *(analyze(value) for value in values))
        if BLANK in values:
            explained.update(analyze(" ".join(_OPEN.findall(question))))
    total = _total(chosen, asked, met, analyze)
    if total:
        explained.update(analyze(total[0]))
    noun = set(analyze(counted_in(question)))
    given = {term for said in met.values() for value in said for term in analyze(value)}
    category = bool(noun & given) and len(chosen) > 1  # of one row it may be the pieces that are counted
    named = bool(met and noun and set(asked) & about - noun)
    if total or _quantity(table, asked, met, analyze):
        noun, category, named = set(), False, False
    return Selection(
        place,
        tuple(chosen),
        len(table),
        tuple((column, value) for column, values in met.items() for value in values),
        frozenset(term for term in asked if not is_explained(term, explained)),
        category or bool((noun - given) & {*about, *analyze("rows records entries")}),
        named,
        total,
    )


def terms_of(text: str, analyze: Analyze) -> list[str]:
    """The terms in order, without the words that have a hyphen: those stand there joined, and in one form."""
    return [term for term in analyze(text) if "-" not in term or any(letter.isdigit() for letter in term)]


def about_of(chunk: Chunk, analyze: Analyze) -> set[str]:
    """What a chunk's table is about: the terms of its title, its headings and its file's name."""
    name = " ".join(_WORD.findall(chunk.source.replace("_", " ")))
    return {*analyze(f"{chunk.title} {chunk.heading} {name}")}


def plain_words(analyze: Analyze) -> set[str]:
    """Terms that say nothing of which rows are meant."""
    return {*analyze(_PLAIN)}


def is_explained(term: str, explained: set[str]) -> bool:
    """Whether a term is among those, or one of two that begin alike (`deliver`, `deliveri`)."""
    return term in explained or any(
        min(len(term), len(other)) >= _STEM and (other.startswith(term) or term.startswith(other))
        for other in explained
    )


def best_selection(selections: Iterable[Selection | None]) -> Selection | None:
    """The one that explains most of the question, of these the one with most conditions."""
    there = [selection for selection in selections if selection is not None and selection.rows]
    return min(
        there, key=lambda selection: (len(selection.unexplained), -len(selection.conditions)), default=None
    )


def whole(question: str, place: int, chunk: Chunk, text: str, analyze: Analyze) -> Selection | None:
    """All rows of a table of as many as the question speaks of (`the three options`), or of few for `all`.

    None where the question has a condition, or names no column but the first. `unexplained` lacks the names
    of the columns.
    """
    match = _WHOLE.search(question)
    selected = selection(question, place, chunk, text, analyze) if match else None
    if not match or selected is None or selected.conditions:
        return None
    word = (match["number"] or "").lower()
    wanted = _NUMBERS.index(word) + 2 if word in _NUMBERS else int(word or 0)
    size = len(selected.rows)
    key, *columns = selected.rows[0].names
    asked = {term for name in columns for term in analyze(name)}
    if (size != wanted if wanted else not 2 <= size <= _FEW) or not asked & set(analyze(question)):
        return None
    names = asked.union(analyze(key))
    return selected._replace(
        unexplained=frozenset(term for term in selected.unexplained - {word} if not is_explained(term, names))
        - set(analyze(match[0]))
    )


def table_of(chunk: Chunk, text: str) -> list[Row]:
    """All rows of the document that have the columns of the chunk's first row."""
    every = rows_of(chunk.source, text)
    inside = [row for row in every if chunk.start <= row.start < chunk.end]
    if not inside:
        return []
    known = set(inside[0].names)
    return [row for row in every if row.names == inside[0].names] if len(known) > 1 else []


def _conditions(
    question: str, asked: Sequence[str], table: Sequence[Row], about: set[str], analyze: Analyze
) -> dict[str, list[str]]:
    """Column → the values of it that the question names; the longest first, no word twice."""
    low = question.lower()
    named = {name: bool(set(analyze(name)) & set(asked)) for name in table[0].names}
    met: dict[str, list[str]] = {}
    there: list[tuple[int, bool, str, str, int]] = []
    for column, value in {(cell.name, cell.text): None for row in table for cell in row.cells}:
        if not column or (len(value) < _LEAST and not named[column]) or value.lower()[:3] not in low:
            continue
        terms = terms_of(value, analyze)
        if (
            not terms
            and named[column]
            and re.search(rf"\b{re.escape(f'{column} {value}')}\b", question, re.IGNORECASE)
        ):
            met.setdefault(column, []).append(value)  # `class A`
            continue
        at = _place_of(terms, asked)
        if at is not None:
            there.append((len(terms), named[column], column, value, at))
    taken: set[int] = set()
    for length, _, column, value, at in sorted(there, key=lambda row: (-row[0], not row[1])):
        places = set(range(at, at + length))
        if not places & taken:
            taken |= places
            met.setdefault(column, []).append(value)
    for column in table[0].names:
        if (
            column
            and column not in met
            and set(analyze(column)) <= set(asked)
            and (yes := _yes_of(table, column))
        ):
            no = next(
                (
                    cell.text
                    for row in table
                    for cell in row.cells
                    if cell.name == column and cell.text != yes
                ),
                "",
            )
            met[column] = [no if _WITHOUT.search(question) and no else yes]
    months = months_in(question)
    if not months:
        met |= _state(question, table, met, analyze)
    for words, month in months:
        column = _column_of_month(table, month)
        if column and not set(analyze(words)) & set(analyze(" ".join(met.get(column, ())))):
            met.setdefault(column, []).append(words)
    for year in _LONE_YEAR.findall(question) if not months else ():
        column = _dated(table, year)
        if year not in about and column and not any(year in values for values in met.values()):
            met.setdefault(column, []).append(year)
    return met


def _state(
    question: str, table: Sequence[Row], met: dict[str, list[str]], analyze: Analyze
) -> dict[str, list[str]]:
    """The condition that a matter is open, or has ended; none where a value of the table says so."""
    ended = _ended(table)
    if not ended or ended in met:
        return {}
    said = {term for values in met.values() for value in values for term in analyze(value)}
    word = _OPEN.search(question)
    if word and not set(analyze(word[0])) & said:
        return {ended: [BLANK]}
    if re.search(rf"\b{re.escape(ended)}\b", question, re.IGNORECASE):
        return {ended: [BLANK if _WITHOUT.search(question) else FILLED]}
    return {}


def _ended(table: Sequence[Row]) -> str:
    """The column that says when a row's matter ended, which some rows leave blank; "" without one."""
    for column in table[0].names:
        if not _ENDED.fullmatch(column.strip(_EDGES)):
            continue
        filled = sum(any(cell.name == column for cell in row.cells) for row in table)
        if 0 < filled < len(table):
            return column
    return ""


def _yes_of(table: Sequence[Row], column: str) -> str:
    """What a column that only says yes or no has for yes; "" where it is none."""
    values = {cell.text for row in table for cell in row.cells if cell.name == column}
    return next(
        (
            value
            for value in values
            if value.lower() in _YES and {other.lower() for other in values} <= {*_YES, *_NO}
        ),
        "",
    )


def _total(
    chosen: Sequence[Row], asked: Sequence[str], met: dict[str, list[str]], analyze: Analyze
) -> tuple[str, Decimal] | None:
    """The one column of plain numbers that the question names and that is no condition, summed."""
    if len(chosen) < 2 or any(is_sum(row) for row in chosen):
        return None
    sums = []
    for name in chosen[0].names:
        cells = [cell.text for row in chosen for cell in row.cells if cell.name == name]
        if name in met or _KEY.search(name):
            continue
        if name and set(analyze(name)) & set(asked) and len(cells) == len(chosen):
            if not all(_PLAIN_NUMBER.fullmatch(text) for text in cells):
                continue
            sums.append((name, sum((Decimal(text.replace(",", "")) for text in cells), Decimal(0))))
    return sums[0] if len(sums) == 1 else None


def is_sum(row: Row) -> bool:
    """Whether a row is the sum of others."""
    return any(_SUM.match(cell.text) for cell in row.cells)


def _quantity(
    table: Sequence[Row], asked: Sequence[str], met: dict[str, list[str]], analyze: Analyze
) -> bool:
    """Whether the question names a column of numbers that is no condition (`in stock`)."""
    for name in table[0].names:
        if name and name not in met and set(analyze(name)) & set(asked) and not _KEY.search(name):
            cells = [cell.text for row in table for cell in row.cells if cell.name == name]
            if sum(bool(_PLAIN_NUMBER.fullmatch(text)) for text in cells) * 2 > len(cells):
                return True
    return False


def _dated(table: Sequence[Row], year: str) -> str:
    """The first column in which most rows have a date, some of the year."""
    for name in table[0].names:
        cells = [cell.text for row in table for cell in row.cells if cell.name == name]
        dates = [text for text in cells if _YEAR.search(text) and re.search(r"\d[-./ ]|\w \d{4}", text)]
        if len(dates) * 2 > len(cells) and any(year in text for text in dates):
            return name
    return ""


def _column_of_month(table: Sequence[Row], month: tuple[int, int]) -> str:
    """The first column in which most rows have a date, some of the month."""
    for name in table[0].names:
        dates = [month_of(cell.text) for row in table for cell in row.cells if cell.name == name]
        if sum(date is not None for date in dates) * 2 > len(dates) and month in dates:
            return name
    return ""


def _meets(row: Row, column: str, values: Sequence[str]) -> bool:
    for cell in row.cells:
        if cell.name == column:
            return FILLED in values or any(
                cell.text.lower() == value.lower()
                or (_YEAR.fullmatch(value) is not None and value in _YEAR.findall(cell.text))
                or any(month_of(cell.text) == month for _, month in months_in(value))
                for value in values
            )
    return BLANK in values


def _place_of(terms: Sequence[str], asked: Sequence[str]) -> int | None:
    """Where the terms stand in the question, one after another."""
    size = len(terms)
    if not size:
        return None
    return next(
        (at for at in range(len(asked) - size + 1) if list(asked[at : at + size]) == list(terms)), None
    )
