"""Ingests again whenever something in the watched folders changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rag.errors import LockedError

from .files import source_of
from .report import Failure, Report, Watcher
from .run import base_of, ingest

if TYPE_CHECKING:
    from rag.rag import Rag

_QUIET_MS = 400  # changes are gathered until nothing happens for so long


def watch(
    rag: Rag, paths: Sequence[str | Path], *, progress: Watcher | None = None, stop: Event | None = None
) -> Iterator[Report]:
    """The report of a first ingest, then one after each burst of changes, until `stop` is set.

    A busy store is tried again at the next change; its report then holds the reason.
    """
    from watchfiles import watch as changes_of

    yield ingest(rag, paths, progress=progress)
    index = Path(rag.index).absolute()
    for changes in changes_of(
        *paths, watch_filter=_outside(index), debounce=_QUIET_MS, stop_event=stop, raise_interrupt=False
    ):
        try:
            report = ingest(rag, paths, progress=progress)
        except LockedError as error:
            source = source_of(Path(next(iter(changes))[1]), base_of(rag))
            report = Report(failed=[Failure(source, str(error))])
        if report.changed or report.failed:
            yield report


def _outside(index: Path) -> Callable[[object, str], bool]:
    """What happens inside the index folder is our own doing."""
    return lambda change, path: not Path(path).is_relative_to(index)
