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
from .levels import groups_of, over, two_levels
from .prose import is_prose
from .rows import OVERLAP, WITHIN, Cell, Row, aligned, column_of, rows_of, starts_of, under_names
from .strips import is_even, parted
from .table import NUMBER, Columns, Item, Table, joined

_MARKER = re.compile(r"(?:[•‣▪●○■◦–*·-]|\(?\d{1,3}[.)]|\[\d{1,3}\]|\(?[a-zA-Z][.)]|\(?[ivx]{1,4}[.)])$")
_SIGNS = re.compile(r"[=+−×·<>≤≥≈≡∈→,.;()\s-]+$")
_MATHS = re.compile(r"[=√∫∑∏∂∇∞≡≈∈\u0370-\u03ff\u2190-\u21ff\u2200-\u22ff]")
_DOTS = re.compile(r"[.…·_]{4,}")
_SPACED_DOTS = re.compile(r"(?:\. ){4,}")


def bare_tables(lines: Sequence[Line], places: Sequence[int], drawn: Drawn) -> list[tuple[Table, set[int]]]:
    rows = parted(lines, rows_of(lines, places))
    found: list[tuple[Table, set[int]]] = []
    start = done = 0
    while start < len(rows):
        if len(rows[start].cells) < 2:
            start += 1
            continue
        if start + 1 < len(rows) and len(rows[start].cells) < len(rows[start + 1].cells):
            _, below = _reach(rows, start + 1)
            if below and over(rows[start], rows[start + 1], below, drawn) is not None:
                start += 1  # names of groups of columns; the table takes them
        end, columns = _reach(rows, start)
        while columns and start > done and _stands_beside(rows[start - 1], rows[start], columns):
            start -= 1
        region = rows[start:end]
        named = groups_of(region, _columns_of, drawn) if columns else None
        if named is not None:
            region, columns = named[1], named[2]
        elif columns:
            columns = under_names(region, columns)
        if columns and (table := _table(region, columns, drawn)) is not None:
            used = {cell.line for row in region for cell in row.cells}
            used |= {cell.line for row in rows[start:end] for cell in row.cells}
            kept = {cell.line for row in rows[:start] + rows[end:] for cell in row.cells}
            if not used & kept:
                above = rows[start - 1] if start > done else None
                if named is not None:
                    table = two_levels(table, named[0], named[3])
                    used |= {cell.line for cell in named[0].cells}
                elif (
                    above is not None
                    and not is_even(above)
                    and (groups := over(above, region[0], columns, drawn)) is not None
                ):
                    table = two_levels(table, above, groups)
                    used |= {cell.line for cell in above.cells}
                found.append((table, used))
                start = done = end
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
    for place, row in enumerate(rows):
        inside = all(
            any(a <= cell.left + 1 and cell.right - 1 <= b for a, b in pairwise(edges)) for cell in row.cells
        )
        near = not taken or taken[-1].bottom - row.bottom <= 3.2 * row.height
        full = len(row.cells) * 2 >= len(table.columns) and len(row.cells) > 1
        if not place and len(rows) > 1 and len(rows[1].cells) > 1:
            # What is left of a cell that began on the page before.
            full = full or row.bottom - rows[1].bottom <= 3.2 * row.height
        wraps = bool(taken) and taken[-1].bottom - row.bottom <= WITHIN * row.height
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


def with_rest(line: Line, table: Table) -> Table | None:
    """A table at the top of a page with the line above it, the rest of a cell of the page before, as a row.

    None where the line stands in no single column, or is not right above.
    """
    held = [n for n, (left, right) in enumerate(table.columns) if line.left < right and line.right > left]
    if len(held) != 1 or not 0 < line.bottom - table.top + line.height <= 3.2 * line.height:
        return None
    texts = [""] * len(table.columns)
    words: list[tuple[Word, ...]] = [()] * len(table.columns)
    texts[held[0]], words[held[0]] = line.text, line.words
    return table._replace(rows=(tuple(texts), *table.rows), words=(tuple(words), *table.words), top=line.top)


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
        if (len(drops) > 1 and drop > 1.7 * max(*drops, above.height)) or (
            len(row.cells) > most + 1 and drop > OVERLAP * above.height
        ):
            break  # another table stands below
        drops.append(drop)
        merged = _projected(columns, row)
        if len(row.cells) == 1:
            # A line of one cell goes on in its column, or names rows; across columns it ends the table.
            cell = row.cells[0]
            inside = sum(cell.right > left and cell.left < right for left, right in columns)
            if not _names_rows(rows, end, columns, drops) and (
                inside > 1 or drop > WITHIN * above.height or (not inside and len(columns) < 2)
            ):
                break
        elif len(merged) < max(2, most - (1 if most > 3 else 0)):
            break
        if (len(merged) >= 2 and len(merged) >= len(columns) - 1) or len(row.cells) > 1:
            columns = merged if len(row.cells) > 1 or len(merged) == len(columns) else columns
        most = max(most, len(row.cells))
        end += 1
        if len(row.cells) > 1:
            last = end
    # Lines of one cell behind the last full row belong to it only where they go on in a later column.
    while last < end and rows[last].cells[0].left > columns[0][1]:
        last += 1
    return last, columns if len(columns) > 1 else None


def _columns_of(rows: Sequence[Row]) -> Columns | None:
    """The columns of rows that are one table; None where they are not."""
    end, columns = _reach(rows, 0)
    return under_names(rows, columns) if columns and end == len(rows) else None


def _stands_beside(row: Row, below: Row, columns: Columns) -> bool:
    """Whether a line above a table is the first one of cells that are centred beside those below it."""
    return row.bottom - below.bottom <= OVERLAP * row.height and all(
        sum(cell.right > left and cell.left < right for left, right in columns) == 1 for cell in row.cells
    )


def _names_rows(rows: Sequence[Row], place: int, columns: Columns, drops: Sequence[float]) -> bool:
    """Whether a line of one cell at the first column stands among the rows of a table as one of them."""
    row, cell = rows[place], rows[place].cells[0]
    if place + 1 >= len(rows) or len(columns) < 2 or is_even(row):
        return False
    below, least = rows[place + 1], min(drops)
    if len(below.cells) == 1 and place + 2 < len(rows) and abs(below.cells[0].left - cell.left) > 1:
        return False
    return (
        abs(cell.left - columns[0][0]) <= 2
        and cell.right < columns[1][1]
        and drops[-1] <= 1.6 * least
        and row.bottom - below.bottom <= 1.6 * least
        and 0.8 < row.height / below.height < 1.25
        and len(_projected(columns, below)) >= len(columns) - 1
    )


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
            by_column[column_of(cell, columns)].append(cell)
    if any(not cells for cells in by_column):
        return None
    dots = _DOTS if len(columns) == 2 else _SPACED_DOTS
    if any(dots.search(cell.text) or _DOTS.search(cell.text) for row in region for cell in row.cells):
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


def _wrapped(region: Sequence[Row], columns: Columns) -> tuple[list[list[str]], list[list[tuple[Word, ...]]]]:
    """The rows as texts, with lines that go on in a cell joined to it; and the words of each cell."""
    rows: list[list[str]] = []
    words: list[list[tuple[Word, ...]]] = []
    for start, end in pairwise([*starts_of(region, columns), len(region)]):
        texts = [""] * len(columns)
        made: list[tuple[Word, ...]] = [()] * len(columns)
        for row in region[start:end]:
            for cell in row.cells:
                column = column_of(cell, columns)
                texts[column] = joined(texts[column], cell.text)
                made[column] += cell.words
        rows.append(texts)
        words.append(made)
    return rows, words


def _names_columns(rows: Sequence[Sequence[str]], marked: bool) -> bool:
    """Whether the first row of two columns names them: it is set off, or words stand over numbers."""
    if marked:
        return True
    if len(rows) < 3 or not all(rows[0]):
        return False
    numbers = [all(NUMBER.match(row[n]) for row in rows[1:] if row[n]) for n in range(len(rows[0]))]
    return any(is_number and not re.search(r"\d", rows[0][n]) for n, is_number in enumerate(numbers))
