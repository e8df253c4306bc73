"""Files parsed in processes of their own, side by side: one that hangs or crashes costs only itself.

Knows of files and documents; not of stores or of what is done with a document.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from rag.errors import ConfigError
from rag.loaders import Limits
from rag.types import Document, Span

from .cutting import Cutter
from .process import Process, ProcessEnded, ProcessHung, setup_frame

MIN_MEMORY_MB = 64


@dataclass(frozen=True, slots=True)
class Job:
    """A file to parse. `key` is the caller's and comes back untouched; it is not sent to the worker.

    `loader`, a dotted name `package.module:function`, takes the file whatever its suffix.
    """

    path: Path
    source: str
    key: object = None
    loader: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a job: documents, or an `error`. `problems` are parts that could not be read.

    `cuts`, with a cutter, has for each document where its chunks lie, or why it cannot be cut.
    """

    job: Job
    documents: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    cuts: tuple[list[Span] | str, ...] = ()


class _Task(NamedTuple):
    job: Job
    done: queue.SimpleQueue[Parsed]
    abandoned: threading.Event


class ParsePool:
    """Up to `workers` processes, started when there are jobs for them; a context manager.

    `timeout` is in seconds a file; with a `cutter`, its documents are cut in that time, too.
    `memory_mb` bounds the address space of each process (None: no bound).
    Raises ConfigError for numbers that make no pool.
    """

    def __init__(
        self,
        workers: int,
        timeout: float = 120.0,
        limits: Limits | None = None,
        memory_mb: int | None = None,
        cutter: Cutter | None = None,
    ) -> None:
        if workers < 1:
            raise ConfigError(f"a parsing pool needs at least 1 worker; got {workers}")
        if not timeout > 0:
            raise ConfigError(f"the time limit of a file is a number of seconds above 0; got {timeout}")
        if memory_mb is not None and memory_mb < MIN_MEMORY_MB:
            raise ConfigError(
                f"a parsing process needs at least {MIN_MEMORY_MB} MB of memory; got {memory_mb}"
            )
        self._workers = workers
        self._timeout = timeout
        self._memory_mb = memory_mb
        self._cutter = cutter
        self._limits = limits or Limits()
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._runners: list[_Runner] = []
        self._closed = False

    def __enter__(self) -> ParsePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends every process at once, in the middle of a file, too."""
        self._closed = True
        for _ in self._runners:
            self._tasks.put(None)
        for runner in self._runners:
            runner.stop()
        for runner in self._runners:
            runner.thread.join()
        self._runners.clear()

    def parse(self, jobs: Iterable[Job]) -> Iterator[Parsed]:
        """The jobs' outcomes as they finish, in any order; every job has one.

        `jobs` is read in the caller's thread, and no further ahead than two jobs a worker, so that memory
        stays flat whoever is slower. Raises ConfigError on a closed pool.
        """
        if self._closed:
            raise ConfigError("this parsing pool is closed; open another one")
        done: queue.SimpleQueue[Parsed] = queue.SimpleQueue()
        abandoned = threading.Event()
        under_way = 0
        try:
            for job in jobs:
                while under_way and (under_way >= 2 * self._workers or not done.empty()):
                    yield done.get()
                    under_way -= 1
                self._tasks.put(_Task(job, done, abandoned))
                under_way += 1
                if len(self._runners) < min(self._workers, under_way):
                    self._runners.append(_Runner(self._tasks, self._timeout, self._setup()))
            for _ in range(under_way):
                yield done.get()
        finally:
            # Who stops reading wants no more of the jobs that wait.
            abandoned.set()

    def _setup(self) -> bytes:
        return setup_frame(self._limits, self._timeout, self._memory_mb, self._cutter)


class _Runner:
    """A thread that hands tasks to its process, one at a time, and replaces it when it fails."""

    def __init__(self, tasks: queue.SimpleQueue[_Task | None], timeout: float, setup: bytes) -> None:
        self._tasks = tasks
        self._timeout = timeout
        self._setup = setup
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self.thread = threading.Thread(target=self._run, name="rag-parse", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Ends the process in the middle of a file; the thread then goes on to nothing."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _run(self) -> None:
        while not self._stopped and (task := self._tasks.get()) is not None:
            if not task.abandoned.is_set():
                task.done.put(self._parsed(task.job))
        self._drop()

    def _parsed(self, job: Job) -> Parsed:
        started = time.perf_counter()
        try:
            answer = self._started().ask(
                {"path": str(job.path.absolute()), "source": job.source, "loader": job.loader}, self._timeout
            )
        except ProcessHung:
            error = f"took longer than {self._timeout:g} seconds and was stopped; raise the time limit"
        except ProcessEnded as ended:
            error = f"the parsing process died ({ended}); the file may be damaged, or made to do harm"
        except OSError as failure:
            error = f"no parsing process could be started: {failure}"
        else:
            if answer["fatal"]:
                self._drop()
            return _outcome(job, answer)
        self._drop()
        return Parsed(job, error=error, seconds=time.perf_counter() - started)

    def _started(self) -> Process:
        with self._lock:
            if self._stopped:
                raise ProcessEnded("the pool was closed")
            if self._process is None:
                self._process = Process(self._setup)
            return self._process

    def _drop(self) -> None:
        """Frees the process, in this thread, which alone reads from it."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()


def _outcome(job: Job, answer: dict[str, Any]) -> Parsed:
    documents = tuple(
        Document(**{**fields, "pages": tuple(fields["pages"])}) for fields in answer["documents"]
    )
    cuts = tuple(
        spans if isinstance(spans, str) else [Span(*span) for span in spans] for spans in answer["spans"]
    )
    return Parsed(job, documents, tuple(answer["problems"]), answer["error"], answer["seconds"], cuts)
