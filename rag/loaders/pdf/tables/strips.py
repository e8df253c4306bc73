"""Printed sheets, whose columns stand close: rows cut where a white strip goes down through many of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import NamedTuple

from ..lines import Line, Word
from .rows import Row, aligned, row_of
from .table import NUMBER, Columns

_FEWEST = 5  # rows
_STRIP = 0.12  # of the height of a row; columns of a printed sheet may be closer than its words
_ALIKE = 0.05
_SPACE = 0.6  # of the height of a row: no space is wider
_MOST_NAMES = 3  # lines
_FEWEST_WORDS = 5  # of a line of prose
_EVEN = 0.06  # of the height of a row: how much the spaces of a line of prose differ
_DIGIT = re.compile(r"\d")
_OPENS_NUMBER = frozenset("-+−–(€$£¥")


class _Spread(NamedTuple):
    """The words of a row from the left, where each begins, and the gaps that are wider than `narrow`."""

    words: list[Word]
    lefts: list[float]
    gaps: Columns
    narrow: float


def parted(lines: Sequence[Line], rows: list[Row]) -> list[Row]:
    """Rows of words that stand close, cut into cells where a white strip goes down through many rows.

    As a sheet is printed whose columns are hardly wider than what is in them; one of them holds numbers.
    """
    for start, end in _stacks(lines, rows):
        rows[start:end] = _parted(lines, rows[start:end])
    return rows


def _stacks(lines: Sequence[Line], rows: Sequence[Row]) -> list[tuple[int, int]]:
    """From where to where rows of several words go on under one another, enough of them and with a number."""
    stacks: list[tuple[int, int]] = []
    start = 0
    for place, row in enumerate([*rows, None]):
        if row is not None and place > start and _goes_on(rows[place - 1], row) and _is_wide(lines, row):
            continue
        digits = (_DIGIT.search(lines[line].text) for row in rows[start:place] for line in row.places)
        if place - start >= _FEWEST and any(digits):
            stacks.append((start, place))
        start = place if row is not None and _is_wide(lines, row) else place + 1
    return stacks


def _is_wide(lines: Sequence[Line], row: Row) -> bool:
    return sum(len(lines[line].words) for line in row.places) > 1 and not is_even(row)


def is_even(row: Row) -> bool:
    """Whether a row is one line of words with spaces of one size: gaps between columns differ."""
    if len(row.cells) > 1 or len(words := row.cells[0].words) < _FEWEST_WORDS:
        return False
    gaps = [right.left - left.right for left, right in pairwise(words)]
    return max(gaps) - min(gaps) <= _EVEN * row.height


def _goes_on(above: Row, row: Row) -> bool:
    height = row.height
    return above.bottom - row.bottom <= 2.2 * height and 0.8 < height / above.height < 1.25


def _parted(lines: Sequence[Line], rows: list[Row]) -> list[Row]:
    spreads = [_spread(lines, row) for row in rows]
    start, ahead = 0, _strips(spreads, 0)
    while start + _FEWEST <= len(rows):
        end, strips = ahead
        ahead = later, more = _strips(spreads, start + 1)
        if end - start >= _FEWEST and (later - start <= _FEWEST or len(more) <= len(strips)):
            cuts = [(left + right) / 2 for left, right in strips]
            if _are_columns(rows[start:end], spreads[start:end], cuts):
                rows[start:end] = [row_of(lines, row.places, cuts) for row in rows[start:end]]
                space = _space(spreads[start:end], strips) or 0.0
                # Names of columns may be wider than what is in these.
                for place in range(start - 1, max(start - 1 - _MOST_NAMES, -1), -1):
                    above = _cuts_above(spreads[place], strips, space)
                    if above is None or is_even(rows[place]):
                        break
                    rows[place] = row_of(lines, rows[place].places, above)
                start, ahead = end, _strips(spreads, end)
                continue
        start += 1
    return rows


def _cuts_above(row: _Spread, strips: Columns, space: float) -> list[float] | None:
    """Where a row above others parts at each of the strips between their columns; None where it does not."""
    gaps = [(-inf, row.lefts[0]), *row.gaps, (row.words[-1].right, inf)]
    cuts = []
    for strip in strips:
        parts = _common(gaps, [strip], row.narrow)
        if not parts:
            return None
        left, right = max(parts, key=lambda part: (abs(part[1] - part[0] - space) > 0.3, part[1] - part[0]))
        cuts.append((left + right) / 2)
    return cuts


def _spread(lines: Sequence[Line], row: Row) -> _Spread:
    words = [word for line in row.places for word in lines[line].words]
    words.sort(key=lambda word: word.left)
    narrow = _STRIP * row.height
    lefts = [word.left for word in words]
    ends = [word.right for word in words]
    gaps = [(end, left) for end, left in zip(ends, lefts[1:], strict=False) if left - end > narrow]
    return _Spread(words, lefts, gaps, narrow)


def _strips(spreads: Sequence[_Spread], start: int) -> tuple[int, Columns]:
    """How far rows go on with white strips between their words, and the strips."""
    strips = spreads[start].gaps if start < len(spreads) else []
    end = start + 1
    while strips and end < len(spreads):
        row = spreads[end]
        gaps = _common([(-inf, row.lefts[0]), *row.gaps, (row.words[-1].right, inf)], strips, row.narrow)
        if not gaps or (end - start > 2 and len(gaps) < len(strips)):
            break
        strips = gaps
        end += 1
    return (end, _between_columns(spreads[start:end], strips)) if strips else (start, strips)


def _between_columns(spreads: Sequence[_Spread], strips: Columns) -> Columns:
    """The strips but for those within a column: a space alike in all rows, or with words behind it in few."""
    kept = list(strips)
    space = _space(spreads, strips)
    for strip in strips:
        cut = (strip[0] + strip[1]) / 2
        behind = next((left for left, _ in kept if left > strip[0]), inf)
        gaps = []
        for row in spreads:
            place = bisect_right(row.lefts, cut)
            if place < len(row.lefts) and row.lefts[place] < behind:
                gaps.append(row.lefts[place] - row.words[place - 1].right if place else inf)
        height = spreads[0].narrow / _STRIP
        alike = len(gaps) >= 0.5 * len(spreads) and max(gaps) - min(gaps) < _ALIKE * height
        if max(gaps, default=inf) <= _SPACE * height and (
            len(gaps) < 0.5 * len(spreads)
            or (alike and (space is None or abs(gaps[0] - space) <= _ALIKE * height))
        ):
            kept.remove(strip)
    # What stands between two strips in the first row alone names the column behind it.
    for one, other in reversed(list(pairwise(kept))):
        between = [bisect_right(row.lefts, other[0]) - bisect_right(row.lefts, one[0]) for row in spreads]
        if between[0] and sum(map(bool, between)) <= 0.1 * len(spreads) and spreads[0].lefts[0] < one[0]:
            kept.remove(other)
    return kept


def _space(spreads: Sequence[_Spread], strips: Columns) -> float | None:
    """How wide a space is between words of these rows, away from the strips; None where they have none."""
    cuts = [(left + right) / 2 for left, right in strips]
    gaps = [
        right - left
        for row in spreads
        for left, right in row.gaps
        if right - left <= _SPACE * row.narrow / _STRIP
        and bisect_right(cuts, left) == bisect_right(cuts, right)
    ]
    return median(gaps) if gaps else None


def _common(gaps: Columns, strips: Columns, narrow: float) -> Columns:
    """What gaps and strips have in common, wider than `narrow`; both are in order and apart."""
    found: Columns = []
    at = 0
    for left, right in strips:
        while at < len(gaps):
            a, b = gaps[at]
            low, high = max(a, left), min(b, right)
            if high - low > narrow:
                found.append((low, high))
            if b >= right:
                break
            at += 1
    return found


def _are_columns(rows: Sequence[Row], spreads: Sequence[_Spread], cuts: Sequence[float]) -> bool:
    """Whether rows cut there keep their cells or get more, in aligned columns, one of them of numbers."""
    columns: list[list[list[Word]]] = [[] for _ in range(len(cuts) + 1)]
    for row, spread in zip(rows, spreads, strict=True):
        edges = [0, *(bisect_right(spread.lefts, cut) for cut in cuts), len(spread.lefts)]
        count = 0
        for column, (first, behind) in zip(columns, pairwise(edges), strict=True):
            if first < behind:
                column.append(spread.words[first:behind])
                count += 1
        if count < len(row.cells):
            return False
    return (
        all(columns)
        and any(sum(map(_is_number, cells)) >= 0.7 * len(cells) for cells in columns)
        and all(
            aligned([cell[0].left for cell in cells], [cell[-1].right for cell in cells], 2.0, 0.8)
            for cells in columns
        )
    )


def _is_number(cell: Sequence[Word]) -> bool:
    first = cell[0].text[:1]
    opens = first.isdecimal() or first in _OPENS_NUMBER
    return opens and bool(NUMBER.match(" ".join(word.text for word in cell)))
