"""Lines at one height as rows of cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import NamedTuple

from ..lines import WIDE, Line, Word
from .table import NUMBER, Columns

WITHIN = 1.6  # of the height of a line: as far as a line of the same cell may be below it
_LOOSE, _TIGHT = 1.18, 1.12  # of the smallest distance of lines: rows of their own; lines of one cell
OVERLAP = 0.8  # lines closer than this stand beside one another, in cells that are centred


class Cell(NamedTuple):
    """Words of one line without a wide gap between them."""

    text: str
    left: float
    right: float
    bold: bool
    line: int
    words: tuple[Word, ...] = ()


class Row(NamedTuple):
    """Cells at one height, from left to right."""

    cells: tuple[Cell, ...]
    bottom: float
    top: float
    places: Sequence[int]  # of its lines

    @property
    def height(self) -> float:
        return self.top - self.bottom


def rows_of(lines: Sequence[Line], places: Sequence[int]) -> list[Row]:
    """Lines at one height as rows of cells, from top to bottom."""
    groups: list[list[int]] = []
    for place in sorted(places, key=lambda place: -lines[place].bottom):
        line = lines[place]
        if groups and lines[groups[-1][0]].bottom - line.bottom < 0.45 * min(
            line.height, lines[groups[-1][0]].height
        ):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [row_of(lines, group) for group in groups]


def row_of(lines: Sequence[Line], group: Sequence[int], cuts: Sequence[float] | None = None) -> Row:
    """Lines at one height as cells: cut at wide gaps, or at `cuts`."""
    if cuts is None and len(group) == 1 and not lines[group[0]].has_gap():
        line = lines[group[0]]
        cell = Cell(line.text, line.left, line.right, line.bold, group[0], line.words)
        return Row((cell,), line.bottom, line.top, group)
    words = [(word, place) for place in group for word in lines[place].words]
    words.sort(key=lambda each: each[0].left)
    wide = WIDE * median(lines[place].height for place in group)
    starts = [0] if words else []
    right = words[0][0].right if words else 0.0
    for place, (word, _) in enumerate(words[1:], 1):
        left = word.left
        if left - right > wide if cuts is None else any(right <= cut <= left for cut in cuts):
            starts.append(place)
        right = word.right
    cells = [words[start:end] for start, end in pairwise([*starts, len(words)])]
    return Row(
        tuple(_cell(lines, cell) for cell in cells),
        min(lines[place].bottom for place in group),
        max(lines[place].top for place in group),
        group,
    )


def _cell(lines: Sequence[Line], placed: Sequence[tuple[Word, int]]) -> Cell:
    words = tuple(word for word, _ in placed)
    return Cell(
        " ".join([word.text for word in words]),
        words[0].left,
        words[-1].right,
        all(lines[place].bold for place in {place for _, place in placed}),
        placed[0][1],
        words,
    )


def aligned(lefts: Sequence[float], rights: Sequence[float], within: float = 4.0, share: float = 0.6) -> bool:
    """Whether most cells of a column begin, end or are centred at one place."""
    for edge in (lefts, rights, [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]):
        usual = median(edge)
        if sum(abs(value - usual) <= within for value in edge) >= share * len(edge):
            return True
    return len(lefts) < 3


def column_of(cell: Cell, columns: Columns) -> int:
    """The column that a cell stands in, else the nearest one."""
    middle = (cell.left + cell.right) / 2
    inside = [
        place
        for place, (left, right) in enumerate(columns)
        if min(right, cell.right) - max(left, cell.left) > 0
    ]
    if inside:
        return inside[0]
    return min(range(len(columns)), key=lambda n: abs((columns[n][0] + columns[n][1]) / 2 - middle))


def under_names(region: Sequence[Row], columns: Columns) -> Columns:
    """The columns, with a name that stands beside its numbers and not over them in one column with these."""
    filled = [
        {column_of(cell, columns) for row in region[start:end] for cell in row.cells}
        for start, end in pairwise([*starts_of(region, columns), len(region)])
    ]
    kinds = [
        (column in filled[0], any(column in row for row in filled[1:])) for column in range(len(columns))
    ]
    merged = list(columns)
    # A name stands at the left of its numbers; else at their right.
    for pair in (((True, False), (False, True)), ((False, True), (True, False))):
        column = 0
        while column + 1 < len(merged):
            if (kinds[column], kinds[column + 1]) == pair:
                merged[column : column + 2] = [(merged[column][0], merged[column + 1][1])]
                kinds[column : column + 2] = [(True, True)]
            column += 1
    return merged


def starts_of(region: Sequence[Row], columns: Columns) -> list[int]:
    """Where rows of a table begin among its lines: cells may go on over several of these.

    A line goes on where it stands as close below its column's last line as lines of one cell do, or where it
    has no key. Numbers go on in no second line.
    """
    cells = [{column_of(cell, columns): cell.text for cell in row.cells} for row in region]
    last: dict[int, float] = {}
    apart: list[float] = []
    for row, texts in zip(region, cells, strict=True):
        apart += [last[column] - row.bottom for column in texts if column in last]
        last |= dict.fromkeys(texts, row.bottom)
    tight = min((drop for drop in apart if drop > OVERLAP * region[0].height), default=0.0)
    two = any(above.bottom - row.bottom > _LOOSE * tight for above, row in pairwise(region))
    starts: list[int] = []
    held: dict[int, tuple[float, str]] = {}
    for place, (row, texts) in enumerate(zip(region, cells, strict=True)):
        shared = [column for column in texts if column in held]
        drop = region[place - 1].bottom - row.bottom if place else inf
        if not shared and drop <= OVERLAP * row.height:
            goes_on = True  # beside the line above, in cells that are centred
        elif drop > WITHIN * row.height:
            goes_on = False
        else:
            numbers = any(NUMBER.match(texts[column]) and NUMBER.match(held[column][1]) for column in shared)
            close = all(held[column][0] - row.bottom <= _TIGHT * tight for column in shared)
            keyless = 0 not in texts and len(texts) < len(columns)
            goes_on = (two and close and bool(shared) and not numbers and len(texts) <= len(held)) or (
                keyless and (close or not two) and not any(map(NUMBER.match, texts.values()))
            )
        if not goes_on or not starts:
            starts.append(place)
            held = {}
        held |= {column: (row.bottom, text) for column, text in texts.items()}
    return starts
