"""Ingests again whenever something in the watched folders changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.progress import Watcher

from .report import Failure, Report
from .run import base_of, ingest

if TYPE_CHECKING:
    from watchfiles.main import FileChange

    from rag.pipeline.parts import Parts

_QUIET_MS = 400  # changes are gathered until nothing happens for so long
_TICK_MS = 1000  # how often the wait for changes is interrupted


def watch(
    rag: Parts, paths: Sequence[str | Path], *, progress: Watcher | None = None, stop: Event | None = None
) -> Iterator[Report]:
    """The report of a first ingest, then one after each burst of changes, until `stop` is set.

    What cannot be done now (a busy store, a folder that is gone for a moment) is tried again at the next
    change; the report then holds the reason. What failed or was skipped before is told again only when it
    was touched. Ctrl-C while it waits ends it; in the middle of an ingest it is a KeyboardInterrupt.
    """
    from watchfiles import watch as changes_of

    first = ingest(rag, paths, progress=progress)
    known = {*first.failed, *first.skipped}
    yield first
    index, behind = base_of(rag) / rag.index.name, True
    waiting = changes_of(
        *(Path(path).expanduser() for path in paths),
        watch_filter=_outside(index),
        debounce=_QUIET_MS,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        stop_event=stop,
        raise_interrupt=True,  # else it writes to the screen
    )
    while (changes := _next(waiting)) is not None:
        if not changes and not behind:
            continue
        behind = False  # one look after the watch began: something may have changed before it did
        try:
            report = ingest(rag, paths, progress=progress)
        except RagError as error:
            report = Report(failed=[Failure(", ".join(map(str, paths)), str(error))])
        now = {*report.failed, *report.skipped}
        touched = tuple(path for _, path in changes)
        for rows in (report.failed, report.skipped):
            rows[:] = [row for row in rows if row not in known or _is_of(row, touched)]
        known &= now  # what is well again may be told again
        if report.changed or (changes and report.failed):
            known = now
            yield report


def _next(waiting: Iterator[set[FileChange]]) -> set[FileChange] | None:
    """What changed meanwhile, maybe nothing yet; None when nobody waits any more."""
    try:
        return next(waiting, None)
    except KeyboardInterrupt:
        return None


def _is_of(row: Failure, touched: Sequence[str]) -> bool:
    """Whether a row of a report is about one of these files."""
    return any(path.endswith(f"/{row.source.partition('#')[0]}") for path in touched)


def _outside(index: Path) -> Callable[[object, str], bool]:
    """What happens inside the index folder is our own doing."""
    return lambda change, path: not Path(path).is_relative_to(index)
