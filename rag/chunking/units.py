"""A block → the largest pieces of it that fit: what a packer may put together but never has to cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rag.chunking.blocks.block import Block
from rag.chunking.blocks.markdown import MARKER
from rag.chunking.cut import cuts
from rag.chunking.tokens import Tokens
from rag.text.lines import lines
from rag.text.sentences import sentences

from .blocks import rows as delimited

Spans = list[tuple[int, int]]
Splitter = Callable[[str, int, int], Spans]


class Unit(NamedTuple):
    """A piece of a block. `header` is what a chunk that begins with it repeats, `header_cost` its tokens.

    `fresh` asks for a new chunk: the block is too long for one. `prose` allows sentences to overlap.
    """

    start: int
    end: int
    header: str = ""
    header_cost: int = 0
    fresh: bool = False
    prose: bool = False


def units(block: Block, tokens: Tokens, room: int) -> list[Unit]:
    """The pieces of a block, each of at most `room` tokens, its repeated header counted."""
    prose = block.kind in ("paragraph", "list")
    if tokens.count(block.start, block.end) <= room:
        return [Unit(block.start, block.end, prose=prose)]
    if block.kind in ("table", "rows"):
        return _table_units(block, tokens, room)
    pieces = _pieces(tokens, block.start, block.end, room, _LADDERS[block.kind])
    return [Unit(start, end, fresh=not i, prose=prose) for i, (start, end) in enumerate(pieces)]


def _table_units(block: Block, tokens: Tokens, room: int) -> list[Unit]:
    header, cost = _header(block, tokens, room // 3)
    found = _table_rows(tokens.text, block)
    if header and len(found) > 1 and tokens.count(found[0][0], found[1][1]) <= room:
        found[:2] = [(found[0][0], found[1][1])]  # column names alone say nothing
    pieces = [(row, piece) for row in found for piece in _pieces(tokens, *row, room - cost, (line_spans,))]
    if header and tokens.count(*found[0]) <= room:
        pieces = [(found[0], found[0])] + [entry for entry in pieces if entry[0] != found[0]]
    return [
        Unit(start, end, *((header, cost) if row != found[0] else ("", 0)), fresh=not i)
        for i, (row, (start, end)) in enumerate(pieces)
    ]


def _header(block: Block, tokens: Tokens, cap: int) -> tuple[str, int]:
    """What names a table's columns, cut to `cap` tokens, and its cost."""
    if not block.head_end:
        return "", 0
    cost = tokens.count(block.start, block.head_end)
    if cost <= cap:
        return tokens.text[block.start : block.head_end], cost
    end = min(tokens.reach(block.start, max(cap - 1, 1)), block.head_end)
    return tokens.text[block.start : end].rstrip() + "…", max(cap, 2)


def _table_rows(text: str, block: Block) -> Spans:
    """A table's rows; the first entry is all that names the columns."""
    if block.kind == "rows":
        return delimited.rows(text, block.start, block.end)
    body = block.head_end or block.start
    found = (
        _grid_rows(text, body, block.end) if text[block.start] == "+" else line_spans(text, body, block.end)
    )
    return [(block.start, block.head_end), *found] if block.head_end else found


def _grid_rows(text: str, start: int, end: int) -> Spans:
    """Rows of a grid table, each with the border below it."""
    found: Spans = []
    begin = -1
    for first, last in line_spans(text, start, end):
        begin = first if begin < 0 else begin
        if text.startswith("+-", first):
            found.append((begin, last))
            begin = -1
    return found if begin < 0 else [*found, (begin, end)]


def _pieces(
    tokens: Tokens, start: int, end: int, room: int, ladder: tuple[Splitter, ...]
) -> Iterator[tuple[int, int]]:
    """text[start:end] split by the first rung, and what is still too long by the next; at last anywhere."""
    if tokens.count(start, end) <= room:
        yield start, end
    elif not ladder:
        yield from cuts(tokens, start, end, room)
    else:
        for first, last in ladder[0](tokens.text, start, end):
            yield from _pieces(tokens, first, last, room, ladder[1:])


def line_spans(text: str, start: int, end: int) -> Spans:
    """The lines that are not blank."""
    return [(line.first, line.end) for line in lines(text, start, end) if line.body]


def paragraph_spans(text: str, start: int, end: int) -> Spans:
    """The runs of lines between blank ones."""
    found: Spans = []
    blank = True
    for line in lines(text, start, end):
        if line.body:
            _grow(found, line.first, line.end, new=blank)
        blank = not line.body
    return found


def item_spans(text: str, start: int, end: int) -> Spans:
    """The outermost items of a list, each with all that is nested in it."""
    rows = [line for line in lines(text, text.rfind("\n", 0, start) + 1, end) if line.body]
    outer = rows[0].indent + 1 if rows else 0
    found: Spans = []
    for line in rows:
        opens = line.indent <= outer and MARKER.match(line.body) is not None
        _grow(found, line.first, line.end, new=opens or not found)
    return found


def _grow(found: Spans, start: int, end: int, *, new: bool) -> None:
    """A new span, or the last one made longer."""
    found.append((start, end) if new else (found.pop()[0], end))


_LADDERS: dict[str, tuple[Splitter, ...]] = {
    "paragraph": (sentences,),
    "list": (item_spans, sentences),
    "code": (paragraph_spans, line_spans),
}
