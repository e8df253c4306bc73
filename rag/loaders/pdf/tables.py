"""Tables of a page: from the rules that are drawn around cells, else from the gaps between words.

A ruled table is a group of crossing rules; each word goes to the cell it stands in. Without rules, lines at
one height form a row, wide gaps part its cells, and rows that keep to the same columns form a table. Columns
of prose look alike; they are told apart by how far their lines fill them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, takewhile
from math import inf
from statistics import median
from typing import NamedTuple, cast

from .drawn import Drawn
from .lines import WIDE, Line, Word

_MOST_CROSSINGS = 20_000  # more are a drawing
_TOUCH = 3.0  # points between rules that meet
_FEWEST_PARTED = 5  # rows that stand close
_STRIP = 0.3  # of the height of a row; a space takes less
_PROSE_LETTERS = 26
_PROSE_FILL = 0.72
_MARKER = re.compile(r"(?:[•‣▪●○■◦–*·-]|\(?\d{1,3}[.)]|\[\d{1,3}\]|\(?[a-zA-Z][.)]|\(?[ivx]{1,4}[.)])$")
_NUMBER = re.compile(r"[-+−–(]?[€$£¥]?\s?\d[\d.,:'\s/%-]*\)?\s?(?:%|€|[A-Za-z]{1,4})?$")
_SIGNS = re.compile(r"[=+−×·<>≤≥≈≡∈→,.;()\s-]+$")
_MATHS = re.compile(r"[=√∫∑∏∂∇∞≡≈∈\u0370-\u03ff\u2190-\u21ff\u2200-\u22ff]")
_DOTS = re.compile(r"[.…·_]{4,}")


class Table(NamedTuple):
    """Rows of cells. `columns`: where each begins and ends, in points; `headed`: the first row names columns.

    `height` is that of its letters; `words` are those that each cell is made of.
    """

    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[float, float], ...]
    left: float
    right: float
    bottom: float
    top: float
    headed: bool
    height: float
    words: tuple[tuple[tuple[Word, ...], ...], ...] = ()

    @property
    def letters(self) -> int:
        """How many characters its cells have."""
        return sum(len(text) for row in self.rows for text in row)


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


Item = Line | Table


def items_of(lines: Sequence[Line], drawn: Drawn) -> list[Item]:
    """The lines of a page with its tables in the place of their lines."""
    found: list[tuple[Table, set[int]]] = []
    free = set(range(len(lines)))
    for table, used in _ruled(lines, drawn):
        if used <= free:
            found.append((table, used))
            free -= used
    for places in _sides(lines, free):
        found += _unruled(lines, places, drawn)
    first = {min(used): (table, used) for table, used in found}
    gone = {place for _, used in found for place in used}
    items: list[Item] = []
    for place, line in enumerate(lines):
        if place in first:
            items.append(first[place][0])
        elif place not in gone:
            items.append(line)
    return items


# Ruled tables.


def _ruled(lines: Sequence[Line], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    across, down = list(drawn.across), list(drawn.down)
    if len(across) < 2 or len(down) < 3 or len(across) + len(down) > 4000:
        return []
    found = []
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
        if (table := _filled(lines, xs, ys, flat, tall)) is not None:
            found.append(table)
    return found


def _filled(
    lines: Sequence[Line],
    xs: Sequence[float],
    ys: Sequence[float],
    flat: Sequence[tuple[float, float, float]],
    tall: Sequence[tuple[float, float, float]],
) -> tuple[Table, set[int]] | None:
    grid: list[list[list[Placed]]] = [[[] for _ in xs[1:]] for _ in ys[1:]]
    used: set[int] = set()
    # Within a band of rows only the rules that cross it part cells.
    bands = [
        [
            x
            for x in xs
            if any(
                abs(rule[0] - x) <= _TOUCH and rule[1] - 1 <= (low + high) / 2 <= rule[2] + 1 for rule in tall
            )
        ]
        for high, low in pairwise(ys)
    ]
    for place, line in enumerate(lines):
        middle = (line.bottom + line.top) / 2
        row = next((n for n, (high, low) in enumerate(pairwise(ys)) if low <= middle < high), None)
        if row is None or line.upright:
            continue
        outside = 0
        put: list[tuple[int, Word]] = []
        for word in line.words or (Word(line.text, line.left, line.right),):
            x = (word.left + word.right) / 2
            edges = bands[row]
            cell = next((n for n, (a, b) in enumerate(pairwise(edges)) if a <= x < b), None)
            if cell is None:
                outside += 1
            else:
                put.append((min(range(len(xs) - 1), key=lambda n, a=edges[cell]: abs(xs[n] - a)), word))  # type: ignore[misc]
        if put and not outside:
            used.add(place)
            for column, word in put:
                grid[row][column].append(Placed(line.bottom, line.height, *word))
    apart = sum(any(_holds_gaps(cell) for cell in row) for row in grid)
    if apart > 0.3 * sum(any(row) for row in grid):
        return None  # the rules part groups of columns, not columns
    spans = _spans(bands, xs)
    head = _head(grid, spans, _open(flat, xs, ys))
    if head is not None:
        grid = [head, *grid[2:]]
    parts = [part for row in grid for part in _split(row)]
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


def _spans(bands: Sequence[Sequence[float]], xs: Sequence[float]) -> list[list[tuple[int, int]]]:
    """For each band of rows the cells that go over several columns: the first column and the one behind."""
    places = [
        [min(range(len(xs)), key=lambda n, x=x: abs(xs[n] - x)) for x in edges]  # type: ignore[misc]
        for edges in bands
    ]
    return [[(a, b) for a, b in pairwise(edges) if b - a > 1] for edges in places]


def _open(
    flat: Sequence[tuple[float, float, float]], xs: Sequence[float], ys: Sequence[float]
) -> list[list[bool]]:
    """For each line between two bands and each column, whether no rule parts the cells above and below."""
    return [
        [
            not any(abs(rule[0] - y) <= _TOUCH and rule[1] - 1 <= (a + b) / 2 <= rule[2] + 1 for rule in flat)
            for a, b in pairwise(xs)
        ]
        for y in ys[1:-1]
    ]


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
    numbers = [bool(_NUMBER.match(_joined(grid[1][column]))) for a, b in groups for column in range(a, b)]
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


def _by_line(words: Sequence[Placed], same: float = 4.0) -> list[list[Placed]]:
    """The words of a cell, line by line, from the left."""
    ordered: list[list[Placed]] = []
    for word in sorted(words, key=lambda word: -word.bottom):
        if ordered and ordered[-1][0].bottom - word.bottom <= same:
            ordered[-1].append(word)
        else:
            ordered.append([word])
    return [sorted(line, key=lambda word: word.left) for line in ordered]


def _joined(words: Sequence[Placed]) -> str:
    """The text of a cell; a hyphen at a line's end is joined where the next word goes on."""
    text = ""
    for line in _by_line(words):
        text = joined(text, " ".join(word.text for word in line))
    return text


def _words(cell: Sequence[Placed]) -> tuple[Word, ...]:
    return tuple(Word(*word[2:]) for line in _by_line(cell) for word in line)


def _holds_gaps(words: Sequence[Placed]) -> bool:
    """Whether a cell holds words so far apart that they are columns of their own."""
    return any(
        right.left - left.right > 1.3 * left.height
        for line in _by_line(words)
        for left, right in pairwise(line)
    )


def _split(row: Sequence[Sequence[Placed]]) -> list[list[list[Placed]]]:
    """A band between two rules as rows: several where numbers stand below one another beside lines."""
    lines = [_by_line(cell) for cell in row]
    counts = {len(cell) for cell in lines if cell}
    several = [cell for cell in lines if len(cell) > 1]
    if len(counts) != 1 or len(several) < 2 or len(several) != sum(map(bool, lines)):
        return [[list(cell) for cell in row]]
    numbers = any(
        all(_NUMBER.match(" ".join(word.text for word in line)) for line in cell) for cell in several
    )
    level = all(
        abs(cell[n][0].bottom - several[0][n][0].bottom) <= 3 for cell in several for n in range(len(cell))
    )
    if not numbers or not level:
        return [[list(cell) for cell in row]]
    return [[cell[n] if cell else [] for cell in lines] for n in range(counts.pop())]


def joined(above: str, below: str) -> str:
    """Two lines of one cell as one."""
    if not above or not below:
        return above or below
    if above.endswith("-") and above[-2:-1].isalpha() and below[0].islower():
        return above[:-1] + below
    cjk = "\u3000" <= above[-1] <= "\u9fff" and "\u3000" <= below[0] <= "\u9fff"
    return above + below if cjk else f"{above} {below}"


def _groups(
    across: Sequence[tuple[float, float, float]], down: Sequence[tuple[float, float, float]]
) -> list[tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]]:
    """Rules that hang together by crossing one another."""
    flat, tall = _merged(across), _merged(down)
    owner = list(range(len(flat) + len(tall)))

    def root(place: int) -> int:
        while owner[place] != place:
            owner[place] = owner[owner[place]]
            place = owner[place]
        return place

    for i, (y, left, right) in enumerate(flat):
        for j, (x, bottom, top) in enumerate(tall, len(flat)):
            if left - _TOUCH <= x <= right + _TOUCH and bottom - _TOUCH <= y <= top + _TOUCH:
                owner[root(i)] = root(j)
    groups: dict[int, tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]] = {}
    for place, rule in enumerate([*flat, *tall]):
        groups.setdefault(root(place), ([], []))[place >= len(flat)].append(rule)
    return [group for group in groups.values() if group[0] and len(group[1]) >= 3]


def _merged(rules: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Rules of one place that touch as one: cells are often drawn one by one."""
    merged: list[tuple[float, float, float]] = []
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


# Tables without rules.


def _sides(lines: Sequence[Line], free: set[int]) -> list[list[int]]:
    """The lines that may form a table with one another: all of them, or those of each column of prose."""
    places = [place for place in sorted(free) if not lines[place].upright]
    cut = gutter([lines[place] for place in places])
    if cut is None:
        return [places]
    left = [place for place in places if lines[place].right <= cut]
    right = [place for place in places if lines[place].left >= cut]
    return [left, right]


def gutter(lines: Sequence[Line]) -> float | None:
    """Where two columns of prose part; None where the lines stand in one."""
    if len(lines) < 12:
        return None
    low, high = min(line.left for line in lines), max(line.right for line in lines)
    best: tuple[int, float] | None = None
    for step in range(35, 66, 2):
        x = low + (high - low) * step / 100
        left = [line for line in lines if line.right <= x]
        right = [line for line in lines if line.left >= x]
        crossing = len(lines) - len(left) - len(right)
        if crossing > 0.25 * len(lines) or min(len(left), len(right)) < 6:
            continue
        if _is_prose(left) and _is_prose(right) and (best is None or crossing < best[0]):
            best = (crossing, x)
    return best[1] if best else None


def _is_prose(lines: Sequence[Line] | Sequence[Cell]) -> bool:
    """Whether lines fill their column as running text does."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    fill = median((line.right - line.left) / max(right - left, 1.0) for line in lines)
    return median(len(line.text) for line in lines) >= _PROSE_LETTERS and fill >= _PROSE_FILL


def _parted(lines: Sequence[Line], rows: list[Row]) -> list[Row]:
    """Rows of words that stand close, cut into cells where a white strip goes down through many rows.

    As a sheet is printed whose columns are hardly wider than what is in them.
    """
    words = [[word for place in row.places for word in lines[place].words] for row in rows]
    start = 0
    while start + _FEWEST_PARTED <= len(rows):
        end, strips = _strips(rows, words, start)
        later, more = _strips(rows, words, start + 1)
        if end - start < _FEWEST_PARTED or (later - start > _FEWEST_PARTED and len(more) > len(strips)):
            start += 1
            continue
        cuts = [(left + right) / 2 for left, right in strips]
        parted = [_row(lines, row.places, cuts) for row in rows[start:end]]
        columns: list[list[Cell]] = [[] for _ in range(len(cuts) + 1)]
        for row in parted:
            for cell in row.cells:
                columns[sum(cell.left > cut for cut in cuts)].append(cell)
        numbers = [sum(bool(_NUMBER.match(cell.text)) for cell in cells) for cells in columns]
        kept = all(len(new.cells) >= len(row.cells) for new, row in zip(parted, rows[start:end], strict=True))
        if (
            kept
            and all(cells and _aligned(cells, 2.0, 0.8) for cells in columns)
            and any(number >= 0.7 * len(cells) for number, cells in zip(numbers, columns, strict=True))
        ):
            rows[start:end] = parted
            start = end
        else:
            start += 1
    return rows


def _strips(rows: Sequence[Row], words: Sequence[Sequence[Word]], start: int) -> tuple[int, Columns]:
    """How far rows go on with white strips between their words, and the strips."""
    strips: Columns = []
    end = start
    while end < len(rows):
        row = rows[end]
        line = sorted(words[end], key=lambda word: word.left)
        if len(line) < 2:
            break
        narrow = _STRIP * row.height
        gaps = [(a.right, b.left) for a, b in pairwise(line) if b.left - a.right > narrow]
        if end > start:
            above = rows[end - 1]
            if above.bottom - row.bottom > 2.2 * row.height or not 0.8 < row.height / above.height < 1.25:
                break
            gaps = [
                (max(a, left), min(b, right))
                for a, b in [(-inf, line[0].left), *gaps, (line[-1].right, inf)]
                for left, right in strips
                if min(b, right) - max(a, left) > narrow
            ]
        if not gaps or (end - start > 2 and len(gaps) < len(strips)):
            break
        strips = gaps
        end += 1
    return end, strips


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
    return [_row(lines, group) for group in groups]


def _has_gap(line: Line) -> bool:
    wide = WIDE * line.height
    return any(right.left - left.right > wide for left, right in pairwise(line.words))


def _row(lines: Sequence[Line], group: Sequence[int], cuts: Sequence[float] | None = None) -> Row:
    """Lines at one height as cells: cut at wide gaps, or at `cuts`."""
    if cuts is None and len(group) == 1 and not _has_gap(lines[group[0]]):
        line = lines[group[0]]
        cell = Cell(line.text, line.left, line.right, line.bold, group[0], line.words)
        return Row((cell,), line.bottom, line.top, group)
    words = [(word, place) for place in group for word in lines[place].words]
    words.sort(key=lambda each: each[0].left)
    height = median(lines[place].height for place in group)
    cells: list[list[tuple[Word, int]]] = []
    for word, place in words:
        if cells and (
            word.left - cells[-1][-1][0].right <= WIDE * height
            if cuts is None
            else not any(cells[-1][-1][0].right <= cut <= word.left for cut in cuts)
        ):
            cells[-1].append((word, place))
        else:
            cells.append([(word, place)])
    return Row(
        tuple(
            Cell(" ".join(word.text for word, _ in cell), cell[0][0].left, cell[-1][0].right,
                 all(lines[place].bold for _, place in cell), cell[0][1], tuple(word for word, _ in cell))
            for cell in cells
        ),
        min(lines[place].bottom for place in group),
        max(lines[place].top for place in group),
        group,
    )  # fmt: skip


def _unruled(lines: Sequence[Line], places: Sequence[int], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    rows = _parted(lines, rows_of(lines, places))
    found: list[tuple[Table, set[int]]] = []
    start = 0
    while start < len(rows):
        if len(rows[start].cells) < 2:
            start += 1
            continue
        if start + 1 < len(rows) and len(rows[start].cells) < len(rows[start + 1].cells):
            _, below = _reach(rows, start + 1)
            if below and _over(rows[start], rows[start + 1], below, drawn) is not None:
                start += 1  # names of groups of columns; the table takes them
        end, columns = _reach(rows, start)
        region = rows[start:end]
        if columns and (table := _table(region, columns, drawn)) is not None:
            used = {cell.line for row in region for cell in row.cells}
            kept = {cell.line for row in rows[:start] + rows[end:] for cell in row.cells}
            if not used & kept:
                above = rows[start - 1] if start else None
                if above is not None and (groups := _over(above, region[0], columns, drawn)) is not None:
                    table = _two_levels(table, above, groups)
                    used |= {cell.line for cell in above.cells}
                found.append((table, used))
                start = end
                continue
        start += 1 if end <= start + 1 else max(1, (end - start) // 2 if columns is None else end - start)
    return found


def _over(row: Row, below: Row, columns: Columns, drawn: Drawn) -> list[tuple[int, int]] | None:
    """Of each cell of a row above a table the columns that it names, from the first to the one behind.

    The first columns may have no group, and their names on either level. Groups are of one size, and their
    names stand alike over them; None where they do not.
    """
    cells, count = row.cells, len(columns)
    if not 0 < row.bottom - below.bottom <= 2.2 * row.height or not 0.8 < row.height / below.height < 1.3:
        return None
    for stub in range(min(3, count - 1)):
        for singles in range(min(stub, len(cells) - 1) + 1):
            groups = len(cells) - singles
            size, rest = divmod(count - stub, groups)
            if rest or size < 2:
                continue
            ranges = [(stub - singles + n, stub - singles + n + 1) for n in range(singles)]
            ranges += [(stub + size * n, stub + size * (n + 1)) for n in range(groups)]
            if all(_stands_over(cell, columns, *part) for cell, part in zip(cells, ranges, strict=True)) and (
                _regular(cells[singles:], columns, ranges[singles:])
                if groups > 1
                else _underlined(row, below, columns[stub:], drawn)
            ):
                return ranges
    return None


def _stands_over(cell: Cell, columns: Columns, a: int, b: int) -> bool:
    """Whether a cell stands over the columns from `a` to before `b` and no others."""
    after = columns[b][0] if b < len(columns) else inf
    before = columns[a - 1][1] if a else -inf
    return (
        before < cell.left
        and cell.right < after
        and cell.right > columns[a][0]
        and cell.left < columns[b - 1][1]
    )


def _regular(cells: Sequence[Cell], columns: Columns, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether cells stand alike over their columns: as far from where these begin, or from where they end."""
    middles = [(cell.left + cell.right) / 2 for cell in cells]
    begins = [middle - columns[a][0] for middle, (a, _) in zip(middles, ranges, strict=True)]
    ends = [columns[b - 1][1] - middle for middle, (_, b) in zip(middles, ranges, strict=True)]
    return any(max(edge) - min(edge) <= 10 for edge in (begins, ends))


def _underlined(row: Row, below: Row, columns: Sequence[tuple[float, float]], drawn: Drawn) -> bool:
    """Whether a rule between two rows goes over these columns and no others."""
    left, right = columns[0][0], columns[-1][1]
    return any(
        below.bottom < y < row.bottom + 3 and abs(start - left) <= 20 and abs(end - right) <= 20
        for y, start, end in drawn.across
    )


def _two_levels(table: Table, row: Row, groups: Sequence[tuple[int, int]]) -> Table:
    """A table whose columns have the names of their groups before their own."""
    texts, words = list(table.rows[0]), list(table.words[0])
    for cell, (a, b) in zip(row.cells, groups, strict=True):
        for column in range(a, b):
            texts[column] = joined(cell.text, texts[column])
            words[column] = cell.words + words[column]
    return table._replace(
        rows=(tuple(texts), *table.rows[1:]), words=(tuple(words), *table.words[1:]), top=row.top, headed=True
    )


def goes_on(table: Table, items: Sequence[Item]) -> tuple[Table, int] | None:
    """The rows at the top of a page that go on in the columns of the table that ended the page before.

    With how many of the items they take; None where the page begins otherwise.
    """
    lines = list(takewhile(lambda item: isinstance(item, Line) and not item.upright, items))
    rows = rows_of(cast(Sequence[Line], lines), range(len(lines)))
    edges = [
        -inf,
        *((left[1] + right[0]) / 2 for left, right in pairwise(table.columns)),
        inf,
    ]
    taken: list[Row] = []
    for row in rows:
        inside = all(
            any(a <= cell.left + 1 and cell.right - 1 <= b for a, b in pairwise(edges)) for cell in row.cells
        )
        near = not taken or taken[-1].bottom - row.bottom <= 3.2 * row.height
        full = len(row.cells) * 2 >= len(table.columns) and len(row.cells) > 1
        wraps = bool(taken) and taken[-1].bottom - row.bottom <= 1.45 * row.height
        if not inside or not near or not (full or wraps) or not 0.85 < row.height / table.height < 1.18:
            break
        taken.append(row)
    used = {cell.line for row in taken for cell in row.cells}
    if not used or used != set(range(len(used))):
        return None
    texts, words = _wrapped(taken, list(table.columns))
    part = Table(
        tuple(map(tuple, texts)), table.columns, table.left, table.right, taken[-1].bottom, taken[0].top,
        False, table.height, tuple(map(tuple, words)),
    )  # fmt: skip
    return part, len(used)


Columns = list[tuple[float, float]]


def _reach(rows: Sequence[Row], start: int) -> tuple[int, Columns | None]:
    """How far rows go on in the same columns, and the columns."""
    columns: Columns = [(cell.left, cell.right) for cell in rows[start].cells]
    most = len(columns)
    end = last = start + 1
    drops: list[float] = []
    while end < len(rows):
        row, above = rows[end], rows[end - 1]
        drop = above.bottom - row.bottom
        if drop > 3.2 * above.height or not 0.7 < row.height / above.height < 1.45:
            break
        if (len(drops) > 1 and drop > 1.7 * max(drops)) or len(row.cells) > most + 1:
            break  # another table stands below
        drops.append(drop)
        merged = _projected(columns, row)
        if len(row.cells) == 1:
            # A line of one cell goes on in its column; across columns it ends the table.
            cell = row.cells[0]
            inside = sum(cell.right > left and cell.left < right for left, right in columns)
            if inside > 1 or drop > 1.45 * above.height or (not inside and len(columns) < 2):
                break
        elif len(merged) < max(2, most - (1 if most > 3 else 0)):
            break
        if (len(merged) >= 2 and len(merged) >= len(columns) - 1) or len(row.cells) > 1:
            columns = merged if len(row.cells) > 1 or len(merged) == len(columns) else columns
        most = max(most, len(columns))
        end += 1
        if len(row.cells) > 1:
            last = end
    # Lines of one cell behind the last full row belong to it only where they go on in a later column.
    while last < end and rows[last].cells[0].left > columns[0][1]:
        last += 1
    return last, columns if len(columns) > 1 else None


def _projected(columns: Columns, row: Row) -> Columns:
    """The columns after a row: intervals that overlap as one."""
    spans = sorted([*columns, *((cell.left, cell.right) for cell in row.cells)])
    merged = [spans[0]]
    for left, right in spans[1:]:
        if left < merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    return merged


def _table(region: Sequence[Row], columns: Columns, drawn: Drawn) -> Table | None:
    full = [row for row in region if len(row.cells) > 1]
    if len(full) < (2 if len(columns) > 3 else 3):
        return None
    by_column: list[list[Cell]] = [[] for _ in columns]
    for row in region:
        for cell in row.cells:
            by_column[_column(cell, columns)].append(cell)
    if any(not cells for cells in by_column):
        return None
    if any(_DOTS.search(cell.text) for row in region for cell in row.cells):
        return None
    labels = [bool(_MARKER.match(cell.text)) for cell in by_column[0]]
    if len(columns) == 2 and sum(labels) > 0.5 * len(labels):
        return None
    if sum(_is_prose(cells) for cells in by_column if len(cells) > 1) >= len(columns) - (len(columns) > 2):
        return None
    if not all(_aligned(cells) for cells in by_column) or _is_formula(by_column):
        return None
    filled = sum(len(row.cells) for row in full) / (len(full) * len(columns))
    if filled < (0.7 if len(columns) == 2 else 0.5):
        return None
    rows, words = _wrapped(region, columns)
    if len(rows) < 2:
        return None
    head_bold = all(cell.bold for cell in region[0].cells) and not all(
        cell.bold for row in region[1:] for cell in row.cells
    )
    ruled = (
        any(
            region[1].top - 4 < y < region[0].bottom + 6
            and right - left > 0.5 * (columns[-1][1] - columns[0][0])
            for y, left, right in drawn.across
        )
        if len(region) > 1
        else False
    )
    headed = len(columns) > 2 or _names_columns(rows, head_bold or ruled)
    return Table(
        tuple(tuple(row) for row in rows), tuple(columns), columns[0][0], columns[-1][1],
        region[-1].bottom, region[0].top, headed,
        median(row.height for row in region), tuple(map(tuple, words)),
    )  # fmt: skip


def _is_formula(columns: Sequence[Sequence[Cell]]) -> bool:
    """Whether the cells are pieces of equations: a column of signs alone, or hardly a word or a number."""
    texts = [[cell.text for cell in cells] for cells in columns]
    if any(all(_SIGNS.match(text) for text in column) for column in texts):
        return True
    cells = [text for column in texts for text in column]
    return sum(bool(_MATHS.search(text)) for text in cells) > 0.3 * len(cells)


def _column(cell: Cell, columns: Columns) -> int:
    middle = (cell.left + cell.right) / 2
    inside = [
        place
        for place, (left, right) in enumerate(columns)
        if min(right, cell.right) - max(left, cell.left) > 0
    ]
    if inside:
        return inside[0]
    return min(range(len(columns)), key=lambda n: abs((columns[n][0] + columns[n][1]) / 2 - middle))


def _aligned(cells: Sequence[Cell], within: float = 4.0, share: float = 0.6) -> bool:
    """Whether most cells of a column begin, end or are centred at one place."""
    for edge in (
        [cell.left for cell in cells],
        [cell.right for cell in cells],
        [(cell.left + cell.right) / 2 for cell in cells],
    ):
        usual = median(edge)
        if sum(abs(value - usual) <= within for value in edge) >= share * len(edge):
            return True
    return len(cells) < 3


def _wrapped(region: Sequence[Row], columns: Columns) -> tuple[list[list[str]], list[list[tuple[Word, ...]]]]:
    """The rows as texts, with lines that go on in a cell joined to it; and the words of each cell."""
    drops = [above.bottom - row.bottom for above, row in pairwise(region)]
    # Two distances of lines: the smaller is that within a cell.
    tight = min(drops, default=0.0)
    loose = max(drops, default=0.0)
    two = loose > 1.25 * tight and any(drop > 1.25 * tight for drop in drops)
    rows: list[list[str]] = []
    words: list[list[tuple[Word, ...]]] = []
    for place, row in enumerate(region):
        texts = [""] * len(columns)
        made: list[tuple[Word, ...]] = [()] * len(columns)
        for cell in row.cells:
            column = _column(cell, columns)
            texts[column] = joined(texts[column], cell.text)
            made[column] += cell.words
        drop = drops[place - 1] if place else 0.0
        near = drop <= 1.45 * region[place - 1].height
        goes_on = bool(rows) and near and (
            (two and drop <= 1.12 * tight and sum(map(bool, texts)) <= sum(map(bool, rows[-1])))
            or (not texts[0] and sum(map(bool, texts)) < len(columns) and not _has_number(texts))
        )  # fmt: skip
        if goes_on:
            rows[-1] = [joined(above, below) for above, below in zip(rows[-1], texts, strict=True)]
            words[-1] = [above + below for above, below in zip(words[-1], made, strict=True)]
        else:
            rows.append(texts)
            words.append(made)
    return rows, words


def _has_number(texts: Sequence[str]) -> bool:
    return any(_NUMBER.match(text) for text in texts if text)


def _names_columns(rows: Sequence[Sequence[str]], marked: bool) -> bool:
    """Whether the first row of two columns names them: it is set off, or words stand over numbers."""
    if marked:
        return True
    if len(rows) < 3 or not all(rows[0]):
        return False
    numbers = [all(_NUMBER.match(row[n]) for row in rows[1:] if row[n]) for n in range(len(rows[0]))]
    return any(is_number and not re.search(r"\d", rows[0][n]) for n, is_number in enumerate(numbers))
