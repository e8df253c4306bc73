"""Which span of the hits a written sentence rests on: the one that has most of its terms.

The share of a sentence s in a span e under the headings h is |T(s) ∩ (T(e) ∪ T(h))| / |T(s)|, and 0 where
e itself has none of them; T are the stemmed terms without stop words (all words where there are none else). A
span is one unit of a hit (`rag.reading.units`): a sentence, an item, a setting, or a row of a table, which is
read with the names of its columns; or two that follow each other where the second adds enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Hit

_ADDS = 0.15  # share that a second span must add to be cited with the first
_ITEM = re.compile(r"\s*(?:\(?\d{1,3}[.)]|[-*+•–])\s+")


class Aligned(NamedTuple):
    """`hits[hit].chunk.text[start:end]` has `share` (0 to 1) of a sentence's terms, and these `numbers`."""

    share: float
    hit: int
    start: int
    end: int
    numbers: frozenset[str] = frozenset()


class _Span(NamedTuple):
    """A unit: its place in the chunk, its terms, those of the headings above it, and its numbers."""

    start: int
    end: int
    terms: frozenset[str]
    above: frozenset[str]
    numbers: frozenset[str]


class Aligner:
    """Knows the units of the hits. Lexical, so it costs nothing; meaning is not seen."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        from rag.indexes import Analyzer
        from rag.reading.units import units

        # Terms only have to be equal on both sides, so one language's stems serve for all.
        self._analyze = Analyzer("english").analyze
        self._spans = [
            [
                _Span(
                    unit.start,
                    unit.end,
                    self._terms(unit.view),
                    self._terms(unit.context) if unit.context else frozenset(),
                    numbers(unit.view),
                )
                for unit in units(place, hit)
                if unit.start >= 0
            ]
            for place, hit in enumerate(hits)
        ]

    def best(self, sentence: str, hit: int) -> Aligned:
        """The span of one hit that the sentence rests on most."""
        terms, spans = self._terms(bare(sentence)), self._spans[hit]
        best = Aligned(0.0, hit, 0, 0)
        for place, span in enumerate(spans):
            share, end, found = _share(terms, span.terms, span.above), span.end, span.numbers
            if place + 1 < len(spans):
                other = spans[place + 1]
                both = _share(terms, span.terms | other.terms, span.above)
                if both >= max(share, _share(terms, other.terms, other.above)) + _ADDS:
                    share, end, found = both, other.end, found | other.numbers
            if share > best.share:
                best = Aligned(share, hit, span.start, end, found)
        return best

    def anywhere(self, sentence: str) -> Aligned:
        """The span of all hits that the sentence rests on most; of equals, the first."""
        spans = (self.best(sentence, hit) for hit in range(len(self._spans)))
        return max(spans, key=lambda span: span.share, default=Aligned(0.0, 0, 0, 0))

    def together(self, sentence: str) -> tuple[float, list[Aligned]]:
        """The two spans that a sentence made of two of them rests on, and their share together.

        The second is the one that adds most, numbers before terms. Without one, the list is empty.
        """
        terms, wanted = self._terms(bare(sentence)), numbers(bare(sentence))
        each = [(hit, span) for hit, spans in enumerate(self._spans) for span in spans]
        if len(each) < 2 or not terms:
            return 0.0, []
        hit, first = max(each, key=lambda one: _share(terms, one[1].terms, one[1].above))
        alone = _share(terms, first.terms, first.above)
        known = first.terms | first.above

        def adds(one: tuple[int, _Span]) -> tuple[int, float]:
            span = one[1]
            more = _share(terms, known | span.terms | span.above, frozenset())
            return len((wanted & span.numbers) - first.numbers), more

        place, second = max((one for one in each if one[1] is not first), key=adds)
        share = _share(terms, known | second.terms | second.above, frozenset())
        if not terms & second.terms or share < alone + _ADDS:
            return 0.0, []
        spans = [
            Aligned(share, at, span.start, span.end, span.numbers)
            for at, span in ((hit, first), (place, second))
        ]
        return share, spans

    def _terms(self, text: str) -> frozenset[str]:
        return frozenset(self._analyze(text)) or frozenset(re.findall(r"\w+", text.lower()))


def bare(sentence: str) -> str:
    """A sentence without the number or the dash of an item, which its source need not have."""
    return sentence[mark.end() :] if (mark := _ITEM.match(sentence)) else sentence


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text, as they are written in digits."""
    return frozenset(re.findall(r"\d+", text))


def _share(sentence: frozenset[str], span: frozenset[str], above: frozenset[str]) -> float:
    if not sentence & span:
        return 0.0
    return len(sentence & (span | above)) / len(sentence)
