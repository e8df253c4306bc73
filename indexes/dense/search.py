"""One query against the parts of a dense index: who is looked at, who is scored, in what order they come.

The same rows in other parts give the same hits: candidates are the first of all parts together, scores are
exact, and equal scores come by rising position.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .parts import Part
from .segment import Scanned, one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SLACK = 16  # rows beyond k that an exact scan returns, so that ties at its edge are seen
_PARALLEL_ROWS = 500_000  # rows from which a search is spread over threads


class Ranked(NamedTuple):
    """What one query finds, best first."""

    scores: NDArray[np.float32]
    positions: NDArray[np.int64]


def best(
    parts: Sequence[Part], query: NDArray[np.float32], k: int, depth: int, *, coded: bool, threads: int
) -> Ranked:
    """The k best live rows of the parts, by exact score.

    `coded`: the codes put at least `depth` rows forward, which are then scored; else all rows are scored.
    """
    reach = max(depth, 4 * k) if coded else k + _SLACK
    while parts:
        ranked_by, scores, positions = _candidates(parts, query, reach, coded, threads)
        order = np.lexsort((positions, -scores))[:k]
        # A hit ranked as low as the last candidate may have equals that were cut off: look further.
        if len(scores) < reach or ranked_by[order].min() > ranked_by.min():
            return Ranked(scores[order], positions[order])
        reach *= 4
    return Ranked(np.empty(0, np.float32), np.empty(0, np.int64))


def _candidates(
    parts: Sequence[Part], query: NDArray[np.float32], reach: int, coded: bool, threads: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """The `reach` rows that rank first: what they were ranked by, their exact scores, their positions."""
    total = sum(part.rows for part in parts)
    # Each part is asked for its share, and a part that may hold more of the best for all it could hold.
    shares = [min(reach, 5 * reach * part.rows // (4 * total) + 32, part.rows) for part in parts]
    scanned = _scan(parts, query, shares, coded, threads)
    edge = _edge([each.ranked_by for each in scanned], reach)
    short = [
        number
        for number, (part, each) in enumerate(zip(parts, scanned, strict=True))
        if len(each.slots) < min(reach, part.rows) and each.ranked_by[-1] >= edge
    ]
    again = _scan([parts[number] for number in short], query, [reach] * len(short), coded, threads)
    for number, each in zip(short, again, strict=True):
        scanned[number] = each
    return _gather(parts, query, scanned, reach, coded)


def _scan(
    parts: Sequence[Part], query: NDArray[np.float32], counts: Sequence[int], coded: bool, threads: int
) -> list[Scanned]:
    """The best rows of each part, as many as its count says."""

    def look(part: Part, count: int) -> Scanned:
        with one_thread():
            scan = part.segment.scan_codes if coded else part.segment.scan
            return scan(query, count, part.live)

    threads = min(threads, len(parts))
    if threads > 1 and sum(len(part.segment) for part in parts) >= _PARALLEL_ROWS:
        # Threads of its own for one search: FAISS scans one query on one thread, and a pool that
        # lives on would not survive a fork. Starting them costs 0.7 ms of a search of several.
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(look, parts, counts))
    return [look(part, count) for part, count in zip(parts, counts, strict=True)]


def _gather(
    parts: Sequence[Part], query: NDArray[np.float32], scanned: Sequence[Scanned], reach: int, coded: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """The first `reach` rows of all parts together, and those that tie with the last of them."""
    edge = _edge([each.ranked_by for each in scanned], reach)
    ranked_by, scores, positions = [], [], []
    for part, each in zip(parts, scanned, strict=True):
        first = each.ranked_by >= edge
        slots = each.slots[first]
        ranked_by.append(each.ranked_by[first])
        scores.append(part.segment.score(query, slots) if coded else each.ranked_by[first])
        positions.append(part.segment.positions[slots])
    return np.concatenate(ranked_by), np.concatenate(scores), np.concatenate(positions)


def _edge(ranked_by: Sequence[NDArray[np.float32]], reach: int) -> float:
    """The value of the last of the first `reach` rows; -inf where there are fewer."""
    merged = np.concatenate(ranked_by)
    return float(np.partition(merged, -reach)[-reach]) if len(merged) >= reach else -np.inf


def lookup(parts: Sequence[Part], query: NDArray[np.float32], k: int, allowed: NDArray[np.int64]) -> Ranked:
    """The k best of a few positions, by scoring all of them."""
    scores, positions = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
    for part in parts:
        slots = part.slots_of(allowed)
        scores.append(part.segment.score(query, slots))
        positions.append(part.segment.positions[slots])
    ranked = Ranked(np.concatenate(scores), np.concatenate(positions))
    best = np.lexsort((ranked.positions, -ranked.scores))[:k]
    return Ranked(ranked.scores[best], ranked.positions[best])


def pad(ranked: Sequence[Ranked], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Rows of k: scores float32, padded with -inf, and positions int64, padded with -1."""
    scores = np.full((len(ranked), k), -np.inf, np.float32)
    positions = np.full((len(ranked), k), -1, np.int64)
    for row, each in enumerate(ranked):
        scores[row, : len(each.scores)] = each.scores
        positions[row, : len(each.positions)] = each.positions
    return scores, positions
