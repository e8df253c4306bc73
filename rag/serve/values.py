"""Answers, hits and documents as JSON values: the dataclasses, less what is of no use outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rag.types import Answer, Chunk, Citation, Document, DocumentInfo, Event, Hit, Record


def citation_values(citation: Citation) -> dict[str, Any]:
    return asdict(citation)


def hit_values(hit: Hit) -> dict[str, Any]:
    chunk = {name: getattr(hit.chunk, name) for name in _CHUNK}
    scores = {"score": hit.score, "ranks": dict(hit.ranks), "scores": dict(hit.scores)}
    return chunk | {"metadata": public(hit.chunk.metadata)} | scores


_CHUNK = tuple(name for name in Chunk.__dataclass_fields__ if name != "metadata")


def answer_values(answer: Answer) -> dict[str, Any]:
    """The answer whole: sentences name their citations by marker, `citations` has each once."""
    return {
        "question": answer.question,
        "text": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "span": citation_values(answer.span) if answer.span else None,
        "sentences": [
            {
                "text": sentence.text,
                "support": sentence.support,
                "quoted": sentence.quoted,
                "markers": [citation.marker for citation in sentence.citations],
            }
            for sentence in answer.sentences
        ],
        "citations": [citation_values(citation) for citation in answer.citations],
        "notes": list(answer.notes),
        "hits": [hit_values(hit) for hit in answer.hits],
        "trace": [record_values(record) for record in answer.trace],
    }


def record_values(record: Record) -> dict[str, Any]:
    return {
        "stage": record.stage,
        "name": record.name,
        "came_in": record.came_in,
        "went_out": record.went_out,
        "ms": record.ms,
        "detail": dict(record.detail),
    }


def event_values(event: Event) -> dict[str, Any]:
    """One step of a streamed answer, by its kind."""
    if event.answer is not None:
        return answer_values(event.answer)
    if event.record is not None:
        return record_values(event.record)
    return {"text": event.text} if event.kind == "text" else {"hits": [hit_values(hit) for hit in event.hits]}


def document_row(info: DocumentInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "source": info.source,
        "title": info.title,
        "chunks": info.chunks,
        "metadata": public(info.metadata),
    }


def document_values(document: Document, offset: int, most: int) -> dict[str, Any]:
    """A document with its text from `offset` on; `next_offset` is null where that was the end."""
    text = document.text[offset : offset + most]
    end = offset + len(text)
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "metadata": public(document.metadata),
        "pages": list(document.pages),
        "characters": len(document.text),
        "text": text,
        "offset": offset,
        "next_offset": end if end < len(document.text) else None,
    }


def public(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without what the ingest keeps for itself."""
    return {name: value for name, value in metadata.items() if not name.startswith("_")}
