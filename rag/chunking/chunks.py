"""Spans → chunks: ids, pages and context."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from rag.errors import StageError
from rag.types import Chunk, Document, Span, stable_id

_EXPECTED = "expected a list of Span(start, end)"


def make_chunks(document: Document, spans: Iterable[Span]) -> list[Chunk]:
    """The chunks that the spans mark. Equal input gives equal ids; `page` is where the chunk starts.

    Raises StageError for what is no list of spans of the document, each once.
    """
    return [_chunk(document, span) for span in _checked(document, spans)]


def _checked(document: Document, spans: Iterable[Span]) -> list[Span]:
    """The spans, as a chunker that is not ours may have made them."""
    if not isinstance(spans, list | tuple | Iterator):
        raise StageError(f"the chunker returned {type(spans).__name__}, {_EXPECTED}")
    given, seen = list(spans), set()
    for span in given:
        if not isinstance(span, Span):
            raise StageError(f"the chunker returned a list with {type(span).__name__}, {_EXPECTED}")
        ends = (span.start, span.end)
        if not all(type(end) is int for end in ends) or not 0 <= span.start < span.end <= len(document.text):
            raise StageError(
                f"the chunker returned a span from {span.start} to {span.end}, expected 0 <= start < end <= "
                f"{len(document.text)}, the length of the text"
            )
        if ends in seen:
            raise StageError(f"the chunker returned the span from {span.start} to {span.end} twice")
        seen.add(ends)
    return given


def _chunk(document: Document, span: Span) -> Chunk:
    text = document.text[span.start : span.end]
    return Chunk(
        id=stable_id("chunk", document.id, span.start, span.end, text),
        document_id=document.id,
        source=document.source,
        text=text,
        start=span.start,
        end=span.end,
        title=document.title,
        page=page_at(document, span.start),
        heading=span.heading,
        header=span.header,
        metadata=document.metadata,
    )


def page_at(document: Document, offset: int) -> int | None:
    """The page that an offset lies on, counted from 1; None where the document has no pages."""
    return max(bisect_right(document.pages, offset), 1) if document.pages else None
