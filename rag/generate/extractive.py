"""The built-in answer: what the hits say, word for word, in the form that is asked for.

What kind of answer is asked for decides its form. A value (a name, a number, a date, a cell) is named within
the sentence, item, row or heading that has it. Steps and lists are the items of a list, in their order. A
comparison has a part for each side, two questions in one have an answer each. An explanation has up to three
sentences, the one that follows the best among them. `rag.reading.choice` judges every unit by what it says,
wherever its hit stands; the probability that it gives the best one is that of the answer, and whether that is
good enough is decided later, by the `abstain` stage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.counts import counted
from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.options import Count
from rag.reading import Reader
from rag.reading.across import weights_of
from rag.reading.choice import FEATURES, Choice, Judged, certainty
from rag.reading.differences import asks_difference, difference
from rag.reading.extremes import Extreme, directions_of, extreme, is_keyed_by, key_of
from rag.reading.lists import LEAST, MOST, best_list, list_around, list_below
from rag.reading.parts import Part, named_part
from rag.reading.polar import word
from rag.reading.row_proof import proven_cell
from rag.reading.selection import Selection, best_selection, selection, table_of, whole
from rag.reading.units import BETWEEN, Unit, heading_unit, units
from rag.reading.versions import newest
from rag.stores import VectorStore
from rag.text.glosses import in_english
from rag.text.questions import (
    Form,
    counted_in,
    explains,
    form_of,
    is_polar,
    is_reason,
    kind_of,
    parts_of,
    sides_of,
    subject_of,
)
from rag.trace import note, note_reader
from rag.types import Chunk, Derived, Hit, Question, Quote

from . import Generator
from .other_languages import OtherLanguages
from .studies import found_in_studies

_NEARLY = 0.6  # share of the best probability that another sentence must reach
_FLOOR = 0.2  # and the least it must have
_SAME = 0.7  # word overlap from which a sentence says nothing new
_HEADINGS = 4  # hits whose headings may answer
_LEAST = 0.3  # probability of a side of a comparison, and of the second of two questions
_ASKED = 0.8  # the least cosine of a heading that asks what the question asks
_TRIED = 6  # of the best units, those that may be the only row meant
_PROVEN = 0.9  # probability of rows, or of their number, where all conditions are met
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
                yield from (_moved(piece, part, hits) for piece in inside)
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
            yield _moved_quote(Quote(0, part.hit.chunk.text.find(label), len(heading), _PROVEN), part, hits)
        for unit in inside:
            quote = Quote(0, unit.start, unit.end, _PROVEN, item=len(items) > 1)
            named = heading and label and unit is inside[0] and len(items) < 2
            shown = f"{label}{BETWEEN}{' '.join(unit.view.split())}" if named else ""
            yield _moved_quote(
                quote._replace(shown=shown or (unit.view if unit.kind == "row" else "")), part, hits
            )

    def _answer(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote | Derived]:
        if self._findings:
            judged = self._choice.judged(question.text, hits, self._headings(hits))
            found = found_in_studies(question.text, judged, hits, self._texts, self._choice)
            if found is not None:
                yield from found
                return
        parts = parts_of(question.text)
        if parts:
            yield from self._both(parts, hits)
            return
        wanted = in_english(question.text)
        form = form_of(wanted)
        note("form", form)
        if form in ("steps", "list"):
            items = self._listed(question.text, hits)
            if items:
                yield from items
                return
        if form != "steps" and directions_of(question.text):
            extremes = self._extreme(question.text, hits)
            if extremes:
                yield from extremes
                return
        if form in ("comparison", "list", "value"):
            table = self._whole(question.text, hits)
            if table:
                yield from table
                return
        if form in ("count", "list", "sum"):
            rows = self._rows(question.text, hits, form)
            if rows:
                yield from rows
                return
        if form == "comparison":
            sides = self._compared(question.text, hits)
            if sides:
                yield from sides
                return
        judged = self._choice.judged(question.text, hits, self._headings(hits), question.typed)
        if asks_difference(wanted) and (change := difference(question.text, judged, hits)):
            note("form", "difference")
            sure = max(_PROVEN, certainty(judged))
            quotes = tuple(_quoted(row, sure, hits, named=False) for row in change.rows)
            yield Derived(change.text, quotes, sure)
            return
        if form in ("steps", "list", "explanation") or (form == "value" and kind_of(wanted) is None):
            around = (
                list_below(judged[0], hits) or list_around(judged, hits, steps=form == "steps")
                if judged
                else ()
            )
            if around:
                sure = certainty(judged)
                yield from (Quote(item.place, item.start, item.end, sure, item=True) for item in around)
                return
        if form in ("value", "count", "sum"):
            if judged:
                best = _first_of_reply(question.text, judged)
                row = self._proven(question.text, best, judged, hits)
                best = row or best
                best = self._current(
                    question.text,
                    [best, *(one for one in judged if not _same_place(one.unit, best.unit))],
                    hits,
                )
                sure = max(_PROVEN if row else 0.0, certainty(judged))
                yield self._worded(question.text, best, sure, hits)
            return
        judged = _without_headings(judged)
        if is_reason(wanted):  # a row gives none
            judged = [candidate for candidate in judged if candidate.unit.kind != "row"] or judged
        sure = certainty(judged)
        chosen = self._chosen(judged)
        beside = (_before(judged[0], hits), _after(judged[0], hits)) if judged else ()
        chosen = self._with(chosen, [candidate for candidate in beside if candidate])
        for candidate in sorted(chosen, key=lambda candidate: (candidate.unit.place, candidate.unit.start)):
            yield _quoted(candidate, sure, hits, named=False)

    def _proven(
        self, question: str, best: Judged, judged: Sequence[Judged], hits: Sequence[Hit]
    ) -> Judged | None:
        """Where a row is judged best, the one of its table that alone can be meant; None without one."""
        if best.unit.kind != "row" or best.unit.is_header:
            return None
        own = hits[best.unit.place].chunk
        table = table_of(own, self._texts([own.document_id]).get(own.document_id, ""))
        for one in [best, *(other for other in judged[:_TRIED] if other is not best)]:
            chunk = hits[one.unit.place].chunk
            if one.unit.kind == "row" and one.span is not None and chunk.document_id == own.document_id:
                start, end = (chunk.start + at for at in one.span)
                cell = proven_cell(
                    question, start, end, chunk, table, self._choice.analyze, self._choice.explained
                )
                if cell:
                    return one._replace(span=(cell[0] - chunk.start, cell[1] - chunk.start))
        return None

    def _worded(self, question: str, best: Judged, sure: float, hits: Sequence[Hit]) -> Quote | Derived:
        """The quote, behind `Yes.` or `No.` where that is wanted and proved by it."""
        quote, unit = _quoted(best, sure, hits), best.unit
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
        yield _quoted(best, certainty(first), hits)
        others = [candidate for candidate in rest if not _same_place(candidate.unit, best.unit)]
        repeated = len(rest) > 0 and _same_place(rest[0].unit, best.unit)
        if certainty(others) >= _LEAST:
            yield _quoted(others[0], certainty(others), hits)
            return
        after = _after(best, hits) if repeated and explains(parts[1]) else None
        if after and certainty(rest) >= _LEAST:
            yield _quoted(after, certainty(rest), hits, named=False)
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

    def _tables(self, hits: Sequence[Hit]) -> tuple[list[tuple[int, Chunk]], dict[str, str]]:
        """A hit of each table with its place, and the texts of their documents."""
        tables: dict[tuple[str, str, tuple[str, ...]], tuple[int, Chunk]] = {}
        for place, hit in enumerate(hits):
            row = next((unit for unit in units(0, hit) if unit.kind == "row"), None)
            if row:
                key = (hit.chunk.document_id, hit.chunk.heading, row.columns())
                tables.setdefault(key, (place, hit.chunk))
        first = list(tables.values())
        return first, self._texts([chunk.document_id for _, chunk in first])

    def _extreme(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """The row with the most or the least of what is asked for; nothing where that is unproven."""
        tables, texts = self._tables(hits)
        analyze, found = self._choice.analyze, []
        keyed = [
            (place, chunk)
            for place, chunk in tables
            if is_keyed_by(question, chunk, texts.get(chunk.document_id, ""), analyze)
        ]
        for place, chunk in keyed or tables:
            text = texts.get(chunk.document_id, "")
            if one := extreme(question, place, chunk, text, analyze):
                names = [name for name in one.rows[0].names if name]
                known = self._choice.explained(question, one.unexplained, names)
                found.append(one._replace(unexplained=one.unexplained - known))
        best = min(found, key=lambda one: len(one.unexplained), default=None)
        asked = max(1, len(self._choice.terms(question)))
        if best is None or len(best.unexplained) > asked * (1 - LEAST) or len(best.rows) > MOST:
            return []
        chunk = hits[best.place].chunk
        sure = _PROVEN * (1 - len(best.unexplained) / asked)
        note_reader(best.description)
        quotes = _row_quotes(best, hits, texts, sure)
        if len(quotes) > 1:
            return quotes
        row = best.rows[0]
        cell = key_of(question, row, analyze) or next(cell for cell in row.cells if cell.name == best.column)
        span = (cell.start - chunk.start, cell.end - chunk.start)
        return [quotes[0]._replace(span=span, item=False)]

    def _rows(self, question: str, hits: Sequence[Hit], form: Form) -> Sequence[Quote | Derived]:
        """The rows that meet the question's conditions, their number or sum; nothing where it is unproven."""
        tables, texts = self._tables(hits)
        selected = best_selection(
            selection(question, place, chunk, texts.get(chunk.document_id, ""), self._choice.analyze)
            for place, chunk in tables
        )
        if selected is None:
            return []
        chunk = hits[selected.place].chunk
        quotes = _row_quotes(selected, hits, texts, 1.0)
        if form == "list":
            asked = len(self._choice.terms(question))
            sure = 1 - len(selected.unexplained) / max(1, asked)
            if not selected.conditions or sure < LEAST:
                return []
            if len(quotes) > MOST:
                note_reader(f"{MOST} of {len(quotes)} rows are shown")
            return [quote._replace(score=_PROVEN * sure) for quote in quotes[:MOST]]
        left = selected.unexplained - self._choice.explained(
            question, selected.unexplained, [chunk.title, chunk.heading, *selected.rows[0].names]
        )
        if form == "count" and selected.named:  # what is counted is what the rows of that table are
            left -= self._choice.terms(counted_in(question))
        proven = selected.total if form == "sum" else selected.noun or selected.named
        if left or not proven:
            return []
        where = ", ".join(f"{column} {value}" for column, value in selected.conditions)
        if form == "sum" and selected.total:
            column, total = selected.total
            of = f"{counted(len(quotes), 'row')}: {where}" if where else f"all {counted(len(quotes), 'row')}"
            said = f"{column}: {total} (sum of {of})."
        elif where:
            said = f"{len(quotes)} of {counted(selected.of, 'row')}: {where}."
        else:
            said = f"{counted(len(quotes), 'row')} in {chunk.title or chunk.source}."
        return [Derived(said, tuple(quotes), _PROVEN)]

    def _whole(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """Every row of a small table that the question asks for whole; nothing where that is unproven."""
        tables, texts = self._tables(hits)
        found = best_selection(
            whole(question, place, chunk, texts.get(chunk.document_id, ""), self._choice.analyze)
            for place, chunk in tables
        )
        sure = 1 - len(found.unexplained) / max(1, len(self._choice.terms(question))) if found else 0.0
        if found is None or sure < LEAST:
            return []
        return _row_quotes(found, hits, texts, _PROVEN * sure)

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
        judged = [_without_headings(self._choice.judged(subject_of(side), hits)) for side in sides]
        sure = min(certainty(side) for side in judged)
        best = [side[0] for side in judged if side]
        places = {(candidate.unit.place, candidate.unit.start) for candidate in best}
        if sure < _LEAST or len(places) < len(sides):
            return []
        terms = [self._choice.terms(side) for side in sides]
        own = (terms[0] - terms[1], terms[1] - terms[0])
        return [
            _labelled(_quoted(candidate, sure, hits), candidate.unit, self._choice, words)
            for candidate, words in zip(best, own, strict=True)
        ]

    def _versions_compared(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """What answers in the older and in the newer version of a document."""
        if not _VERSIONS.search(question):
            return []
        judged = _without_headings(self._choice.judged(subject_of(question), hits))
        sure = certainty(judged)
        latest, older = newest(f"{question} now", judged, hits) if judged else (None, None)
        if latest is None or older is None or sure < _LEAST:
            return []
        return [_quoted(older, sure, hits), _quoted(latest, sure, hits)]

    def _headings(self, hits: Sequence[Hit]) -> list[Unit]:
        first = [(place, hit.chunk) for place, hit in enumerate(hits[:_HEADINGS]) if hit.chunk.heading]
        texts = self._texts([chunk.document_id for _, chunk in first])
        made = [heading_unit(place, chunk, texts.get(chunk.document_id, "")) for place, chunk in first]
        return list(
            {
                (hits[u.place].chunk.document_id, hits[u.place].chunk.start + u.start): u for u in made if u
            }.values()
        )

    def _with(self, chosen: list[Judged], beside: Sequence[Judged]) -> list[Judged]:
        """The best sentence, those beside it, and of the others as many as an answer may have."""
        kept = chosen[:1] + [
            candidate for candidate in beside if not _same_place(candidate.unit, chosen[0].unit)
        ]
        for candidate in chosen[1:]:
            if all(not _same_place(candidate.unit, other.unit) for other in kept):
                kept.append(candidate)
        return kept[: self._sentences]

    def _chosen(self, judged: Sequence[Judged]) -> list[Judged]:
        chosen: list[Judged] = []
        for candidate in judged:
            if len(chosen) == self._sentences:
                break
            if chosen and candidate.probability < max(_FLOOR, _NEARLY * judged[0].probability):
                break
            if all(_overlap(candidate.unit.view, other.unit.view) < _SAME for other in chosen):
                chosen.append(candidate)
        return chosen


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


def _before(best: Judged, hits: Sequence[Hit]) -> Judged | None:
    """The sentence that the best one refers back to (`This destroys it.`); judged as the best is."""
    if not best.unit.lead or best.unit.kind != "sentence":
        return None
    earlier = [
        unit
        for unit in units(best.unit.place, hits[best.unit.place])
        if unit.kind == "sentence" and unit.end <= best.unit.start and unit.view == best.unit.lead
    ]
    return best._replace(unit=earlier[-1], span=None) if earlier else None


def _after(best: Judged, hits: Sequence[Hit]) -> Judged | None:
    """The sentence that follows in the same paragraph, where reasons often stand; judged as the best is."""
    text = hits[best.unit.place].chunk.text
    for unit in units(best.unit.place, hits[best.unit.place]):
        if unit.kind == "sentence" and unit.start >= best.unit.end:
            near = "\n" not in text[best.unit.end : unit.start].strip(" ")
            return best._replace(unit=unit, span=None) if near and unit.context == best.unit.context else None
    return None


def _without_headings(judged: Sequence[Judged]) -> list[Judged]:
    """A heading explains nothing, and compares nothing."""
    return [candidate for candidate in judged if candidate.unit.kind != "heading"]


def _same_place(first: Unit, other: Unit) -> bool:
    return (first.place, first.start) == (other.place, other.start)


def _row_quotes(
    found: Selection | Extreme, hits: Sequence[Hit], texts: Mapping[str, str], score: float
) -> list[Quote]:
    """Rows of a hit's document as quotes, wherever in it they stand; `texts` are those of the documents."""
    chunk = hits[found.place].chunk
    text = texts[chunk.document_id]
    return [
        Quote(
            found.place,
            row.start - chunk.start,
            row.end - chunk.start,
            score,
            None,
            text[row.start : row.end],
            item=True,
            shown="; ".join(f"{cell.name}: {cell.text}" if cell.name else cell.text for cell in row.cells),
        )
        for row in found.rows
    ]


def _quoted(candidate: Judged, probability: float, hits: Sequence[Hit], *, named: bool = True) -> Quote:
    """A unit as a quote; `named` names the words in it that are the answer."""
    unit = candidate.unit
    said = unit.view if unit.start < 0 else ""
    span = candidate.span if named else None
    shown = unit.view if unit.kind == "row" else ""
    if unit.kind == "setting" and unit.lead:
        shown = f"{unit.lead}{BETWEEN}{hits[unit.place].chunk.text[unit.start : unit.end].rstrip(',')}"
    return Quote(unit.place, unit.start, unit.end, probability, span, said, shown=shown)


def _labelled(quote: Quote, unit: Unit, choice: Choice, side: set[str]) -> Quote:
    """Behind the heading that has the words of a side, where the unit itself has none of them."""
    if side & choice.terms(unit.view):
        return quote
    headings = [part for line in unit.context.split("\n") for part in line.split(BETWEEN)]
    label = next((part for part in reversed(headings) if side & choice.terms(part)), "")
    return quote._replace(shown=f"{label}{BETWEEN}{quote.shown or unit.view}") if label else quote


def _moved(piece: Quote | Derived, part: Part, hits: Sequence[Hit]) -> Quote | Derived:
    """What a part says as of the hit of its document, wherever in it that stands."""
    if isinstance(piece, Derived):
        return piece._replace(quotes=tuple(_moved_quote(quote, part, hits) for quote in piece.quotes))
    return _moved_quote(piece, part, hits)


def _moved_quote(quote: Quote, part: Part, hits: Sequence[Hit]) -> Quote:
    own = part.hit.chunk
    by = own.start - hits[part.place].chunk.start
    said = quote.text or own.text[quote.start : quote.end]
    span = (quote.span[0] + by, quote.span[1] + by) if quote.span else None
    return quote._replace(hit=part.place, start=quote.start + by, end=quote.end + by, span=span, text=said)


def _overlap(first: str, other: str) -> float:
    """The share of the shorter sentence's words that the other has."""
    a, b = (set(re.findall(r"\w+", text.lower())) for text in (first, other))
    return len(a & b) / max(1, min(len(a), len(b)))


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
