"""Spans → chunks: ids, pages and context."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from rag.types import Chunk, Document, Span, stable_id


def make_chunks(document: Document, spans: Iterable[Span]) -> list[Chunk]:
    """The chunks that the spans mark. Equal input gives equal ids; `page` is where the chunk starts."""
    return [_chunk(document, span) for span in spans]


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
