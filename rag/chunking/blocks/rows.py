"""CSV and TSV → one block whose first row names the columns."""

from __future__ import annotations

from rag.text.delimited import first_row, rows
from rag.text.lines import strip

from .block import Block


def row_blocks(text: str) -> list[Block]:
    """The text as one table, behind the lines above it that are no rows. One row alone names no columns."""
    start, end = strip(text, 0, len(text))
    if start == end:
        return []
    spans = rows(text, start, end)
    first = first_row(text, spans)
    above = [Block("paragraph", *row) for row in spans[:first]]
    table = spans[first:]
    return [*above, Block("rows", table[0][0], end, head_end=table[0][1] if len(table) > 1 else 0)]
