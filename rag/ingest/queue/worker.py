"""A worker: takes units, embeds texts and stores documents, until it is stopped or has nothing left to do."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from rag.errors import ConfigError, FingerprintError
from rag.pipeline.parts import make_store
from rag.progress import Progress, Watcher

from .lease_renewal import Keeping
from .leases import Kind, Queue, Run, Unit
from .open import open_queue, queue_url
from .payload import texts_of, upserts_of, vectors_of, vectors_to

if TYPE_CHECKING:
    from rag.pipeline.parts import Parts

THERE = "there"
"""What a run names as its store when the queue lives in that store."""
PAUSE = 0.1  # seconds between two looks at an empty queue


def work(
    rag: Parts,
    queue: Queue,
    *,
    name: str = "",
    idle: float = 0.0,
    stopped: Callable[[], bool] = lambda: False,
    progress: Watcher = lambda step: None,
) -> int:
    """Does the units of all ingests that this worker can serve. Returns how many it finished.

    `rag` brings embedder and store. It ends when `stopped` says so, and after `idle` seconds without work
    (0: never). Raises FingerprintError where all ingests that there are want another embedder, ConfigError
    where they store elsewhere, and StoreError where the queue cannot be reached.
    """
    worker = Worker(rag, queue, name or worker_name())
    finished, last = 0, time.monotonic()
    try:
        while not stopped() and not (idle and time.monotonic() - last > idle):
            if worker.step():
                finished, last = finished + 1, time.monotonic()
                progress(Progress("units done", finished, 0))
            else:
                time.sleep(PAUSE)
    finally:
        queue.release(worker.name)  # what is under way goes to another at once
    return finished


def join(rag: Parts, *, idle: float = 0.0, progress: Watcher = lambda step: None) -> int:
    """Works for the ingests of this pipeline's queue, as `work` does."""
    with closing(open_queue(queue_url(rag))) as queue:
        return work(rag, queue, idle=idle, progress=progress)


def worker_name() -> str:
    """Tells workers apart, and a person where each is."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class Worker:
    """One pipeline's embedder and store at work for a queue. `step` does one unit."""

    def __init__(self, rag: Parts, queue: Queue, name: str) -> None:
        self._rag, self._queue, self.name = rag, queue, name

    def step(self) -> bool:
        """Whether there was a unit, and it is done now."""
        runs = self._queue.runs()
        mine = [run for run in runs if self._fits(run)]
        if runs and not mine:
            self._refuse(runs)
        for run in mine:
            kinds: list[Kind] = ["embed"]
            # Opened before anything is taken: a lack here is this worker's.
            if run.store and make_store(self._rag):
                kinds.append("store")
            unit = self._queue.take(run, self.name, kinds)
            if unit is not None:
                return self._done(unit)
        return False

    def _fits(self, run: Run) -> bool:
        at = run.store in ("", THERE, self._rag.origin.place)
        return at and run.fingerprint == self._rag.embedder.fingerprint

    def _refuse(self, runs: Sequence[Run]) -> None:
        ours = self._rag.embedder
        if all(run.fingerprint != ours.fingerprint for run in runs):
            raise FingerprintError(
                f"the ingest embeds with {runs[0].fingerprint}, this worker with {ours.fingerprint} "
                f"({ours.name}): give it the same with --embedder"
            )
        raise ConfigError(
            f"the ingest stores into {runs[0].store}, this worker into {self._rag.origin.place}: "
            "name the same URL"
        )

    def _done(self, unit: Unit) -> bool:
        """Does a unit under its lease. What fails is given back with the reason."""
        with Keeping(lambda: self._queue.keep(unit)):
            try:
                result = self._embedded(unit) if unit.kind == "embed" else self._stored(unit)
            except Exception as error:  # whatever it is, another try may succeed, and the ingest reports it
                self._queue.give_back(unit, f"{error}" or type(error).__name__)
                return False
        return self._queue.done(unit, result)

    def _embedded(self, unit: Unit) -> bytes:
        return vectors_to(self._rag.embedder.embed(texts_of(unit.payload), "document"))

    def _stored(self, unit: Unit) -> bytes:
        vectors = vectors_of(self._queue.results(unit), self._rag.embedder.dim)
        items = upserts_of(unit.payload, vectors)
        if self._queue.keep(unit):  # a worker that slept long writes nothing old
            self._rag.store.upsert(items)
        return b""
