"""reStructuredText → blocks: sections, literal blocks, code directives, tables and lists.

Levels go by the order in which adornment styles first appear, as docutils has it. Directives other than
code keep their text as a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.lines import Line, lines

from .block import Block
from .markdown import list_block, span

_CODE = re.compile(
    r"\.\. (?:code|code-block|sourcecode|literalinclude|parsed-literal|highlight|math|doctest)::"
)
_SIMPLE_BORDER = re.compile(r"=+(?: +=+)+$")
_GRID_BORDER = re.compile(r"\+(?:[-=]+\+)+$")
_ADORNMENTS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SHORTEST = 3  # characters of a rule that stands for more than punctuation


def rst_blocks(text: str) -> list[Block]:
    """The blocks of a reStructuredText document. Adornments and transitions are left out."""
    blocks: list[Block] = []
    styles: list[str] = []  # adornment styles in order of appearance
    rows = lines(text)
    i = 0
    while i < len(rows):
        if not rows[i].body:
            i += 1
            continue
        block, i = _heading(rows, i, styles) or _table(rows, i) or _list(rows, i) or _text(rows, i, blocks)
        if block is not None:
            blocks.append(block)
    return blocks


def _is_rule(line: Line) -> bool:
    body = line.body
    return len(body) >= _SHORTEST and body[0] in _ADORNMENTS and not line.indent and not body.strip(body[0])


def _heading(rows: Sequence[Line], i: int, styles: list[str]) -> tuple[Block | None, int] | None:
    """A title under a rule, or between two; a rule alone is a transition."""
    over = _is_rule(rows[i])
    title = i + 1 if over else i
    if not _underlined(rows, title, over):
        return (None, i + 1) if over else None
    style = rows[title + 1].body[0] * (1 + over)
    if over and rows[i].body[0] != style[0]:
        return None, i + 1
    if style not in styles:
        styles.append(style)
    line = rows[title]
    name = " ".join(line.body.replace("``", "").split())
    return Block("heading", line.first, line.end, styles.index(style) + 1, name), title + 2


def _underlined(rows: Sequence[Line], i: int, over: bool) -> bool:
    if i + 1 >= len(rows) or not rows[i].body or not _is_rule(rows[i + 1]) or _is_rule(rows[i]):
        return False
    # A rule may fall a little short of its title: docutils warns and goes on, and so do we.
    return (over or not rows[i].indent) and len(rows[i + 1].body) >= min(len(rows[i].body) * 0.7, 40)


def _table(rows: Sequence[Line], i: int) -> tuple[Block | None, int] | None:
    if _GRID_BORDER.match(rows[i].body):
        j = i + 1
        while j < len(rows) and rows[j].body[:1] in ("+", "|"):
            j += 1
        head = next((k for k in range(i + 1, j) if rows[k].body.startswith("+=")), None)
    elif _SIMPLE_BORDER.match(rows[i].body):
        borders = _borders(rows, i)
        j = borders[-1] + 1
        head = borders[1] if len(borders) == 3 else None
    else:
        return None
    return span(rows, i, j, "table", rows[head].end if head else 0), j


def _borders(rows: Sequence[Line], i: int) -> list[int]:
    """The border lines of a simple table: the third is its last, or one that a blank line follows."""
    borders = [i]
    for j in range(i + 1, len(rows)):
        if _SIMPLE_BORDER.match(rows[j].body):
            borders.append(j)
            if len(borders) == 3 or j + 1 >= len(rows) or not rows[j + 1].body:
                return borders
    return borders


def _list(rows: Sequence[Line], i: int) -> tuple[Block | None, int] | None:
    return list_block(rows, i) if not rows[i].indent else None


def _text(rows: Sequence[Line], i: int, before: Sequence[Block]) -> tuple[Block | None, int]:
    """A paragraph, a directive with its body, or the literal block that a `::` announces."""
    line = rows[i]
    if line.indent and before and _announces(rows, i):
        j = _indented_end(rows, i, 1)
        return span(rows, i, j, "code"), j
    if line.body.startswith(".. "):
        j = _indented_end(rows, i + 1, line.indent + 1)
        return span(rows, i, j, "code" if _CODE.match(line.body) else "paragraph"), j
    j = i + 1
    while j < len(rows) and rows[j].body and not _underlined(rows, j, False):
        j += 1
    return span(rows, i, j, "paragraph"), j


def _announces(rows: Sequence[Line], i: int) -> bool:
    return i >= 2 and not rows[i - 1].body and _last_text(rows, i).endswith("::")


def _last_text(rows: Sequence[Line], i: int) -> str:
    return next((rows[k].body for k in range(i - 1, -1, -1) if rows[k].body), "")


def _indented_end(rows: Sequence[Line], i: int, indent: int) -> int:
    while i < len(rows) and (not rows[i].body or rows[i].indent >= indent):
        i += 1
    return i
