"""How an edited tantivy index stays as fast as a new one: few segments, and statistics of the living alone.

tantivy counts deleted documents in N, in df and in the mean length as long as their segment stands. To score
each candidate again from its terms takes many times as long as the search itself, so two sorts of documents,
which no query finds, set the statistics right in the commit that deletes:

- a *tombstone* for each deleted document whose segment stays: its terms, each once and marked, so that the df
  of the living is df(t) − df(marked t);
- *padding*, one marked term many times, that brings the mean length back to that of the living.

They stand in small segments, which the next change writes anew, so that nothing gathers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tantivy import DocAddress

GRAVE = "\x01"
"""The first term of a tombstone. No analysed text holds control characters."""
PAD = "\x02"
"""The only term of padding."""
GONE = "\x03"
"""Stands before a term in a tombstone."""
OURS = 1 << 63
"""From here on positions are those of tombstones and padding."""

_SMALL = 1_000  # documents in a segment that every change writes anew; a millisecond for 50
_PART = 10  # a segment of at most 1/10 of the documents is written anew when it loses one
_SEGMENTS = 3  # large segments that may stand, and one more for each
_FULL = 50_000  # documents
_STALE_SHARE = 0.1  # deleted documents, tombstones and padding per living one that are too many
_AT_ONCE = 200_000  # documents up to which an index with other statistics is written anew at once
_BULK, _BATCH = 2_000, 20_000  # added documents, absolutely and relatively, that are written by themselves
_TRIED = 1_024  # numbers of paddings to choose from
_CLOSE = 5e-8  # relatively, to which the mean length is brought; a float32 says no more


class Statistics(NamedTuple):
    """How many documents, and how many terms they have together."""

    documents: int
    terms: int


class State(NamedTuple):
    """Of an index before a change. `sizes`: documents of each segment, the deleted ones too."""

    sizes: Sequence[int]
    documents: int
    deleted: int
    right: bool  # tombstones and deleted documents are equally many, and the mean length is true


def rewritten(state: State, losing: Sequence[DocAddress], added: int) -> set[int] | None:
    """The segments that a change writes anew, or None for all: `losing` are deleted, and `added` are new."""
    if not losing and not added:
        return set()
    bulk = added >= _BULK and added >= min(state.documents // _PART, _BATCH)
    everything = set(range(len(state.sizes)))
    if bulk:  # its own segments are many anyhow, and merge
        anew: set[int] = set()
    else:
        hit = {address.segment_ord for address in losing}
        part = state.documents // _PART
        anew = {n for n, size in enumerate(state.sizes) if size <= _SMALL or (n in hit and size <= part)}
    stale = state.deleted + 2 * sum(address.segment_ord not in anew for address in losing)
    if stale > _STALE_SHARE * (state.documents + added - len(losing)):
        return None
    if bulk:
        return anew
    wrong = not state.right and state.documents <= _AT_ONCE
    many = len(everything) - len(anew) > _SEGMENTS + state.documents // _FULL
    return None if wrong or many else anew


def tombstone(terms: str) -> str:
    """What stands for a deleted document, given its terms."""
    return " ".join([GRAVE, *(GONE + term for term in dict.fromkeys(terms.split()))])


def padding(living: Statistics, counted: Statistics) -> list[int]:
    """Lengths, each at least 1, of the padding with which `counted` has the mean length of `living`.

    Empty where none is needed, and where there is none: among documents of a single term.
    """
    import numpy as np

    if not living.terms or not counted.documents:
        return []
    mean = living.terms / living.documents
    if abs(counted.terms / counted.documents / mean - 1) <= _CLOSE:
        return []
    if mean <= 1:
        return []
    least = max(1, math.ceil((counted.terms - mean * counted.documents) / (mean - 1)))
    numbers = np.arange(least, least + _TRIED)
    wanted = mean * (counted.documents + numbers)
    totals = np.maximum(np.rint(wanted - counted.terms), numbers)
    errors = np.abs(totals + counted.terms - wanted) / wanted
    close = np.flatnonzero(errors <= _CLOSE)
    best = int(close[0]) if len(close) else int(errors.argmin())
    number, total = int(numbers[best]), int(totals[best])
    return [total // number + (place < total % number) for place in range(number)]
