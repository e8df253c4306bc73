"""Units of one section → chunks: filled up to the limit, without a crumb at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rag.chunking.outline import SEPARATOR
from rag.chunking.tokens import Tokens
from rag.chunking.units import Unit
from rag.text.sentences import sentences
from rag.types import Span


@dataclass(slots=True)
class _Pack:
    """A chunk in the making; `start` lies before the first unit where sentences overlap."""

    start: int
    units: list[Unit]


@dataclass(frozen=True, slots=True)
class Packer:
    """`room` tokens for text and repeated table header; `overlap` in sentences; all else in tokens."""

    tokens: Tokens
    room: int
    min_tokens: int = 0
    overlap: int = 0

    def pack(self, units: Iterable[Unit], heading: str = "") -> list[Span]:
        """The chunks of units that follow each other."""
        packs: list[_Pack] = []
        for unit in units:
            if packs and self._takes(packs[-1], unit):
                packs[-1].units.append(unit)
            else:
                packs.append(self._open(packs, unit))
        if not self.overlap:
            self._balance(packs)
        return [
            Span(pack.start, pack.units[-1].end, _under(heading, pack.units[0].key), pack.units[0].header)
            for pack in packs
        ]

    def _fits(self, start: int, first: Unit, end: int) -> bool:
        return self.tokens.count(start, end) + first.header_cost <= self.room

    def _takes(self, pack: _Pack, unit: Unit) -> bool:
        if unit.apart or pack.units[-1].apart:
            return False
        if unit.fresh and self.tokens.count(pack.start, pack.units[-1].end) >= self.min_tokens:
            return False
        return self._fits(pack.start, pack.units[0], unit.end)

    def _open(self, packs: list[_Pack], unit: Unit) -> _Pack:
        """A new chunk, with the line that announces its table or list, or the sentences it shares."""
        if not packs:
            return _Pack(unit.start, [unit])
        last = packs[-1]
        intro = last.units[-1]
        announces = (
            self.tokens.text[intro.end - 1] in ":：" and not intro.header_cost and not unit.header_cost
        ) and not (intro.apart or unit.apart)
        if announces and len(last.units) > 1 and self._fits(intro.start, intro, unit.end):
            last.units.pop()
            return _Pack(intro.start, [intro, unit])
        return _Pack(self._shared(last, unit), [unit])

    def _shared(self, last: _Pack, unit: Unit) -> int:
        """Where a chunk starts that repeats the last sentences of the one before it."""
        if not (self.overlap and unit.prose and last.units[-1].prose):
            return unit.start
        tail = sentences(self.tokens.text, last.units[-1].start, last.units[-1].end)[-self.overlap :]
        # A unit that is one sentence of a long paragraph has no other: look at the units before it.
        for before in reversed(last.units[:-1]):
            if len(tail) >= self.overlap or not before.prose:
                break
            more = sentences(self.tokens.text, before.start, before.end)
            tail = more[len(more) - (self.overlap - len(tail)) :] + tail if more else tail
        for start, _ in tail:
            # A chunk never repeats all of the one before, nor more than half of what it may hold.
            small = start > last.start and self.tokens.count(start, unit.start) <= self.room // 2
            if small and self._fits(start, unit, unit.end):
                return start
        return unit.start

    def _balance(self, packs: list[_Pack]) -> None:
        """Give a last chunk that is too small units of the one before it, while that stays the larger one."""
        if len(packs) < 2:
            return
        before, last = packs[-2:]
        if last.units[0].apart:
            return
        while len(before.units) > 1 and self._size(last) < self.min_tokens:
            moved = before.units[-1]
            left = self.tokens.count(before.start, before.units[-2].end)
            grown = self.tokens.count(moved.start, last.units[-1].end) + moved.header_cost
            if grown > min(self.room, left):
                return
            last.units.insert(0, before.units.pop())
            last.start = moved.start

    def _size(self, pack: _Pack) -> int:
        return self.tokens.count(pack.start, pack.units[-1].end)


def _under(heading: str, key: str) -> str:
    """The heading path, and below it the key of the row that the chunk is a part of."""
    return SEPARATOR.join(part for part in (heading, key) if part)
