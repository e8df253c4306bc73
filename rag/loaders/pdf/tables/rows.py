"""Lines at one height as rows of cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from ..lines import WIDE, Line, Word


class Cell(NamedTuple):
    """Words of one line without a wide gap between them."""

    text: str
    left: float
    right: float
    bold: bool
    line: int
    words: tuple[Word, ...] = ()


class Row(NamedTuple):
    """Cells at one height, from left to right."""

    cells: tuple[Cell, ...]
    bottom: float
    top: float
    places: Sequence[int]  # of its lines

    @property
    def height(self) -> float:
        return self.top - self.bottom


def rows_of(lines: Sequence[Line], places: Sequence[int]) -> list[Row]:
    """Lines at one height as rows of cells, from top to bottom."""
    groups: list[list[int]] = []
    for place in sorted(places, key=lambda place: -lines[place].bottom):
        line = lines[place]
        if groups and lines[groups[-1][0]].bottom - line.bottom < 0.45 * min(
            line.height, lines[groups[-1][0]].height
        ):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [row_of(lines, group) for group in groups]


def row_of(lines: Sequence[Line], group: Sequence[int], cuts: Sequence[float] | None = None) -> Row:
    """Lines at one height as cells: cut at wide gaps, or at `cuts`."""
    if cuts is None and len(group) == 1 and not lines[group[0]].has_gap():
        line = lines[group[0]]
        cell = Cell(line.text, line.left, line.right, line.bold, group[0], line.words)
        return Row((cell,), line.bottom, line.top, group)
    words = [(word, place) for place in group for word in lines[place].words]
    words.sort(key=lambda each: each[0].left)
    wide = WIDE * median(lines[place].height for place in group)
    starts = [0] if words else []
    right = words[0][0].right if words else 0.0
    for place, (word, _) in enumerate(words[1:], 1):
        left = word.left
        if left - right > wide if cuts is None else any(right <= cut <= left for cut in cuts):
            starts.append(place)
        right = word.right
    cells = [words[start:end] for start, end in pairwise([*starts, len(words)])]
    return Row(
        tuple(_cell(lines, cell) for cell in cells),
        min(lines[place].bottom for place in group),
        max(lines[place].top for place in group),
        group,
    )


def _cell(lines: Sequence[Line], placed: Sequence[tuple[Word, int]]) -> Cell:
    words = tuple(word for word, _ in placed)
    return Cell(
        " ".join([word.text for word in words]),
        words[0].left,
        words[-1].right,
        all(lines[place].bold for place in {place for _, place in placed}),
        placed[0][1],
        words,
    )


def aligned(lefts: Sequence[float], rights: Sequence[float], within: float = 4.0, share: float = 0.6) -> bool:
    """Whether most cells of a column begin, end or are centred at one place."""
    for edge in (lefts, rights, [(left + right) / 2 for left, right in zip(lefts, rights, strict=True)]):
        usual = median(edge)
        if sum(abs(value - usual) <= within for value in edge) >= share * len(edge):
            return True
    return len(lefts) < 3
