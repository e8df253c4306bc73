"""The k best of a ranked list whose engine breaks ties as it likes: here they go by id."""

from __future__ import annotations

from collections.abc import Callable

from rag.types import Scored

SAME = 2e-6
"""Scores closer than this, relatively, are one: float32 sums in another order differ by less."""


def best(search: Callable[[int], list[Scored]], k: int) -> list[Scored]:
    """The k best, ties by id, those across the edge too. `search(reach)` gives the `reach` best, unordered.

    Asks for one more than k, and for ever more while the last one ties with the k-th: which of equals an
    engine returns depends on its history, ids do not.
    """
    if k < 1:
        return []
    reach = k + 1
    hits = _ordered(search(reach))
    while len(hits) == reach and hits[-1].score == hits[k - 1].score:
        reach *= 4
        hits = _ordered(search(reach))
    return hits[:k]


def _ordered(hits: list[Scored]) -> list[Scored]:
    """Best first; scores that are the same but for rounding share the best of them and go by id."""
    ranked: list[Scored] = []
    last = shared = 0.0
    for chunk_id, score in sorted(hits, key=lambda hit: -hit.score):
        if not ranked or last - score > SAME * abs(last):
            shared = score
        ranked.append(Scored(chunk_id, shared))
        last = score
    return sorted(ranked, key=lambda hit: (-hit.score, hit.chunk_id))
