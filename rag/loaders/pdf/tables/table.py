"""A table of a page, and what its finders share."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..lines import Line, Word

NUMBER = re.compile(r"[-+−–(]?[€$£¥]?\s?\d[\d.,:'\s/%-]*\)?\s?(?:%|€|[A-Za-z]{1,4})?$")

Columns = list[tuple[float, float]]
"""Where columns begin and end, in points, from the left."""


class Table(NamedTuple):
    """Rows of cells. `columns`: where each begins and ends, in points; `headed`: the first row names columns.

    `height` is that of its letters; `words` are those that each cell is made of.
    """

    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[float, float], ...]
    left: float
    right: float
    bottom: float
    top: float
    headed: bool
    height: float
    words: tuple[tuple[tuple[Word, ...], ...], ...] = ()

    @property
    def letters(self) -> int:
        """How many characters its cells have."""
        return sum(len(text) for row in self.rows for text in row)


Item = Line | Table


def joined(above: str, below: str) -> str:
    """Two lines of one cell as one."""
    if not above or not below:
        return above or below
    if above.endswith("-") and above[-2:-1].isalpha() and below[0].islower():
        return above[:-1] + below
    cjk = "\u3000" <= above[-1] <= "\u9fff" and "\u3000" <= below[0] <= "\u9fff"
    return above + below if cjk else f"{above} {below}"
