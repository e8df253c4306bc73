"""What every route shares: what is served, who asks, and how an error or a stream is sent."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from rag.counts import counted
from rag.errors import ConfigError, FilterError, LockedError, RagError
from rag.terminal import json_safe
from rag.types import Answer, Event

from .desk import Asked, Desk, Served
from .guard import problem
from .limits import Limits
from .metrics import Metrics
from .pictures import NotDrawn, Pictures
from .requests import AskBody, Refused, read_body
from .tokens import Holder, Links
from .traces import Spans, Traces

T = TypeVar("T")
LOG = logging.getLogger("rag.serve")
Handler = Callable[[Request], Awaitable[Response]]
_RETRY = 5  # seconds


@dataclass
class Serving:
    """What the routes work with."""

    desk: Desk
    pictures: Pictures
    version: str
    limits: Limits = field(default_factory=Limits)
    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces = field(default_factory=lambda: Traces(100))
    log_questions: bool = False
    links: Links | None = None
    started: float = field(default_factory=time.time)

    def index(self, request: Request) -> Served:
        """The index that the path names, else the first."""
        return self.desk.named(request.path_params.get("index"))

    async def body(self, request: Request, kind: type[T]) -> T:
        """The JSON body of a request. Raises Refused."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise Refused(
                415,
                f"the body is {media_type[:80] or 'of a type that is not named'}, expected application/json",
            )
        return read_body(await request.body(), kind)

    def asked(self, request: Request, body: AskBody) -> Asked:
        """A question within its bounds. Raises Refused."""
        from rag.types import Turn

        for text in (body.question, body.where or "", *(turn.question for turn in body.history)):
            self.fits(text)
        if len(body.history) > self.limits.history_turns:
            raise Refused(
                413, f"{counted(len(body.history), 'turn')}, at most {self.limits.history_turns} are read"
            )
        turns = [Turn(turn.question, turn.answer) for turn in body.history]
        return Asked(self.words(body.question), holder_of(request), self.k(body.k), body.where or None, turns)

    def fits(self, text: str) -> str:
        if len(text) > self.limits.question_characters:
            raise Refused(
                413, f"{counted(len(text), 'character')}, at most {self.limits.question_characters} are read"
            )
        return text

    def words(self, text: str) -> str:
        if not self.fits(text).strip():
            raise Refused(422, "the question is empty: expected some words")
        return text

    def k(self, k: int | None) -> int | None:
        if k is not None and not 1 <= k <= self.limits.k:
            raise Refused(422, f"k is {k}, expected 1 to {self.limits.k}")
        return k

    async def events(self, served: Served, asked: Asked) -> AsyncIterator[Event]:
        """The events of an answer, with its trace, spans and counts kept on the way."""
        began, spans = time.perf_counter(), Spans(served.name, self.version)
        answer: Answer | None = None
        failed: BaseException | None = None
        try:
            async for event in self.desk.events(served, asked):
                if event.record is not None:
                    spans.stage(event.record)
                    self.metrics.count(
                        "rag_stage_seconds_total", event.record.ms / 1000, stage=event.record.stage
                    )
                answer = event.answer or answer
                yield event
        except BaseException as error:
            failed = error
            raise
        finally:
            spans.end(answer, failed)
            if answer is not None:
                self._record(served, asked, answer, time.perf_counter() - began)

    def _record(self, served: Served, asked: Asked, answer: Answer, seconds: float) -> None:
        self.metrics.asked(seconds)
        self.metrics.count("rag_answers_total", abstained=str(answer.abstained).lower())
        self.traces.add(served.name, asked.holder.name, answer, seconds)
        what = f" {answer.question!r}" if self.log_questions else ""
        LOG.info(
            "asked %s%s: %s in %.3f s",
            served.name,
            what,
            "abstained" if answer.abstained else "answered",
            seconds,
        )

    async def answer(self, request: Request, served: Served, asked: Asked) -> Answer:
        """The answer; a client that goes away ends the work. Raises Refused."""

        async def last() -> Answer:
            async for event in self.events(served, asked):
                if event.answer is not None:
                    answer = event.answer
            return answer

        return await while_connected(request, last())


def holder_of(request: Request) -> Holder:
    holder: Holder = request.scope["state"]["holder"]
    return holder


def whole(request: Request) -> None:
    """Raises Refused for a holder that sees a part of the index only."""
    if holder_of(request).where is not None:
        raise Refused(403, "this token sees a part of the index: what is about the whole is not for it")


def writer(request: Request) -> None:
    """Raises Refused for a holder that may not change anything."""
    if not holder_of(request).write:
        raise Refused(403, "this token may read, not write")


def number(request: Request, name: str, default: int, most: int = 2**53) -> int:
    """A whole number of the query. Raises Refused."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= most):
        raise Refused(422, f"{name} is {text[:40]!r}, expected a whole number up to {most}")
    return int(text)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The outcome of the work, which is given up when the client goes away."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Refused(499, "the client went away")
        return task.result()
    finally:
        for pending in (task, gone):
            if not pending.done():
                pending.cancel()


async def _gone(request: Request) -> None:
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Json(JSONResponse):
    """JSON with any text: what is no Unicode is escaped."""

    def render(self, content: Any) -> bytes:
        return as_json(content).encode("utf-8", "backslashreplace")


def as_json(value: Any) -> str:
    return json_safe(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def server_sent(name: str, values: Any) -> str:
    """One server-sent event."""
    return f"event: {name}\ndata: {as_json(values)}\n\n"


def streamed(
    parts: AsyncIterator[str], failed: Callable[[Mapping[str, Any]], str] | None = None
) -> StreamingResponse:
    """A stream of server-sent events; an error after its beginning is its last event."""
    as_event = failed or (lambda error: server_sent("error", error))

    async def encoded() -> AsyncIterator[bytes]:
        try:
            async for part in parts:
                yield part.encode("utf-8", "backslashreplace")
        except (Refused, RagError, OSError, ValueError) as error:
            status, detail, _ = reported(error)
            yield as_event({"status": status, "message": detail}).encode()

    return StreamingResponse(encoded(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def begun(parts: AsyncIterator[str]) -> AsyncIterator[str]:
    """Waits for the first part, so that what is refused is refused with a status."""
    first = await anext(parts)

    async def all_of_them() -> AsyncIterator[str]:
        yield first
        async for part in parts:
            yield part

    return all_of_them()


def wants_events(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def reported(error: Exception) -> tuple[int, str, int | None]:
    """Status, message and seconds to wait, for an error that was meant for people; others tell nothing."""
    if isinstance(error, Refused):
        return error.status, error.detail, error.retry_after
    if isinstance(error, NotDrawn):
        return 422, str(error), None
    if isinstance(error, LockedError):
        return 503, "another process is writing: try again in a moment", _RETRY
    if isinstance(error, FilterError):
        return 422, str(error), None
    if isinstance(error, RagError):
        LOG.warning("%s: %s", type(error).__name__, error)
        return (422, str(error), None) if isinstance(error, ConfigError) else (500, _KEPT, None)
    LOG.error("%s in a request", type(error).__name__, exc_info=error)
    return 500, _KEPT, None


_KEPT = "the question cannot be answered now; the server's log says why"


def guarded(path: str, handler: Handler, metrics: Metrics) -> Handler:
    """A route whose errors are answers, and which is counted."""

    async def route(request: Request) -> Response:
        began = time.perf_counter()
        try:
            response = await handler(request)
        except (Refused, NotDrawn, RagError) as error:
            response = refusal(error)
        metrics.count(
            "rag_requests_total", route=path, method=request.method, status=str(response.status_code)
        )
        ms = (time.perf_counter() - began) * 1000
        LOG.info("%s %s %d %.0f ms", request.method, path, response.status_code, ms)
        return response

    return route


def refusal(error: Exception) -> Response:
    status, detail, wait = reported(error)
    return problem(status, detail, **({"retry-after": str(wait)} if wait else {}))
