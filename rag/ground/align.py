"""Which span of the hits a written sentence rests on: the one that has most of its terms.

The share of a sentence s in a span e is |T(s) ∩ T(e)| / |T(s)|, with T the stemmed terms without stop words
(all words where there are none else). A span is one sentence, or two that follow each other where the second
adds enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Hit

_ADDS = 0.15  # share that a second sentence must add to be cited with the first


class Aligned(NamedTuple):
    """`hits[hit].chunk.text[start:end]` has `share` (0 to 1) of a sentence's terms, and these `numbers`."""

    share: float
    hit: int
    start: int
    end: int
    numbers: frozenset[str] = frozenset()


class Aligner:
    """Knows the sentences of the hits. Lexical, so it costs nothing; meaning is not seen."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        from rag.indexes import Analyzer
        from rag.text.sentences import sentences

        # Terms only have to be equal on both sides, so one language's stems serve for all.
        self._analyze = Analyzer("english").analyze
        self._texts = [hit.chunk.text for hit in hits]
        self._spans = [
            [(start, end, self._terms(text[start:end])) for start, end in sentences(text)]
            for text in self._texts
        ]

    def best(self, sentence: str, hit: int) -> Aligned:
        """The span of one hit that the sentence rests on most."""
        terms, spans = self._terms(sentence), self._spans[hit]
        best = Aligned(0.0, hit, 0, 0)
        for place, (start, end, words) in enumerate(spans):
            share = _share(terms, words)
            if place + 1 < len(spans):
                _, far, other = spans[place + 1]
                both = _share(terms, words | other)
                if both >= max(share, _share(terms, other)) + _ADDS:
                    share, end = both, far
            if share > best.share:
                best = Aligned(share, hit, start, end, numbers(self._texts[hit][start:end]))
        return best

    def anywhere(self, sentence: str) -> Aligned:
        """The span of all hits that the sentence rests on most; of equals, the first."""
        spans = (self.best(sentence, hit) for hit in range(len(self._spans)))
        return max(spans, key=lambda span: span.share, default=Aligned(0.0, 0, 0, 0))

    def _terms(self, text: str) -> set[str]:
        return set(self._analyze(text)) or set(re.findall(r"\w+", text.lower()))


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text, as they are written in digits."""
    return frozenset(re.findall(r"\d+", text))


def _share(sentence: set[str], span: set[str]) -> float:
    return len(sentence & span) / len(sentence) if sentence else 0.0
