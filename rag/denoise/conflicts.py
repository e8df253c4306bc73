"""Finds hits that contradict each other, puts the weightier side first, and shows the reader who says what.

Each of the first `read` hits is read alone; its best sentence is a claim (`claims.py`). Claims that share a
value are on one side, and a side weighs

    w(side) = Σ over its documents of the best support of a claim in the document

so that ten chunks of one document count once. With two sides or more, the hits of the lighter ones move
behind all others (unless `weigh` is off), and the answer gets a note. Sources: Why So Gullible? Enhancing the
Robustness of Retrieval-Augmented Models against Counterfactual Noise; RbFT: Robust Fine-tuning for RAG.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rag.embedding import Embedder
from rag.options import Count, Share
from rag.reading.evidence import Evidence
from rag.trace import note, note_reader
from rag.types import DOUBTED, Hit, Question

from .claims import Claim, agree, claims

_DOUBT = 0.5  # of a hit on a lighter side


def build(
    embedder: Embedder, language: str = "english", read: Count = 6, least: Share = 0.6, weigh: bool = True
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that compares what `read` hits say, where they say it with a support of `least` (0 to 1)."""
    evidence = Evidence(embedder, language)

    def conflicts(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        camps = sides(claims(evidence, question.text, hits[:read], least))
        if len(camps) < 2:
            return hits
        note("sides", [_values(side) for side in camps])
        note_reader(_disagreement(camps))
        behind = {claim.place for side in camps[1:] for claim in side} if weigh else set()
        front = [hit for place, hit in enumerate(hits) if place not in behind]
        lighter = (hits[place] for place in sorted(behind))
        return front + [replace(hit, scores={**hit.scores, DOUBTED: _DOUBT}) for hit in lighter]

    return conflicts


def sides(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims that agree, directly or through others, together; the weightiest side first."""
    groups: list[list[Claim]] = []
    for claim in claims:
        joined = [group for group in groups if any(agree(claim.values, other.values) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*(member for group in joined for member in group), claim])
    return sorted(groups, key=lambda group: -weight(group))


def weight(side: Sequence[Claim]) -> float:
    """w(side): each document once, at its best."""
    best: dict[str, float] = {}
    for claim in side:
        document = claim.hit.chunk.document_id
        best[document] = max(best.get(document, 0.0), claim.support)
    return sum(best.values())


def _values(side: Sequence[Claim]) -> dict[str, object]:
    said = [
        {"source": claim.hit.chunk.source, "says": claim.sentence, "support": round(claim.support, 4)}
        for claim in side
    ]
    return {"weight": round(weight(side), 4), "claims": said}


def _disagreement(camps: Sequence[Sequence[Claim]]) -> str:
    """`The sources disagree. a.txt: “…” But b.txt, c.txt: “…”`"""
    parts = []
    for side in camps:
        best = max(side, key=lambda claim: claim.support)
        names = ", ".join(dict.fromkeys(claim.hit.chunk.source for claim in side))
        parts.append(f"{names}: “{' '.join(best.sentence.split())}”")
    return f"The sources disagree. {' But '.join(parts)}"
