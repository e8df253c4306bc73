"""An HTML table → rows of texts, spanned cells repeated as blanks; and whether it is a table at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .nodes import children, shown, text_under

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

MAX_SPAN = 200


def is_layout(table: LexborNode) -> bool:
    """Whether a table only places things on the page: it holds a table, or has one column or one cell."""
    if (table.attributes.get("role") or "").lower() in ("presentation", "none"):
        return True
    rows = table_rows(table)
    if any(row.css_first("table") is not None for row in rows):
        return True
    return all(len(_cells(row)) < 2 for row in rows)


def grid(table: LexborNode) -> list[list[str]]:
    """The texts of the cells, row by row. A cell that spans stands at its first place; the rest is blank."""
    rows: list[list[str]] = []
    blocked: dict[int, int] = {}  # column → rows below that a cell still covers
    for node in table_rows(table):
        row: list[str] = []
        for cell in _cells(node):
            _skip_covered(row, blocked)
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            for column in range(len(row), len(row) + width):
                if height > 1:
                    blocked[column] = height
            row += [text_under(cell), *[""] * (width - 1)]
        _skip_covered(row, blocked)
        blocked = {column: left - 1 for column, left in blocked.items() if left > 1}
        rows.append(row)
    return rows


def caption(table: LexborNode) -> str:
    """The text of the table's caption; `` where it has none."""
    found = [each for each in children(table) if each.tag == "caption" and shown(each)]
    return text_under(found[0]) if found else ""


def table_rows(table: LexborNode) -> list[LexborNode]:
    """The rows of this table, not of one within: header first, as they stand."""
    rows: list[LexborNode] = []
    for part in children(table):
        if part.tag == "tr" and shown(part):
            rows.append(part)
        elif part.tag in ("thead", "tbody", "tfoot") and shown(part):
            rows += [row for row in children(part) if row.tag == "tr" and shown(row)]
    return rows


def _skip_covered(row: list[str], blocked: dict[int, int]) -> None:
    # A column counts as covered only by a cell of a row above: those of this row are behind us.
    while len(row) in blocked:
        row.append("")


def _cells(row: LexborNode) -> list[LexborNode]:
    return [cell for cell in children(row) if cell.tag in ("td", "th") and shown(cell)]


def _span(cell: LexborNode, name: str) -> int:
    value = (cell.attributes.get(name) or "1").strip()
    return min(max(int(value), 1), MAX_SPAN) if value.isascii() and value.isdigit() else 1
