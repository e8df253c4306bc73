"""Which points of Qdrant are seen: those of the generation that their document's point names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rag.types import Scored

from ..engine.batches import pieces
from ..engine.generations import seen as seen_rows
from .points import document_point_id

if TYPE_CHECKING:
    from qdrant_client import models

    from .connection import Connection

IDS_A_REQUEST = 1_000


def generations(connection: Connection, document_ids: Sequence[str]) -> dict[str, int]:
    """The generation that is seen of each document that is stored."""
    newest: dict[str, int] = {}
    for some in pieces(document_ids, IDS_A_REQUEST):
        points = [document_point_id(key) for key in some]
        records = connection.retrieve(points, with_payload=["id", "generation"])
        newest |= {record.payload["id"]: record.payload["generation"] for record in records}
    return newest


def current(connection: Connection, points: Sequence[Any]) -> list[Any]:
    """Those chunks whose generation is seen now."""
    now = generations(connection, list({point.payload["document_id"] for point in points}))
    return [point for point in points if now.get(point.payload["document_id"]) == point.payload["generation"]]


def seen(connection: Connection, ask: Callable[[int], list[Any]], reach: int) -> list[Scored]:
    """The `reach` best points that are seen; `ask(limit)` searches."""
    kept = seen_rows(
        ask,
        lambda point: (point.payload["document_id"], point.payload["generation"]),
        lambda documents: generations(connection, list(documents)),
        connection.known_generations,
        reach,
    )
    return [Scored(point.payload["id"], float(point.score)) for point in kept]


def older_than(generation: int) -> models.Filter:
    """What was written before this generation."""
    from qdrant_client import models

    return models.Filter(must=[models.FieldCondition(key="generation", range=models.Range(lt=generation))])
