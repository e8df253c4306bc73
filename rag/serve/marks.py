"""Where the characters of a document stand on a page of its PDF.

The loader joins lines, drops hyphens and running headers, cleans characters and writes tables, so offsets of
the text are not those of the file. Read once more, it tells of which characters of PDFium each word is made
(`follow`).

Where that is another text than the document's, because another version of the loader made it, the two are
brought together by what they say (`align`): both sides are folded alike, one character at a time:
compatibility forms apart, marks, spaces, hyphens and invisible characters away. What is left of the
document's page is then the lines of the PDF's page one after another, less the lines that were left out as
headers: which ones is found by dynamic programming, and every folded character then stands on both sides.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rag.loaders.guard.invisible import visible

if TYPE_CHECKING:
    from rag.loaders.pdf.lines import Word
    from rag.loaders.pdf.reflow import Part

_HYPHENS = frozenset("-\u2010\u2011\u00ad\x02\ufffe")
_ENDS_LINE = "\x02\ufffe"
# What the loader writes between words, and within them beside raised and lowered letters.
_BETWEEN = frozenset(" #\\:\n")
_BETWEEN_CELLS = _BETWEEN | {"|"}
_WITHIN = frozenset("^_[] ")


class Folded(NamedTuple):
    """Folded characters, and the place each came from."""

    text: str
    places: list[int]


class Aligned(NamedTuple):
    """The places in the PDF of a page's characters, by their offset in the document.

    `wanted` are the offsets of all characters that stand on the page: spaces and signs that the loader wrote
    do not. `exact`: each of them has its place. `typed` are words that are no characters of the file,
    values of fields and what OCR read, each with the offsets of its first character and behind its last.
    """

    places: dict[int, int]
    wanted: Set[int]
    exact: bool
    typed: Sequence[tuple[int, int, Word]] = ()


@cache
def fold(character: str) -> str:
    """What is left of a character on both sides: often itself, sometimes nothing, sometimes two."""
    if character in _HYPHENS:
        return ""
    shown = visible(character) if not character.isascii() else character
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", shown)
        if letter > " "
        and not letter.isspace()
        and not unicodedata.combining(letter)
        and letter not in _HYPHENS
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


def follow(page: str, first: int, characters: Sequence[str], parts: Iterable[Part]) -> Aligned:
    """The places of a page's words, of which the loader told: `parts` are the page's. Else as `align`."""
    places: dict[int, int] = {}
    wanted: set[int] = set()
    typed: list[tuple[int, int, Word]] = []
    for part in parts:
        for word, offsets in zip(part.words, _offsets(page, first, part), strict=True):
            stands = [offset for offset in offsets if offset >= 0]
            if word.first < 0:
                if stands:
                    typed.append((stands[0], stands[-1] + 1, word))
                continue
            letters = _letters(word, offsets, characters)
            places |= letters
            wanted.update(
                offset
                for offset, letter in zip(offsets, word.text, strict=True)
                if offset >= 0 and (offset in letters or letter not in _WITHIN)
            )
    return Aligned(places, wanted, wanted <= places.keys(), typed)


def _offsets(page: str, first: int, part: Part) -> list[list[int]]:
    """Of each word of a part the offsets of its characters; -1 for a hyphen that was dropped."""
    start, end = part.start - first, part.end - first
    skipped = _BETWEEN_CELLS if part.piped else _BETWEEN
    at, rows = start, []
    # The line below the names of columns has no words.
    rule = page.find("\n", start, end) if part.piped else -1
    behind = page.find("\n", rule + 1, end) if rule >= 0 and page.startswith("| ---", rule + 1) else -1
    for word in part.words:
        offsets = []
        for letter in word.text:
            here = at
            while here < end:
                if rule <= here < behind:
                    here = behind
                if page[here] == letter and (letter != "|" or not part.piped or page[here - 1] == "\\"):
                    break
                here = here + 1 if page[here] in skipped else end
            offsets.append(here + first if here < end else -1)
            at = here + 1 if here < end else at
        rows.append(offsets)
    return rows


def _letters(word: Word, offsets: Sequence[int], characters: Sequence[str]) -> dict[int, int]:
    """The places of a word's characters, by offset."""
    there = characters[word.first : word.behind]
    if len(there) == len(word.text) and all(map(_same, word.text, there)):
        pairs = [(n, n) for n in range(len(there))]
    else:
        first, other = _spelled(word.text), _spelled(there)
        blocks = _blocks(first.text, other.text)
        pairs = [(first.places[a], other.places[b]) for a, b in blocks]
    # Several signs of the page may be one of the text: the first is where it stands.
    located: dict[int, int] = {}
    for a, b in pairs:
        if offsets[a] >= 0:
            located.setdefault(offsets[a], word.first + b)
    return located


def _same(first: str, other: str) -> bool:
    return first == other or (first == "-" and other in _ENDS_LINE)


def _spelled(characters: Sequence[str]) -> Folded:
    """Folded, hyphens kept: within a word they are letters."""
    text: list[str] = []
    places: list[int] = []
    for place, character in enumerate(characters):
        kept = "-" if character in _HYPHENS and character else fold(character)
        text.append(kept)
        places.extend([place] * len(kept))
    return Folded("".join(text), places)


def align(page: str, first: int, characters: Sequence[str]) -> Aligned:
    """Brings a page of the document, which begins at offset `first`, together with the PDF's characters."""
    wanted, lines = folded(page, first), _lines(characters)
    kept = _kept(wanted.text, [line.text for line in lines])
    exact = kept is not None
    needed = frozenset(wanted.places)
    if kept is None:
        return Aligned(_matched(wanted, folded(characters)), needed, exact)
    places = [place for at in kept for place in lines[at].places]
    return Aligned(dict(zip(wanted.places, places, strict=True)), needed, exact)


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
    return {wanted.places[a]: there.places[b] for a, b in _blocks(wanted.text, there.text)}


def _blocks(first: str, other: str) -> list[tuple[int, int]]:
    """Places in two texts of what both have, in order."""
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, first, other, autojunk=False).get_matching_blocks()
    return [(block.a + at, block.b + at) for block in blocks for at in range(block.size)]


class Box(NamedTuple):
    """A rectangle in pixels from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


def boxes(places: Sequence[int], box: Callable[[int], Box]) -> list[Box]:
    """One rectangle for each run of neighbouring characters on a line."""
    merged: list[Box] = []
    for place in sorted(places):
        new = box(place)
        if new.right <= new.left or new.bottom <= new.top:
            continue
        last = merged[-1] if merged else None
        if last is not None and _beside(last, new):
            merged[-1] = Box(
                min(last.left, new.left),
                min(last.top, new.top),
                max(last.right, new.right),
                max(last.bottom, new.bottom),
            )
        else:
            merged.append(new)
    return merged


def _beside(last: Box, new: Box) -> bool:
    """Whether a character goes on with the run: at its height, and no further than a wide space."""
    height = min(last.bottom - last.top, new.bottom - new.top)
    shared = min(last.bottom, new.bottom) - max(last.top, new.top)
    between = new.left - last.right
    return shared > 0.4 * height and -height < between < 1.5 * max(height, new.bottom - new.top)
