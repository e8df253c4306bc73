"""Rows of tables in a text: Markdown's `| a | b |`, and the delimited rows of a CSV file.

Every cell keeps its place, so that a value found in it can be cited.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from rag.text.delimited import first_row, mark_of
from rag.text.delimited import rows as delimited_rows
from rag.text.lines import strip

_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_CELL_MARK = re.compile(r"(?<!\\)\|")


class Cell(NamedTuple):
    """The stripped characters of a text from `start` to `end`; `name` is that of the column, or ""."""

    start: int
    end: int
    name: str
    text: str


class Row(NamedTuple):
    """A row, `text[start:end]`, its cells that are not empty, in order, and the names of all columns."""

    start: int
    end: int
    cells: tuple[Cell, ...]
    names: tuple[str, ...]


def is_row(line: str, *, part: bool = False) -> bool:
    """Whether a line is a row of a Markdown table. `part` says that it may be a piece of a row.

    Such a piece stands in a chunk with a header of its own, and may lack the pipe at its end.
    """
    body = line.strip()
    return len(body) > 2 and body.startswith("|") and (part or body.endswith("|"))


def rows(text: str, header: str = "", *, delimited: bool = False) -> list[Row]:
    """The rows of the tables in a text that hold values: no head, no rule.

    `header` is the head of a table that begins before the text. `delimited` says that the text is one of a
    CSV file's, whose head stands in it where `header` is empty, below a title perhaps.
    """
    return list(_delimited(text, header) if delimited else _piped(text, header))


def _piped(text: str, header: str) -> Iterator[Row]:
    part = is_row(header.split("\n", 1)[0])
    names = _names(header.splitlines()[0]) if part else []
    lines = list(_lines(text))
    for place, (start, end) in enumerate(lines):
        body = text[start:end]
        if not is_row(body, part=part):
            if body.strip():
                names = []
            continue
        if _RULE.fullmatch(body.strip()):
            continue
        following = lines[place + 1] if place + 1 < len(lines) else None
        if following and _RULE.fullmatch(text[slice(*following)].strip()) and is_row(text[slice(*following)]):
            names = _names(body)
            continue
        cells = tuple(_piped_cells(text, start, end, names))
        if cells:
            yield Row(start, end, cells, tuple(names))


def _piped_cells(text: str, start: int, end: int, names: Sequence[str]) -> Iterator[Cell]:
    marks = [match.start() for match in _CELL_MARK.finditer(text, start, end)]
    if marks[-1] != end - 1:
        marks.append(end)
    for number, (left, right) in enumerate(pairwise(marks)):
        first, last = strip(text, left + 1, right)
        if first < last:
            yield Cell(first, last, names[number] if number < len(names) else "", text[first:last])


def _names(line: str) -> list[str]:
    return [part.strip().strip("*_` ") for part in _CELL_MARK.split(line.strip()[1:-1])]


def _delimited(text: str, header: str) -> Iterator[Row]:
    spans = delimited_rows(text, 0, len(text))
    if not header:
        head = first_row(text, spans) if spans else 0
        header, spans = text[slice(*spans[head])] if spans else "", spans[head + 1 :]
        mark = mark_of(text)
    else:
        mark = mark_of(f"{header}\n{text}")
    if mark not in header:
        return
    named = next(csv.reader(io.StringIO(header, newline=""), delimiter=mark), [])
    names = [" ".join(name.split()).replace("_", " ") for name in named]
    for start, end in spans:
        cells = tuple(_delimited_cells(text, start, end, mark, names))
        if cells:
            yield Row(start, end, cells, tuple(names))


def _delimited_cells(text: str, start: int, end: int, mark: str, names: Sequence[str]) -> Iterator[Cell]:
    for number, (begin, stop) in enumerate(_parted(text, start, end, mark)):
        first, last = strip(text, begin, stop)
        if last - first > 1 and text[first] == text[last - 1] == '"':
            first, last = first + 1, last - 1
        if first < last:
            yield Cell(first, last, names[number] if number < len(names) else "", text[first:last])


def _parted(text: str, start: int, end: int, mark: str) -> Iterator[tuple[int, int]]:
    """What stands between the marks that are not quoted, as (start, end)."""
    begin, quoted = start, False
    for match in _delimiters(mark).finditer(text, start, end):
        if match[0] == '"':
            quoted = not quoted
        elif not quoted:
            yield begin, match.start()
            begin = match.end()
    yield begin, end


@cache
def _delimiters(mark: str) -> re.Pattern[str]:
    """A quotation mark, or the sign between two cells."""
    return re.compile(f'["{re.escape(mark)}]')


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The lines that are not blank, as stripped (start, end)."""
    begin = 0
    for line in text.splitlines(keepends=True):
        start, end = strip(text, begin, begin + len(line))
        if start < end:
            yield start, end
        begin += len(line)
