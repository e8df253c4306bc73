"""Which rows of Milvus are seen: those of the newest generation that a head of their document names.

Milvus has neither transactions nor conditional writes, but rows that are only ever added and removed. A write
adds its chunks, then one head, which is the moment it is seen. Of several heads the greatest generation wins,
whatever came last, so writers need not know of each other: what is below a head will never be seen again.

A search and the look at the heads of its hits are two requests. Where a head is young it may have come
between them, and then the search may have missed chunks of it: `seen` searches again. A write that took
longer than `LONGEST_WRITE` is refused its head, so a head of twice that age was there before; by the rest of
that time the clocks of machines may differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import StoreError

from ..engine.batches import pieces
from .filter import is_one_of

if TYPE_CHECKING:
    from .connection import Connection

Row = dict[str, Any]

LONGEST_WRITE = 3_600 * 10**6
"""Microseconds from the beginning of a write to its head."""
HEADS = 'kind == "head"'
STATE = ("document", "generation")
IDS_A_REQUEST = 1_000
_LOOKS = 8  # at most, while documents change under a search
_MOST_KNOWN = 100_000


def now() -> int:
    """The generation of a write that begins now: microseconds."""
    return time.time_ns() // 1_000


def settled_before() -> int:
    """What has a lower generation is seen by now, or never will be."""
    return now() - 2 * LONGEST_WRITE


def generations(connection: Connection, documents: Iterable[str]) -> dict[str, int]:
    """The generation that is seen of each document that is stored, by the document's key."""
    found: dict[str, int] = {}
    for some in pieces(documents, IDS_A_REQUEST):
        chosen = f"{HEADS} and {is_one_of('document', some)}"
        for row in connection.rows(connection.documents, chosen, STATE):
            found[row["document"]] = max(row["generation"], found.get(row["document"], 0))
    return found


def seen(connection: Connection, ask: Callable[[int], Sequence[Row]], reach: int) -> list[Row]:
    """The first `reach` rows that are seen; `ask(limit)` gives rows, best first, at most so many."""
    limit = reach
    kept: list[Row] = []
    for _ in range(_LOOKS):
        began = time.monotonic()
        rows = ask(limit)
        heads = generations(connection, {row["document"] for row in rows})
        kept = [row for row in rows if heads.get(row["document"]) == row["generation"]]
        settled = _were_there(connection, heads, began)
        if settled and (len(kept) >= reach or len(rows) < limit):
            break
        limit = reach + 2 * (len(rows) - len(kept))
    return kept[:reach]


def _were_there(connection: Connection, heads: dict[str, int], began: float) -> bool:
    """Whether all these heads were there when a search began: by their age, or since they were met before."""
    old, met, known = settled_before(), time.monotonic(), connection.known_heads
    young = {document: head for document, head in heads.items() if head >= old}
    unmet = [d for d, head in young.items() if (k := known.get(d)) is None or k[0] != head or k[1] >= began]
    if len(known) > _MOST_KNOWN:
        known.clear()
    for document in unmet:
        known[document] = (young[document], met)
    return not unmet


def seen_all(connection: Connection, ask: Callable[[], Iterable[Row]]) -> list[Row]:
    """All rows of a query that are seen."""
    return seen(connection, lambda limit: list(ask()), 2**62)


def show(connection: Connection, heads: Sequence[Row], generation: int) -> None:
    """Makes a generation seen, and removes what is below. Raises StoreError where the write took too long."""
    if now() - generation > LONGEST_WRITE:
        raise StoreError(
            f"{connection.place.url}: writing these documents took more than an hour, and they were not "
            "stored: upsert fewer at once"
        )
    connection.upsert(connection.documents, heads)
    by_generation: dict[int, list[str]] = {}
    for document, newest in generations(connection, [row["document"] for row in heads]).items():
        by_generation.setdefault(newest, []).append(document)
    for newest, documents in by_generation.items():
        for some in pieces(documents, IDS_A_REQUEST):
            forget(connection, f"{is_one_of('document', some)} and generation < {newest}")


def forget(connection: Connection, chosen: str) -> None:
    """Removes rows of documents from both collections, heads first."""
    connection.forget(connection.documents, f"{HEADS} and {chosen}")
    connection.forget(connection.chunks, chosen)
    connection.forget(connection.documents, chosen)
