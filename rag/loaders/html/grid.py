"""An HTML table → rows of texts as sheets and Word have them; and whether it is a table at all.

A cell merged down stands in each of its rows, so that every row has its key. A head of several rows becomes
one row of names, a group's name before those of its columns: `2023 Q1`. A row of one cell above is a title.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.loaders.pipes import is_second_head, joined

from .nodes import children, shown, text_under

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_SPAN = 200
_MOST_HEADS = 4


def is_layout(table: LexborNode) -> bool:
    """Whether a table only places things on the page: it holds a table, or has one column or one cell."""
    if (table.attributes.get("role") or "").lower() in ("presentation", "none"):
        return True
    rows = table_rows(table)
    if any(row.css_first("table") is not None for row in rows):
        return True
    return all(len(_cells(row)) < 2 for row in rows)


def grid(table: LexborNode) -> tuple[list[str], list[list[str]]]:
    """The titles within the table, and the texts of its cells, row by row, the names of its columns first."""
    nodes = table_rows(table)
    rows: list[list[str]] = []
    groups: list[list[tuple[int, int]]] = []
    blocked: dict[int, tuple[int, str]] = {}  # column → rows below that a cell still covers, and its text
    for node in nodes:
        row: list[str] = []
        merged: list[tuple[int, int]] = []
        for cell in _cells(node):
            _fill_covered(row, blocked)
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            text = text_under(cell)
            first = len(row)
            if width > 1:
                merged.append((first, first + width - 1))
            row += [text, *[""] * (width - 1)]
            if height > 1:
                for column in range(first, first + width):
                    blocked[column] = (height, row[column])
        _fill_covered(row, blocked)
        blocked = {column: (left - 1, text) for column, (left, text) in blocked.items() if left > 1}
        rows.append(row)
        groups.append(merged)
    return _headed(rows, groups, _head_rows(nodes))


def caption(table: LexborNode) -> str:
    """The text of the table's caption; `` where it has none."""
    captions = [each for each in children(table) if each.tag == "caption" and shown(each)]
    return text_under(captions[0]) if captions else ""


def table_rows(table: LexborNode) -> list[LexborNode]:
    """The rows of this table, not of one within: header first, as they stand."""
    rows: list[LexborNode] = []
    for part in children(table):
        if part.tag == "tr" and shown(part):
            rows.append(part)
        elif part.tag in ("thead", "tbody", "tfoot") and shown(part):
            rows += [row for row in children(part) if row.tag == "tr" and shown(row)]
    return rows


def _headed(
    rows: list[list[str]], groups: list[list[tuple[int, int]]], heads: int
) -> tuple[list[str], list[list[str]]]:
    width = max((len(row) for row in rows), default=0)
    titles: list[str] = []
    while len(rows) > 2 and width > 1 and groups[0] == [(0, width - 1)] and rows[0][0]:
        titles.append(rows[0][0])
        rows, groups, heads = rows[1:], groups[1:], heads - 1
    if not rows:
        return titles, rows
    if heads < 2 and len(rows) > 2 and groups[0] and is_second_head(rows[0], rows[1]):
        heads = 2
    heads = min(max(heads, 1), _MOST_HEADS, len(rows))
    names = joined(rows[0], (), groups[0])
    for row, merged in zip(rows[1:heads], groups[1:heads], strict=True):
        names = joined(names, joined(row, (), merged), ())
    return titles, [names, *rows[heads:]]


def _head_rows(rows: list[LexborNode]) -> int:
    """How many rows at the top hold names only: those of `<thead>`, else those without any `<td>`."""
    within = sum(row.parent is not None and row.parent.tag == "thead" for row in rows)
    if within:
        return within
    return next((i for i, row in enumerate(rows) if any(cell.tag == "td" for cell in _cells(row))), 1)


def _fill_covered(row: list[str], blocked: dict[int, tuple[int, str]]) -> None:
    # A column counts as covered only by a cell of a row above: those of this row are behind us.
    while len(row) in blocked:
        row.append(blocked[len(row)][1])


def _cells(row: LexborNode) -> list[LexborNode]:
    return [cell for cell in children(row) if cell.tag in ("td", "th") and shown(cell)]


def _span(cell: LexborNode, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(max(int(value), 1), MAX_SPAN) if value.isascii() and value.isdigit() else 1
