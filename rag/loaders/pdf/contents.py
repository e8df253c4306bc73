"""Entries of a table of contents: a title, a leader of dots, and a page. Each is a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from .lines import Line, Word

LEADER = "…"
_FEWEST_DOTS = 4
_ENTRY = re.compile(
    r"(?<![.…·])(?<![.…·] )(?:[.…·] ?){4,}+(?P<page>[ivxlc]{1,8}|[A-Z]?-?\d{1,4}(?:[-–.]\d{1,4})?)$"
)


def with_entries(lines: Iterable[Line]) -> list[Line]:
    """Lines in their order; the leader of an entry becomes one `…`."""
    return [_entry(line) for line in lines]


def _entry(line: Line) -> Line:
    if line.upright or line.form or sum(map(line.text.count, ".…·")) < _FEWEST_DOTS:
        return line
    found = _ENTRY.search(line.text)
    if not found or not line.words:
        return line
    words = _led(line.words, found.start(), found.start("page"))
    return line._replace(text=" ".join(word.text for word in words), words=words, entry=True)


def _led(words: tuple[Word, ...], start: int, end: int) -> tuple[Word, ...]:
    """The words of a line whose characters from `start` to `end` are its leader."""
    before: list[Word] = []
    behind: list[Word] = []
    dots: list[Word] = []
    at = 0
    for word in words:
        stop = at + len(word.text)
        parts = (_part(word, *ends) for ends in pairwise((0, start - at, end - at, stop - at)))
        for kept, part in zip((before, dots, behind), parts, strict=True):
            kept += [part] if part else []
        at = stop + 1
    first, last = dots[0], dots[-1]
    return (*before, last._replace(text=LEADER, left=first.left, first=first.first), *behind)


def _part(word: Word, start: int, end: int) -> Word | None:
    """The letters of a word from `start` to `end`, which may lie outside of it."""
    size = len(word.text)
    start, end = max(start, 0), min(end, size)
    if start >= end:
        return None
    step = (word.right - word.left) / size
    part = word._replace(
        text=word.text[start:end], left=word.left + start * step, right=word.right - (size - end) * step
    )
    if word.behind - word.first != size:
        return part
    return part._replace(first=word.first + start, behind=word.first + end)
