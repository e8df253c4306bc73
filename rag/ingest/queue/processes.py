"""The workers of an ingest on its own machine: started, replaced when they are killed, ended with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from rag.errors import StoreError
from rag.ingest.remote import described, opened

from .leases import Queue
from .worker import work, worker_name

if TYPE_CHECKING:
    from rag.pipeline.parts import Parts

ROOT = Path(__file__).resolve().parents[3]
"""The folder that holds the package `rag`."""
_DEATHS = 10  # killed workers in a row, with nothing finished between, after which it is no accident


class _Running(NamedTuple):
    name: str
    process: subprocess.Popen[str]
    errors: IO[str]


class Processes:
    """Worker processes that open the embedder and the store by their names."""

    def __init__(self, rag: Parts, queue: Queue, url: str, number: int) -> None:
        self._queue = queue
        self._setup = {**described(rag), "queue": url}
        self._deaths = 0
        self._number = number
        self._running: list[_Running] = []

    def check(self, progress: bool) -> None:
        """Starts what is missing, at first all. Raises StoreError for one that stopped with an error."""
        while len(self._running) < self._number:
            self._running.append(self._started())
        self._deaths = 0 if progress else self._deaths
        for place, (name, process, errors) in enumerate(self._running):
            code = process.poll()
            if code is None:
                continue
            self._queue.release(name)
            errors.seek(0)
            words = errors.read().strip()[-2000:]
            self._deaths += 1
            if code >= 0 or self._deaths > _DEATHS:
                how = f"exit status {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
                raise StoreError(
                    f"a worker of this ingest ended ({how}): {words or 'it said nothing; is memory short?'}"
                )
            _freed(self._running[place])
            self._running[place] = self._started()

    def close(self) -> None:
        """Ends every worker at once; their leases end with the ingest."""
        for running in self._running:
            running.process.kill()
        for running in self._running:
            running.process.wait()
            _freed(running)
        self._running.clear()

    def _started(self) -> _Running:
        name = worker_name()
        errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (the process's)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rag.ingest.queue.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment(),
            text=True,
        )
        with contextlib.suppress(BrokenPipeError):  # one that is gone is found by `check`
            pipe: Any = process.stdin
            pipe.write(json.dumps({**self._setup, "name": name}) + "\n")
            pipe.flush()
        return _Running(name, process, errors)


class Thread:
    """One worker in this process, for an embedder that was made here and has no name to be opened by."""

    def __init__(self, rag: Parts, queue: Queue) -> None:
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, args=(rag, queue), name="rag-work", daemon=True)

    def _work(self, rag: Parts, queue: Queue) -> None:
        try:
            with opened(
                described(rag), rag.embedder
            ) as own:  # the ingest holds its store's place for writing
                work(own, queue, stopped=self._over.is_set)
        except Exception as error:  # for the thread that waits
            self._error = error

    def check(self, progress: bool) -> None:
        """Starts it at first. Raises what ended it."""
        if self._thread.ident is None:
            self._thread.start()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()


def _freed(running: _Running) -> None:
    for pipe in (running.process.stdin, running.errors):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
