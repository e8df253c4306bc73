"""Small hits and a small index: everything in them can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag import Document, Rag, Span
from rag.chunking import TokenEnds
from rag.testing import WordEmbedder
from rag.text.sentences import sentences
from rag.trace import Record, Trace
from rag.types import Chunk, Hit, Question, stable_id


def hit(text: str, score: float = 1.0, source: str = "a.txt", start: int = 0, **ranks: int) -> Hit:
    """A hit on a chunk that stands at `start` of its document."""
    document = stable_id("document", source)
    chunk_id = stable_id("chunk", source, start, text)
    return Hit(Chunk(chunk_id, document, source, text, start, start + len(text)), score, ranks)


def traced(stage: Any, question: str, hits: Sequence[Hit]) -> tuple[list[Hit], Record]:
    """What a stage makes of hits, and the record of it."""
    trace = Trace(question)
    found = trace.run("denoise", stage, Question(question), hits)
    return list(found), trace.records[0]


def dropped(record: Record) -> dict[str, str]:
    """Source → why, of what a stage dropped."""
    return {row["source"]: row["why"] for row in record.detail.get("dropped", ())}


def texts(hits: Sequence[Hit]) -> list[str]:
    return [one.chunk.text for one in hits]


def a_sentence_each(document: Document, token_ends: TokenEnds) -> list[Span]:
    return [Span(start, end) for start, end in sentences(document.text)]


def opened(folder: Path, documents: Mapping[str, str], **options: Any) -> Rag:
    """An index over texts, a chunk a sentence, with the word embedder of 4096 axes."""
    rag = Rag(folder / "index", embedder=WordEmbedder(4096), chunk=a_sentence_each, **options)
    rag.ingest(Document.make(text, source) for source, text in documents.items())
    return rag
