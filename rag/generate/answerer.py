"""Quotes in the form that is asked for: units of the hits that answer the question, word for word.

What kind of answer is asked for decides its form. A value (a name, a number, a date, a cell) is named within
the sentence, item, row or heading that has it. Steps and lists are the items of a list, in their order. A
comparison has a part for each side. An explanation has up to three sentences. `rag.reading.choice` judges
every unit by what it says, wherever its hit stands; the probability that it gives the best one is that of the
answer, and whether that is good enough is decided later, by the `abstain` stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.embedding import Embedder
from rag.options import Count
from rag.reading import Reader
from rag.reading.choice import Choice, Judged, certainty
from rag.reading.lists import best_list
from rag.reading.units import Unit, heading_unit
from rag.stores import VectorStore
from rag.text.questions import form_of, sides_of, subject_of
from rag.trace import note
from rag.types import Hit, Question, Quote

_NEARLY = 0.6  # share of the best probability that another sentence must reach
_FLOOR = 0.2  # and the least it must have
_SAME = 0.7  # word overlap from which a sentence says nothing new
_HEADINGS = 4  # hits whose headings may answer
_LEAST = 0.3  # probability of a side of a comparison


class Answerer:
    """A `Generator` that quotes what answers from the first `read` hits, at most `sentences` of prose."""

    name = "answerer"

    def __init__(
        self, choice: Choice, sentences: int = 3, read: int = 10, store: VectorStore | None = None
    ) -> None:
        self._choice, self._sentences, self._read, self._store = choice, sentences, read, store

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote]:
        hits = hits[: self._read]
        form = form_of(question.text)
        note("form", form)
        if form in ("steps", "list"):
            items = self._listed(question.text, hits)
            if items:
                yield from items
                return
        if form == "comparison":
            sides = self._compared(question.text, hits)
            if sides:
                yield from sides
                return
        judged = self._choice.judged(question.text, hits, self._headings(hits))
        sure = certainty(judged)
        if form == "value":
            yield from (_quoted(one, sure) for one in judged[:1])
            return
        for one in sorted(self._chosen(judged), key=lambda one: (one.unit.place, one.unit.start)):
            yield _quoted(one, sure, named=False)

    def _listed(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """The items of the list that fits the question; their probability is the list's score."""
        listed = best_list(self._choice.terms(subject_of(question)), hits, self._choice.analyze)
        if listed is None:
            return []
        return [Quote(one.place, one.start, one.end, listed.score, item=True) for one in listed.items]

    def _compared(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """What answers each side, where both are answered and by different words."""
        sides = sides_of(question)
        if sides is None:
            return []
        judged = [self._choice.judged(subject_of(side), hits) for side in sides]
        sure = min(certainty(one) for one in judged)
        best = [one[0] for one in judged if one]
        if sure < _LEAST or len({(one.unit.place, one.unit.start) for one in best}) < len(sides):
            return []
        return [_quoted(one, sure) for one in best]

    def _headings(self, hits: Sequence[Hit]) -> list[Unit]:
        if self._store is None:
            return []
        first = [(place, hit.chunk) for place, hit in enumerate(hits[:_HEADINGS]) if hit.chunk.heading]
        texts = {
            one.id: one.text for one in self._store.load(list({chunk.document_id for _, chunk in first}))
        }
        made = [heading_unit(place, chunk, texts.get(chunk.document_id, "")) for place, chunk in first]
        return list(
            {
                (hits[u.place].chunk.document_id, hits[u.place].chunk.start + u.start): u for u in made if u
            }.values()
        )

    def _chosen(self, judged: Sequence[Judged]) -> list[Judged]:
        chosen: list[Judged] = []
        for one in judged:
            if len(chosen) == self._sentences:
                break
            if chosen and one.probability < max(_FLOOR, _NEARLY * judged[0].probability):
                break
            if all(_overlap(one.unit.view, other.unit.view) < _SAME for other in chosen):
                chosen.append(one)
        return chosen


def _quoted(one: Judged, probability: float, *, named: bool = True) -> Quote:
    """A unit as a quote; `named` names the words in it that are the answer."""
    unit = one.unit
    said = unit.view if unit.start < 0 else ""
    return Quote(unit.place, unit.start, unit.end, probability, one.span if named else None, said)


def _overlap(one: str, other: str) -> float:
    """The share of the shorter sentence's words that the other has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (one, other))
    return len(a & b) / max(1, min(len(a), len(b)))


def build(
    embedder: Embedder,
    reader: Reader,
    store: VectorStore,
    language: str = "english",
    sentences: Count = 3,
    read: Count = 10,
) -> Answerer:
    """The generator over the reader of the settings."""
    return Answerer(Choice(embedder, reader, language), sentences, read, store)
