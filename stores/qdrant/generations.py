"""Which points of Qdrant are seen: those of the generation that their document's point names.

A search and the look at the documents of its hits are two requests, and a document may be written or replaced
between them: then the search may have missed chunks of what is seen now, and `seen` searches again. A write
that took longer than `LONGEST_WRITE` is refused its last step, so a generation of twice that age was seen
before; by the rest of that time the clocks of machines may differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.types import Scored

from ..engine.batches import pieces
from .points import document_point_id

if TYPE_CHECKING:
    from qdrant_client import models

    from .connection import Connection

LONGEST_WRITE = 3_600 * 10**6
"""Microseconds from the beginning of a write to the change that makes it seen."""
IDS_A_REQUEST = 1_000
_MOST_KNOWN = 100_000
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
    """The `reach` best points that are seen; `ask(limit)` searches."""
    limit = reach
    kept: list[Any] = []
    for _ in range(_LOOKS):
        began = time.monotonic()
        points = ask(limit)
        now = generations(connection, list({point.payload["document_id"] for point in points}))
        kept = [p for p in points if now.get(p.payload["document_id"]) == p.payload["generation"]]
        settled = _were_there(connection.known_generations, now, began)
        if settled and (len(kept) >= reach or len(points) < limit):
            break
        limit = reach + 2 * (len(points) - len(kept))
    return [Scored(point.payload["id"], float(point.score)) for point in kept[:reach]]


def _were_there(known: dict[str, tuple[int, float]], now: Mapping[str, int], began: float) -> bool:
    """Whether all these generations were seen when a search began: by age, or as they were met before."""
    settled = time.time_ns() // 1_000 - 2 * LONGEST_WRITE
    young = {key: generation for key, generation in now.items() if generation >= settled}
    unmet = [
        key for key, one in young.items() if (k := known.get(key)) is None or k[0] != one or k[1] >= began
    ]
    if len(known) > _MOST_KNOWN:
        known.clear()
    met = time.monotonic()
    known.update((key, (young[key], met)) for key in unmet)
    return not unmet


def older_than(generation: int) -> models.Filter:
    """What was written before this generation."""
    from qdrant_client import models

    return models.Filter(must=[models.FieldCondition(key="generation", range=models.Range(lt=generation))])
