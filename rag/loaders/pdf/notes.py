"""Marks of footnotes that read like powers: `30² m` where the foot of the page has a note 2."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lines import Line, Word

_SQUARED = re.compile(r"(?<![\w.,])(?P<number>\d(?:[\d.,]*\d)?)\^(?P<mark>[23])(?P<rest>\W*)$")
_FOOT = re.compile(r"[\[(]?(?P<mark>\d{1,2})[\])]?[.:]?\s+\S")
_SMALLER = 0.95


def with_notes(lines: Sequence[Line]) -> list[Line]:
    """The lines in their order; `30^2` is `30 [2]` where a note 2 stands below and no other mark of it."""
    squared = [place for place, line in enumerate(lines) if "^2" in line.text or "^3" in line.text]
    if not squared:
        return list(lines)
    marked = {mark for line in lines for mark in ("2", "3") if f"[{mark}]" in line.text}
    changed = list(lines)
    for place in squared:
        feet = _feet(lines, place) - marked
        if feet:
            changed[place] = _noted(lines[place], feet)
    return changed


def _feet(lines: Sequence[Line], place: int) -> set[str]:
    """The numbers of the notes below a line, in smaller letters than its own."""
    line = lines[place]
    below = (
        each for each in lines[place + 1 :] if each.top < line.bottom and each.height < _SMALLER * line.height
    )
    return {found["mark"] for each in below if (found := _FOOT.match(each.text))}


def _noted(line: Line, notes: set[str]) -> Line:
    """A line whose numbers with such a mark have it as a note; a second one of the same mark is a power."""
    words: list[Word] = []
    left = set(notes)
    for word in line.words:
        found = _SQUARED.search(word.text) if "^" in word.text else None
        if found and found["mark"] in left and found["number"] not in ("10", "2"):
            left.discard(found["mark"])
            word = word._replace(
                text=f"{word.text[: found.start('mark') - 1]} [{found['mark']}]{found['rest']}"
            )
        words.append(word)
    return line._replace(text=" ".join(word.text for word in words), words=tuple(words))
