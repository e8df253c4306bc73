"""Segments with some of their rows removed: how they are edited, merged, and laid out for saving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.errors import CorruptError

from .segment import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEAD_SHARE = 0.2  # a saved segment with a greater share of dead rows is rewritten
_SMALL = 1024  # saved segments up to so many rows are always merged with what is written
_SPARSE = 64  # positions spread over more than so many times the rows are looked up without a table


class Part(NamedTuple):
    """A segment, which of its rows are live (None: all), and how many. Replaced, never changed."""

    segment: Segment
    live: NDArray[np.bool_] | None
    rows: int

    @classmethod
    def of(cls, segment: Segment, live: NDArray[np.bool_] | None = None) -> Part:
        """A part whose rows are counted."""
        return cls(segment, live, len(segment) if live is None else int(np.count_nonzero(live)))

    def slots(self) -> NDArray[np.int64]:
        """All live slots, ascending."""
        return np.arange(len(self.segment)) if self.live is None else np.flatnonzero(self.live)

    def slots_of(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The live slots of those positions that this part holds."""
        slots = self.segment.slots_of(positions)
        return slots if self.live is None else slots[self.live[slots]]

    def without(self, slots: NDArray[np.int64]) -> Part:
        """This part with some more slots dead."""
        if not len(slots):
            return self
        live = np.ones(len(self.segment), bool) if self.live is None else self.live.copy()
        live[slots] = False
        return Part.of(self.segment, live)

    def only(self, chosen: NDArray[np.bool_]) -> Part:
        """This part with only some of its live rows."""
        return Part.of(self.segment, chosen if self.live is None else chosen & self.live)


def among(parts: Sequence[Part], allowed: NDArray[np.int64]) -> tuple[Part, ...]:
    """The parts with only the allowed positions live, those without any left out."""
    span = max((int(part.segment.positions[-1]) for part in parts), default=-1) + 1
    if span > _SPARSE * sum(part.rows for part in parts):
        chosen = [np.isin(part.segment.positions, allowed) for part in parts]
    else:
        # One table for all segments: at a million rows, a fifth of the time of a look-up for each.
        table = np.zeros(span, bool)
        table[allowed[allowed < span]] = True
        chosen = [table[part.segment.positions] for part in parts]
    filtered = (part.only(rows) for part, rows in zip(parts, chosen, strict=True))
    return tuple(part for part in filtered if part.rows)


def drop(parts: Sequence[Part], positions: NDArray[np.int64]) -> tuple[Part, ...]:
    """The parts without some positions. A part in memory with no live row left is gone."""
    edited = (part.without(part.slots_of(positions)) for part in parts)
    return tuple(part for part in edited if part.rows or part.segment.files)


def pieces(parts: Sequence[Part], most: int) -> Iterator[Segment]:
    """The live rows of some parts as new segments in memory of at most `most` rows, by rising position.

    One at a time, so that a caller who writes each away holds no more than one.
    """
    slots = [part.slots() for part in parts]
    if not sum(map(len, slots)):
        return
    positions = np.concatenate([part.segment.positions[own] for part, own in zip(parts, slots, strict=True)])
    source = np.repeat(np.arange(len(parts)), [len(own) for own in slots])
    slot = np.concatenate(slots)
    order = np.argsort(positions, kind="stable")
    for rows in np.array_split(order, -(-len(order) // most)):
        vectors = np.empty((len(rows), parts[0].segment.vectors.shape[1]), np.float16)
        for number, part in enumerate(parts):
            own = source[rows] == number
            vectors[own] = part.segment.rows(slot[rows[own]])
        yield Segment.build(positions[rows], vectors)


def plan(parts: Sequence[Part], most: int, *, coded: bool) -> tuple[list[Part], list[Part]]:
    """Which parts a save leaves on disk as they are, and which it writes anew: (kept, loose).

    Small segments are written again together with new rows of about their number or more, so that their
    count grows with the logarithm of the rows, and each row is rewritten a logarithmic number of times.
    """
    kept = sorted((part for part in parts if _stays(part, coded=coded)), key=lambda part: part.rows)
    loose = [part for part in parts if not _stays(part, coded=coded) and part.rows]
    rows = sum(part.rows for part in loose)
    while rows and kept and kept[0].rows <= min(max(_SMALL, 2 * rows), most // 2):
        rows += kept[0].rows
        loose.append(kept.pop(0))
    return kept, loose


def dead_slots(parts: Sequence[Part]) -> NDArray[np.int64]:
    """The dead slots of all parts, counted through: slot 0 of the second follows the last of the first."""
    masks = [np.ones(len(part.segment), bool) if part.live is None else part.live for part in parts]
    return np.flatnonzero(~np.concatenate(masks)) if masks else np.empty(0, np.int64)


def with_dead(segments: Sequence[Segment], dead: NDArray[np.int64]) -> tuple[Part, ...]:
    """The inverse of `dead_slots`. CorruptError where a slot lies beyond the last segment."""
    ends = np.cumsum([len(segment) for segment in segments])
    if len(dead) and (not len(ends) or dead.min() < 0 or dead.max() >= ends[-1]):
        raise CorruptError("the dense index removes rows that it does not hold: rebuild the index")
    parts = []
    for segment, end in zip(segments, ends, strict=True):
        start = end - len(segment)
        own = dead[(dead >= start) & (dead < end)] - start
        parts.append(Part.of(segment).without(own))
    return tuple(parts)


def _stays(part: Part, *, coded: bool) -> bool:
    files = part.segment.files
    whole = part.rows >= (1 - _DEAD_SHARE) * len(part.segment)
    return files is not None and whole and bool(files.code_bytes or not coded)
