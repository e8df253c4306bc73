"""Which lines of a PDF are headings, and of what level: by the size and the weight of their letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from .lines import Line
from .tables import Item, Table

LARGER = 1.15
_ALIKE = 1.06
_LONGEST = 160
_LONGEST_BOLD = 100
_MOST_SHARE = 0.6
_MOST_LEVELS = 6
_GAP = 1.25
_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NUMBERED = re.compile(
    r"(?:(?:Chapter|Section|Part|Appendix|Article)\s)?(\d{1,2}(?:\.\d{1,2})*)\.?\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:fig(?:ure)?|tab(?:le)?|abb(?:ildung)?)\.?\s*\d", re.IGNORECASE)


def heading_levels(pages: Sequence[Sequence[Item]]) -> dict[tuple[int, int], int]:
    """Level (1 is the outermost) of each line that is a heading, by (page, place on it)."""
    lines = [
        (number, place, item)
        for number, page in enumerate(pages)
        for place, item in enumerate(page)
        if isinstance(item, Line) and not item.upright and not item.form and not item.entry
    ]
    if not lines:
        return {}
    body = _usual(item for page in pages for item in page)
    large = {(n, p): line for n, p, line in lines if line.height > LARGER * body and _may_be(line, _LONGEST)}
    bold = {
        (n, p): line
        for n, p, line in lines
        if (n, p) not in large and line.bold and line.height > 0.93 * body and _may_be(line, _LONGEST_BOLD)
        and _stands_apart(pages[n], p) and not _LABEL.match(line.text)
    }  # fmt: skip
    if sum(line.bold for *_, line in lines) > 0.5 * len(lines):
        bold = {}
    large = {key: line for key, line in large.items() if not _is_sentence(pages[key[0]], key[1])}
    chosen = {**large, **bold}
    if len(chosen) > _MOST_SHARE * len(lines) and len(lines) > 5:
        return {}
    sizes = _sizes(line.height for line in large.values())
    levels = {key: _level(line.height, sizes) for key, line in large.items()}
    below = min(len(sizes) + 1, _MOST_LEVELS)
    for key, line in bold.items():
        number = _NUMBERED.match(line.text)
        levels[key] = min(below + (number[1].count(".") if number else 0), _MOST_LEVELS)
    return levels


def _usual(items: Iterable[Item]) -> float:
    """The height that most letters have."""
    letters: Counter[float] = Counter()
    for item in items:
        if isinstance(item, Table):
            letters[round(item.height * 2) / 2] += item.letters
        elif not item.upright and not item.form:
            letters[round(item.height * 2) / 2] += len(item.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def _may_be(line: Line, longest: int) -> bool:
    text = line.text
    if len(text) > longest or not (_WORD.search(text) or _CJK.search(text)):
        return False
    return text[-1] not in ",;"


def _is_sentence(page: Sequence[Item], place: int) -> bool:
    """Whether a line and those of its size around it are prose: many, or the end of a sentence."""
    line = page[place]
    if not isinstance(line, Line):
        return False
    text, count = line.text, 1
    for step in (1, -1):
        last, at = line, place + step
        while 0 <= at < len(page) and count < 8:
            other = page[at]
            if not isinstance(other, Line) or not 0.9 < other.height / line.height < 1.1:
                break
            if abs(last.bottom - other.bottom) > 1.7 * line.height:
                break
            text = f"{text} {other.text}" if step == 1 else f"{other.text} {text}"
            last, at, count = other, at + step, count + 1
    return len(text) > 240 or count > 5 or (text[-1] in ".。" and len(text) > 60)


def _stands_apart(page: Sequence[Item], place: int) -> bool:
    """Whether a line shares its height with no other, and has room above it."""
    line = page[place]
    if not isinstance(line, Line):
        return False
    before = page[place - 1] if place else None
    after = page[place + 1] if place + 1 < len(page) else None
    if any(
        isinstance(each, Line) and abs(each.bottom - line.bottom) < 0.5 * line.height
        for each in (before, after)
    ):
        return False
    if after is None or line.text[:1].islower() or line.text[-1:] in ":.":
        return False
    if not isinstance(before, Line) or before.bottom < line.bottom:
        return True
    drop = before.bottom - line.bottom
    usual = [
        above.bottom - below.bottom
        for above, below in pairwise(page)
        if isinstance(above, Line)
        and isinstance(below, Line)
        and 0.5 * line.height < above.bottom - below.bottom
    ]
    return before.bold or drop > _GAP * min(usual, default=drop)


def _sizes(heights: Iterable[float]) -> list[float]:
    """Heights of headings, largest first; those that differ little are one."""
    sizes: list[float] = []
    for height in sorted(set(heights), reverse=True):
        if not sizes or sizes[-1] > _ALIKE * height:
            sizes.append(height)
    return sizes


def _level(height: float, sizes: Sequence[float]) -> int:
    place = next(n for n, size in enumerate(sizes, 1) if size <= _ALIKE * height * 1.001)
    return min(place, _MOST_LEVELS - 1)
