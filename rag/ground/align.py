"""Which span of the hits a written sentence rests on: the one that has most of its words, rare words first.

With w(t) = ln(1 + (N - n_t + 0.5) / (n_t + 0.5)) for a word t in n_t of the N sentences of all hits, the
share of a sentence s in a span e is Σ_{t ∈ s ∩ e} w(t) / Σ_{t ∈ s} w(t); it is halved where s has a number
that e has not. A span is one sentence, or two that follow each other where the second adds enough. The same
measure is used in extractive summarisation to align a summary with its source.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Hit

_ADDS = 0.15  # share that a second sentence must add to be cited with the first


class Aligned(NamedTuple):
    """`hits[hit].chunk.text[start:end]` has `share` (0 to 1) of a sentence's words."""

    share: float
    hit: int
    start: int
    end: int


class Aligner:
    """Knows the sentences of the hits. Lexical, so it costs nothing; meaning is not seen."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        from rag.chunking.sentences import sentences

        self._spans = [
            [(start, end, words(hit.chunk.text[start:end])) for start, end in sentences(hit.chunk.text)]
            for hit in hits
        ]
        every = [told for spans in self._spans for *_, told in spans]
        self._count, self._number = Counter(word for told in every for word in told), len(every)

    def best(self, sentence: str, hit: int) -> Aligned:
        """The span of one hit that the sentence rests on most."""
        told, spans = words(sentence), self._spans[hit]
        found = Aligned(0.0, hit, 0, 0)
        for place, (start, end, one) in enumerate(spans):
            share = self._share(told, one)
            if place + 1 < len(spans):
                _, far, other = spans[place + 1]
                both = self._share(told, one | other)
                alone = max(share, self._share(told, other))
                if both >= alone + _ADDS:
                    share, end = both, far
            if share > found.share:
                found = Aligned(share, hit, start, end)
        return found

    def anywhere(self, sentence: str) -> Aligned:
        """The span of all hits that the sentence rests on most; of equals, the first."""
        spans = (self.best(sentence, hit) for hit in range(len(self._spans)))
        return max(spans, key=lambda span: span.share, default=Aligned(0.0, 0, 0, 0))

    def _share(self, sentence: set[str], span: set[str]) -> float:
        weights = {word: self._weight(word) for word in sentence}
        shared = sum(weight for word, weight in weights.items() if word in span)
        share = shared / sum(weights.values()) if weights else 0.0
        return share / 2 if {word for word in sentence if word.isdigit()} - span else share

    def _weight(self, word: str) -> float:
        count = self._count[word]
        return math.log(1 + (self._number - count + 0.5) / (count + 0.5))


def words(text: str) -> set[str]:
    """The words of a text; of scripts without spaces, the pairs of characters that follow each other."""
    found: set[str] = set()
    for word in re.findall(r"\w+", text.lower()):
        if re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", word):
            found.update(word[place : place + 2] for place in range(max(1, len(word) - 1)))
        else:
            found.add(word)
    return found
