"""Tables whose cells are drawn: a group of crossing rules, and each word in the cell that it stands in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..drawn import Drawn
from ..lines import Line, Word
from .table import NUMBER, Table, joined

_MOST_CROSSINGS = 20_000  # more are a drawing
_FEW_BANDS = 3  # rows of a table without rules down the page that may be chance
_STRIP = 0.6  # of the height of a line: wider than a blank
_TOUCH = 3.0  # points between rules that meet

Rule = tuple[float, float, float]
"""Its place on one axis; from where to where it goes on the other."""
Lines = list[list["Placed"]]
"""The words of a cell, line by line, from the left."""


def ruled_tables(lines: Sequence[Line], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    """The tables of a page that rules draw, each with the places of the lines that it takes."""
    across, down = list(drawn.across), list(drawn.down)
    if len(across) < 2 or len(across) + len(down) > 4000:
        return []
    found = list(_parted_across(lines, _uncrossed(across, down)))
    if len(down) < 3:
        return found
    for flat, tall in _groups(across, down):
        ys = sorted(_places(rule[0] for rule in flat), reverse=True)
        xs = sorted(_places(rule[0] for rule in tall))
        if len(xs) < 3 or len(ys) < 2 or len(xs) * len(ys) * len(tall) > _MOST_CROSSINGS:
            continue
        # Rules down the page may go beyond the last one across, and the outer ones may be missing.
        top, bottom = max(rule[2] for rule in tall), min(rule[1] for rule in tall)
        ys = (
            ([top] if top - ys[0] > 2 * _TOUCH else [])
            + ys
            + ([bottom] if ys[-1] - bottom > 2 * _TOUCH else [])
        )
        if len(ys) < 3 and len(xs) < 4:
            continue
        if (table := _table(lines, xs, ys, flat, tall)) is not None:
            found.append(table)
    return found


def _parted_across(lines: Sequence[Line], across: Sequence[Rule]) -> Iterator[tuple[Table, set[int]]]:
    """Tables with a rule below each row and none between columns, which blank strips part."""
    alike: dict[tuple[int, int], list[Rule]] = defaultdict(list)
    for rule in across:
        alike[round(rule[1] / _TOUCH), round(rule[2] / _TOUCH)].append(rule)
    for flat in alike.values():
        ys = sorted(_places(rule[0] for rule in flat), reverse=True)
        left, right = min(rule[1] for rule in flat), max(rule[2] for rule in flat)
        inside = [line for line in lines if line.left >= left - _TOUCH and line.right <= right + _TOUCH]
        within = [line for line in inside if ys[-1] < line.bottom and line.top < ys[0] + _TOUCH]
        if len(ys) < 2 or not within:
            continue
        height = median(line.height for line in within)
        over = [line for line in inside if 0 <= line.bottom + _TOUCH - ys[0] < height]
        if over:
            # The names of the columns may stand above the first rule.
            within += over
            ys = [max(line.top for line in over) + _TOUCH, *ys]
        strips = _strips([word for line in within for word in line.words], _STRIP * height)
        xs = [left, *strips, right]
        if len(ys) < 3 or len(xs) < 3 or len(xs) * len(ys) > _MOST_CROSSINGS:
            continue
        tall = [(x, ys[-1], ys[0]) for x in xs]
        rules = [(y, left, right) for y in ys]
        found = _table(lines, xs, ys, rules, tall)
        if found is not None and _is_filled(found[0], len(ys) - 1):
            yield found


def _is_filled(table: Table, bands: int) -> bool:
    """Whether most bands are one row with a key, and something beside it. Few bands must be nearly full."""
    keyed = sum(bool(row[0]) and sum(map(bool, row)) > 1 for row in table.rows)
    if bands < _FEW_BANDS:
        cells = [bool(cell) for row in table.rows for cell in row]
        return len(table.columns) > 2 and sum(cells) >= 0.75 * len(cells) and keyed == len(table.rows)
    return len(table.rows) >= bands - 1 and keyed >= 0.8 * len(table.rows)


def _uncrossed(across: Sequence[Rule], down: Sequence[Rule]) -> list[Rule]:
    """The rules across the page that no rule down it meets, those of one place as one."""
    flat = _merged(across)
    if not down:
        return flat
    (y, left, right), (x, bottom, top) = np.array(flat).T[:, :, None], np.array(down).T
    met = (left - _TOUCH <= x) & (x <= right + _TOUCH) & (bottom - _TOUCH <= y) & (y <= top + _TOUCH)
    return [rule for rule, meets in zip(flat, met.any(axis=1).tolist(), strict=True) if not meets]


def _strips(words: Sequence[Word], least: float) -> list[float]:
    """The middles of the strips down a region in which no word stands."""
    strips: list[float] = []
    reached = inf
    for left, right in sorted((word.left, word.right) for word in words):
        if left - reached > least:
            strips.append((left + reached) / 2)
        reached = right if reached == inf else max(reached, right)
    return strips


def _table(
    lines: Sequence[Line],
    xs: Sequence[float],
    ys: Sequence[float],
    flat: Sequence[Rule],
    tall: Sequence[Rule],
) -> tuple[Table, set[int]] | None:
    # Within a band of rows only the rules that cross it part cells.
    bands = [np.flatnonzero(band).tolist() for band in _ruled(tall, xs, _middles(ys)).T]
    grid, used = _filled(lines, xs, ys, bands)
    apart = sum(any(_holds_gaps(_by_line(cell)) for cell in row) for row in grid)
    if apart > 0.3 * sum(any(row) for row in grid):
        return None  # the rules part groups of columns, not columns
    # Cells that go over several columns: the first column and the one behind.
    spans = [[(a, b) for a, b in pairwise(band) if b - a > 1] for band in bands]
    # Whether no rule parts the cells above and below.
    open_ = (~_ruled(flat, ys[1:-1], _middles(xs))).tolist()
    head = _head(grid, spans, open_)
    if head is not None:
        grid = [head, *grid[2:]]
    parts = [part for row in grid for part in _split([_by_line(cell) for cell in row])]
    rows = [tuple(_joined(cell) for cell in part) for part in parts]
    kept = [n for n, row in enumerate(rows) if any(row)]
    columns = [n for n in range(len(xs) - 1) if any(row[n] for row in rows)]
    if len(kept) < 2 or len(columns) < 2:
        return None
    cells = [[rows[n][column] for column in columns] for n in kept]
    filled = sum(bool(text) for row in cells for text in row)
    if filled < 0.4 * len(kept) * len(columns):
        return None
    table = Table(
        tuple(tuple(row) for row in cells),
        tuple((xs[n], xs[n + 1]) for n in columns),
        xs[0], xs[-1], ys[-1], ys[0],
        True, median(lines[place].height for place in used),
        tuple(tuple(_words(parts[n][column]) for column in columns) for n in kept),
    )  # fmt: skip
    return table, used


def _filled(
    lines: Sequence[Line], xs: Sequence[float], ys: Sequence[float], bands: Sequence[Sequence[int]]
) -> tuple[list[list[list[Placed]]], set[int]]:
    """The words of each cell, for bands from top to bottom and columns; and the places of their lines."""
    grid: list[list[list[Placed]]] = [[[] for _ in xs[1:]] for _ in ys[1:]]
    used: set[int] = set()
    down = [-y for y in ys]
    edges = [[xs[n] for n in band] for band in bands]
    for place, line in enumerate(lines):
        row = bisect_left(down, -(line.bottom + line.top) / 2) - 1
        if not 0 <= row < len(grid) or line.upright:
            continue
        inside: list[tuple[int, Word]] = []
        for word in line.words or (Word(line.text, line.left, line.right),):
            cell = bisect_right(edges[row], (word.left + word.right) / 2) - 1
            if not 0 <= cell < len(edges[row]) - 1:
                break
            inside.append((bands[row][cell], word))
        else:
            used.add(place)
            for column, word in inside:
                grid[row][column].append(Placed(line.bottom, line.height, *word))
    return grid, used


def _middles(values: Sequence[float]) -> NDArray[np.float64]:
    edges = np.array(values, np.float64)
    middles: NDArray[np.float64] = (edges[:-1] + edges[1:]) / 2
    return middles


def _ruled(rules: Sequence[Rule], places: Sequence[float], middles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a rule stands at each of some places and goes over each middle: (places, middles)."""
    place, start, end = np.array(rules).T
    stands = np.abs(place[:, None] - np.array(places)) <= _TOUCH
    goes_over = (start[:, None] - 1 <= middles) & (middles <= end[:, None] + 1)
    both: NDArray[np.bool_] = stands.T @ goes_over
    return both


def _head(
    grid: list[list[list[Placed]]],
    spans: Sequence[Sequence[tuple[int, int]]],
    open_: Sequence[Sequence[bool]],
) -> list[list[Placed]] | None:
    """The names of columns that stand on two levels as one row; cells that are merged down are filled.

    None where there is one level only. The grid's own cells are filled, so that every row has its key.
    """
    for n, parts in enumerate(open_):
        # Most columns are parted here: those that are not are one cell over two rows.
        if sum(parts) * 2 > len(parts):
            continue
        for column, is_open in enumerate(parts):
            above, below = grid[n][column], grid[n + 1][column]
            if is_open and above and not below:
                grid[n + 1][column] = list(above)
            elif is_open and below and not above:
                grid[n][column] = list(below)
    if len(grid) < 3 or not spans[0]:
        return None
    groups = [(a, b) for a, b in spans[0] if any(grid[0][column] for column in range(a, b))]
    if not groups or any(not grid[1][column] for a, b in groups for column in range(a, b)):
        return None
    alone = [column for column in range(len(grid[0])) if not any(a <= column < b for a, b in groups)]
    named_once = any(open_[0][column] or bool(grid[0][column]) != bool(grid[1][column]) for column in alone)
    numbers = [
        bool(NUMBER.match(_joined(_by_line(grid[1][column])))) for a, b in groups for column in range(a, b)
    ]
    if not named_once and any(numbers):
        return None
    head = [list(cell) for cell in grid[1]]
    for a, b in groups:
        over = [word for column in range(a, b) for word in grid[0][column]]
        for column in range(a, b):
            head[column] = [*over, *grid[1][column]]
    for column in alone:
        above, below = grid[0][column], grid[1][column]
        head[column] = list(above) if above == below else [*above, *below]
    return head


class Placed(NamedTuple):
    """A word of a cell: a `Word`, and where it stands."""

    bottom: float
    height: float
    text: str
    left: float
    right: float
    first: int
    behind: int
    low: float
    high: float


def _by_line(words: Sequence[Placed], same: float = 4.0) -> Lines:
    if len(words) < 2:
        return [list(words)] if words else []
    ordered: Lines = []
    for word in sorted(words, key=lambda word: -word.bottom):
        if ordered and ordered[-1][0].bottom - word.bottom <= same:
            ordered[-1].append(word)
        else:
            ordered.append([word])
    return [sorted(line, key=lambda word: word.left) for line in ordered]


def _joined(cell: Lines) -> str:
    """The text of a cell; a hyphen at a line's end is joined where the next word goes on."""
    text = ""
    for line in cell:
        text = joined(text, " ".join(word.text for word in line))
    return text


def _words(cell: Lines) -> tuple[Word, ...]:
    return tuple(Word(*word[2:]) for line in cell for word in line)


def _holds_gaps(cell: Lines) -> bool:
    """Whether a cell holds words so far apart that they are columns of their own."""
    return any(right.left - left.right > 1.3 * left.height for line in cell for left, right in pairwise(line))


def _split(row: list[Lines]) -> list[list[Lines]]:
    """A band between two rules as rows: several where numbers stand below one another beside lines."""
    counts = {len(cell) for cell in row if cell}
    several = [cell for cell in row if len(cell) > 1]
    if len(counts) != 1 or len(several) < 2 or len(several) != sum(map(bool, row)):
        return [row]
    numbers = any(
        all(NUMBER.match(" ".join(word.text for word in line)) for line in cell) for cell in several
    )
    level = all(
        abs(cell[n][0].bottom - several[0][n][0].bottom) <= 3 for cell in several for n in range(len(cell))
    )
    if not numbers or not level:
        return [row]
    return [[[cell[n]] if cell else [] for cell in row] for n in range(counts.pop())]


def _groups(across: Sequence[Rule], down: Sequence[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Rules that hang together by crossing one another."""
    flat, tall = _merged(across), _merged(down)
    owner = list(range(len(flat) + len(tall)))

    def root(place: int) -> int:
        while owner[place] != place:
            owner[place] = owner[owner[place]]
            place = owner[place]
        return place

    (y, left, right), (x, bottom, top) = np.array(flat).T[:, :, None], np.array(tall).T
    crossing = (left - _TOUCH <= x) & (x <= right + _TOUCH) & (bottom - _TOUCH <= y) & (y <= top + _TOUCH)
    for i, j in np.argwhere(crossing).tolist():
        owner[root(i)] = root(len(flat) + j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for place, rule in enumerate([*flat, *tall]):
        groups.setdefault(root(place), ([], []))[place >= len(flat)].append(rule)
    return [group for group in groups.values() if group[0] and len(group[1]) >= 3]


def _merged(rules: Sequence[Rule]) -> list[Rule]:
    """Rules of one place that touch as one: cells are often drawn one by one."""
    merged: list[Rule] = []
    for place, start, end in sorted(rules, key=lambda rule: (round(rule[0] / 2), rule[1])):
        if merged and abs(merged[-1][0] - place) <= 2 and start <= merged[-1][2] + _TOUCH:
            merged[-1] = (merged[-1][0], merged[-1][1], max(merged[-1][2], end))
        else:
            merged.append((place, start, end))
    return merged


def _places(values: object) -> list[float]:
    """Places on one axis, those within a touch as one."""
    found: list[float] = []
    for value in sorted(values):  # type: ignore[call-overload]
        if not found or value - found[-1] > _TOUCH:
            found.append(value)
    return found
