"""Where the characters of a document stand on a page of its PDF.

The loader joins lines, drops hyphens and running headers, and cleans characters, so offsets of the text are
not those of the file. Both sides are folded alike, one character at a time: compatibility forms apart, marks,
spaces, hyphens and invisible characters away. What is left of the document's page is then the lines of the
PDF's page one after another, less the lines that were left out as headers: which ones is found by dynamic
programming, and every folded character then stands on both sides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from rag.loaders.guard.invisible import visible

_HYPHENS = frozenset("-\u2010\u2011\u00ad\x02\ufffe")


class Folded(NamedTuple):
    """Folded characters, and the place each came from."""

    text: str
    places: list[int]


class Aligned(NamedTuple):
    """The places in the PDF of a page's characters, by their offset in the document.

    `exact` is false where the two could be brought together only in part.
    """

    places: dict[int, int]
    exact: bool


@cache
def fold(character: str) -> str:
    """What is left of a character on both sides: often itself, sometimes nothing, sometimes two."""
    if character in _HYPHENS:
        return ""
    shown = visible(character) if not character.isascii() else character
    return "".join(
        one
        for one in unicodedata.normalize("NFKD", shown)
        if one > " " and not one.isspace() and not unicodedata.combining(one) and one not in _HYPHENS
    )


def folded(characters: Sequence[str], first: int = 0) -> Folded:
    """Characters in order, `first` being the place of the first."""
    text: list[str] = []
    places: list[int] = []
    for place, character in enumerate(characters, first):
        kept = fold(character)
        text.append(kept)
        places.extend([place] * len(kept))
    return Folded("".join(text), places)


def align(page: str, first: int, characters: Sequence[str]) -> Aligned:
    """Brings a page of the document, which begins at offset `first`, together with the PDF's characters."""
    wanted, lines = folded(page, first), _lines(characters)
    kept = _kept(wanted.text, [line.text for line in lines])
    exact = kept is not None
    if kept is None:
        return Aligned(_matched(wanted, folded(characters)), exact)
    places = [place for at in kept for place in lines[at].places]
    return Aligned(dict(zip(wanted.places, places, strict=True)), exact)


def _lines(characters: Sequence[str]) -> list[Folded]:
    """The lines of a PDF page, folded: they end at line breaks, and at a hyphen that stands for one."""
    lines, start = [], 0
    for place, character in enumerate(characters):
        if character in "\n\r\x02\ufffe":
            lines.append(folded(characters[start:place], start))
            start = place + 1
    lines.append(folded(characters[start:], start))
    return [line for line in lines if line.text]


def _kept(text: str, lines: list[str]) -> list[int] | None:
    """Which lines make up the text, in order; None where none do. As many lines as can be are kept."""
    reached: list[dict[int, tuple[int, bool]]] = [{0: (0, False)}]
    for line in lines:
        now: dict[int, tuple[int, bool]] = {}
        for end in reached[-1]:
            if text.startswith(line, end):
                now[end + len(line)] = (end, True)
        for end in reached[-1]:
            now.setdefault(end, (end, False))
        reached.append(now)
    end = len(text)
    if end not in reached[-1]:
        return None
    kept = []
    for at in range(len(lines), 0, -1):
        end, used = reached[at][end]
        if used:
            kept.append(at - 1)
    return kept[::-1]


def _matched(wanted: Folded, there: Folded) -> dict[int, int]:
    """The longest common runs, where the lines do not add up to the page."""
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, wanted.text, there.text, autojunk=False).get_matching_blocks()
    return {
        wanted.places[block.a + at]: there.places[block.b + at]
        for block in blocks
        for at in range(block.size)
    }


class Box(NamedTuple):
    """A rectangle in pixels from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def boxes(places: Sequence[int], box: Callable[[int], Box]) -> list[Box]:
    """One rectangle for each run of neighbouring characters on a line."""
    found: list[Box] = []
    for place in sorted(places):
        one = box(place)
        if one.right <= one.left or one.bottom <= one.top:
            continue
        last = found[-1] if found else None
        if last is not None and _beside(last, one):
            found[-1] = Box(
                min(last.left, one.left),
                min(last.top, one.top),
                max(last.right, one.right),
                max(last.bottom, one.bottom),
            )
        else:
            found.append(one)
    return found


def _beside(last: Box, one: Box) -> bool:
    """Whether a character goes on with the run: at its height, and no further than a wide space."""
    height = min(last.bottom - last.top, one.bottom - one.top)
    shared = min(last.bottom, one.bottom) - max(last.top, one.top)
    return shared > 0.4 * height and -height < one.left - last.right < 1.5 * max(height, one.bottom - one.top)
