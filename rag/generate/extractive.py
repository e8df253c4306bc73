"""The built-in answer: what the hits say, word for word, in the form that is asked for.

What kind of answer is asked for decides its form. A value (a name, a number, a date, a cell) is named within
the sentence, item, row or heading that has it; so is the long form of a term. Steps and lists are the
items of a list, in their order. A comparison has a part for each side, two questions in one have an answer
each. An explanation has up to three sentences, the one that follows the best among them. `rag.reading.choice`
judges every unit by what it says, wherever its hit stands; the probability that it gives the best one is that
of the answer, and whether that is good enough is decided later, by the `abstain` stage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.options import Count
from rag.reading import Reader
from rag.reading.across import weights_of
from rag.reading.choice import FEATURES, Choice, Judged, certainty
from rag.reading.differences import asks_difference, difference
from rag.reading.extremes import directions_of
from rag.reading.lists import MOST, best_list, list_around, list_below
from rag.reading.parts import Part, named_part
from rag.reading.polar import word
from rag.reading.units import BETWEEN, Unit, heading_unit, units
from rag.reading.versions import newest
from rag.stores import VectorStore
from rag.text.glosses import in_english
from rag.text.questions import (
    Form,
    explains,
    form_of,
    is_polar,
    is_reason,
    kind_of,
    means,
    parts_of,
    sides_of,
    stands_for,
    subject_of,
)
from rag.trace import note, note_reader
from rag.types import Derived, Hit, Question, Quote

from . import Generator
from .long_forms import meanings_of
from .other_languages import OtherLanguages
from .prose import after, explained, without_headings
from .quotes import labelled, moved, moved_quote, quoted, same_place
from .studies import found_in_studies
from .tables import PROVEN, Tables

_HEADINGS = 4  # hits whose headings may answer
_LEAST = 0.3  # probability of a side of a comparison, and of the second of two questions
_ASKED = 0.8  # the least cosine of a heading that asks what the question asks
_VERSIONS = re.compile(
    r"\b(?:old|new|older|newer|previous|earlier|former|last year|versions?|since|before|changed?)\b",
    re.IGNORECASE,
)


class Extractive:
    """A `Generator` that quotes what answers from the first `read` hits, at most `sentences` of prose."""

    name = "extractive"

    def __init__(
        self,
        choice: Choice,
        sentences: int = 3,
        read: int = 10,
        store: VectorStore | None = None,
        polar: Reader | None = None,
        findings: bool = False,
    ) -> None:
        self._choice, self._sentences, self._read, self._store = choice, sentences, read, store
        self._polar, self._findings = polar, findings
        self._tables = Tables(choice, self._texts)

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote | Derived]:
        hits = hits[: self._read]
        english = in_english(question.text) if self._choice.english else question.text
        question = replace(question, text=english, typed=question.text)
        part = named_part(question.text, hits, self._texts, self._choice.analyze)
        if part and part.whole:
            yield from self._said(part, hits)
            return
        if part:
            inside = [*self._answer(question, [part.hit])]
            if max((piece.score for piece in inside), default=0.0) >= _LEAST:
                yield from (moved(piece, part, hits) for piece in inside)
                return
        yield from self._answer(question, hits)

    def _said(self, part: Part, hits: Sequence[Hit]) -> Iterator[Quote]:
        """What a part says: its list, or its first sentences behind its heading, or that alone."""
        note("form", f"what {part.label} says")
        heading = part.hit.chunk.text.partition("\n")[0] if part.hit.chunk.text.startswith("#") else ""
        inside = [
            unit for unit in units(0, part.hit) if unit.kind != "heading" and unit.start >= len(heading)
        ]
        items = [unit for unit in inside if unit.kind in ("item", "row")]
        if len(items) > 1:
            inside = inside[:MOST]
        elif len(inside) > self._sentences:
            note_reader(f"{part.label}: the first {self._sentences} of {len(inside)} sentences are shown")
            inside = inside[: self._sentences]
        label = part.label if re.search(r"[^\W\d_]{3}", part.label) else ""
        if not inside:
            yield moved_quote(Quote(0, part.hit.chunk.text.find(label), len(heading), PROVEN), part, hits)
        for unit in inside:
            quote = Quote(0, unit.start, unit.end, PROVEN, item=len(items) > 1)
            named = heading and label and unit is inside[0] and len(items) < 2
            shown = f"{label}{BETWEEN}{' '.join(unit.view.split())}" if named else ""
            yield moved_quote(
                quote._replace(shown=shown or (unit.view if unit.kind == "row" else "")), part, hits
            )

    def _answer(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote | Derived]:
        if self._findings:
            judged = self._choice.judged(question.text, hits, self._headings(hits))
            found = found_in_studies(question.text, judged, hits, self._texts, self._choice)
            if found is not None:
                yield from found
                return
        asked = question.typed or question.text
        term = stands_for(asked)
        meanings = self._long_forms(term or means(asked), hits)
        if term or meanings:
            yield from meanings
            return
        parts = parts_of(question.text)
        if parts:
            yield from self._both(parts, hits)
            return
        wanted = in_english(question.text)
        form = form_of(wanted)
        note("form", form)
        whole = self._whole(question.text, form, hits)
        if whole:
            yield from whole
            return
        judged = self._choice.judged(question.text, hits, self._headings(hits), question.typed)
        if around := self._around(wanted, form, judged, hits):
            yield from around
        elif form in ("value", "count", "sum"):
            yield from self._value(question.text, judged, hits)
        else:
            judged = without_headings(judged)
            if is_reason(wanted):  # a row gives none
                judged = [candidate for candidate in judged if candidate.unit.kind != "row"] or judged
            sure = certainty(judged)
            for candidate in explained(judged, hits, self._sentences):
                yield quoted(candidate, sure, hits, named=False)

    def _long_forms(self, term: str, hits: Sequence[Hit]) -> list[Quote]:
        """What an abbreviation stands for; a note where it has several meanings."""
        meanings = meanings_of(term, hits, self._choice.analyze) if term else []
        if term:
            note("form", "long form" if meanings else "no long form")
        if len(meanings) > 1:
            note_reader(f"“{term}” stands for more than one thing here")
        return meanings

    def _whole(self, question: str, form: Form, hits: Sequence[Hit]) -> Sequence[Quote | Derived]:
        """What answers as a whole: a list, rows of a table, two sides; empty where none is proven."""
        ways: tuple[tuple[bool, Callable[[str, Sequence[Hit]], Sequence[Quote | Derived]]], ...] = (
            (form in ("steps", "list"), self._listed),
            (form != "steps" and bool(directions_of(question)), self._tables.extreme),
            (form in ("comparison", "list", "value"), self._tables.whole),
            (form in ("count", "list", "sum"), partial(self._tables.rows, form=form)),
            (asks_difference(in_english(question)), self._difference),
            (form == "comparison", self._compared),
        )
        return next((found for wanted, way in ways if wanted and (found := way(question, hits))), ())

    def _difference(self, question: str, hits: Sequence[Hit]) -> list[Derived]:
        """By how much something changed; nothing where that is unproven."""
        judged = self._choice.judged(question, hits)
        change = difference(question, judged, hits)
        if change is None:
            return []
        note("form", "difference")
        sure = max(PROVEN, certainty(judged))
        rows = tuple(quoted(row, sure, hits, named=False) for row in change.rows)
        return [Derived(change.text, rows, sure)]

    def _around(self, wanted: str, form: Form, judged: Sequence[Judged], hits: Sequence[Hit]) -> list[Quote]:
        """The items of the list below or around the best units, where a list may be meant."""
        listed = form in ("steps", "list", "explanation") or (form == "value" and kind_of(wanted) is None)
        if not judged or not listed:
            return []
        items = list_below(judged[0], hits) or list_around(judged, hits, steps=form == "steps")
        sure = certainty(judged)
        return [Quote(item.place, item.start, item.end, sure, item=True) for item in items]

    def _value(
        self, question: str, judged: Sequence[Judged], hits: Sequence[Hit]
    ) -> Iterator[Quote | Derived]:
        """The unit that has the value: the best one, the only row that can be meant, or a newer version's."""
        if not judged:
            return
        best = _first_of_reply(question, judged)
        row = self._tables.proven(question, best, judged, hits)
        best = row or best
        rest = [one for one in judged if not same_place(one.unit, best.unit)]
        best = self._current(question, [best, *rest], hits)
        yield self._worded(question, best, max(PROVEN if row else 0.0, certainty(judged)), hits)

    def _worded(self, question: str, best: Judged, sure: float, hits: Sequence[Hit]) -> Quote | Derived:
        """The quote, behind `Yes.` or `No.` where that is wanted and proved by it."""
        quote, unit = quoted(best, sure, hits), best.unit
        if self._polar is None or unit.kind not in ("sentence", "item"):
            return quote
        told = word(self._polar, question, in_english(f"{unit.lead} {unit.view}".strip()))
        return Derived(f"{told}. {' '.join(unit.view.split())}", (quote,), sure) if told else quote

    def _both(self, parts: tuple[str, str], hits: Sequence[Hit]) -> Iterator[Quote]:
        """What answers each of two questions in one; a note where only the first has an answer."""
        note("form", "two questions")
        first, rest = (self._choice.judged(part, hits, self._headings(hits)) for part in parts)
        if not first:
            return
        best = self._current(parts[0], first, hits)
        yield quoted(best, certainty(first), hits)
        others = [candidate for candidate in rest if not same_place(candidate.unit, best.unit)]
        repeated = len(rest) > 0 and same_place(rest[0].unit, best.unit)
        if certainty(others) >= _LEAST:
            yield quoted(others[0], certainty(others), hits)
            return
        next_one = after(best, hits) if repeated and explains(parts[1]) else None
        if next_one and certainty(rest) >= _LEAST:
            yield quoted(next_one, certainty(rest), hits, named=False)
        elif not repeated or certainty(rest) < _LEAST:
            note_reader(f"nothing was found that answers “{parts[1].partition(':')[0]}?”")

    def _current(self, question: str, judged: Sequence[Judged], hits: Sequence[Hit]) -> Judged:
        """The best unit, or that of a newer version of its document; then the answer names the older one."""
        best, older = newest(question, judged, hits)
        if older is not None:
            source = hits[older.unit.place].chunk.source
            note_reader(f"{source}, an older version, says: “{' '.join(older.unit.view.split())}”")
        return best

    def _listed(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """The items of the list that fits the question; their probability is the list's score."""
        listed = best_list(self._choice.terms(subject_of(question)), hits, self._choice.analyze)
        if listed is None:
            return []
        return [Quote(item.place, item.start, item.end, listed.score, item=True) for item in listed.items]

    def _texts(self, documents: Sequence[str]) -> dict[str, str]:
        """Document id → its text, of those that the store has."""
        if self._store is None:
            return {}
        return {document.id: document.text for document in self._store.load(list(dict.fromkeys(documents)))}

    def _compared(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """What answers each side or in each version, where both are answered and by different words."""
        versions = self._versions_compared(question, hits)
        sides = sides_of(question)
        if versions or sides is None:
            return versions
        judged = [without_headings(self._choice.judged(subject_of(side), hits)) for side in sides]
        sure = min(certainty(side) for side in judged)
        best = [side[0] for side in judged if side]
        places = {(candidate.unit.place, candidate.unit.start) for candidate in best}
        if sure < _LEAST or len(places) < len(sides):
            return []
        terms = [self._choice.terms(side) for side in sides]
        own = (terms[0] - terms[1], terms[1] - terms[0])
        return [
            labelled(quoted(candidate, sure, hits), candidate.unit, self._choice, words)
            for candidate, words in zip(best, own, strict=True)
        ]

    def _versions_compared(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """What answers in the older and in the newer version of a document."""
        if not _VERSIONS.search(question):
            return []
        judged = without_headings(self._choice.judged(subject_of(question), hits))
        sure = certainty(judged)
        latest, older = newest(f"{question} now", judged, hits) if judged else (None, None)
        if latest is None or older is None or sure < _LEAST:
            return []
        return [quoted(older, sure, hits), quoted(latest, sure, hits)]

    def _headings(self, hits: Sequence[Hit]) -> list[Unit]:
        first = [(place, hit.chunk) for place, hit in enumerate(hits[:_HEADINGS]) if hit.chunk.heading]
        texts = self._texts([chunk.document_id for _, chunk in first])
        made = [heading_unit(place, chunk, texts.get(chunk.document_id, "")) for place, chunk in first]
        return list(
            {
                (hits[u.place].chunk.document_id, hits[u.place].chunk.start + u.start): u for u in made if u
            }.values()
        )


def _first_of_reply(question: str, judged: Sequence[Judged]) -> Judged:
    """The best unit; where yes or no is asked under a heading that asks the same, what stands first there."""
    best = judged[0]
    if not is_polar(question) or best.features[FEATURES.index("asked")] < _ASKED:
        return best
    reply = [
        one
        for one in judged
        if (one.unit.place, one.unit.question) == (best.unit.place, best.unit.question)
        and one.unit.kind in ("sentence", "item")
    ]
    return min(reply, key=lambda one: one.unit.start, default=best)


def build(
    embedder: Embedder,
    reader: Reader,
    store: VectorStore,
    language: str = "english",
    sentences: Count = 3,
    read: Count = 10,
    yes_no: bool = False,
    findings: bool = False,
) -> Generator:
    """The default generator, over the reader of the settings; `yes_no` says yes or no where it is proved.

    `findings` answers yes, no or maybe about studies, with the sentence that concludes them.

    With an embedder that brings languages together it also answers from hits in other languages. Within one
    language the embedder that ships still chooses: the weights of `choice` were fitted on its cosines.
    """
    polar, across = reader if yes_no else None, bool(weights_of(embedder))
    chooser = OnnxEmbedder.open() if across else embedder
    own = Extractive(Choice(chooser, reader, language), sentences, read, store, polar, findings)
    return OtherLanguages(own, embedder, read) if across else own
