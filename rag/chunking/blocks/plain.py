"""Plain text → blocks: paragraphs by blank lines, and headings where a guess is safe.

A line is taken for a heading only if it stands alone between blank lines, is short, ends without
punctuation, is numbered (`2.1 Method`) or all in capitals, and text follows that is no such line itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.lines import Line, lines

from .block import Block
from .markdown import MARKER, list_block, span

_NUMBERED = re.compile(
    r"(?:(?:Chapter|Section|Part|Appendix|CHAPTER|SECTION|PART|APPENDIX)\s)?(\d{1,3}(?:\.\d{1,3})*)[.:]?\s+\w"
)
_LONGEST = 80
_FEWEST_CAPITALS = 4


def plain_blocks(text: str) -> list[Block]:
    """The blocks of a text without markup. Numbered headings nest by their numbers."""
    rows = lines(text)
    runs = _runs(rows)
    levels = [_level(rows, i, j) for i, j in runs] + [0]
    blocks = []
    for (i, j), level, following in zip(runs, levels, levels[1:], strict=False):
        # Several candidates in a row are a list, a table of contents or a form, unless they nest.
        if level and (j < len(rows)) and (following == 0 or following > level) and (i, j) != runs[-1]:
            blocks.append(Block("heading", rows[i].first, rows[i].end, level, " ".join(rows[i].body.split())))
        else:
            blocks.append(_text(rows, i, j))
    return blocks


def _runs(rows: Sequence[Line]) -> list[tuple[int, int]]:
    """The paragraphs as ranges of lines."""
    runs = []
    begin = None
    for i, row in enumerate(rows):
        if row.body and begin is None:
            begin = i
        elif not row.body and begin is not None:
            runs.append((begin, i))
            begin = None
    return runs if begin is None else [*runs, (begin, len(rows))]


def _level(rows: Sequence[Line], i: int, j: int) -> int:
    """The level of the heading that lines i to j - 1 may be, else 0."""
    body = rows[i].body
    if j - i != 1 or len(body) > _LONGEST or body[-1] in ".,;:!?…-" or "|" in body:
        return 0
    if numbered := _NUMBERED.match(body):
        name = body[numbered.end() - 1 :]
        return numbered[1].count(".") + 1 if name[0].isupper() else 0
    letters = [character for character in body if character.isalpha()]
    shouted = len(letters) >= max(_FEWEST_CAPITALS, len(body) // 2) and all(c.isupper() for c in letters)
    return int(shouted)


def _text(rows: Sequence[Line], i: int, j: int) -> Block:
    if MARKER.match(rows[i].body) and (hit := list_block(rows[i:j], 0)) and hit[1] == j - i:
        return span(rows, i, j, "list")
    return span(rows, i, j, "paragraph")
