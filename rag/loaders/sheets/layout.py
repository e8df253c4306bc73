"""A sheet's cells → Markdown: titles as paragraphs, then tables, each under its own row of names.

Merged cells are repeated down, so that every row has its key; across they stand once, save in a table's head,
where the name of a group goes before those of its columns: `2023 Q1`, `2023 Q2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.loaders.pipes import joined, pipe_table

Rows = list[list[str]]
Span = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged range, all from 0."""

_LETTER = re.compile(r"[^\W\d_]")
_VALUE = re.compile(r"^[-+(]?\s*+(?:[^\w\s]\s*+)?\d")
_MOST_ABOVE = 12  # rows of one cell that may stand above a table
_MOST_SPANS = 20_000


def sheet_markdown(rows: Rows, spans: Sequence[Span] = ()) -> str:
    """The sheet without its name; `` where every cell is blank."""
    heads = _repeated(rows, spans)
    parts: list[str] = []
    above: Rows = []  # the table that a blank row has interrupted
    lone = all(sum(map(bool, row)) < 2 for row in rows)
    for first, last in _regions(rows):
        titles, table = _titled(rows[first:last], lone)
        if titles:
            parts += [" ".join(cell for cell in row if cell) for row in titles]
            above = []
        if not table:
            continue
        if above and not _starts_anew(table, above[0]):
            above += table
        else:
            above = _headed(table, first + len(titles), heads)
            parts.append("")
        left = min(next(i for i, cell in enumerate(row) if cell) for row in above if any(row))
        parts[-1] = pipe_table([row[left:] for row in above])
    return "\n\n".join(part for part in parts if part)


def _repeated(rows: Rows, spans: Sequence[Span]) -> dict[int, list[tuple[int, int]]]:
    """Fills merged cells down; row → the ranges of columns that are merged across in it."""
    across: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, right in spans[:_MOST_SPANS]:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for row in rows[top + 1 : bottom + 1]:
            if left < len(row) and not row[left]:
                row[left] = rows[top][left]
        if right > left:
            across.setdefault(top, []).append((left, right))
    return across


def _regions(rows: Rows) -> Iterator[tuple[int, int]]:
    """The runs of rows that are not blank."""
    first = -1
    for i, row in enumerate(rows):
        if any(row):
            first = i if first < 0 else first
        elif first >= 0:
            yield first, i
            first = -1
    if first >= 0:
        yield first, len(rows)


def _titled(region: Rows, lone: bool) -> tuple[Rows, Rows]:
    """The rows of one cell above a table, and the table. A sheet of one column is a table, too."""
    widths = [sum(map(bool, row)) for row in region]
    if max(widths) < 2:
        return ([], region) if lone else (region, [])
    first = next(i for i, width in enumerate(widths) if width > 1)
    # The first of them may name a column, and the others stand blank, in a table of two columns.
    if first > _MOST_ABOVE or (max(widths) == 2 and first > 2):
        return [], region
    return region[:first], region[first:]


def _starts_anew(table: Rows, head: list[str]) -> bool:
    """Whether rows behind a blank one are a table of their own: they begin with names, not values."""
    first = table[0]
    if len(table) < 2 or not all(_is_name(cell) for cell in first if cell):
        return False
    if [bool(cell) for cell in first] != [bool(cell) for cell in head]:
        return True
    return any(cell and not _is_name(cell) for row in table[1:4] for cell in row)


def _headed(table: Rows, top: int, heads: dict[int, list[tuple[int, int]]]) -> Rows:
    """A table with a head of two rows, the first one's cells merged across, has both as one."""
    groups = heads.get(top)
    if not groups or len(table) < 3 or not all(_is_name(cell) or _is_year(cell) for cell in table[1] if cell):
        return table
    return [joined(table[0], table[1], groups), *table[2:]]


def _is_name(cell: str) -> bool:
    return bool(_LETTER.search(cell)) and not _VALUE.match(cell)


def _is_year(cell: str) -> bool:
    return len(cell) == 4 and cell.isdigit()
