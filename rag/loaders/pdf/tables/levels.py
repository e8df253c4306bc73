"""Names of columns on two levels, above a table without rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import inf

from ..drawn import Drawn
from .rows import Cell, Row, column_of
from .table import NUMBER, Columns, Table, joined

_YEAR = re.compile(r"(?:19|20)\d\d\b")


def over(row: Row, below: Row, columns: Columns, drawn: Drawn) -> list[tuple[int, int]] | None:
    """Of each cell of a row above a table the columns that it names, from the first to the one behind.

    The first columns may have no group, and their names on either level. Groups are of one size, and their
    names stand alike over them; None where they do not.
    """
    cells, count = row.cells, len(columns)
    if not 0 < row.bottom - below.bottom <= 2.6 * row.height or not 0.8 < row.height / below.height < 1.3:
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


def groups_of(
    rows: Sequence[Row], columns_of: Callable[[Sequence[Row]], Columns | None], drawn: Drawn
) -> tuple[Row, list[Row], Columns, list[tuple[int, int]]] | None:
    """The row of a table that names groups of its columns, the rows below it, their columns, and the groups.

    Names of columns that stand halfway between both levels go to the lower one. None where no row names
    groups.
    """
    for place, row in enumerate(rows[:2]):
        if len(row.cells) < 2 or place + 2 >= len(rows):
            continue
        lower, rest = rows[place + 1], rows[place + 2 :]
        beside = list(rows[:place])
        if len(lower.cells) == 1 and row.bottom - lower.bottom < row.height:
            beside.append(lower)
            lower, rest = rest[0], rest[1:]
        lower = _with(lower, beside)
        if len(lower.cells) <= len(row.cells) or not rest:
            continue
        columns = columns_of([lower, *rest])
        if columns is None or len(columns) < len(lower.cells):
            continue
        groups = over(row, lower, columns, drawn)
        if groups is not None and _are_names(lower, columns, groups):
            return row, [lower, *rest], columns, groups
    return None


def _with(row: Row, others: Sequence[Row]) -> Row:
    cells = sorted(
        [*row.cells, *(cell for other in others for cell in other.cells)], key=lambda cell: cell.left
    )
    places = [*row.places, *(place for other in others for place in other.places)]
    return row._replace(cells=tuple(cells), places=places)


def _are_names(row: Row, columns: Columns, groups: Sequence[tuple[int, int]]) -> bool:
    """Whether most cells below the names of groups are names themselves: words, or years."""
    inside = [
        cell for cell in row.cells if any(a <= column_of(cell, columns) < b for a, b in groups if b - a > 1)
    ]
    numbers = sum(bool(NUMBER.match(cell.text)) and not _YEAR.match(cell.text) for cell in inside)
    return bool(inside) and numbers * 2 < len(inside)


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


def two_levels(table: Table, row: Row, groups: Sequence[tuple[int, int]]) -> Table:
    """A table whose columns have the names of their groups before their own."""
    texts, words = list(table.rows[0]), list(table.words[0])
    for cell, (a, b) in zip(row.cells, groups, strict=True):
        for column in range(a, b):
            texts[column] = joined(cell.text, texts[column])
            words[column] = cell.words + words[column]
    return table._replace(
        rows=(tuple(texts), *table.rows[1:]), words=(tuple(words), *table.words[1:]), top=row.top, headed=True
    )
