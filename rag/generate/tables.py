"""What the tables among the hits answer, each only where it is proven.

The row with the most or the least, the rows that meet conditions, their number or sum, a small table
whole, and the one cell that can be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.counts import counted
from rag.reading.choice import Choice, Judged
from rag.reading.extremes import extreme, is_keyed_by, key_of
from rag.reading.lists import LEAST, MOST
from rag.reading.row_proof import proven_cell
from rag.reading.selection import best_selection, selection, table_of, whole
from rag.reading.units import units
from rag.text.questions import Form, counted_in
from rag.trace import note_reader
from rag.types import Chunk, Derived, Hit, Quote

from .quotes import row_quotes

PROVEN = 0.9
"""The probability of rows, or of their number, where all conditions are met."""

_TRIED = 6  # of the best units, those that may be the only row meant


class Tables:
    """Answers from whole tables; `texts` gives the texts of documents by their ids."""

    def __init__(self, choice: Choice, texts: Callable[[Sequence[str]], Mapping[str, str]]) -> None:
        self._choice, self._texts = choice, texts

    def extreme(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
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
        sure = PROVEN * (1 - len(best.unexplained) / asked)
        note_reader(best.description)
        quotes = row_quotes(best, hits, texts, sure)
        if len(quotes) > 1:
            return quotes
        row = best.rows[0]
        cell = key_of(question, row, analyze) or next(cell for cell in row.cells if cell.name == best.column)
        span = (cell.start - chunk.start, cell.end - chunk.start)
        return [quotes[0]._replace(span=span, item=False)]

    def rows(self, question: str, hits: Sequence[Hit], form: Form) -> Sequence[Quote | Derived]:
        """The rows that meet the question's conditions, their number or sum; nothing where it is unproven."""
        tables, texts = self._tables(hits)
        selected = best_selection(
            selection(question, place, chunk, texts.get(chunk.document_id, ""), self._choice.analyze)
            for place, chunk in tables
        )
        if selected is None:
            return []
        chunk = hits[selected.place].chunk
        quotes = row_quotes(selected, hits, texts, 1.0)
        if form == "list":
            asked = len(self._choice.terms(question))
            sure = 1 - len(selected.unexplained) / max(1, asked)
            if not selected.conditions or sure < LEAST:
                return []
            if len(quotes) > MOST:
                note_reader(f"{MOST} of {len(quotes)} rows are shown")
            return [quote._replace(score=PROVEN * sure) for quote in quotes[:MOST]]
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
        return [Derived(said, tuple(quotes), PROVEN)]

    def whole(self, question: str, hits: Sequence[Hit]) -> list[Quote]:
        """Every row of a small table that the question asks for whole; nothing where that is unproven."""
        tables, texts = self._tables(hits)
        found = best_selection(
            whole(question, place, chunk, texts.get(chunk.document_id, ""), self._choice.analyze)
            for place, chunk in tables
        )
        sure = 1 - len(found.unexplained) / max(1, len(self._choice.terms(question))) if found else 0.0
        if found is None or sure < LEAST:
            return []
        return row_quotes(found, hits, texts, PROVEN * sure)

    def proven(
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

    def _tables(self, hits: Sequence[Hit]) -> tuple[list[tuple[int, Chunk]], Mapping[str, str]]:
        """A hit of each table with its place, and the texts of their documents."""
        tables: dict[tuple[str, str, tuple[str, ...]], tuple[int, Chunk]] = {}
        for place, hit in enumerate(hits):
            row = next((unit for unit in units(0, hit) if unit.kind == "row"), None)
            if row:
                key = (hit.chunk.document_id, hit.chunk.heading, row.columns())
                tables.setdefault(key, (place, hit.chunk))
        first = list(tables.values())
        return first, self._texts([chunk.document_id for _, chunk in first])
