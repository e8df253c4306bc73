"""Tables without rules: rows that keep to the same columns, parted by wide gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, takewhile
from math import inf
from statistics import median
from typing import cast

from ..drawn import Drawn
from ..lines import Line, Word
from .levels import over, two_levels
from .prose import is_prose
from .rows import Cell, Row, aligned, rows_of
from .strips import parted
from .table import NUMBER, Columns, Item, Table, joined

_MARKER = re.compile(r"(?:[•‣▪●○■◦–*·-]|\(?\d{1,3}[.)]|\[\d{1,3}\]|\(?[a-zA-Z][.)]|\(?[ivx]{1,4}[.)])$")
_SIGNS = re.compile(r"[=+−×·<>≤≥≈≡∈→,.;()\s-]+$")
_MATHS = re.compile(r"[=√∫∑∏∂∇∞≡≈∈\u0370-\u03ff\u2190-\u21ff\u2200-\u22ff]")
_DOTS = re.compile(r"[.…·_]{4,}")


def bare_tables(lines: Sequence[Line], places: Sequence[int], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    rows = parted(lines, rows_of(lines, places))
    found: list[tuple[Table, set[int]]] = []
    start = 0
    while start < len(rows):
        if len(rows[start].cells) < 2:
            start += 1
            continue
        if start + 1 < len(rows) and len(rows[start].cells) < len(rows[start + 1].cells):
            _, below = _reach(rows, start + 1)
            if below and over(rows[start], rows[start + 1], below, drawn) is not None:
                start += 1  # names of groups of columns; the table takes them
        end, columns = _reach(rows, start)
        region = rows[start:end]
        if columns and (table := _table(region, columns, drawn)) is not None:
            used = {cell.line for row in region for cell in row.cells}
            kept = {cell.line for row in rows[:start] + rows[end:] for cell in row.cells}
            if not used & kept:
                above = rows[start - 1] if start else None
                if above is not None and (groups := over(above, region[0], columns, drawn)) is not None:
                    table = two_levels(table, above, groups)
                    used |= {cell.line for cell in above.cells}
                found.append((table, used))
                start = end
                continue
        start += 1 if end <= start + 1 else max(1, (end - start) // 2 if columns is None else end - start)
    return found


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
    if sum(is_prose(cells) for cells in by_column if len(cells) > 1) >= len(columns) - (len(columns) > 2):
        return None
    if not all(
        aligned([cell.left for cell in cells], [cell.right for cell in cells]) for cells in by_column
    ) or _is_formula(by_column):
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
    return any(NUMBER.match(text) for text in texts if text)


def _names_columns(rows: Sequence[Sequence[str]], marked: bool) -> bool:
    """Whether the first row of two columns names them: it is set off, or words stand over numbers."""
    if marked:
        return True
    if len(rows) < 3 or not all(rows[0]):
        return False
    numbers = [all(NUMBER.match(row[n]) for row in rows[1:] if row[n]) for n in range(len(rows[0]))]
    return any(is_number and not re.search(r"\d", rows[0][n]) for n, is_number in enumerate(numbers))
