"""The ingest's side of the queue: puts units, renews its lease, and keeps account of what workers finish."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rag.errors import StoreError
from rag.ingest.storing import Batch, Done, Pending
from rag.stores import store_name

from .lease_renewal import Keeping
from .leases import Queue, Run
from .open import open_queue, queue_url
from .payload import batch_to, texts_to, vectors_of, vectors_to
from .processes import Processes, Thread
from .worker import PAUSE, THERE, worker_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.pipeline.parts import Parts

    _Known = Mapping[str, NDArray[np.float32]]

_AHEAD = 64  # units under way at once: enough for many workers, and little memory


class Workers(Protocol):
    """Who works on this machine."""

    def check(self, progress: bool) -> None:
        """Sees to it that they do. `progress`: whether something was finished since the last time."""
        ...


@contextmanager
def queued(rag: Parts) -> Iterator[Queued]:
    """Hands the second half of an ingest to `ingest.workers` processes here, and to those that join."""
    url, origin = queue_url(rag), rag.origin
    by_workers = origin.store_is_named and rag.store.caps.concurrent_writers
    inside = url == origin.url and store_name(origin.url) != "local"
    with ExitStack() as stack:
        queue = open_queue(url)
        stack.callback(queue.close)
        run = queue.begin(rag.embedder.fingerprint, (THERE if inside else origin.place) if by_workers else "")
        stack.callback(queue.end, run)
        kept = stack.enter_context(Keeping(lambda: queue.keep_run(run)))
        number = rag.settings.ingest.workers or 1
        workers = Processes(rag, queue, url, number) if origin.embedder_is_named else Thread(rag, queue)
        stack.callback(workers.close)
        yield Queued(rag, queue, run, kept, workers)


class Queued:
    """Documents go into the queue. Workers store them, or this ingest where a store admits one writer."""

    def __init__(self, rag: Parts, queue: Queue, run: Run, kept: Keeping, workers: Workers) -> None:
        self._rag, self._queue, self._run, self._kept, self._workers = rag, queue, run, kept, workers
        self._name = worker_name()
        self._open: dict[int, _Open] = {}

    def put(self, items: Sequence[Pending], known: _Known) -> Iterator[Done]:
        self._hand_over(items, known)
        yield from self._news()
        while len(self._open) >= _AHEAD:
            time.sleep(PAUSE)
            yield from self._news()

    def rest(self) -> Iterator[Done]:
        while self._open:
            steps = list(self._news())
            yield from steps
            if not steps:
                time.sleep(PAUSE)

    def _hand_over(self, items: Sequence[Pending], known: _Known) -> None:
        batch = Batch.of(items, known)
        payload = batch_to(batch) if self._run.store else b""
        pieces = [texts_to(piece) for piece in batch.pieces]
        unit = self._queue.put(self._run, payload, pieces, vectors_to(batch.known))
        self._open[unit] = _Open(batch, known)

    def _news(self) -> Iterator[Done]:
        """What was finished since the last time."""
        if self._kept.lost:
            raise StoreError(
                "this ingest was away for so long that it was taken for dead: what was stored stays; "
                "run the command again"
            )
        if not self._run.store:
            self._store()
        ended = self._queue.finished(self._run)
        self._workers.check(bool(ended))
        for unit, error in ended:
            batch, known = self._open.pop(unit)
            if not error:
                yield Done(embedded=len(batch.texts))
                yield from (Done(stored=item) for item in batch.items)
            elif len(batch.items) == 1:
                yield Done(failed=batch.items[0], error=error)
            else:
                for item in batch.items:  # one of them is to blame, and only that one is to fail
                    self._hand_over([item], known)

    def _store(self) -> None:
        """Stores what is embedded: the store's one writer is this process."""
        dim = self._rag.embedder.dim
        while (unit := self._queue.take(self._run, self._name, ["store"])) is not None:
            batch, _ = self._open[unit.id]
            vectors = vectors_of(self._queue.results(unit), dim)
            self._rag.store.upsert(batch.upserts(list(vectors[len(batch.known) :]), dim))
            self._queue.done(unit)


class _Open(NamedTuple):
    """What is under way: a batch, and the vectors that were known when it was put."""

    batch: Batch
    known: _Known
