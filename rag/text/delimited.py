"""CSV and TSV as rows: the delimiter, the row that names the columns, and where each row stands."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from rag.text.lines import strip

_DELIMITERS = "\t,;|"
_QUOTED = re.compile(r'"[^"]*+"')
_MOST_ABOVE = 12  # lines that may stand above a table
_SAMPLE, _SAMPLE_LINES = 32_768, 50


def mark_of(text: str) -> str:
    """The delimiter: what stands equally often in most of the first lines, outside of quotes."""
    bare = _QUOTED.sub("", text[:_SAMPLE])
    sample = [line for line in bare.splitlines()[:_SAMPLE_LINES] if line.strip()]

    def regularity(mark: str) -> tuple[int, int]:
        counts = Counter(line.count(mark) for line in sample if mark in line)
        return max(((often, count) for count, often in counts.items()), default=(0, 0))

    return max(_DELIMITERS, key=regularity)


def first_row(text: str, spans: list[tuple[int, int]]) -> int:
    """The row that names the columns: above it may stand a title or notes, in one cell a line."""
    mark = mark_of(text[spans[0][0] : spans[-1][1]])
    counts = [text.count(mark, *row) for row in spans[:_SAMPLE_LINES]]
    usual = Counter(count for count in counts if count).most_common(1)
    for i, (start, end) in enumerate(spans[:_MOST_ABOVE] if usual else ()):
        # A title of a wide table may drag empty cells behind it.
        cells = text[start:end].rstrip(mark + " ") if usual[0][0] > 1 else text[start:end]
        behind = text[end : spans[i + 1][0]] if i + 1 < len(spans) else ""
        if mark in cells and not (f"{mark} " in cells and behind.count("\n") > 1):  # a sentence by itself
            return i
    return 0


def rows(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The rows of text[start:end] as stripped (start, end), quoted fields that run over lines kept whole."""
    physical = list(io.StringIO(text[start:end], newline=""))
    spans = []
    position, used = start, 0
    for last in _last_lines(physical):
        width = sum(map(len, physical[used:last]))
        row = strip(text, position, position + width)
        if row[0] < row[1]:
            spans.append(row)
        position += width
        used = last
    return spans


def _last_lines(physical: list[str]) -> list[int]:
    """For each row, the number of lines up to its end."""
    reader = csv.reader(physical, delimiter=mark_of("".join(physical[:_SAMPLE_LINES])))
    last: list[int] = []
    try:
        last.extend(reader.line_num for _ in reader)
    except csv.Error:
        # A field beyond the module's limit, most likely a quote that never closes: a line is a row from here.
        last += range(last[-1] + 1 if last else 1, len(physical))
    return last if last and last[-1] == len(physical) else [*last, len(physical)]
