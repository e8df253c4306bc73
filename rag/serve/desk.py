"""The indexes that are open, and the threads that work on them.

The pipeline is synchronous: a question runs in a thread, and its events come back to the event loop as they
happen. So many run at once, so many wait, the rest is refused. Whoever goes away ends the work at its next
event. Writes stand in a line of their own; readers go on meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from rag.counts import counted
from rag.pipeline.parts import make_store, remake

from .limits import Limits
from .requests import Refused
from .tokens import Holder

if TYPE_CHECKING:
    from pathlib import Path

    from rag.rag import Rag
    from rag.stores import Filter
    from rag.types import Document, DocumentInfo, Event, Turn

T = TypeVar("T")
# Stages that read nothing of the index but what the filter lets through; others would tell of the rest.
_BLIND = frozenset({"history", "instruction", "rewrite", "multi_query", "hyde", "decompose"})
_READERS = 4  # threads for lists and texts
_BUSY = 2  # seconds after which it is worth to ask again


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it reaches an index."""

    question: str
    holder: Holder
    k: int | None = None
    where: str | None = None
    history: Sequence[Turn] = ()

    @property
    def within(self) -> Filter | None:
        return self.holder.within(self.where)


class Served:
    """One index under its name."""

    def __init__(self, name: str, rag: Rag, uploads: Path | None = None) -> None:
        self.name, self.rag, self.uploads = name, rag, uploads
        self._making = threading.Lock()

    @cached_property
    def _full(self) -> Rag:
        stages = list(self.rag.settings.search.augment)
        return self.rag if "history" in stages else self.rag.variant(augment=["history", *stages])

    @cached_property
    def _blind(self) -> Rag:
        stages = [stage for stage in self._full.settings.search.augment if stage in _BLIND]
        return self.rag.variant(augment=["history", *(stage for stage in stages if stage != "history")])

    def pipeline(self, holder: Holder) -> Rag:
        """What answers a holder. Under a filter, stages that know the whole index are left out."""
        with self._making:
            return self._full if holder.where is None else self._blind

    def refresh(self) -> None:
        """Makes the pipelines anew for the next question, with what a person has just said of an answer."""
        with self._making:
            self.__dict__.pop("_full", None)
            self.__dict__.pop("_blind", None)
            remake(self.rag, "augment", "denoise")

    def open(self) -> None:
        """Makes every part and looks once through the index, so that the first question is quick."""
        if self.uploads is not None:  # an empty index takes files
            make_store(self.rag)
        pipeline = self.pipeline(Holder(""))
        if pipeline.exists:
            pipeline.search("ready", k=1)

    def documents(self, holder: Holder, where: str | Filter | None = None) -> list[DocumentInfo]:
        return self.rag.documents(holder.within(where))

    def filter_notes(self, holder: Holder, where: str | None) -> list[str]:
        """What of a filter can never match, among the documents that the holder may see."""
        from rag.retrieve.filter_notes import filter_notes
        from rag.stores import parse_where

        asked = parse_where(where) if where else None
        return filter_notes(asked, lambda wanted: self.documents(holder, wanted))

    def document(self, holder: Holder, document_id: str) -> Document:
        """Raises Refused where there is no such document, or none that the holder may see."""
        from rag.stores import Where

        wanted = holder.within(Where("document_id", "=", document_id))
        documents = self.rag.store.load([document_id]) if any(self.rag.documents(wanted)) else []
        if not documents:
            raise Refused(404, "there is no such document")
        return documents[0]


@dataclass
class Desk:
    """All that is served, and the work on it."""

    indexes: Mapping[str, Served]
    limits: Limits = field(default_factory=Limits)
    read_only: bool = False
    ready: bool = False
    error: str = ""
    running: int = 0
    waiting: int = 0
    writers: int = 0

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.limits.running)
        self._writer = asyncio.Lock()
        self._asking = ThreadPoolExecutor(self.limits.running, "ask")
        self._reading = ThreadPoolExecutor(_READERS, "read")
        self._writing = ThreadPoolExecutor(1, "write")
        self.stopping = threading.Event()

    def named(self, name: str | None) -> Served:
        """The index of that name; without a name, the first. Raises Refused."""
        if not name:
            return next(iter(self.indexes.values()))
        if name not in self.indexes:
            raise Refused(404, f"there is no index {name[:80]!r}: known are {', '.join(self.indexes)}")
        return self.indexes[name]

    async def open(self) -> None:
        """Opens every index; what cannot be opened is told by /ready and by every question."""
        for served in self.indexes.values():
            try:
                await self._in(self._reading, served.open)
            except Exception as error:
                self.error = f"{served.name}: {type(error).__name__}"
                raise
        self.ready = True

    def close(self) -> None:
        """Lets what is being written come to its end; nobody waits for answers any more."""
        self.stopping.set()
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._reading.shutdown(wait=True, cancel_futures=True)
        self._writing.shutdown(wait=True, cancel_futures=True)
        for served in self.indexes.values():
            served.rag.close()

    # ------------------------------------------------------------------------------------- reading

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        """Runs what only looks something up."""
        return await self._in(self._reading, work, *args)

    async def events(self, served: Served, asked: Asked) -> AsyncIterator[Event]:
        """The events of an answer as they come. Raises Refused when there is no room, or no time left."""
        end = time.monotonic() + self.limits.ask_seconds
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        stop = threading.Event()

        def produce(emit: Callable[[Event | None], Any]) -> None:
            pipeline = served.pipeline(asked.holder)
            events = pipeline.stream(asked.question, asked.k, asked.within, asked.history)
            with closing(events):  # type: ignore[type-var]
                for event in events:
                    if stop.is_set() or self.stopping.is_set() or time.monotonic() > end:
                        break
                    emit(_noted(event, served, asked))

        work = await self._turn(end, produce, queue)
        try:
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), end - time.monotonic())
                except TimeoutError:
                    raise _late(self.limits) from None
                if event is None:
                    break
                yield event
            await work
        finally:
            stop.set()

    async def ask(self, served: Served, work: Callable[[Rag], T], holder: Holder) -> T:
        """Runs something as heavy as a question: a search, an explanation, embeddings."""
        end = time.monotonic() + self.limits.ask_seconds
        future = await self._turn(end, lambda _: work(served.pipeline(holder)), asyncio.Queue())
        try:
            return await asyncio.wait_for(asyncio.shield(future), end - time.monotonic())
        except TimeoutError:
            raise _late(self.limits) from None

    async def _turn(
        self, end: float, work: Callable[[Callable[[Any], Any]], Any], queue: asyncio.Queue[Any]
    ) -> asyncio.Future[Any]:
        """Waits for a place and starts the work; the place is free again when the work has ended."""
        if not self.ready:
            raise Refused(503, "the index is being opened", _BUSY)
        if self.waiting >= self.limits.waiting:
            raise Refused(
                429, f"{counted(self.waiting, 'question is', 'questions are')} waiting already", _BUSY
            )
        self.waiting += 1
        try:
            await asyncio.wait_for(self._slots.acquire(), end - time.monotonic())
        except TimeoutError:
            raise _late(self.limits) from None
        finally:
            self.waiting -= 1
        self.running += 1
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(
            self._asking, work, lambda event: loop.call_soon_threadsafe(queue.put_nowait, event)
        )

        def ended(done: asyncio.Future[Any]) -> None:
            self.running -= 1
            self._slots.release()
            queue.put_nowait(None)
            if not done.cancelled():
                done.exception()  # looked at, so that one nobody waits for any more is no warning

        future.add_done_callback(ended)
        return future

    # ------------------------------------------------------------------------------------- writing

    async def write(self, work: Callable[[], T]) -> T:
        """Runs what changes an index, one at a time; it goes on when the client has left."""
        if self.read_only:
            raise Refused(403, "this server only reads: it was started with --read-only")
        if self.writers > self.limits.ingests_waiting:
            raise Refused(429, f"{self.writers - 1} changes are waiting already", _BUSY)
        self.writers += 1

        async def in_line() -> T:
            try:
                async with self._writer:
                    return await self._in(self._writing, work)
            finally:
                self.writers -= 1

        return await asyncio.shield(asyncio.ensure_future(in_line()))

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work, *args)


def _noted(event: Event, served: Served, asked: Asked) -> Event:
    """The event; an answer without hits says what of the filter can never match."""
    answer = event.answer
    if answer is None or answer.hits:
        return event
    notes = (*answer.notes, *served.filter_notes(asked.holder, asked.where))
    return replace(event, answer=replace(answer, notes=notes))


def _late(limits: Limits) -> Refused:
    return Refused(503, f"no answer within {limits.ask_seconds:g} s: ask again, or something simpler", _BUSY)
