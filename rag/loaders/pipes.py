"""Rows of cells → a Markdown pipe table."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME = re.compile(r"[^\W\d_]|(?:19|20)\d\d$")


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """The table as Markdown, its first row as the header; `` where every cell is blank.

    Rows are filled up to the widest one; blank rows and blank columns at the right are left out; a line
    break within a cell becomes a space, a `|` is escaped.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(_used(row) for row in cells)
    lines = [_line(row[:width] + [""] * (width - len(row))) for row in cells]
    return "\n".join([lines[0], _line(["---"] * width), *lines[1:]])


def joined(upper: Sequence[str], lower: Sequence[str], groups: Sequence[tuple[int, int]]) -> list[str]:
    """Two rows of names as one: a group's name before each of its columns'."""
    names = [*upper, *[""] * (len(lower) - len(upper))]
    for left, right in groups:
        for column in range(left + 1, min(right + 1, len(names))):
            names[column] = names[column] or names[left]
    below = [*lower, *[""] * (len(names) - len(lower))]
    return [
        name if not under or under == name else f"{name} {under}".strip()
        for name, under in zip(names, below, strict=True)
    ]


def headed(
    rows: list[list[str]], groups: Sequence[tuple[int, int]], heads: int = 0
) -> tuple[str, list[list[str]]]:
    """(title, rows) of a table whose first row merges the columns of `groups`.

    A first row that is one cell is the table's title. One that names groups of columns is joined with the
    names below it: where the file has two rows of `heads`, where one of the two begins with a blank, or where
    the first cell is merged down over both.
    """
    if not rows or len(rows) < 3:
        return "", rows
    if len(groups) == 1 and groups[0] == (0, max(map(len, rows)) - 1) and heads < 3:
        return rows[0][0], rows[1:]
    named = (
        not rows[1][0]
        or (not rows[0][0] and all(map(_NAME.match, rows[1])))
        or is_second_head(rows[0], rows[1])
    )
    if heads > 1 or (groups and heads != 1 and named):
        return "", [joined(rows[0], rows[1], groups), *rows[2:]]
    return "", rows


def is_second_head(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether a row below names of groups is a row of names: its first cell is the one above, merged down."""
    return bool(upper[0]) and upper[0] == lower[0] and all(_NAME.match(each) for each in lower if each)


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|")


def _used(row: Sequence[str]) -> int:
    return max((place for place, value in enumerate(row, 1) if value), default=0)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
