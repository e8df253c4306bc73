"""Questions with chunks that answer them and chunks that nearly do: what retriever and ranker learn from.

Positives are chunks of relevant documents: those that hold an answer word for word, else the best one of each
document. Hard negatives come from the index's own search, before anything orders it anew: hits of documents
that are not relevant, hold no answer, and are not held out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.evaluate.questions.cases import Case
from rag.evaluate.questions.judgements import Judged
from rag.evaluate.running.score import holds
from rag.progress import Progress, Watcher
from rag.stores import Filter, NotOf, Where
from rag.types import Chunk, Hit

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

DEPTH = 30
"""Hits looked through for negatives."""
_MOST = 8  # positives and negatives of one question


@dataclass(frozen=True, slots=True)
class Pair:
    """One question; `home` is the document by which it is grouped, `gains` are those of the positives.

    `rank` is the place of the first relevant document in the index's own search, 0 where it is not found;
    `others` are the best hits of documents that are not relevant, whether they hold an answer or not.
    `targets` are passages and weights to move towards, where those are not the positives alike.
    """

    case: Case
    home: str
    positives: tuple[Chunk, ...]
    gains: tuple[float, ...]
    negatives: tuple[Chunk, ...]
    rank: int = 0
    others: tuple[Chunk, ...] = ()
    targets: tuple[tuple[Chunk, float], ...] = ()


def pairs(
    rag: Pipeline,
    cases: Sequence[Case],
    judged: Judged,
    barred: Iterable[str] = (),
    report: Watcher | None = None,
) -> list[Pair]:
    """A pair for every case that has a positive in the index. `barred` documents are no negatives either."""
    plain = rag.variant({"search.adapter": "none", "search.ranker": "none"}, augment=[], denoise=[])
    hidden = judged.document_ids(barred)
    made = []
    for number, case in enumerate(cases, 1):
        chunks = _positives(plain, case, judged)
        if chunks:
            relevant = judged.document_ids(case.relevant)
            hits = plain.search(case.question, DEPTH)
            ranks = [place for place, hit in enumerate(hits, 1) if hit.chunk.document_id in relevant]
            others = [hit.chunk for hit in hits if hit.chunk.document_id not in relevant | hidden]
            negatives = [chunk for chunk in others if not holds(case, chunk)]
            gains = tuple(case.relevant[judged.name(chunk.document_id, chunk.source)] for chunk in chunks)
            made.append(
                Pair(
                    case,
                    min(case.relevant),
                    tuple(chunks),
                    gains,
                    tuple(negatives[:_MOST]),
                    min(ranks, default=0),
                    tuple(others[:_MOST]),
                )
            )
        if report and number % 20 == 0:
            report(Progress("mining", number, len(cases)))
    return made


def _positives(rag: Pipeline, case: Case, judged: Judged) -> list[Chunk]:
    sources = [judged.sources[name] for name in case.relevant if name in judged.sources]
    if not sources:
        return []
    hits = rag.search(case.question, max(DEPTH, 3 * len(sources)), among(sources))
    best: dict[str, Hit] = {}
    for hit in hits:
        kept = best.get(hit.chunk.document_id)
        if kept is None or (holds(case, hit.chunk) and not holds(case, kept.chunk)):
            best[hit.chunk.document_id] = hit
    holding = [hit.chunk for hit in best.values() if holds(case, hit.chunk)]
    return (holding or [hit.chunk for hit in best.values()])[:_MOST]


def among(sources: Sequence[str]) -> Filter:
    """The filter that leaves these sources."""
    return Where("source", "in", tuple(sources))


def outside(sources: Sequence[str]) -> Filter | None:
    """The filter that leaves all but these sources; None where there are none."""
    return NotOf(among(sources)) if sources else None


def texts_of(rag: Pipeline, judged: Judged, names: Iterable[str]) -> Mapping[str, str]:
    """The texts of documents by their judged names, of those that are in the index."""
    wanted = set(names)
    ids = {document_id: name for document_id, name in judged.names.items() if name in wanted}
    return {ids[document.id]: document.text for document in rag.store.load(list(ids))}
