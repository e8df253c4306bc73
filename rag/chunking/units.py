"""A block → the largest pieces of it that fit: what a packer may put together but never has to cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rag.chunking.blocks.block import Block
from rag.chunking.blocks.markdown import MARKER
from rag.chunking.cut import cuts
from rag.chunking.tables import Unit, line_spans, table_units
from rag.chunking.tokens import Tokens
from rag.text.lines import lines
from rag.text.sentences import sentences

__all__ = ["Unit", "item_spans", "line_spans", "paragraph_spans", "units"]

Spans = list[tuple[int, int]]
Splitter = Callable[[str, int, int], Spans]


def units(block: Block, tokens: Tokens, room: int) -> list[Unit]:
    """The pieces of a block, each of at most `room` tokens, its repeated header counted."""
    prose = block.kind in ("paragraph", "list")
    if tokens.count(block.start, block.end) <= room:
        return [Unit(block.start, block.end, prose=prose)]
    if block.kind in ("table", "rows"):
        return table_units(block, tokens, room)
    pieces = _pieces(tokens, block.start, block.end, room, _LADDERS[block.kind])
    return [Unit(start, end, fresh=not i, prose=prose) for i, (start, end) in enumerate(pieces)]


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


def paragraph_spans(text: str, start: int, end: int) -> Spans:
    """The runs of lines between blank ones."""
    spans: Spans = []
    blank = True
    for line in lines(text, start, end):
        if line.body:
            _grow(spans, line.first, line.end, new=blank)
        blank = not line.body
    return spans


def item_spans(text: str, start: int, end: int) -> Spans:
    """The outermost items of a list, each with all that is nested in it."""
    # From the line's beginning, for its indent; what else ends a line than a line feed may stand between.
    whole = lines(text, text.rfind("\n", 0, start) + 1, end)
    rows = [line for line in whole if line.body and line.end > start]
    outer = rows[0].indent + 1 if rows else 0
    spans: Spans = []
    for line in rows:
        opens = line.indent <= outer and MARKER.match(line.body) is not None
        _grow(spans, line.first, line.end, new=opens or not spans)
    return spans


def _grow(spans: Spans, start: int, end: int, *, new: bool) -> None:
    """A new span, or the last one made longer."""
    spans.append((start, end) if new else (spans.pop()[0], end))


_LADDERS: dict[str, tuple[Splitter, ...]] = {
    "paragraph": (sentences,),
    "list": (item_spans, sentences),
    "code": (paragraph_spans, line_spans),
}
