"""Documents and chunks as points of one Qdrant collection.

Every write of a document is a generation: its chunks are points of their own, which nobody sees until the
document's point names their generation. That one change is what replaces the document, and what it replaced
is deleted after. Point ids are UUIDs: a document's is made of its id, a chunk's begins with its id, so that
points in order are chunks in order.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rag.errors import StoreError

from ..contract import Upsert
from ..engine.payload import chunk_payload, document_payload
from ..where import fields_of
from .filter import filtered_payload

if TYPE_CHECKING:
    from qdrant_client import models

    from .lexical import Leg

DENSE = "dense"
_SPACE = uuid.UUID("6f0f1b5e-6c0e-5d0a-9c4e-666f6f746e6f")
LANGUAGE_POINT = str(uuid.uuid5(_SPACE, "language"))


def document_point_id(document_id: str) -> str:
    return str(uuid.uuid5(_SPACE, f"document {document_id}"))


def chunk_point_id(chunk_id: str, generation: int) -> str:
    """24 digits of the chunk's id, then 8 of its generation. Raises StoreError for an id of another form."""
    if not re.fullmatch("[0-9a-f]{24}", chunk_id):
        raise StoreError(
            f"{chunk_id!r} is no chunk id: expected 24 hexadecimal digits, as `stable_id` makes them"
        )
    return str(uuid.UUID(f"{chunk_id}{uuid.uuid5(_SPACE, str(generation)).hex[:8]}"))


def first_point_after(chunk_id: str) -> str:
    """The least point id that chunks beyond this one can have."""
    beyond = int(chunk_id, 16) + 1 if re.fullmatch("[0-9a-f]{24}", chunk_id) else 0
    return str(uuid.UUID(int=min(beyond << 32, 2**128 - 1)))


def document_point(item: Upsert, generation: int) -> models.PointStruct:
    """The point that makes a generation the one that is seen."""
    from qdrant_client import models

    document = item.document
    own = {"source": document.source, "title": document.title, "document_id": document.id}
    payload: dict[str, Any] = {
        **document_payload(document, item.hash, len(item.chunks)),
        **filtered_payload({**document.metadata, **own}),
        "kind": "document",
        "document_id": document.id,
        "generation": generation,
    }
    return models.PointStruct(id=document_point_id(document.id), vector={}, payload=payload)


def chunk_points(item: Upsert, generation: int, leg: Leg) -> Iterator[models.PointStruct]:
    from qdrant_client import models

    metadata = document_payload(item.document, item.hash, 0)["metadata"]
    for chunk, vector in zip(item.chunks, item.vectors, strict=True):
        words, sparse = leg.indexed(chunk.indexed_text)
        payload: dict[str, Any] = {
            **chunk_payload(chunk, metadata),
            **filtered_payload(fields_of(chunk)),
            **words,
            "kind": "chunk",
            "generation": generation,
        }
        point_id = chunk_point_id(chunk.id, generation)
        yield models.PointStruct(id=point_id, vector={DENSE: vector.tolist(), **sparse}, payload=payload)
