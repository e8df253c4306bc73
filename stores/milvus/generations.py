"""Which rows of Milvus are seen: those of the newest generation that a head of their document names.

Milvus has neither transactions nor conditional writes, but rows that are only ever added and removed. A write
adds its chunks, then one head, which is the moment it is seen. Of several heads the greatest generation wins,
whatever came last, so writers need not know of each other: what is below a head will never be seen again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rag.errors import StoreError

from ..engine.batches import pieces
from ..engine.generations import LONGEST_WRITE, now
from ..engine.generations import seen as seen_rows
from .filter import is_one_of

if TYPE_CHECKING:
    from .connection import Connection

Row = dict[str, Any]

HEADS = 'kind == "head"'
STATE = ("document", "generation")
IDS_A_REQUEST = 1_000


def generations(connection: Connection, documents: Iterable[str]) -> dict[str, int]:
    """The generation that is seen of each document that is stored, by the document's key."""
    newest: dict[str, int] = {}
    for some in pieces(documents, IDS_A_REQUEST):
        chosen = f"{HEADS} and {is_one_of('document', some)}"
        for row in connection.rows(connection.documents, chosen, STATE):
            newest[row["document"]] = max(row["generation"], newest.get(row["document"], 0))
    return newest


def seen(connection: Connection, ask: Callable[[int], Sequence[Row]], reach: int) -> list[Row]:
    """The first `reach` rows that are seen; `ask(limit)` gives rows, best first, at most so many."""
    return seen_rows(
        ask,
        lambda row: (row["document"], row["generation"]),
        lambda documents: generations(connection, documents),
        connection.known_heads,
        reach,
    )


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
