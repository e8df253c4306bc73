"""Answers found in several hits → which of them to believe.

    P(answer) = min(1, Σ over hits h of P(h answers) · P(span | h)),  over spans that say the same

Two hits that say the same support each other; one hit that says two things divides its probability.
"""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from . import Reading, Span

_EDGES = string.punctuation + string.whitespace + "“”‘’«»„…–—"
_BREAK = re.compile(r"\||\n\s*\n|\n(?=[-*+•]\s)")
_EDGE = re.compile(r"[\s|]+(?=[^\s|])")
_LIST_MARK = re.compile(r"[-*+•]\s+(?=\S)")
_PAIRS = {"(": ")", "[": "]", '"': '"', "“": "”", "«": "»"}


class PooledAnswer(NamedTuple):
    """An answer: the hit that says it most clearly, its characters there, and how far to believe it."""

    place: int
    start: int
    end: int
    probability: float
    alone: float


def pooled(texts: Sequence[str], readings: Sequence[Reading]) -> list[PooledAnswer]:
    """The answers of all hits, best first. `texts` and `readings` are those of the hits, in their order."""
    said: dict[str, list[PooledAnswer]] = defaultdict(list)
    for place, (text, reading) in enumerate(zip(texts, readings, strict=True)):
        for span in reading.spans:
            start, end = trimmed(text, span)
            words = " ".join(text[start:end].lower().strip(_EDGES).split())
            if words:
                chance = reading.answerable * span.probability
                said[words].append(PooledAnswer(place, start, end, chance, chance))
    merged = []
    for same in said.values():
        best = max(same, key=lambda span: span.alone)
        merged.append(best._replace(probability=min(1.0, sum(span.alone for span in same))))
    return sorted(merged, key=lambda span: (-span.probability, span.place, span.start))


def trimmed(text: str, span: Span) -> tuple[int, int]:
    """The span without what hangs over: punctuation, list marks, and all beyond its first cell, item or
    paragraph.

    Brackets and quotes stay where both halves are inside.
    """
    start, end = _first_piece(text, span.start, span.end)
    while start < end and text[end - 1] in ".,;:!?" + string.whitespace:
        end -= 1
    while start < end and text[start] in ",;:" + string.whitespace:
        start += 1
    if mark := _LIST_MARK.match(text, start, end):
        start = mark.end()
    if text[start:end][:1] in _PAIRS and _PAIRS[text[start]] not in text[start + 1 : end]:
        start += 1
    return start, end


def _first_piece(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a span within its first table cell, list item or paragraph."""
    if lead := _EDGE.match(text, start, end):
        start = lead.end()
    cut = _BREAK.search(text, start, end)
    first = start + len(text[start : cut.start()].rstrip()) if cut else start
    return (start, first) if first > start else (start, end)
