"""Which rows are seen where an engine has no transactions: those of the generation that their document names.

A write adds its rows under a generation, the microsecond it began, and then makes that generation the one its
document names; that is the moment it is seen. A search and the look at the documents of its hits are two
requests, and a document may be written between them: then the search may have missed rows of what is seen
now, and `seen` searches again. A write that took longer than `LONGEST_WRITE` is refused its last step, so a
generation of twice that age was seen before; by the rest of that time the clocks of machines may differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
Known = dict[str, tuple[int, float]]
"""Of documents met lately: the generation that was seen, and when it was met (`time.monotonic`)."""

LONGEST_WRITE = 3_600 * 10**6
"""Microseconds from the beginning of a write to the change that makes it seen."""
_LOOKS = 8  # at most, while documents change under a search
_MOST_KNOWN = 100_000


def now() -> int:
    """The generation of a write that begins now: microseconds."""
    return time.time_ns() // 1_000


def settled_before() -> int:
    """What has a lower generation is seen by now, or never will be."""
    return now() - 2 * LONGEST_WRITE


def seen(
    ask: Callable[[int], Sequence[T]],
    of: Callable[[T], tuple[str, int]],
    current: Callable[[set[str]], Mapping[str, int]],
    known: Known,
    reach: int,
) -> list[T]:
    """The first `reach` rows that are seen.

    `ask(limit)` searches: rows, best first, at most so many. `of(row)` is its document and generation.
    `current(documents)` looks up which generations are seen. `known` is kept from one search to the next.
    """
    limit = reach
    kept: list[T] = []
    for _ in range(_LOOKS):
        began = time.monotonic()
        rows = ask(limit)
        seen_now = current({of(row)[0] for row in rows})
        kept = [row for row in rows if seen_now.get(of(row)[0]) == of(row)[1]]
        settled = _were_there(known, seen_now, began)
        if settled and (len(kept) >= reach or len(rows) < limit):
            break
        limit = reach + 2 * (len(rows) - len(kept))
    return kept[:reach]


def _were_there(known: Known, seen_now: Mapping[str, int], began: float) -> bool:
    """Whether all these generations were seen when a search began: by age, or as they were met before."""
    settled = settled_before()
    young = {key: generation for key, generation in seen_now.items() if generation >= settled}
    unmet = [
        key for key, seen in young.items() if (k := known.get(key)) is None or k[0] != seen or k[1] >= began
    ]
    if len(known) > _MOST_KNOWN:
        known.clear()
    met = time.monotonic()
    known.update((key, (young[key], met)) for key in unmet)
    return not unmet
