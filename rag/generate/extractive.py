"""The built-in answer: the sentences of the best hits that answer the question, word for word.

A question about a name, a number or the like is answered by a span that the reader finds, and the sentence
around it is shown. Other questions (how, why, what for) are answered by sentences: candidates are those of
the first hits, `evidence.py` gives each the probability that it answers; the best is always taken, others
join it where they are nearly as good and say something new, and they come out in the order of their source.
Whether the best is good enough is decided later, by the `abstain` stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.embedding import Embedder
from rag.options import Count
from rag.reading import Reader, passage_of
from rag.reading.candidates import cut
from rag.reading.evidence import Candidate, Evidence
from rag.reading.pooled import Found, pooled
from rag.text.questions import explains
from rag.types import Hit, Question

from . import Quote

_MOST = 48  # candidates that are embedded: two dozen milliseconds on two cores
_NEARLY = 0.6  # share of the best probability that another sentence must reach
_FLOOR = 0.15  # and the least it must have
_SAME = 0.7  # word overlap from which a sentence says nothing new
_MOST_SPANS = 12  # spans whose sentences are looked at
_SURE = 0.4  # probability from which a span is named although the question asks for more than one


class Extractive:
    """A `Generator` that quotes a span's sentence, or at most `sentences` from the first `read` hits."""

    name = "extractive"

    def __init__(
        self, evidence: Evidence, sentences: int = 3, read: int = 6, reader: Reader | None = None
    ) -> None:
        self._evidence, self._sentences, self._read, self._reader = evidence, sentences, read, reader

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote]:
        spans = self._spans(question.text, hits)
        if spans and not explains(question.text):
            ranked = self._ranked(question.text, _sentences_of(spans[:_MOST_SPANS], hits))
            if ranked:
                score, best = ranked[0]
                yield Quote(best.place, best.start, best.end, score, _within(best, spans))
                return
        candidates = [
            Candidate(place, start, end, hit)
            for place, hit in enumerate(hits[: self._read])
            for start, end in cut(hit.chunk.text)
        ]
        ranked = self._ranked(question.text, self._evidence.promising(question.text, candidates, _MOST))
        for score, one in sorted(self._chosen(ranked), key=lambda pair: pair[1][:2]):
            sure = [span for span in spans[:1] if span.probability >= _SURE]
            yield Quote(one.place, one.start, one.end, score, _within(one, sure))

    def _ranked(self, question: str, candidates: Sequence[Candidate]) -> list[tuple[float, Candidate]]:
        """The candidates with their probabilities, best first."""
        scores = self._evidence.scores(question, candidates) if candidates else []
        return sorted(zip(scores, candidates, strict=True), key=lambda pair: -pair[0])

    def _spans(self, question: str, hits: Sequence[Hit]) -> list[Found]:
        """The answers that the reader finds, best first; none without a reader."""
        if self._reader is None or not hits:
            return []
        readings = self._reader.read(question, [passage_of(hit) for hit in hits])
        return pooled([hit.chunk.text for hit in hits], readings)

    def _chosen(self, ranked: Sequence[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
        best = ranked[0][0] if ranked else 0.0
        chosen: list[tuple[float, Candidate]] = []
        for score, candidate in ranked:
            if len(chosen) == self._sentences or (chosen and score < max(_FLOOR, _NEARLY * best)):
                break
            if all(_overlap(candidate.text, other.text) < _SAME for _, other in chosen):
                chosen.append((score, candidate))
        return chosen


def _sentences_of(spans: Sequence[Found], hits: Sequence[Hit]) -> list[Candidate]:
    """The sentences around the spans, each once; a span over a boundary takes both."""
    found: dict[tuple[int, int, int], Candidate] = {}
    for span in spans:
        text = hits[span.place].chunk.text
        around = [(start, end) for start, end in cut(text) if start < span.end and span.start < end]
        if around and around[0][0] <= span.start and span.end <= around[-1][1]:
            place, start, end = span.place, around[0][0], around[-1][1]
            found.setdefault((place, start, end), Candidate(place, start, end, hits[place]))
    return list(found.values())


def _within(one: Candidate, spans: Sequence[Found]) -> tuple[int, int] | None:
    """The best of the spans that stand in this sentence."""
    for span in spans:
        if span.place == one.place and one.start <= span.start and span.end <= one.end:
            return span.start, span.end
    return None


def _overlap(one: str, other: str) -> float:
    """The share of the shorter sentence's words that the other has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return len(a & b) / max(1, min(len(a), len(b)))


def build(
    embedder: Embedder,
    reader: Reader | None = None,
    language: str = "english",
    sentences: Count = 3,
    read: Count = 6,
) -> Extractive:
    """The default generator."""
    return Extractive(Evidence(embedder, language, reader), sentences, read, reader)
