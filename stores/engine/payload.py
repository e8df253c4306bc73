"""Documents and chunks as flat values by name, as engines keep them, and back again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rag.errors import StoreError
from rag.types import Chunk, Document, DocumentInfo

CHUNK = (
    "id", "document_id", "source", "text", "begins", "ends", "title", "page", "heading", "header", "metadata",
)  # fmt: skip
INFO = ("id", "source", "title", "hash", "chunks", "metadata")
DOCUMENT = (*INFO, "text", "pages", "media_type")


def chunk_payload(chunk: Chunk, metadata: str) -> dict[str, Any]:
    """A chunk's values by the names of `CHUNK`; `metadata` is its document's, as `metadata_text` made it."""
    values = (chunk.id, chunk.document_id, chunk.source, chunk.text, chunk.start, chunk.end, chunk.title)
    return dict(zip(CHUNK, (*values, chunk.page, chunk.heading, chunk.header, metadata), strict=True))


def chunk_of(row: Mapping[str, Any]) -> Chunk:
    values: list[Any] = [*(row[name] for name in CHUNK[:-1]), json.loads(row["metadata"])]
    return Chunk(*values)


def document_payload(document: Document, content_hash: str, chunks: int) -> dict[str, Any]:
    """A document's values by the names of `DOCUMENT`. Raises as `metadata_text`."""
    values = (document.id, document.source, document.title, content_hash, chunks, metadata_text(document))
    pages = json.dumps(list(document.pages))
    return dict(zip(DOCUMENT, (*values, document.text, pages, document.media_type), strict=True))


def document_of(row: Mapping[str, Any]) -> Document:
    return Document(
        row["id"],
        row["text"],
        row["source"],
        row["title"],
        json.loads(row["metadata"]),
        tuple(json.loads(row["pages"])),
        row["media_type"],
    )


def info_of(row: Mapping[str, Any]) -> DocumentInfo:
    values: list[Any] = [*(row[name] for name in INFO[:-1]), json.loads(row["metadata"])]
    return DocumentInfo(*values)


def metadata_text(document: Document) -> str:
    """A document's metadata as JSON. Raises StoreError for what JSON cannot hold."""
    try:
        return json.dumps(dict(document.metadata), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"{document.source}: its metadata cannot be stored ({error}): expected strings, finite numbers, "
            "booleans, null and lists of them"
        ) from error
