"""The built-in answer: the sentences of the best hits that answer the question, word for word.

Candidates are the sentences of the first hits; `evidence.py` gives each the probability that it answers.
The best is always taken; others join it where they are nearly as good and say something new. They come out
in the order of their source. Whether the best is good enough is decided later, by the `abstain` stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.embedding import Embedder
from rag.types import Hit, Question

from . import Quote
from .candidates import cut
from .evidence import Candidate, Evidence

_MOST = 48  # candidates that are embedded: two dozen milliseconds on two cores
_NEARLY = 0.6  # share of the best probability that another sentence must reach
_FLOOR = 0.15  # and the least it must have
_SAME = 0.7  # word overlap from which a sentence says nothing new


class Extractive:
    """A `Generator` that quotes at most `sentences` sentences from the first `read` hits."""

    name = "extractive"

    def __init__(self, evidence: Evidence, sentences: int = 3, read: int = 6) -> None:
        self._evidence, self._sentences, self._read = evidence, sentences, read

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote]:
        candidates = [
            Candidate(place, start, end, hit)
            for place, hit in enumerate(hits[: self._read])
            for start, end in cut(hit.chunk.text)
        ]
        if not candidates:
            return
        candidates = self._evidence.promising(question.text, candidates, _MOST)
        scores = self._evidence.scores(question.text, candidates)
        ranked = sorted(zip(scores, candidates, strict=True), key=lambda pair: -pair[0])
        for score, candidate in sorted(self._chosen(ranked), key=lambda pair: pair[1][:2]):
            yield Quote(candidate.place, candidate.start, candidate.end, score)

    def _chosen(self, ranked: Sequence[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
        best = ranked[0][0]
        chosen: list[tuple[float, Candidate]] = []
        for score, candidate in ranked:
            if len(chosen) == self._sentences or (chosen and score < max(_FLOOR, _NEARLY * best)):
                break
            if all(_overlap(candidate.text, other.text) < _SAME for _, other in chosen):
                chosen.append((score, candidate))
        return chosen


def _overlap(one: str, other: str) -> float:
    """The share of the shorter sentence's words that the other has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return len(a & b) / max(1, min(len(a), len(b)))


def build(embedder: Embedder, language: str = "english", sentences: int = 3, read: int = 6) -> Extractive:
    """The default generator."""
    return Extractive(Evidence(embedder, language), sentences, read)
