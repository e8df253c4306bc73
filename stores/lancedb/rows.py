"""The one table of a LanceDB store: its columns, and documents and chunks as rows of it.

A document and its chunks are rows of one table, so that one commit replaces them all. `key` is the declared
primary key: two writers of one document meet at the document's row, and the later one starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..contract import Upsert
from ..engine.payload import chunk_payload, document_payload
from ..where import fields_of
from .filter import field_text, item_text

if TYPE_CHECKING:
    import pyarrow as pa

IDENTITY = "identity"
"""The key of the row that says what the store was built with, as JSON in `text`."""


def schema(dim: int) -> pa.Schema:
    """Columns; what a kind of row does not have is null. Only chunks have `terms` and a `vector`."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    primary = {"lance-schema:unenforced-primary-key": "true"}
    return pa.schema(
        [
            pa.field("key", text, nullable=False, metadata=primary),
            pa.field("kind", text),  # identity, document, chunk
            *(pa.field(name, text) for name in ("id", "document_id", "source", "title", "heading", "header")),
            *(pa.field(name, text) for name in ("text", "metadata", "hash", "pages", "media_type")),
            *(pa.field(name, number) for name in ("chunks", "begins", "ends", "page")),
            *(pa.field(name, text) for name in ("fields", "items")),  # what filters read: `filter.py`
            pa.field("terms", text),
            pa.field("vector", pa.list_(pa.float32(), dim)),
        ]
    )


def table_of(items: Iterable[Upsert], terms: Callable[[str], str], dim: int) -> pa.Table:
    """The rows of documents; `terms` makes the text that the full-text index splits at spaces."""
    import pyarrow as pa

    rows = [row for item in items for row in _rows(item, terms)]
    return pa.Table.from_pylist(rows, schema=schema(dim))


def identity_row(text: str, dim: int) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist([{"key": IDENTITY, "kind": "identity", "text": text}], schema=schema(dim))


def _rows(item: Upsert, terms: Callable[[str], str]) -> Iterable[dict[str, Any]]:
    document = document_payload(item.document, item.hash, len(item.chunks))
    yield {
        "key": f"d:{document['id']}",
        "kind": "document",
        "document_id": document["id"],
        **_filtered(item.document.metadata),
        **document,
    }
    for chunk, vector in zip(item.chunks, item.vectors, strict=True):
        yield {
            "key": f"c:{chunk.id}",
            "kind": "chunk",
            **_filtered(fields_of(chunk)),
            **chunk_payload(chunk, document["metadata"]),
            "terms": terms(chunk.indexed_text),
            "vector": vector,
        }


def _filtered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that filters read besides the built-in ones, of metadata or of all fields of a chunk."""
    return {"fields": field_text(fields), "items": item_text(fields)}
