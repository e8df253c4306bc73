"""Questions that an index answers, for somebody who does not know what to ask, or what to ask next.

Sentences are turned into questions by the patterns of `from_sentences.py`: those of the hits for a question
q, the ones nearest to it first, by cos(q, s) of the vectors, or without one those of a sample of the corpus,
a document after another. A question is shown where the round trip holds: its passage comes back, and the
reader finds the answer there (`round_trip.py`). No sentence is asked about twice. Sources: Context-aware
query suggestion by mining click-through and session data, whose sessions are here the question asked before;
Alberti et al., Synthetic QA Corpora Generation with Roundtrip Consistency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rag.retrieve.vectors import SAMPLE
from rag.stores import Filter
from rag.types import Chunk

from .cases import Case
from .from_sentences import cases_of
from .round_trip import RoundTrip

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_HITS = 30  # whose sentences are looked at for what to ask next
_TRIES = 8  # questions checked for each that is wanted
_SAME = 0.95  # cosine from which a question is the one that was asked


class Suggestion(NamedTuple):
    """A question that the index answers, its answer, and the source in which that stands."""

    question: str
    answer: str
    source: str


def suggest(rag: Pipeline, near: str = "", number: int = 5, where: Filter | None = None) -> list[Suggestion]:
    """At most so many questions, the nearest to `near` first where it is given."""
    cases: Iterable[tuple[Case, Chunk]]
    if near:
        cases = _nearest(rag, near, [hit.chunk for hit in rag.search(near, _HITS, where)])
    else:
        cases = _spread([chunk for chunk, _ in rag.store.scan(limit=SAMPLE, where=where)])
    check, found, said = RoundTrip(rag), list[Suggestion](), set[str]()
    for tried, (case, chunk) in enumerate(cases):
        if len(found) == number or tried == _TRIES * number:
            break
        if case.meta["sentence"] not in said and check.returns(case, chunk):
            said.add(case.meta["sentence"])
            found.append(Suggestion(case.question, case.answers[0], chunk.source))
    return found


def _nearest(rag: Pipeline, near: str, chunks: Sequence[Chunk]) -> list[tuple[Case, Chunk]]:
    """The questions of the chunks, nearest first, without the one that was asked."""
    cases = {case.question: (case, chunk) for chunk in chunks for case in cases_of(chunk)}
    if not cases:
        return []
    rows = rag.embedder.embed([near, *cases], "query")
    scored = zip(cases.values(), (rows[1:] @ rows[0]).tolist(), strict=True)
    return [pair for pair, cosine in sorted(scored, key=lambda row: -row[1]) if cosine < _SAME]


def _spread(chunks: Sequence[Chunk]) -> Iterator[tuple[Case, Chunk]]:
    """The questions of the chunks, a document after another."""
    piles: dict[str, list[tuple[Case, Chunk]]] = {}
    for chunk in chunks:
        piles.setdefault(chunk.document_id, []).extend((case, chunk) for case in cases_of(chunk))
    for round_ in zip_longest(*piles.values()):
        yield from (pair for pair in round_ if pair is not None)
