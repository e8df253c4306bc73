"""Lines of pages → paragraphs: line breaks and hyphens joined, running headers and footers left out.

Goes by geometry: how far a line stands below the one before, where it begins and ends, how large its
letters are; and by whether a line ends a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rag.loaders.pipes import pipe_table

from .furniture import without_furniture
from .headings import heading_levels
from .lines import Line, Word
from .pages import SEPARATOR
from .tables import Item, Table, goes_on, with_rest

_LIST_ITEM = re.compile(r"(?:[•‣▪●○■–*-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_ENDS_SENTENCE = re.compile(r"[.!?:…。！？][\"'”’)\]]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"(?<![^\W\d_])([^\W\d_]+)-$")
_MARK = re.compile(r"[\[(]?\d{1,2}[\])]?\.?|[*†‡§]{1,3}")  # of a note or an item
_CJK_END = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]$")
_CJK_START = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")
_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2})*\.?\s+\S|[A-Z]\.\s")
# What would turn a line into a heading, a fence, a rule or front matter.
_OPENS_BLOCK = re.compile(r"^(?=#{1,6}\s|```|~~~|[-=_*]{3,}\s*$|\+\+\+\s*$)")
# Words that a hyphen joins to others, and words that other words begin with.
_COMPOUNDING = frozenset(["self", "well", "half", "cross", "non", "ex", "quasi", "ill", "all"])
_OPENING = frozenset(
    {
        "with", "some", "there", "where", "here", "over", "under", "after", "back", "fore", "every", "other",
        "them", "your", "ever", "thing", "what", "when", "this", "that", "auto", "inter", "micro", "macro",
        "hyper", "super", "multi", "photo", "life", "hand", "head", "land",
    }
)  # fmt: skip
# Multiples of the usual distance of lines, and of the height of letters.
GAP = 1.3
SIZE_CHANGE = 1.15
INDENT = 0.6
NEAR = 8  # lines up and down in which a column shows its width


class Part(NamedTuple):
    """A line or a table in the text, from `start` to `end`: its page, from 0, and its words in order."""

    start: int
    end: int
    page: int
    words: tuple[Word, ...]
    piped: bool


class Reflowed(NamedTuple):
    """The text, where each page begins, whether it is Markdown, its first heading of level 1, its parts."""

    text: str
    starts: list[int]
    is_markdown: bool
    title: str
    parts: list[Part]


@dataclass(slots=True)
class _Flow:
    """The text as it grows, and what came last."""

    pieces: list[str] = field(default_factory=list)
    length: int = 0
    previous: Item | None = None
    level: int = 0

    def add(self, *pieces: str) -> None:
        self.pieces += pieces
        self.length += sum(map(len, pieces))

    def drop_last(self) -> None:
        self.pieces[-1] = self.pieces[-1][:-1]
        self.length -= 1


def reflow(pages: Sequence[Sequence[Item]]) -> Reflowed:
    """Paragraphs, headings and tables of pages. A paragraph or a table may run on from page to page."""
    pages = _continued(_without_furniture(pages))
    levels = heading_levels(pages)
    is_markdown = bool(levels) or any(
        isinstance(item, Table) and item.headed for page in pages for item in page
    )
    words = _words(item.text for page in pages for item in page if isinstance(item, Line))
    flow = _Flow()
    starts: list[int] = []
    parts: list[Part] = []
    title = ""
    for number, page in enumerate(pages):
        lines = [item for item in page if isinstance(item, Line)]
        pitch = _pitch(lines)
        start = None
        for place, item in enumerate(page):
            level = levels.get((number, place), 0)
            joint, text = _next(flow, page, place, pitch, level, words)
            if level == 1 and number == 0 and (not title or joint == " "):
                title = f"{title} {item.text}".strip() if isinstance(item, Line) else title
            if level and joint != " ":
                text = "#" * level + " " + text
            elif is_markdown and isinstance(item, Line) and (not joint or joint[-1] == "\n"):
                text = _OPENS_BLOCK.sub(r"\\", text)
            start = flow.length + len(joint) if start is None else start
            above = flow.previous if joint == "\n" and isinstance(item, Table) else None
            flow.add(joint, text)
            parts.append(_part(flow.length - len(text), flow.length, number, item, above))
            flow.previous, flow.level = item, level
        starts.append(flow.length if start is None else start)
    return Reflowed("".join(flow.pieces), starts, is_markdown, title, parts)


def _part(start: int, end: int, page: int, item: Item, above: Item | None) -> Part:
    if isinstance(item, Line):
        return Part(start, end, page, item.words, False)
    above = above if isinstance(above, Table) else None
    rows = item.words[_repeats(item, above) :]
    words = tuple(word for row in rows for cell in row for word in cell)
    return Part(start, end, page, words, item.headed if above is None else above.headed)


def _next(
    flow: _Flow, page: Sequence[Item], place: int, pitch: float, level: int, words: Counter[str]
) -> tuple[str, str]:
    """What goes between the text so far and an item, and the item's text."""
    item, previous = page[place], flow.previous
    if isinstance(item, Table):
        if place == 0 and isinstance(previous, Table) and _continues(previous, item):
            return "\n", _table_text(item, previous)
        return SEPARATOR if previous else "", _table_text(item, None)
    if previous is None:
        return "", item.text
    if isinstance(previous, Table):
        return SEPARATOR, item.text
    if level or flow.level:
        same = level == flow.level and _one_heading(previous, item)
        if same and previous.broken and not _keeps_hyphen(previous.text, item.text, words):
            flow.drop_last()
        return (("" if previous.broken else " ") if same else SEPARATOR), item.text
    if previous.broken:
        if not _keeps_hyphen(previous.text, item.text, words):
            flow.drop_last()
        return "", item.text
    return (_page_joint(previous, item) if place == 0 else _joint(page, place, pitch)), item.text


def _one_heading(previous: Line, line: Line) -> bool:
    drop = previous.bottom - line.bottom
    alike = 0.9 < line.height / previous.height < 1.1 and line.bold == previous.bold
    return alike and -0.5 * line.height < drop < 1.7 * line.height and not _NUMBERED.match(line.text)


def _without_furniture(pages: Sequence[Sequence[Item]]) -> list[list[Item]]:
    lines = [[item for item in page if isinstance(item, Line)] for page in pages]
    kept = [Counter(page) for page in without_furniture(lines)]
    return [
        [item for item in page if isinstance(item, Table) or item in left]
        for page, left in zip(pages, kept, strict=True)
    ]


def _continued(pages: list[list[Item]]) -> list[list[Item]]:
    """Pages whose first lines are rows of the table that ended the page before with these as a table."""
    last: Item | None = None
    for page in pages:
        if page and isinstance(last, Table) and isinstance(page[0], Line):
            joined = goes_on(last, page)
            if joined is not None:
                page[: joined[1]] = [joined[0]]
            elif len(page) > 1 and isinstance(page[1], Table) and _continues(last, page[1]):
                whole = with_rest(page[0], page[1])
                page[:2] = [whole] if whole is not None else page[:2]
        last = page[-1] if page else None
    return pages


def _continues(above: Table, below: Table) -> bool:
    """Whether a table at the top of a page has the columns of the one that ended the page before."""
    if len(above.columns) != len(below.columns):
        return False
    return all(
        min(first[1], other[1]) - max(first[0], other[0]) > 0
        for first, other in zip(above.columns, below.columns, strict=True)
    )


def _table_text(table: Table, above: Table | None) -> str:
    """A table as Markdown; what goes on from the page before without its header; pairs as lines."""
    headed = table.headed if above is None else above.headed
    if not headed:
        return "\n".join(_pair(row) for row in table.rows)
    if above is None:
        return pipe_table(table.rows)
    rows = table.rows[_repeats(table, above) :]
    # The first row of a part below is no header: a blank one takes its place and goes.
    return pipe_table([["-"] * len(table.columns), *rows]).split("\n", 2)[2]


def _repeats(table: Table, above: Table | None) -> int:
    """How many rows at the top of a table that goes on only repeat its header."""
    return int(above is not None and above.headed and table.rows[0] == above.rows[0] and len(table.rows) > 1)


def _pair(row: Sequence[str]) -> str:
    name, *values = (cell for cell in row if cell)
    if not values:
        return name
    return f"{name if _MARK.fullmatch(name) else name.rstrip(':') + ':'} {' '.join(values)}"


def _joint(page: Sequence[Item], place: int, pitch: float) -> str:
    """What goes between a line of a page and the one before: a space, a line break, or a blank line."""
    previous, line = page[place - 1], page[place]
    if not isinstance(previous, Line) or not isinstance(line, Line):
        return SEPARATOR
    if previous.upright or line.upright:
        return "" if previous.upright and line.upright and _CJK_END.search(previous.text) else SEPARATOR
    drop = previous.bottom - line.bottom
    if abs(drop) < 0.5 * previous.height:
        return " "  # the same line, cut by a wide gap
    if drop < 0:
        return _page_joint(previous, line)  # another column
    parted = drop > GAP * pitch or not 1 / SIZE_CHANGE < line.height / previous.height < SIZE_CHANGE
    if previous.entry or _LIST_ITEM.match(line.text):
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


def _could_hold_more(previous: Line, line: Line, around: Sequence[Item]) -> bool:
    """Whether the next line's first word would have fitted: then the line was ended on purpose."""
    # The column begins where the second of the two lines does, if the first is indented.
    left, reach = min(previous.left, line.left), 0.5 * previous.height
    right = max(
        (each.right for each in around if isinstance(each, Line) and abs(each.left - left) < reach),
        default=previous.right,
    )
    letter = (previous.right - previous.left) / len(previous.text)
    needed = (len(line.text.partition(" ")[0]) + 1) * letter
    return previous.right + needed + previous.height < right


def _pitch(page: Sequence[Line]) -> float:
    """The usual distance from line to line, in points."""
    page = [line for line in page if not line.upright]
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
    whole, apart = words[first + second], words[f"{first}-{second}"]
    if whole or apart:
        return apart > whole
    # Nowhere else: a part of a chain (state-of-the-art), or two words that a hyphen joins on purpose.
    if before[: left.start()].endswith("-") or first in _COMPOUNDING or "-" in second:
        return True
    return (
        len(first) > 3 and len(second) > 3 and first not in _OPENING
        and words[first] > 1 and words[second] > 1  # each counts once for this very place
    )  # fmt: skip
