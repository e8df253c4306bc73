"""Rows of words → aligned columns: numbers to the right, the rest to the left."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[+−-]?[\d.,]+( ?(%|ms|s))?")


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table as text; the first row is its heading. A column of numbers is aligned to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(_NUMBER.fullmatch(cell) for cell in column[1:] if cell) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)
