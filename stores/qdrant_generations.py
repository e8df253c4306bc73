"""Which points of Qdrant are seen: those of the generation that their document's point names.

A search and the look at the documents of its hits are two requests, and a document may be replaced between
them; `seen` gives what no such moment can have torn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rag.types import Scored

from .pieces import pieces
from .qdrant_points import document_point_id

if TYPE_CHECKING:
    from qdrant_client import models

    from .qdrant_connection import Connection

IDS_A_REQUEST = 1_000
_LOOKS = 8  # at most, while documents change under a search


def generations(connection: Connection, document_ids: Sequence[str]) -> dict[str, int]:
    """The generation that is seen of each document that is stored."""
    found: dict[str, int] = {}
    for some in pieces(document_ids, IDS_A_REQUEST):
        points = [document_point_id(key) for key in some]
        records = connection.retrieve(points, with_payload=["id", "generation"])
        found |= {record.payload["id"]: record.payload["generation"] for record in records}
    return found


def current(connection: Connection, points: Sequence[Any]) -> list[Any]:
    """Those chunks whose generation is seen now."""
    now = generations(connection, list({point.payload["document_id"] for point in points}))
    return [point for point in points if now.get(point.payload["document_id"]) == point.payload["generation"]]


def seen(connection: Connection, ask: Callable[[int], list[Any]], reach: int) -> list[Scored]:
    """The `reach` best points that are seen; `ask(limit)` searches.

    A search that began before a document was replaced may have missed chunks of its new generation. So what
    hides a point must have been so before the search; else it is done again.
    """
    before: dict[str, int] = {}
    limit = reach
    kept: list[Any] = []
    for _ in range(_LOOKS):
        points = ask(limit)
        owners = {point.payload["document_id"] for point in points}
        now = dict.fromkeys(owners, -1) | generations(connection, list(owners))
        kept = [p for p in points if now[p.payload["document_id"]] == p.payload["generation"]]
        hidden = [p for p in points if now[p.payload["document_id"]] != p.payload["generation"]]
        settled = all(before.get(p.payload["document_id"]) == now[p.payload["document_id"]] for p in hidden)
        if settled and (len(kept) >= reach or len(points) < limit):
            break
        before = now
        limit = reach + 2 * len(hidden)
    return [Scored(point.payload["id"], float(point.score)) for point in kept[:reach]]


def older_than(generation: int) -> models.Filter:
    """What was written before this generation."""
    from qdrant_client import models

    return models.Filter(must=[models.FieldCondition(key="generation", range=models.Range(lt=generation))])
