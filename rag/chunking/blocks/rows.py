"""CSV and TSV → one block whose first row names the columns."""

from __future__ import annotations

import csv
import io

from rag.text.lines import strip

from .block import Block

_DELIMITERS = "\t,;|"


def row_blocks(text: str) -> list[Block]:
    """The whole text as one table. A text of one row names no columns."""
    start, end = strip(text, 0, len(text))
    if start == end:
        return []
    found = rows(text, start, end)
    return [Block("rows", start, end, head_end=found[0][1] if len(found) > 1 else 0)]


def rows(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The rows of text[start:end] as stripped (start, end), quoted fields that run over lines kept whole."""
    physical = list(io.StringIO(text[start:end], newline=""))
    found = []
    position, used = start, 0
    for last in _last_lines(physical):
        width = sum(map(len, physical[used:last]))
        row = strip(text, position, position + width)
        if row[0] < row[1]:
            found.append(row)
        position += width
        used = last
    return found


def _last_lines(physical: list[str]) -> list[int]:
    """For each row, the number of lines up to its end."""
    first = physical[0] if physical else ""
    reader = csv.reader(physical, delimiter=max(_DELIMITERS, key=first.count))
    found: list[int] = []
    try:
        found.extend(reader.line_num for _ in reader)
    except csv.Error:
        # A field beyond the module's limit, most likely a quote that never closes: a line is a row from here.
        found += range(found[-1] + 1 if found else 1, len(physical))
    return found if found and found[-1] == len(physical) else [*found, len(physical)]
