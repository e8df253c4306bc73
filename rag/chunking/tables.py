"""A table → units: its rows, each under the names of its columns, and a row too wide in parts.

A part of a row stands in a chunk of its own. Its `header` names the part's own columns; its `key` is the
row's first cell with the name of that column, which becomes the innermost part of the chunk's heading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rag.chunking.blocks.block import Block
from rag.chunking.cut import cuts
from rag.chunking.tokens import Tokens
from rag.text import delimited
from rag.text.lines import lines, strip
from rag.text.sentences import sentences

Spans = list[tuple[int, int]]


class Unit(NamedTuple):
    """A piece of a block. `header` is what a chunk that begins with it repeats, `header_cost` its tokens.

    `fresh` asks for a new chunk: the block is too long for one. `prose` allows sentences to overlap.
    `apart` asks for a chunk that holds nothing else; `key` is then what its heading ends with.
    """

    start: int
    end: int
    header: str = ""
    header_cost: int = 0
    fresh: bool = False
    prose: bool = False
    apart: bool = False
    key: str = ""


def table_units(block: Block, tokens: Tokens, room: int) -> list[Unit]:
    """The rows of a table that is too long for one chunk, each of at most `room` tokens with its header."""
    spans = table_rows(tokens.text, block)
    names = _Names.of(block, tokens, spans)
    if names is None:
        return _uncut(block, tokens, room, spans)
    made: list[Unit] = []
    rows = spans
    if block.head_end:
        head, rows = spans[0], spans[1:]
        if rows and tokens.count(head[0], rows[0][1]) <= room:
            head, rows = (head[0], rows[0][1]), rows[1:]  # column names alone say nothing
        made += _head_units(head, tokens, room)
    for row in rows:
        if tokens.count(*row) + names.cost <= room:
            made.append(Unit(*row, names.header, names.cost))
        else:
            made += names.parts(row, room)
    return [made[0]._replace(fresh=True), *made[1:]] if made else []


def table_rows(text: str, block: Block) -> Spans:
    """A table's rows; the first entry is all that names the columns."""
    if block.kind == "rows":
        return delimited.rows(text, block.start, block.end)
    body = block.head_end or block.start
    grid = text[block.start] == "+"
    spans = _grid_rows(text, body, block.end) if grid else line_spans(text, body, block.end)
    return [(block.start, block.head_end), *spans] if block.head_end else spans


def line_spans(text: str, start: int, end: int) -> Spans:
    """The lines that are not blank."""
    return [(line.first, line.end) for line in lines(text, start, end) if line.body]


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a table's columns where they stand, and the mark between cells."""

    tokens: Tokens
    mark: str
    names: Spans
    header: str
    cost: int

    @classmethod
    def of(cls, block: Block, tokens: Tokens, rows: Spans) -> _Names | None:
        """None for a table whose cells nothing in a line sets apart, such as a grid of text."""
        text = tokens.text
        if block.kind == "rows":
            mark = delimited.mark_of(text[block.start : block.end])
            first = rows[0]
        else:
            mark = "|"
            first = line_spans(text, block.start, block.head_end or block.end)[0]
        if text[block.start] == "+" or mark not in text[first[0] : first[1]]:
            return None
        if not block.head_end:
            return cls(tokens, mark, [], "", 0)
        cost = tokens.count(block.start, block.head_end)
        return cls(
            tokens, mark, cell_spans(text, *first, mark), text[block.start : block.head_end].rstrip(), cost
        )

    def parts(self, row: tuple[int, int], room: int) -> Iterator[Unit]:
        """A row in parts of whole cells; a cell too long for a chunk in pieces under its column's name."""
        cells = cell_spans(self.tokens.text, *row, self.mark)
        key, key_cost = self._key(cells, room // 6)
        first = 0
        while first < len(cells):
            spare = room if first == 0 else room - key_cost
            last = first
            while last + 1 < len(cells) and self._costs(cells, first, last + 1) <= spare:
                last += 1
            header, cost = self._header(first, last + 1, spare // 3 if first == last else spare)
            # A blank cell lies behind a line's end where a quoted field runs over lines.
            start, end = strip(self.tokens.text, *self._span(row, cells, first, last))
            shown_key = key if first else ""
            if self.tokens.count(start, end) + cost <= spare:
                if any(cells[i][0] < cells[i][1] for i in range(first, last + 1)):
                    yield Unit(start, end, header, cost, apart=True, key=shown_key)
            else:
                for piece in _sentence_pieces(self.tokens, start, end, spare - cost):
                    yield Unit(*piece, header, cost, apart=True, key=shown_key)
            first = last + 1

    def _costs(self, cells: Spans, first: int, last: int) -> int:
        """The tokens of the cells first to last and of the names above them."""
        names = self.names[first : last + 1]
        named = self.tokens.count(names[0][0], names[-1][1]) + 2 if names else 0
        return self.tokens.count(cells[first][0], cells[last][1]) + 2 + named

    def _header(self, first: int, end: int, cap: int) -> tuple[str, int]:
        names = self.names[first:end]
        if not names:
            return "", 0
        start, stop = names[0][0], names[-1][1]
        cost = self.tokens.count(start, stop) + 2
        text = self.tokens.text[start:stop]
        if cost > cap and len(names) == 1:
            stop = min(self.tokens.reach(start, max(cap - 3, 1)), stop)
            text, cost = self.tokens.text[start:stop].rstrip() + "…", max(cap, 2)
        return (f"| {text} |" if self.mark == "|" else text), cost

    def _span(self, row: tuple[int, int], cells: Spans, first: int, last: int) -> tuple[int, int]:
        """Where the cells stand: a pipe table's with the pipe before them, and its last with that behind."""
        text = self.tokens.text
        if self.mark != "|":
            return cells[first][0], cells[last][1]
        start = row[0] if first == 0 else text.rfind("|", row[0], max(cells[first][0], row[0] + 1))
        return max(start, row[0]), row[1] if last + 1 == len(cells) else cells[last][1]

    def _key(self, cells: Spans, cap: int) -> tuple[str, int]:
        """`Serial: SN-1`, from the first cell that is not blank, and its cost."""
        place = next((i for i, (start, end) in enumerate(cells) if start < end), 0)
        start, end = cells[place]
        text = self.tokens.text
        key = " ".join(text[start : min(self.tokens.reach(start, cap), end)].split())
        cost = min(self.tokens.count(start, end), cap) + 1
        if place < len(self.names) and (name := self.names[place])[0] < name[1]:
            named = self.tokens.count(*name)
            if named + cost < cap:
                return f"{' '.join(text[name[0] : name[1]].split())}: {key}", named + cost + 1
        return key, cost


def cell_spans(text: str, start: int, end: int, mark: str) -> Spans:
    """The cells of a row as stripped (start, end): between pipes, or between delimiters outside quotes."""
    marks = []
    quoted = False
    for at in range(start, end):
        if text[at] == '"' and mark != "|":
            quoted = not quoted
        elif text[at] == mark and not quoted and not (mark == "|" and at > start and text[at - 1] == "\\"):
            marks.append(at)
    if mark == "|":
        marks = ([] if text[start] == "|" else [start - 1]) + marks
        marks += [] if text[end - 1] == "|" and marks and marks[-1] == end - 1 else [end]
    else:
        marks = [start - 1, *marks, end]
    return [strip(text, before + 1, after) for before, after in pairwise(marks)]


def _head_units(head: tuple[int, int], tokens: Tokens, room: int) -> list[Unit]:
    """The row of names; in pieces of their own where it is too long for a chunk."""
    if tokens.count(*head) <= room:
        return [Unit(*head)]
    return [Unit(*piece, apart=True) for piece in cuts(tokens, *head, room)]


def _uncut(block: Block, tokens: Tokens, room: int, spans: Spans) -> list[Unit]:
    """A table whose cells are not known: between rows, or else anywhere."""
    header, cost = "", 0
    if block.head_end:
        header, cost = tokens.text[block.start : block.head_end], tokens.count(block.start, block.head_end)
        if cost > room // 3:
            cap = room // 3
            end = min(tokens.reach(block.start, max(cap - 1, 1)), block.head_end)
            header, cost = tokens.text[block.start : end].rstrip() + "…", max(cap, 2)
        if len(spans) > 1 and tokens.count(spans[0][0], spans[1][1]) <= room:
            spans = [(spans[0][0], spans[1][1]), *spans[2:]]
    made: list[Unit] = []
    for i, row in enumerate(spans):
        if not i and header and tokens.count(*row) <= room:
            made.append(Unit(*row))
            continue
        names = (header, cost) if i else ("", 0)
        for line in line_spans(tokens.text, *row):
            made += [Unit(*piece, *names) for piece in cuts(tokens, *line, room - cost)]
    return [made[0]._replace(fresh=True), *made[1:]] if made else []


def _sentence_pieces(tokens: Tokens, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """A long cell: as many whole sentences as fit, one too long cut anywhere."""
    begin = stop = -1
    for first, last in sentences(tokens.text, start, end):
        if begin >= 0 and tokens.count(begin, last) <= room:
            stop = last
            continue
        if begin >= 0:
            yield begin, stop
        begin, stop = first, last
        if tokens.count(first, last) > room:
            yield from cuts(tokens, first, last, room)
            begin = -1
    if begin >= 0:
        yield begin, stop


def _grid_rows(text: str, start: int, end: int) -> Spans:
    """Rows of a grid table, each with the border below it."""
    spans: Spans = []
    begin = -1
    for first, last in line_spans(text, start, end):
        begin = first if begin < 0 else begin
        if text.startswith("+-", first):
            spans.append((begin, last))
            begin = -1
    return spans if begin < 0 else [*spans, (begin, end)]
