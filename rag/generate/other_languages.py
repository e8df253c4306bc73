"""An answer from hits in another language than the question: the sentence nearest to it, as it stands.

The built-in generator answers from the hits in the question's language. From the others
`rag.reading.across` takes the nearest sentence. Both say how likely they are right; the likelier one is the
answer. It is quoted in the language of its source, which a note says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from rag.embedding import Embedder
from rag.reading.across import foreign, nearest
from rag.trace import note, note_reader
from rag.types import Derived, Hit, Question, Quote

from . import Generator

TOLD = "The source is in another language; the sentence nearest to the question is quoted as it stands."


class OtherLanguages:
    """A `Generator` over the built-in one, for an embedder that brings languages together."""

    name = "extractive"

    def __init__(self, own: Generator, embedder: Embedder, read: int) -> None:
        self._own, self._embedder, self._read = own, embedder, read

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote | Derived]:
        hits = hits[: self._read]
        apart = foreign(question.text, hits)
        if not any(apart):
            yield from self._pieces(question, hits)
            return
        others = [place for place, is_foreign in enumerate(apart) if is_foreign]
        same = [place for place, is_foreign in enumerate(apart) if not is_foreign]
        best = nearest(question.text, [hits[place] for place in others], self._embedder)
        pieces = list(self._pieces(question, [hits[place] for place in same])) if same else []
        sure = max((piece.score for piece in pieces), default=0.0)
        if best is None or (pieces and sure >= best.probability):
            yield from (_moved(piece, same) for piece in pieces)
            return
        note("form", "nearest sentence, of another language")
        note_reader(TOLD)
        unit = best.unit
        shown = unit.view if unit.kind == "row" else ""
        yield Quote(others[unit.place], unit.start, unit.end, best.probability, shown=shown)

    def _pieces(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote | Derived]:
        """What the built-in generator quotes; it writes nothing."""
        return cast("Iterator[Quote | Derived]", iter(self._own(question, hits)))


def _moved(piece: Quote | Derived, places: Sequence[int]) -> Quote | Derived:
    """A piece with the places that its hits have among all."""
    if isinstance(piece, Quote):
        return piece._replace(hit=places[piece.hit])
    return piece._replace(quotes=tuple(quote._replace(hit=places[quote.hit]) for quote in piece.quotes))
