"""Lists in the hits, and which one answers a question that asks for steps or for all of something.

The items of a list stand one after another under one heading, in one chunk or in several that follow each
other. A list is judged by the share of the question's terms that its headings and items have; the headings,
and the line that announces it (`Actions:`), count twice:

    (2 · cover(q, headings) + cover(q, headings and items)) / 3

Where no list has the question's words, one may be found by the answer: its items are what was judged best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rag.types import Hit

from .choice import Judged
from .units import Unit, units

LEAST = 0.6  # of a list's score, from which it is taken
MOST = 15  # items of an answer
_FEWEST = 2
_NEARLY = 0.35  # share of the best item's probability that half of a list's items must have
_APART = 60  # characters that may stand between two items of one list, over the edge of a chunk


class Listed(NamedTuple):
    """The items of one list, in their order, and how well it fits the question (0 to 1)."""

    items: tuple[Unit, ...]
    score: float


def best_list(terms: set[str], hits: Sequence[Hit], analyze: Callable[[str], Sequence[str]]) -> Listed | None:
    """The list that fits the question's `terms` best; None where none fits."""
    best: Listed | None = None
    for items in _lists(hits):
        heads = set(analyze(f"{items[0].context}\n{_announced(items, hits)}"))
        whole = heads.union(*(analyze(item.view) for item in items))
        score = (2 * _share(terms, heads) + _share(terms, whole)) / 3
        if best is None or score > best.score:
            best = Listed(tuple(items[:MOST]), score)
    return best if best is not None and best.score >= LEAST else None


def list_around(judged: Sequence[Judged], hits: Sequence[Hit], *, steps: bool) -> tuple[Unit, ...]:
    """All items of the list that the best unit is of, where half of them are judged nearly as well.

    Of `steps` it is enough that they are numbered. Empty where there is no such list, or it is too long.
    """
    best = judged[0]
    if best.unit.kind != "item":
        return ()
    places = {(candidate.unit.place, candidate.unit.start): candidate.probability for candidate in judged}
    for items in _lists(hits):
        if best.unit.start not in {item.start for item in items if item.place == best.unit.place}:
            continue
        near = sum(places.get((item.place, item.start), 0.0) >= _NEARLY * best.probability for item in items)
        text = hits[best.unit.place].chunk.text
        numbered = steps and text[best.unit.start].isdigit()
        return tuple(items) if len(items) <= MOST and (numbered or 2 * near >= len(items)) else ()
    return ()


def _announced(items: Sequence[Unit], hits: Sequence[Hit]) -> str:
    """The line with a colon that a list stands right behind; empty where there is none."""
    first = items[0]
    above = [unit for unit in units(first.place, hits[first.place]) if unit.end <= first.start]
    if not above or first.start - above[-1].end > _APART:
        return ""
    said = above[-1].view.rstrip()
    return said if above[-1].kind == "sentence" and said.endswith(":") else ""


def list_below(best: Judged, hits: Sequence[Hit]) -> tuple[Unit, ...]:
    """The items that follow where the best unit announces them: it ends with a colon."""
    if not best.unit.view.rstrip().endswith(":"):
        return ()
    chunk = hits[best.unit.place].chunk
    for items in _lists(hits):
        first = hits[items[0].place].chunk
        apart = first.start + items[0].start - chunk.start - best.unit.end
        if first.document_id == chunk.document_id and 0 <= apart <= _APART:
            return tuple(items) if len(items) <= MOST else ()
    return ()


def _lists(hits: Sequence[Hit]) -> list[list[Unit]]:
    runs: list[list[Unit]] = []
    order = sorted(range(len(hits)), key=lambda at: (hits[at].chunk.document_id, hits[at].chunk.start))
    current: list[Unit] = []
    for place in order:
        for unit in units(place, hits[place]):
            if current and _goes_on(current[-1], unit, hits):
                last = current[-1]
                text = hits[place].chunk.text
                view = last.view + text[last.end : unit.end]
                current[-1] = last._replace(end=unit.end, view=view)
                continue
            if unit.kind == "item" and current and _follows(current[-1], unit, hits):
                current.append(unit)
                continue
            if len(current) >= _FEWEST:
                runs.append(current)
            current = [unit] if unit.kind == "item" else []
    if len(current) >= _FEWEST:
        runs.append(current)
    return runs


def _follows(before: Unit, unit: Unit, hits: Sequence[Hit]) -> bool:
    first, other = hits[before.place].chunk, hits[unit.place].chunk
    apart = other.start + unit.start - first.start - before.end
    return first.document_id == other.document_id and before.context == unit.context and 0 <= apart <= _APART


def _goes_on(item: Unit, unit: Unit, hits: Sequence[Hit]) -> bool:
    """Whether a sentence goes on in the line of an item."""
    text = hits[item.place].chunk.text
    return unit.kind == "sentence" and unit.place == item.place and not text[item.end : unit.start].strip(" ")


def _share(terms: set[str], text: set[str]) -> float:
    return len(terms & text) / len(terms) if terms else 0.0
