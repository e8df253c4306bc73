"""The order in which a person reads the lines of a page, where the file draws them in another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .lines import WIDE, Line, Word
from .tables import gutter

_FEWEST = 5  # rows of two columns of prose


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Columns drawn across the page line by line one after the other; upright lines from the right."""
    return _upright(_columns(list(lines)))


def _upright(lines: list[Line]) -> list[Line]:
    places = [place for place, line in enumerate(lines) if line.upright]
    ordered = sorted((lines[place] for place in places), key=lambda line: (-round(line.right), -line.top))
    for place, line in zip(places, ordered, strict=True):
        lines[place] = line
    return lines


def _columns(lines: list[Line]) -> list[Line]:
    """Lines that run across a gutter, cut at it: what stands left of it first."""
    parts = {place: cut for place, line in enumerate(lines) if len(cut := _cut(line)) > 1}
    if len(parts) < _FEWEST:
        return lines
    pieces = [piece for place, line in enumerate(lines) for piece in parts.get(place, (line,))]
    x = gutter(pieces)
    if x is None:
        return lines
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for piece in pieces:
        if piece.right <= x:
            left.append(piece)
        elif piece.left >= x:
            right.append(piece)
        else:
            # A line across both columns parts what is above it from what is below.
            ordered += [*left, *right, piece]
            left, right = [], []
    return [*ordered, *left, *right]


def _cut(line: Line) -> tuple[Line, ...]:
    """A line cut at its wide gaps."""
    if line.upright or not line.has_gap():
        return (line,)
    runs: list[list[Word]] = [[line.words[0]]]
    gaps = [b.left - a.right for a, b in pairwise(line.words)]
    usual = median(gaps)
    for word in line.words[1:]:
        gap = word.left - runs[-1][-1].right
        if gap > WIDE * line.height and gap > 1.8 * usual:
            runs.append([word])
        else:
            runs[-1].append(word)
    if len(runs) == 1:
        return (line,)
    return tuple(
        line._replace(
            text=" ".join(word.text for word in run),
            left=run[0].left,
            right=run[-1].right,
            words=tuple(run),
            broken=(line.broken and run is runs[-1]) or _hyphenated(run[-1].text),
        )
        for run in runs
    )


def _hyphenated(text: str) -> bool:
    return text.endswith("-") and text[-2:-1].isalpha()
