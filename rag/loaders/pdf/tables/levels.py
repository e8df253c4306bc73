"""Names of columns on two levels, above a table without rules."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from ..drawn import Drawn
from .rows import Cell, Row
from .table import Columns, Table, joined


def over(row: Row, below: Row, columns: Columns, drawn: Drawn) -> list[tuple[int, int]] | None:
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
