"""Lines of pages → paragraphs: line breaks and hyphens joined, running headers and footers left out.

Goes by geometry: how far a line stands below the one before, where it begins and ends, how large its
letters are; and by whether a line ends a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from .furniture import without_furniture
from .lines import Line
from .pages import SEPARATOR

_LIST_ITEM = re.compile(r"(?:[•‣▪●○■–*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_ENDS_SENTENCE = re.compile(r"[.!?:…。！？][\"'”’)\]]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"([^\W\d_]+)-$")
_CJK_END = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]$")
_CJK_START = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")
# Multiples of the usual distance of lines, and of the height of letters.
GAP = 1.3
SIZE_CHANGE = 1.15
INDENT = 0.6
NEAR = 8  # lines up and down in which a column shows its width


def reflow(pages: list[list[Line]]) -> tuple[str, list[int]]:
    """The text, and the offset at which each page begins. A paragraph may run on from page to page."""
    pages = without_furniture(pages)
    words = _words(line.text for page in pages for line in page)
    pieces: list[str] = []
    starts: list[int] = []
    length = 0
    previous: Line | None = None
    for page in pages:
        pitch = _pitch(page)
        start = None
        for place, line in enumerate(page):
            joint = ""
            if previous and previous.broken and not _keeps_hyphen(previous.text, line.text, words):
                pieces[-1] = pieces[-1][:-1]
                length -= 1
            elif previous and not previous.broken:
                joint = _page_joint(previous, line) if place == 0 else _joint(page, place, pitch)
            start = length + len(joint) if start is None else start
            pieces += [joint, line.text]
            length += len(joint) + len(line.text)
            previous = line
        starts.append(length if start is None else start)
    return "".join(pieces), starts


def _joint(page: list[Line], place: int, pitch: float) -> str:
    """What goes between a line of a page and the one before: a space, a line break, or a blank line."""
    previous, line = page[place - 1], page[place]
    drop = previous.bottom - line.bottom
    if abs(drop) < 0.5 * previous.height:
        return " "  # the same line, cut by a wide gap
    if drop < 0:
        return _page_joint(previous, line)  # another column
    parted = drop > GAP * pitch or not 1 / SIZE_CHANGE < line.height / previous.height < SIZE_CHANGE
    if _LIST_ITEM.match(line.text):
        return SEPARATOR if parted else "\n"
    ended = bool(_ENDS_SENTENCE.search(previous.text))
    if parted or (ended and line.left > previous.left + INDENT * line.height):
        return SEPARATOR
    if _could_hold_more(previous, line, page[max(place - NEAR, 0) : place + NEAR]):
        return SEPARATOR if ended else "\n"
    return "" if _CJK_END.search(previous.text) and _CJK_START.match(line.text) else " "


def _page_joint(previous: Line, line: Line) -> str:
    """What goes between two pages or columns: only the text tells whether a sentence goes on."""
    goes_on = line.text[0].islower() and not _ENDS_SENTENCE.search(previous.text)
    return " " if goes_on else SEPARATOR


def _could_hold_more(previous: Line, line: Line, near: list[Line]) -> bool:
    """Whether the next line's first word would have fitted: then the line was ended on purpose."""
    # The column begins where the second of the two lines does, if the first is indented.
    left, reach = min(previous.left, line.left), 0.5 * previous.height
    right = max(each.right for each in near if abs(each.left - left) < reach)
    letter = (previous.right - previous.left) / len(previous.text)
    needed = (len(line.text.partition(" ")[0]) + 1) * letter
    return previous.right + needed + previous.height < right


def _pitch(page: list[Line]) -> float:
    """The usual distance from line to line, in points."""
    drops = [above.bottom - below.bottom for above, below in pairwise(page)]
    close = [
        drop for drop, line in zip(drops, page, strict=False) if 0.5 * line.height < drop < 2.5 * line.height
    ]
    return median(close) if close else median(line.height for line in page) * 1.2 if page else 0.0


def _words(texts: Iterable[str]) -> Counter[str]:
    return Counter(word.lower() for text in texts for word in _WORD.findall(text))


def _keeps_hyphen(before: str, after: str, words: Counter[str]) -> bool:
    """Whether a hyphen at a line's end belongs to the word: as it is written elsewhere, or by its look."""
    left, right = _LAST_WORD.search(before), _WORD.match(after)
    if not left or not right or not right[0][0].islower():
        return True
    first, second = left[1].lower(), right[0].lower()
    return words[f"{first}-{second}"] > words[first + second]
