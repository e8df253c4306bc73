"""Units of hits as quotes: what is cited, what is shown of it, and which words of it are the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.reading.choice import Choice, Judged
from rag.reading.extremes import Extreme
from rag.reading.parts import Part
from rag.reading.selection import Selection
from rag.reading.units import BETWEEN, Unit
from rag.types import Derived, Hit, Quote


def quoted(candidate: Judged, probability: float, hits: Sequence[Hit], *, named: bool = True) -> Quote:
    """A unit as a quote; `named` names the words in it that are the answer."""
    unit = candidate.unit
    said = unit.view if unit.start < 0 else ""
    span = candidate.span if named else None
    shown = unit.view if unit.kind == "row" else ""
    if unit.kind == "setting" and unit.lead:
        shown = f"{unit.lead}{BETWEEN}{hits[unit.place].chunk.text[unit.start : unit.end].rstrip(',')}"
    return Quote(unit.place, unit.start, unit.end, probability, span, said, shown=shown)


def row_quotes(
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


def labelled(quote: Quote, unit: Unit, choice: Choice, side: set[str]) -> Quote:
    """Behind the heading that has the words of a side, where the unit itself has none of them."""
    if side & choice.terms(unit.view):
        return quote
    headings = [part for line in unit.context.split("\n") for part in line.split(BETWEEN)]
    label = next((part for part in reversed(headings) if side & choice.terms(part)), "")
    return quote._replace(shown=f"{label}{BETWEEN}{quote.shown or unit.view}") if label else quote


def moved(piece: Quote | Derived, part: Part, hits: Sequence[Hit]) -> Quote | Derived:
    """What a part says as of the hit of its document, wherever in it that stands."""
    if isinstance(piece, Derived):
        return piece._replace(quotes=tuple(moved_quote(quote, part, hits) for quote in piece.quotes))
    return moved_quote(piece, part, hits)


def moved_quote(quote: Quote, part: Part, hits: Sequence[Hit]) -> Quote:
    """The same of one quote."""
    own = part.hit.chunk
    by = own.start - hits[part.place].chunk.start
    said = quote.text or own.text[quote.start : quote.end]
    span = (quote.span[0] + by, quote.span[1] + by) if quote.span else None
    return quote._replace(hit=part.place, start=quote.start + by, end=quote.end + by, span=span, text=said)


def same_place(first: Unit, other: Unit) -> bool:
    """Whether two units begin at one character of one hit."""
    return (first.place, first.start) == (other.place, other.start)
