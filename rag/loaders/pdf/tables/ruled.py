"""Tables whose cells are drawn: a group of crossing rules, and each word in the cell that it stands in."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from math import inf
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..drawn import Box, Drawn
from ..lines import Line, Word
from .levels import groups_of, two_levels
from .rows import Row, column_of, rows_of, starts_of, under_names
from .table import NUMBER, Columns, Table, joined

_MOST_CROSSINGS = 20_000  # more are a drawing
_FEW_BANDS = 3  # rows of a table without rules down the page that may be chance
_STRIP = 0.6  # of the height of a line: wider than a blank
_FULL = 0.85  # of the cells of lines that are rows of their own
_TALLEST, _WIDEST_CELL = 300.0, 100.0  # points; colours that are taller or not wider are behind no row
_MOST_WIDTHS = 50  # of rules that are compared
_TOUCH = 3.0  # points between rules that meet

_DECIMALS = re.compile(
    r"(?<![\d.,])(?:[-+−(]?\d{1,15}[.,]\d{1,15}[)%]? ){1,}[-+−(]?\d{1,15}[.,]\d{1,15}[)%]?"
)
_NOTHING = Line("", 0.0, 0.0, 0.0, 0.0, upright=True)

Rule = tuple[float, float, float]
"""Its place on one axis; from where to where it goes on the other."""
Lines = list[list["Placed"]]
"""The words of a cell, line by line, from the left."""


def ruled_tables(lines: Sequence[Line], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    """The tables of a page that rules draw, each with the places of the lines that it takes."""
    across, down = [*drawn.across, *_edges(drawn)], list(drawn.down)
    if len(across) < 2 or len(across) + len(down) > 4000:
        return []
    found: list[tuple[Table, set[int]]] = []
    for flat, tall in _groups(drawn.across, down) if len(down) > 2 and len(drawn.across) > 1 else ():
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
    return [*found, *_parted_across(lines, _uncrossed(across, down), drawn)]


def _edges(drawn: Drawn) -> list[Rule]:
    """The upper and lower edges of the colours behind rows, as rules: cells are often filled one by one."""
    level: dict[tuple[int, int], list[Box]] = defaultdict(list)
    for box, _ in drawn.fills:
        if box.top - box.bottom <= _TALLEST:
            level[round(box.bottom), round(box.top)].append(box)
    edges: list[Rule] = []
    for boxes in level.values():
        for _, left, right in _merged([(boxes[0].top, box.left, box.right) for box in boxes]):
            if right - left >= _WIDEST_CELL:
                edges += [(boxes[0].top, left, right), (boxes[0].bottom, left, right)]
    return edges


def _parted_across(
    lines: Sequence[Line], across: Sequence[Rule], drawn: Drawn
) -> Iterator[tuple[Table, set[int]]]:
    """Tables with rules between rows and none between columns, which blank strips part."""
    alike: list[list[Rule]] = []
    for rule in sorted(across, key=lambda rule: rule[1:]):
        for group in alike[-_MOST_WIDTHS:]:
            if abs(group[0][1] - rule[1]) <= _TOUCH and abs(group[0][2] - rule[2]) <= _TOUCH:
                group.append(rule)
                break
        else:
            alike.append([rule])
    for flat in alike:
        ys = sorted(_places(rule[0] for rule in flat), reverse=True)
        left, right = min(rule[1] for rule in flat), max(rule[2] for rule in flat)
        places = [
            place
            for place, line in enumerate(lines)
            if line.left >= left - _TOUCH and line.right <= right + _TOUCH and not line.upright
        ]
        within = [
            place for place in places if ys[-1] < lines[place].bottom and lines[place].top < ys[0] + _TOUCH
        ]
        if len(ys) < 2 or not within:
            continue
        height = median(lines[place].height for place in within)
        # The names of the columns may stand above the first rule, in lines, and a row below the last one.
        inner = len(within)
        ys, within = _with_names(lines, places, within, ys)
        names = [lines[place] for place in within[inner:]]
        if len({round(line.bottom / _TOUCH) for line in names}) > 1 and any(
            NUMBER.match(word.text) for line in names for word in line.words
        ):
            continue  # rows of a table of which some have a colour
        under = [place for place in places if 0 <= ys[-1] + _TOUCH - lines[place].top < height]
        if len(ys) > 2 and _keep_columns(lines, within, under):
            within = [*within, *under]
            ys = [*ys, min(lines[place].bottom for place in under) - _TOUCH]
        strips = _strips([word for place in within for word in lines[place].words], _STRIP * height)
        edges = [left, *strips, right]
        if len(edges) < 3:
            continue
        rows, shown = rows_of(lines, within), lines
        named = groups_of(rows, partial(_extents, lines), drawn)
        if named is not None:
            rows = named[1]
            edges = [left, *((a[1] + b[0]) / 2 for a, b in pairwise(named[2])), right]
            ys = [max(rows[0].top, max(lines[p].top for p in rows[0].places)) + _TOUCH, *ys]
            ys = [y for y in ys if y <= ys[0]]
            inside = {place for row in rows for place in row.places}
            shown = [line if place in inside else _NOTHING for place, line in enumerate(lines)]
        columns = under_names(rows, list(pairwise(edges)))
        xs = [left, *(end for _, end in columns)]
        ys = _between_rows(rows, columns, ys)
        if len(ys) < 3 or len(xs) < 3 or len(xs) * len(ys) > _MOST_CROSSINGS:
            continue
        tall = [(x, ys[-1], ys[0]) for x in xs]
        rules = [(y, left, right) for y in ys]
        found = _table(shown, xs, ys, rules, tall)
        if found is None or not _is_filled(found[0], len(ys) - 1) or _holds_columns(found[0]):
            continue
        if named is not None:
            if len(found[0].columns) != len(columns):
                continue
            found = two_levels(found[0], named[0], named[3]), found[1] | set(named[0].places)
        yield found


def _holds_columns(table: Table) -> bool:
    """Whether a column is several columns of numbers that stand close."""
    held = ([row[n] for row in table.rows if row[n]] for n in range(len(table.columns)))
    return any(sum(map(bool, map(_DECIMALS.fullmatch, cells))) * 2 > len(cells) for cells in held)


def _extents(lines: Sequence[Line], rows: Sequence[Row]) -> Columns | None:
    """Where the words of columns begin and end that white strips part."""
    words = [word for row in rows for place in row.places for word in lines[place].words]
    cuts = _strips(words, _STRIP * median(row.height for row in rows))
    sides: list[list[Word]] = [[] for _ in range(len(cuts) + 1)]
    for word in words:
        sides[bisect_right(cuts, word.left)].append(word)
    spans = [(min(word.left for word in side), max(word.right for word in side)) for side in sides]
    return under_names(rows, spans) if len(spans) > 1 else None


def _with_names(
    lines: Sequence[Line], places: Sequence[int], within: Sequence[int], ys: Sequence[float]
) -> tuple[list[float], list[int]]:
    """The rules of a table and its lines, with those right above the first rule that name its columns."""
    taken, top = list(within), ys[0]
    height = median(lines[place].height for place in within)
    while True:
        first = len(taken) == len(within)
        low = top - (_TOUCH if first else 0.7 * height)
        over = [p for p in places if p not in taken and low <= lines[p].bottom < low + height + 2 * _TOUCH]
        if not over or not (_keep_columns(lines, taken, over) if first else _go_on(lines, taken, over)):
            break
        taken += over
        top = max(lines[place].top for place in over)
    return ([top + _TOUCH, *ys] if top > ys[0] else list(ys)), taken


def _keep_columns(lines: Sequence[Line], within: Sequence[int], more: Sequence[int]) -> bool:
    """Whether lines are in several pieces, and the strips between the columns of a table go on in them."""
    return len(more) + sum(lines[place].has_gap() for place in more) > 1 and _go_on(lines, within, more)


def _go_on(lines: Sequence[Line], within: Sequence[int], more: Sequence[int]) -> bool:
    least = _STRIP * median(lines[place].height for place in within)
    strips = _strips([word for place in within for word in lines[place].words], least)
    both = _strips([word for place in (*within, *more) for word in lines[place].words], least)
    return len(both) >= len(strips)


def _between_rows(rows: Sequence[Row], columns: Columns, ys: Sequence[float]) -> list[float]:
    """The heights between rows: rules, and within two of them where lines are rows, not lines of one cell."""
    bands: list[list[Row]] = [[] for _ in ys[1:]]
    down = [-y for y in ys]
    for row in rows:
        place = bisect_left(down, -(row.bottom + row.top) / 2) - 1
        if 0 <= place < len(bands):
            bands[place].append(row)
    few = sum(map(bool, bands)) < _FEW_BANDS
    made = [ys[0]]
    for n, (band, below) in enumerate(zip(bands, ys[1:], strict=True)):
        # The first band has the names of the columns.
        several = len(band) > 1 and (_are_rows(band, columns) or (few and n > 0 and len(band) > len(bands)))
        if several:
            starts = starts_of(band, columns)
            made += [(band[start - 1].bottom + band[start].top) / 2 for start in starts[1:]]
        made.append(below)
    return made


def _are_rows(band: Sequence[Row], columns: Columns) -> bool:
    """Whether each line between two rules is a row: nearly all cells are filled, over three lines or more."""
    filled = sum(len({column_of(cell, columns) for cell in row.cells}) for row in band)
    return len(band) > 2 and filled >= _FULL * len(band) * len(columns)


def _is_filled(table: Table, bands: int) -> bool:
    """Whether most bands are one row with a key, and something beside it. Few bands must be nearly full."""
    keyed = sum(bool(row[0]) and sum(map(bool, row)) > 1 for row in table.rows)
    if bands < _FEW_BANDS:
        cells = [bool(cell) for row in table.rows for cell in row]
        return len(table.columns) > 2 and sum(cells) >= 0.75 * len(cells) and keyed == len(table.rows)
    return len(table.rows) >= bands - 1 and keyed >= 0.7 * len(table.rows)


def _uncrossed(across: Sequence[Rule], down: Sequence[Rule]) -> list[Rule]:
    """The rules across the page that no rule down it crosses, those of one place as one."""
    flat = _merged(across)
    if not down:
        return flat
    (y, left, right), (x, bottom, top) = np.array(flat).T[:, :, None], np.array(down).T
    # Rules at both ends are the frame around a table.
    met = (left + _TOUCH < x) & (x < right - _TOUCH) & (bottom + _TOUCH < y) & (y < top - _TOUCH)
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
    open_bands = [n for n, band in enumerate(bands) if len(band) == 2 < len(xs) - 1]
    open_bands = [n for n in open_bands if _leaves(lines, xs, ys[n], ys[n + 1])]
    if len(open_bands) > 1:
        return None  # rules part the cells of some rows only
    for n in open_bands:
        bands[n] = list(range(len(xs)))
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


def _leaves(lines: Sequence[Line], xs: Sequence[float], top: float, bottom: float) -> bool:
    """Whether the words of a band without rules between them stand in columns all the same."""
    band = [line for line in lines if bottom < (line.bottom + line.top) / 2 <= top and not line.upright]
    words = [
        word
        for line in band
        for word in line.words
        if xs[0] - _TOUCH <= word.left and word.right <= xs[-1] + _TOUCH
    ]
    if not words or max(line.bottom for line in band) - min(line.bottom for line in band) > _TOUCH:
        return False
    sides = {bisect_right(xs, word.left) for word in words}
    return len(sides) > 1 and not any(word.left < x < word.right for x in xs[1:-1] for word in words)


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
