"""An explanation: the best sentence, what it refers back to, what follows it, and others nearly as good.

Where the best is a label in bold at the head of a paragraph, the paragraph is what it says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.reading.choice import Judged
from rag.reading.units import units
from rag.types import Hit

from .quotes import same_place

_NEARLY = 0.6  # share of the best probability that another sentence must reach
_FLOOR = 0.2  # and the least it must have
_SAME = 0.7  # word overlap from which a sentence says nothing new
_LABEL = re.compile(r"(?P<mark>\*\*|__)[^*_]{2,80}(?P=mark)[.:]?")


def explained(judged: Sequence[Judged], hits: Sequence[Hit], most: int) -> list[Judged]:
    """At most `most` sentences in the order of the text; `judged` are the units, best first."""
    chosen = _chosen(judged, most)
    beside: list[Judged | None] = [before(judged[0], hits), after(judged[0], hits)] if judged else []
    while judged and _is_label(judged[0], hits) and beside[-1] is not None and len(beside) <= most:
        beside.append(after(beside[-1], hits))
    chosen = _with(chosen, [candidate for candidate in beside if candidate], most)
    return sorted(chosen, key=lambda candidate: (candidate.unit.place, candidate.unit.start))


def before(best: Judged, hits: Sequence[Hit]) -> Judged | None:
    """The sentence that the best one refers back to (`This destroys it.`); judged as the best is."""
    if not best.unit.lead or best.unit.kind != "sentence":
        return None
    earlier = [
        unit
        for unit in units(best.unit.place, hits[best.unit.place])
        if unit.kind == "sentence" and unit.end <= best.unit.start and unit.view == best.unit.lead
    ]
    return best._replace(unit=earlier[-1], span=None) if earlier else None


def after(best: Judged, hits: Sequence[Hit]) -> Judged | None:
    """The sentence that follows in the same paragraph, where reasons often stand; judged as the best is."""
    text = hits[best.unit.place].chunk.text
    for unit in units(best.unit.place, hits[best.unit.place]):
        if unit.kind == "sentence" and unit.start >= best.unit.end:
            near = "\n" not in text[best.unit.end : unit.start].strip(" ")
            return best._replace(unit=unit, span=None) if near and unit.context == best.unit.context else None
    return None


def _is_label(best: Judged, hits: Sequence[Hit]) -> bool:
    """Whether a sentence is the name of its paragraph: `**Error 720: no address.** All are in use. Wait.`"""
    said = hits[best.unit.place].chunk.text[best.unit.start : best.unit.end].strip()
    return best.unit.kind == "sentence" and _LABEL.fullmatch(said) is not None


def without_headings(judged: Sequence[Judged]) -> list[Judged]:
    """A heading explains nothing, and compares nothing."""
    return [candidate for candidate in judged if candidate.unit.kind != "heading"]


def _with(chosen: list[Judged], beside: Sequence[Judged], most: int) -> list[Judged]:
    """The best sentence, those beside it, and of the others as many as an answer may have."""
    kept = chosen[:1] + [candidate for candidate in beside if not same_place(candidate.unit, chosen[0].unit)]
    for candidate in chosen[1:]:
        if all(not same_place(candidate.unit, other.unit) for other in kept):
            kept.append(candidate)
    return kept[:most]


def _chosen(judged: Sequence[Judged], most: int) -> list[Judged]:
    chosen: list[Judged] = []
    for candidate in judged:
        if len(chosen) == most:
            break
        if chosen and candidate.probability < max(_FLOOR, _NEARLY * judged[0].probability):
            break
        if all(_overlap(candidate.unit.view, other.unit.view) < _SAME for other in chosen):
            chosen.append(candidate)
    return chosen


def _overlap(first: str, other: str) -> float:
    """The share of the shorter sentence's words that the other has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (first, other))
    return len(a & b) / max(1, min(len(a), len(b)))
