"""Columns of running text, told apart from columns of tables by how far their lines fill them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ..lines import Line
from .rows import Cell

_PROSE_LETTERS = 26
_PROSE_FILL = 0.72


def sides(lines: Sequence[Line], free: set[int]) -> list[list[int]]:
    """The lines that may form a table with one another: all of them, or those of each column of prose."""
    places = [place for place in sorted(free) if not lines[place].upright]
    cut = gutter([lines[place] for place in places])
    if cut is None:
        return [places]
    left = [place for place in places if lines[place].right <= cut]
    right = [place for place in places if lines[place].left >= cut]
    return [left, right]


def gutter(lines: Sequence[Line]) -> float | None:
    """Where two columns of prose part; None where the lines stand in one."""
    if len(lines) < 12:
        return None
    low, high = min(line.left for line in lines), max(line.right for line in lines)
    best: tuple[int, float] | None = None
    for step in range(35, 66, 2):
        x = low + (high - low) * step / 100
        left = [line for line in lines if line.right <= x]
        right = [line for line in lines if line.left >= x]
        crossing = len(lines) - len(left) - len(right)
        if crossing > 0.25 * len(lines) or min(len(left), len(right)) < 6:
            continue
        if is_prose(left) and is_prose(right) and (best is None or crossing < best[0]):
            best = (crossing, x)
    return best[1] if best else None


def is_prose(lines: Sequence[Line] | Sequence[Cell]) -> bool:
    """Whether lines fill their column as running text does."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    fill = median((line.right - line.left) / max(right - left, 1.0) for line in lines)
    return median(len(line.text) for line in lines) >= _PROSE_LETTERS and fill >= _PROSE_FILL
