"""Re-scores the best hits by the reader, which reads question and chunk together, blended with their score.

    score(h) = (1 - v) · z(first-stage score of h) + v · z(logit that h answers)        z over the hits read
    v = w · max over h of P(h answers) · P(best span of h)

So the reader's share grows with how sure it is of an answer: where no hit answers, as with a query that is a
topic, it has little to say, and none where the question is in letters that it never learned. With a
multilingual embedder, hits in another language than the question are not read and keep their score. The hits
below `depth` are not read and keep their order under those that are. A hit that has a code of the question
(`E-4711`, `libssl1.1`) never falls below one that lacks it: a model knows little of codes. Source: Nogueira
and Cho, Passage Re-ranking with BERT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean, pstdev

from rag.embedding import Embedder
from rag.options import Count, Share
from rag.reading import Reader, Reading, passage_of
from rag.reading.across import foreign, weights_of
from rag.text.scripts import reads
from rag.types import Hit, Question

from .blend import blended, standard

_RUN = re.compile(r"\S+")
_CODE = re.compile(r"\w+(?:[-./:#+]\w+)*")  # with letters and digits from its start on
_SIGNED = re.compile(r"\w+(?:[/#:]\w+)*")  # with a sign within
_SIGN = re.compile(r"[/#:]|\w_\w")


class Rerank:
    """A stage that orders the first `reach` hits anew; `weight` (0 to 1) is the reader's largest share."""

    name = "rerank"

    def __init__(self, reader: Reader, reach: int, weight: float, *, apart: bool = False) -> None:
        self._reader, self.reach, self._weight, self._apart = reader, reach, weight, apart

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        read, rest = hits[: self.reach], hits[self.reach :]
        if not read:
            return hits
        apart = foreign(question.text, read) if self._apart else [False] * len(read)
        if all(apart):
            return hits
        known = [hit for hit, other in zip(read, apart, strict=True) if not other]
        readings = self._reader.read(question.text, [passage_of(hit) for hit in known])
        knows = reads(self._reader, question.text)
        share = self._weight * max(_sure(reading) for reading in readings) if knows else 0.0
        logits = [reading.logit for reading in readings]
        scores = _blended([hit.score for hit in read], logits, apart, share)
        codes = codes_of(question.text)
        told = iter(readings)
        scored = [
            replace(hit, score=score, scores={**hit.scores, **({} if other else _scores(next(told)))})
            for hit, other, score in zip(read, apart, scores, strict=True)
        ]
        scored.sort(key=lambda hit: (-_held(hit, codes), -hit.score))
        ordered = [replace(hit, ranks={**hit.ranks, "rerank": rank}) for rank, hit in enumerate(scored, 1)]
        return [*ordered, *_below(rest, min(hit.score for hit in ordered))]


def build(reader: Reader, embedder: Embedder, read_depth: Count = 20, weight: Share = 0.6) -> Rerank:
    """The stage over the reader of the settings."""
    return Rerank(reader, read_depth, weight, apart=bool(weights_of(embedder)))


def _scores(reading: Reading) -> dict[str, float]:
    """What the hit tells of its reading."""
    return {"rerank": reading.logit, "span": _span(reading)}


def _blended(
    first: Sequence[float], logits: Sequence[float], apart: Sequence[bool], share: float
) -> list[float]:
    """The scores of all hits; those that the reader cannot judge keep their own.

    The others are blended among themselves and put back to their own mean and deviation.
    """
    if not any(apart):
        return blended(first, logits, share)
    z = standard(first)
    own = [score for score, other in zip(z, apart, strict=True) if not other]
    mean, deviation = fmean(own), pstdev(own)
    mixed = iter(blended(own, logits, share) if len(own) > 1 else [0.0])
    return [score if other else mean + deviation * next(mixed) for score, other in zip(z, apart, strict=True)]


def _sure(reading: Reading) -> float:
    """The probability of the best answer in a hit."""
    return reading.answerable * _span(reading)


def _span(reading: Reading) -> float:
    """The probability of the best span, which is what answers if anything in the hit does."""
    return reading.spans[0].probability if reading.spans else 0.0


def codes_of(question: str) -> frozenset[str]:
    """Words of the question with letters and digits, or with a sign within: names that are right or wrong."""
    return frozenset(code.lower() for run in _RUN.findall(question) for code in _codes(run))


def _codes(run: str) -> Iterator[str]:
    """The codes of one run without spaces, in time that grows with its length."""
    mixed = min(_last(run, str.isdecimal), _last(run, _letter))
    start = 0
    while (code := _CODE.search(run, start)) is not None and code.start() <= mixed:
        yield code[0]
        start = code.end()
    yield from (word for word in _SIGNED.findall(run, start) if _SIGN.search(word))


def _letter(character: str) -> bool:
    return character.isalnum() and not character.isdecimal()


def _last(run: str, kind: Callable[[str], bool]) -> int:
    """Where the last character of a kind stands, or -1."""
    return next((at for at in range(len(run) - 1, -1, -1) if kind(run[at])), -1)


def _held(hit: Hit, codes: frozenset[str]) -> int:
    """How many of the codes stand in the hit."""
    text = hit.chunk.indexed_text.lower()
    return sum(code in text for code in codes)


def _below(rest: Sequence[Hit], least: float) -> list[Hit]:
    """The unread hits with scores that go on downwards from the least of those read."""
    return [replace(hit, score=least - place) for place, hit in enumerate(rest, 1)]
