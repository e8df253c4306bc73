"""Keeps of each hit the part that answers, with the sentences around it: shorter prompts, exact citations.

Every sentence s of a hit h gets the probability p(s) that it answers (`rag/reading/evidence.py`). The part
goes from the first to the last sentence with p ≥ `share` · max p, `around` sentences more on both sides.

With `tokens`, a share of the hits' tokens, all hits have one budget B = `tokens` · Σ tokens(h). The sentences
of all hits are taken in the order of

    p(s) + answerable(h) · Σ P(span), over the reader's spans that touch s

where they fit: a sentence costs its own tokens and those between it and what is kept of its hit. The first
is taken in any case; a hit of which nothing fits is dropped.

Either way a part is one span, so `chunk.text == document.text[start:end]` still holds, and the chunk keeps
the id under which it is stored. Sources: Context-Aware Answer Sentence Selection; RECOMP: Improving
Retrieval-Augmented LMs with Compression; the budget stands for the fixed rate of ICAE, In-Context
Autoencoder for Context Compression in a Large Language Model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.embedding import Embedder
from rag.options import Share, Whole
from rag.reading import Reader, Reading, passage_of
from rag.reading.candidates import cut
from rag.reading.evidence import Candidate, Evidence
from rag.trace import note, note_dropped
from rag.types import Hit, Question

_Spans = Sequence[tuple[int, int]]


def build(
    embedder: Embedder,
    reader: Reader | None = None,
    language: str = "english",
    share: Share = 0.8,
    around: Whole = 1,
    tokens: Share = 0.0,
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that cuts each hit's chunk to a span; the trace says how many tokens that saves.

    With `tokens` above 0 it cuts all hits to that share of their tokens, and `share` and `around` do not
    count.
    """
    evidence = Evidence(embedder, language)

    def compress(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        spans = [cut(hit.chunk.text) for hit in hits]
        scores = _scores(evidence, question.text, hits, spans)
        if not any(scores):
            return hits
        if tokens:
            if reader is not None:
                scores = _with_readings(reader, question.text, hits, spans, scores)
            parts = _within(embedder, hits, spans, scores, tokens)
        else:
            parts = [
                _part(here, told, share, around) if here else (0, len(hit.chunk.text))
                for hit, here, told in zip(hits, spans, scores, strict=True)
            ]
        shorter = [_shortened(hit, *part) for hit, part in zip(hits, parts, strict=True) if part]
        for hit, part in zip(hits, parts, strict=True):
            if part is None:
                note_dropped(hit, "no sentence of it fits into the budget")
        note("tokens", {"before": _tokens(embedder, hits), "after": _tokens(embedder, shorter)})
        return shorter

    return compress


def _scores(
    evidence: Evidence, question: str, hits: Sequence[Hit], spans: Sequence[_Spans]
) -> list[list[float]]:
    """p of each sentence, by hit."""
    candidates = [
        Candidate(place, start, end, hit) for place, hit in enumerate(hits) for start, end in spans[place]
    ]
    scores: list[list[float]] = [[] for _ in hits]
    if candidates:
        for candidate, score in zip(candidates, evidence.scores(question, candidates), strict=True):
            scores[candidate.place].append(score)
    return scores


def _with_readings(
    reader: Reader,
    question: str,
    hits: Sequence[Hit],
    spans: Sequence[_Spans],
    scores: Sequence[Sequence[float]],
) -> list[list[float]]:
    """The scores with what the reader finds in each sentence; `rerank` has had most hits read already."""
    readings = reader.read(question, [passage_of(hit) for hit in hits])
    return [
        [
            score + reading.answerable * _inside(reading, start, end)
            for score, (start, end) in zip(told, here, strict=True)
        ]
        for told, here, reading in zip(scores, spans, readings, strict=True)
    ]


def _inside(reading: Reading, start: int, end: int) -> float:
    """The probability of the answers that touch the characters."""
    return sum(span.probability for span in reading.spans if span.start < end and start < span.end)


def _part(spans: _Spans, scores: Sequence[float], share: float, around: int) -> tuple[int, int]:
    """Start and end of what is kept."""
    good = [place for place, score in enumerate(scores) if score >= share * max(scores)]
    first, last = max(0, good[0] - around), min(len(spans) - 1, good[-1] + around)
    return spans[first][0], spans[last][1]


def _within(
    embedder: Embedder,
    hits: Sequence[Hit],
    spans: Sequence[_Spans],
    scores: Sequence[Sequence[float]],
    share: float,
) -> list[tuple[int, int] | None]:
    """Start and end of what is kept of each hit within the budget of all; None where nothing is.

    A hit without sentences is one, and comes last.
    """
    ends = [embedder.token_ends(hit.chunk.text) for hit in hits]
    budget = share * sum(map(len, ends))
    units = [
        (score, place, span)
        for place, (here, told) in enumerate(zip(spans, scores, strict=True))
        for score, span in zip(told or [0.0], here or [(0, len(hits[place].chunk.text))], strict=True)
    ]
    kept: list[tuple[int, int] | None] = [None] * len(hits)
    costs = [0] * len(hits)
    for _, place, (start, end) in sorted(units, key=lambda unit: -unit[0]):
        known = kept[place] or (start, end)
        grown = min(start, known[0]), max(end, known[1])
        cost = bisect_right(ends[place], grown[1]) - bisect_right(ends[place], grown[0])
        if sum(costs) - costs[place] + cost <= budget or not any(kept):
            kept[place], costs[place] = grown, cost
    return kept


def _shortened(hit: Hit, start: int, end: int) -> Hit:
    chunk = hit.chunk
    part = replace(chunk, text=chunk.text[start:end], start=chunk.start + start, end=chunk.start + end)
    return replace(hit, chunk=part)


def _tokens(embedder: Embedder, hits: Sequence[Hit]) -> int:
    return sum(len(embedder.token_ends(hit.chunk.text)) for hit in hits)
