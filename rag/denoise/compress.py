"""Keeps of each hit the part that answers, with the sentences around it: shorter prompts, exact citations.

Every sentence gets the probability p that it answers (`rag/reading/evidence.py`). The part goes from the
first to the last sentence with p ≥ `share` · max p, `around` sentences more on both sides. It is one span, so
`chunk.text == document.text[start:end]` still holds, and the chunk keeps the id under which it is stored.
Sources: Context-Aware Answer Sentence Selection; RECOMP: Improving Retrieval-Augmented LMs with Compression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.embedding import Embedder
from rag.options import Share, Whole
from rag.reading.candidates import cut
from rag.reading.evidence import Candidate, Evidence
from rag.trace import note
from rag.types import Hit, Question


def build(
    embedder: Embedder, language: str = "english", share: Share = 0.8, around: Whole = 1
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that cuts each hit's chunk to a span; the trace says how many tokens that saves."""
    evidence = Evidence(embedder, language)

    def compress(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        spans = [cut(hit.chunk.text) for hit in hits]
        candidates = [
            Candidate(place, start, end, hit) for place, hit in enumerate(hits) for start, end in spans[place]
        ]
        if not candidates:
            return hits
        scores: list[list[float]] = [[] for _ in hits]
        for candidate, score in zip(candidates, evidence.scores(question.text, candidates), strict=True):
            scores[candidate.place].append(score)
        shorter = [
            _shortened(hit, *_part(spans[place], scores[place], share, around)) if spans[place] else hit
            for place, hit in enumerate(hits)
        ]
        note("tokens", {"before": _tokens(embedder, hits), "after": _tokens(embedder, shorter)})
        return shorter

    return compress


def _part(
    spans: Sequence[tuple[int, int]], scores: Sequence[float], share: float, around: int
) -> tuple[int, int]:
    """Start and end of what is kept."""
    good = [place for place, score in enumerate(scores) if score >= share * max(scores)]
    first, last = max(0, good[0] - around), min(len(spans) - 1, good[-1] + around)
    return spans[first][0], spans[last][1]


def _shortened(hit: Hit, start: int, end: int) -> Hit:
    chunk = hit.chunk
    part = replace(chunk, text=chunk.text[start:end], start=chunk.start + start, end=chunk.start + end)
    return replace(hit, chunk=part)


def _tokens(embedder: Embedder, hits: Sequence[Hit]) -> int:
    return sum(len(embedder.token_ends(hit.chunk.text)) for hit in hits)
