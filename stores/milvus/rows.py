"""Documents and chunks as rows of two collections of Milvus.

Chunks stand in one collection, all else in another: a document's `head`, which says which generation of it is
seen, its `text` in as many rows as the longest string of Milvus makes it, and the store's `identity` and
`language`. Keys are made of an id and a generation, so that no write of a document replaces a row; those of
chunks begin with the chunk's id and sort as it does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import StoreError
from rag.types import Chunk, Document, DocumentInfo, stable_id

from ..contract import Upsert
from ..engine.payload import DOCUMENT, INFO, chunk_of, chunk_payload, document_of, document_payload, info_of
from ..where import fields_of
from .filter import filtered_fields

if TYPE_CHECKING:
    from .lexical import Leg

VECTOR = "vector"
LONGEST = 65_535
"""Bytes of the longest string."""
PLACE = [1.0, 0.0]
"""The vector of rows that are not searched: a collection must have one."""
_PART = LONGEST // 4  # characters, of at most four bytes each
_GENERATION = 20  # digits


def document_key(document_id: str) -> str:
    """What stands for a document in expressions, whatever its id is made of."""
    return stable_id(document_id)


def is_chunk_id(chunk_id: str) -> bool:
    return re.fullmatch("[0-9a-f]{24}", chunk_id) is not None


def key_of(thing: str, generation: int, part: int = 0) -> str:
    """A key that sorts by the thing first. A blank is below every digit."""
    return f"{thing} {generation:0{_GENERATION}} {part}"


def chunk_id_of(key: str) -> str:
    return key.split(" ")[0]


def after_chunk(chunk_id: str) -> str:
    """What is above all keys of a chunk and below those of the next."""
    return f"{chunk_id}!" if chunk_id else ""


def chunk_rows(item: Upsert, generation: int, leg: Leg) -> Iterator[dict[str, Any]]:
    """Raises StoreError for a chunk that is too long, or whose id is none of `stable_id`'s."""
    metadata = document_payload(item.document, item.hash, 0)["metadata"]
    for chunk, vector in zip(item.chunks, item.vectors, strict=True):
        if not is_chunk_id(chunk.id):
            raise StoreError(
                f"{chunk.id!r} is no chunk id: expected 24 hexadecimal digits, as `stable_id` makes them"
            )
        yield {
            "key": key_of(chunk.id, generation),
            "chunk": chunk.id,
            "document": document_key(item.document.id),
            "generation": generation,
            "data": _short(chunk_payload(chunk, metadata), chunk.source, "a chunk with its metadata"),
            **filtered_fields(fields_of(chunk)),
            VECTOR: vector.tolist(),
            **leg.indexed(chunk.indexed_text),
        }


def text_rows(item: Upsert, generation: int) -> Iterator[dict[str, Any]]:
    """What only `load` reads, in parts."""
    payload = document_payload(item.document, item.hash, len(item.chunks))
    text = _json({name: payload[name] for name in DOCUMENT if name not in INFO})
    for part, start in enumerate(range(0, len(text), _PART)):
        yield {**_row("text", item.document.id, generation, part), "data": text[start : start + _PART]}


def head_row(item: Upsert, generation: int) -> dict[str, Any]:
    """The row that makes a generation seen. Raises StoreError where the metadata is too long."""
    document = item.document
    payload = document_payload(document, item.hash, len(item.chunks))
    info = {name: payload[name] for name in INFO}
    fields = {
        **document.metadata,
        "source": document.source,
        "title": document.title,
        "document_id": document.id,
    }
    return {
        **_row("head", document.id, generation),
        "count": len(item.chunks),
        "data": _short(info, document.source, "its metadata"),
        **filtered_fields(fields),
    }


def own_row(kind: str, data: str) -> dict[str, Any]:
    """A row that is the store's own and of no document."""
    return {**_row(kind, "", 0), "data": data}


def chunk_in(row: Mapping[str, Any]) -> Chunk:
    return chunk_of(json.loads(row["data"]))


def info_in(row: Mapping[str, Any]) -> DocumentInfo:
    return info_of(json.loads(row["data"]))


def document_in(head: Mapping[str, Any], texts: Sequence[Mapping[str, Any]]) -> Document:
    """A document from its head and all its parts, in any order."""
    parts = sorted(texts, key=lambda row: int(row["key"].rsplit(" ", 1)[1]))
    return document_of({**json.loads(head["data"]), **json.loads("".join(row["data"] for row in parts))})


def _row(kind: str, document_id: str, generation: int, part: int = 0) -> dict[str, Any]:
    """The columns of the other collection, empty."""
    document = document_key(document_id)
    return {
        "key": key_of(f"{kind} {document}", generation, part),
        "kind": kind,
        "document": document,
        "generation": generation,
        "count": 0,
        "data": "",
        "labels": [],
        "fields": {},
        VECTOR: PLACE,
    }


def _short(values: Mapping[str, Any], source: str, what: str) -> str:
    text = _json(values)
    if (size := len(text.encode())) > LONGEST:
        raise StoreError(
            f"{source}: {what} has {size} bytes, expected at most {LONGEST}, the longest string of Milvus: "
            "cut smaller chunks, or leave out metadata"
        )
    return text


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
