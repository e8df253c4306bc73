"""What unfinished writes leave in Milvus, and whether documents have their chunks. Both read all heads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rag.counts import counted

from ..contract import Problem
from ..engine.generations import settled_before
from .filter import EVERYTHING, is_one_of
from .generations import HEADS, STATE, forget, seen_all

if TYPE_CHECKING:
    from .connection import Connection


def tidy(connection: Connection) -> None:
    """Removes what killed writers left. Looks at chunks only where there are more than the heads count."""
    heads = _heads(connection)
    if connection.count(connection.chunks, EVERYTHING) == sum(chunks for _, chunks in heads.values()):
        return
    old = f"generation < {settled_before()}"
    left = {
        (row["document"], row["generation"])
        for row in connection.pages(connection.chunks, old, STATE)
        if heads.get(row["document"], (0, 0))[0] != row["generation"]
    }
    for document, generation in left:
        forget(connection, f"{is_one_of('document', [document])} and generation == {generation}")


def problems(connection: Connection) -> list[Problem]:
    """Documents that miss chunks, and chunks that nobody sees."""
    heads = _heads(connection)
    held: Counter[str] = Counter()
    hidden = 0
    for row in connection.pages(connection.chunks, EVERYTHING, STATE):
        shown = heads.get(row["document"], (0, 0))[0] == row["generation"]
        held[row["document"]] += shown
        hidden += not shown
    faults = []
    if wrong := sum(held[key] != chunks for key, (_, chunks) in heads.items()):
        what = f"{counted(wrong, 'document has', 'documents have')} other chunks than were stored"
        faults.append(Problem(what, "run `rag ingest --force` on their sources"))
    if hidden:
        mend = "nothing to do: nobody sees them, and an ingest two hours from now removes them"
        faults.append(
            Problem(f"{counted(hidden, 'chunk is', 'chunks are')} left of a write that is not finished", mend)
        )
    return faults


def _heads(connection: Connection) -> dict[str, tuple[int, int]]:
    """The generation that is seen of each document, and how many chunks it has."""
    heads = seen_all(connection, lambda: connection.pages(connection.documents, HEADS, [*STATE, "count"]))
    return {row["document"]: (row["generation"], row["count"]) for row in heads}
