"""How far long work is: what every command shows in its bar, and what callers of the API may watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Progress(NamedTuple):
    """Where the work stands: `stage` is what is going on, `done` of `total` things are done (0: not known).

    An ingest counts files. It also says how many documents are stored and chunks embedded, and which `source`
    was read last.
    """

    stage: str
    done: int
    total: int
    documents: int = 0
    chunks: int = 0
    source: str = ""

    @property
    def files(self) -> int:
        """Files read, of an ingest."""
        return self.done


Watcher = Callable[[Progress], None]

READING = "reading the prompt"
_watching: ContextVar[Watcher | None] = ContextVar("watching", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Inside, `watcher` gets what deep parts `tell` of their work in this thread."""
    before = _watching.set(watcher)
    try:
        yield
    finally:
        _watching.reset(before)


def is_watched() -> bool:
    return _watching.get() is not None


def tell(now: Progress) -> None:
    """Tells whoever watches; nobody may."""
    if watcher := _watching.get():
        watcher(now)
