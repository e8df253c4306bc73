"""A sheet's cells → Markdown: titles as paragraphs, then tables, each under its own row of names.

Merged cells are repeated down, so that every row has its key; across they stand once, save in a table's head,
where the name of a group goes before those of its columns: `2023 Q1`, `2023 Q2`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.loaders.pipes import joined, pipe_table

Rows = list[list[str]]
Span = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged range, all from 0."""

_LETTER = re.compile(r"[^\W\d_]")
_VALUE = re.compile(r"^[-+(]?\s*+(?:[^\w\s]\s*+)?\d")
_MOST_ABOVE = 12  # rows of one cell that may stand above a table
_MOST_SPANS = 20_000
_NAMED = 5  # hidden rows and columns that a report names


@dataclass(slots=True)
class Sheet:
    """One sheet: its rows of texts, its merged ranges, and what stands beside the cells. Places are from 0.

    Hidden rows and columns are those that no filter hides and no group folds.
    """

    name: str
    hidden: bool = False
    rows: Rows = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)  # first, last

    def take_out_hidden(self) -> None:
        """Drops the rows and blanks the columns that are hidden; those that were not blank are a problem."""
        gone: list[str] = []
        widest = max(map(len, self.rows), default=0)
        for first, last in self.hidden_columns:
            for column in range(first, min(last, widest - 1) + 1):
                cells = [row for row in self.rows if column < len(row) and row[column]]
                for row in cells:
                    row[column] = ""
                gone += [f"column {column_name(column)}"] if cells else []
        dropped = sorted(number for number in self.hidden_rows if number < len(self.rows))
        gone += [f"row {number + 1}" for number in dropped if any(self.rows[number])]
        for number in reversed(dropped):
            del self.rows[number]
        self.spans = [
            (top - bisect_left(dropped, top), left, bottom - bisect_right(dropped, bottom), right)
            for top, left, bottom, right in self.spans
            if bottom - bisect_right(dropped, bottom) >= top - bisect_left(dropped, top)
        ]
        if gone:
            more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
            self.problems.append(f"{', '.join(gone[:_NAMED])}{more} hidden and left out")


def column_name(column: int) -> str:
    """0 → `A`, 26 → `AA`."""
    letters = ""
    while column >= 0:
        letters = chr(65 + column % 26) + letters
        column = column // 26 - 1
    return letters


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
