"""The application: every route in one table, behind the guard."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from . import openapi
from .answers import Answers
from .common import LOG, Json, Serving, guarded, holder_of, refusal, whole
from .desk import Desk, Served
from .documents import Documents
from .guard import Doors, Guard, problem
from .limits import Limits
from .openai import OpenAI
from .openapi import Operation, Query, a_list, an_object, ref
from .pictures import Pictures
from .requests import AskBody, ChatBody, EmbeddingsBody, FeedbackBody, ResponseBody, SearchBody, WhyBody
from .tokens import Tokens
from .traces import Traces
from .uploads import catch_up

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from rag.rag import Rag

Row = dict[str, Any]
PAGE = Path(__file__).with_name("page")
_EVENTS = ("application/json", "text/event-stream")
_ROWS = (
    Query("where", str, "a filter"),
    Query("q", str, "words in source or title"),
    Query("offset", int, "first row"),
)
_SPAN = (Query("start", int, "first character"), Query("end", int, "the character behind the last"))
_WIDE = (*_SPAN, Query("width", int, "pixels, up to 4000"))
_FILES = {
    "type": "object",
    "properties": {
        "file": {"type": "array", "items": {"type": "string", "contentMediaType": "application/octet-stream"}}
    },
    "required": ["file"],
}
_ROW = an_object(id=str, source=str, title=str, chunks=int, metadata=Row)
_DOCUMENT = an_object(
    id=str,
    source=str,
    title=str,
    media_type=str,
    metadata=Row,
    pages=list[int],
    characters=int,
    text=str,
    offset=int,
    next_offset=int | None,
)
_VIEW = an_object(
    id=str,
    source=str,
    title=str,
    media_type=str,
    start=int,
    end=int,
    line=int,
    cut_before=bool,
    before=str,
    marked=str,
    after=str,
    cut_after=bool,
    pages=list[int],
    picture=bool,
)
_REPORT = an_object(
    added=list[str],
    updated=list[str],
    removed=list[str],
    unchanged=int,
    failed=a_list(an_object(source=str, reason=str)),
    skipped=a_list(an_object(source=str, reason=str)),
    chunks=int,
    seconds=float,
)
_HITS = {
    "type": "object",
    "properties": {
        "hits": a_list(ref("Hit")),
        "notes": a_list({"type": "string"}),
        "trace": a_list(ref("Record")),
    },
    "required": ["hits", "notes"],
}

OPERATIONS = (
    Operation(
        "POST",
        "/ask",
        "ask",
        "Answer a question; events where text/event-stream is accepted",
        AskBody,
        ref("Answer"),
        media=_EVENTS,
        tag="ask",
    ),
    Operation("POST", "/search", "search", "The best hits", SearchBody, _HITS, tag="ask"),
    Operation(
        "POST",
        "/why",
        "why",
        "Which stage lost an answer",
        WhyBody,
        an_object(question=str, lost=str, because=str, evidence=list[str]),
        tag="ask",
    ),
    Operation(
        "POST",
        "/feedback",
        "feedback",
        "Keep what a person says of an answer: good, bad, or a correction",
        FeedbackBody,
        an_object(kept=bool, source=str),
        status=201,
        tag="ask",
    ),
    Operation(
        "GET",
        "/traces",
        "traces",
        "What the caller asked last, and what every stage did",
        reply=an_object(traces=list[Row]),
        tag="ask",
    ),
    Operation(
        "GET",
        "/documents",
        "documents",
        "What is stored",
        reply=an_object(total=int, documents=a_list(_ROW), next_offset=int | None),
        query=_ROWS,
    ),
    Operation(
        "POST",
        "/documents",
        "upload",
        "Add files; progress and report where text/event-stream is accepted",
        _FILES,
        _REPORT,
        media=_EVENTS,
        status=201,
    ),
    Operation(
        "GET",
        "/documents/{id}",
        "document",
        "Text, metadata and pages",
        reply=_DOCUMENT,
        query=(Query("offset", int, "first character"),),
    ),
    Operation(
        "DELETE",
        "/documents/{id}",
        "delete",
        "Remove a document, and its file where it was uploaded",
        reply=an_object(removed=list[str], file_stays=bool),
    ),
    Operation(
        "GET",
        "/documents/{id}/source",
        "source",
        "The original file, where it still is the one that was ingested",
        media=("application/octet-stream",),
    ),
    Operation(
        "GET",
        "/documents/{id}/view",
        "view",
        "A span, the text around it, and its pages",
        reply=_VIEW,
        query=_SPAN,
    ),
    Operation(
        "GET",
        "/documents/{id}/pages/{n:int}.png",
        "picture",
        "A page of a PDF with the span marked",
        query=_WIDE,
        media=("image/png",),
    ),
    Operation(
        "GET",
        "/documents/{id}/pages/{n:int}",
        "boxes",
        "Where the span stands on the page, in pixels",
        reply=an_object(width=int, height=int, boxes=list[list[float]], exact=bool),
        query=_WIDE,
    ),
    Operation("GET", "/runs", "runs", "Evaluation runs", reply=an_object(runs=list[Row]), tag="reports"),
    Operation("GET", "/runs/{run}", "report", "The report of a run", media=("text/html",), tag="reports"),
)
"""What an index offers, under `/api` for the first and under `/api/indexes/NAME` for each."""

WHOLE = (
    Operation(
        "GET",
        "/api/status",
        "status",
        "What is served, under which limits",
        reply=an_object(version=str, ready=bool, read_only=bool, indexes=list[Row], limits=Row),
        tag="server",
    ),
    Operation(
        "GET", "/health", "health", "Whether the process lives", reply=an_object(status=str), tag="server"
    ),
    Operation(
        "GET", "/ready", "ready", "Whether questions are answered", reply=an_object(ready=bool), tag="server"
    ),
    Operation(
        "GET", "/metrics", "metrics", "Counts and times for Prometheus", media=("text/plain",), tag="server"
    ),
    Operation("GET", "/openapi.json", "openapi", "This description", reply=Row, tag="server"),
    Operation(
        "GET",
        "/v1/models",
        "models",
        "The indexes, as models",
        reply=an_object(object=str, data=list[Row]),
        tag="openai",
    ),
    Operation(
        "POST",
        "/v1/chat/completions",
        "chat",
        "A chat completion; with stream, as events",
        ChatBody,
        an_object(id=str, object=str, choices=list[Row], usage=Row),
        media=_EVENTS,
        tag="openai",
    ),
    Operation(
        "POST",
        "/v1/responses",
        "responses",
        "A response in its plain form; with stream, as events",
        ResponseBody,
        an_object(id=str, object=str, output=list[Row]),
        media=_EVENTS,
        tag="openai",
    ),
    Operation(
        "POST",
        "/v1/embeddings",
        "embeddings",
        "Vectors of texts",
        EmbeddingsBody,
        an_object(object=str, data=list[Row], model=str, usage=Row),
        tag="openai",
    ),
)


@dataclass(frozen=True)
class Options:
    """How the server is to be."""

    limits: Limits = field(default_factory=Limits)
    doors: Doors = field(default_factory=Doors)
    tokens: Tokens = field(default_factory=Tokens)
    uploads: Path | None = None
    watch: Sequence[str] = ()
    read_only: bool = False
    log_questions: bool = False


def make_app(indexes: Mapping[str, Rag], options: Options) -> ASGIApp:
    """The application over open indexes; closing it closes them."""
    first = next(iter(indexes))
    served = {
        name: Served(name, rag, None if options.read_only else _uploads(name, rag, options, name == first))
        for name, rag in indexes.items()
    }
    limits = options.limits
    desk = Desk(served, limits, options.read_only)
    pictures = Pictures(limits.picture_seconds)
    serving = Serving(
        desk,
        pictures,
        version("footnote-rag"),
        limits,
        traces=Traces(limits.traces),
        log_questions=options.log_questions,
        links=options.tokens.links if options.tokens else None,
    )
    routes, lifespans = _routes(serving, options)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _running(lifespans):
            tasks = [asyncio.create_task(_opened(desk, options))]
            try:
                yield
            finally:
                desk.stopping.set()
                for task in tasks:
                    task.cancel()
                await asyncio.to_thread(desk.close)
                await asyncio.to_thread(pictures.close)

    app = Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http, Exception: _unexpected}
    )
    return Guard(app, options.doors, options.tokens, limits)


def _uploads(name: str, rag: Rag, options: Options, first: bool) -> Path:
    """Where files of an index are kept: a folder beside it, which follows from its name."""
    if options.uploads is not None:
        return options.uploads if first else options.uploads / name
    return rag.index.absolute().parent / ("uploads" if first else f"uploads-{name}")


@asynccontextmanager
async def _running(lifespans: Sequence[Any]) -> AsyncIterator[None]:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        for lifespan in lifespans:
            await stack.enter_async_context(lifespan())
        yield


async def _opened(desk: Desk, options: Options) -> None:
    """Opens the indexes, ingests what an interrupted upload left, and follows folders."""
    try:
        await desk.open()
    except Exception:
        LOG.exception("the index cannot be opened")
        return
    LOG.info("ready")
    for served in desk.indexes.values():
        if served.uploads is not None and served.uploads.is_dir() and not desk.read_only:
            try:
                await desk.write(partial(catch_up, served.rag, served.uploads))
            except Exception:
                LOG.exception("what was uploaded to %s cannot be ingested now", served.name)
    if options.watch:
        first = next(iter(desk.indexes.values()))
        threading.Thread(
            target=_watched, args=(first, options.watch, desk.stopping), name="watch", daemon=True
        ).start()


def _watched(served: Served, folders: Sequence[str], stop: threading.Event) -> None:
    """Ingests what changes in the folders until the server stops."""
    from rag.ingest.watch import watch

    try:
        for report in watch(served.rag, list(folders), stop=stop):
            LOG.info("watched: %s", report)
            for row in report.failed:
                LOG.warning("failed %s: %s", row.source, row.reason)
    except Exception:
        LOG.exception("the folders are not watched any more")


def _routes(serving: Serving, options: Options) -> tuple[list[BaseRoute], list[Any]]:
    answers, documents, openai = Answers(serving), Documents(serving), OpenAI(serving)
    handlers: dict[str, Any] = {
        "ask": answers.ask,
        "search": answers.search,
        "why": answers.why,
        "feedback": answers.feedback,
        "traces": answers.traces,
        "documents": documents.rows,
        "upload": documents.upload,
        "document": documents.document,
        "delete": documents.delete,
        "source": documents.source,
        "view": documents.view,
        "picture": documents.picture,
        "boxes": documents.boxes,
        "runs": documents.runs,
        "report": documents.report,
        "models": openai.models,
        "chat": openai.chat,
        "responses": openai.responses,
        "embeddings": openai.embeddings,
    }
    server = _Server(serving, bool(options.tokens))
    handlers |= {name: getattr(server, name) for name in ("status", "health", "ready", "metrics", "openapi")}
    routes: list[BaseRoute] = []
    for prefix in ("/api", "/api/indexes/{index}"):
        routes += _table(OPERATIONS, prefix, handlers, serving)
    routes += _table(WHOLE, "", handlers, serving)
    routes += [
        Route("/", _file("index.html")),
        Route("/docs", _file("docs.html")),
        Route("/page/{name}", _static),
    ]
    lifespans: list[Any] = []
    if find_spec("mcp") is not None:
        from .mcp import mounted

        for path, name in (("/mcp", None), *((f"/mcp/{name}", name) for name in serving.desk.indexes)):
            app, lifespan = mounted(serving, name, counts=not options.tokens)
            routes.append(Route(path, app, methods=["GET", "POST", "DELETE"]))
            lifespans.append(lifespan)
    return routes, lifespans


def _table(
    operations: Sequence[Operation], prefix: str, handlers: Mapping[str, Any], serving: Serving
) -> list[BaseRoute]:
    """One route for each path, with all its methods, so that another method is told which there are."""
    by_path: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = prefix + operation.path
        by_path.setdefault(path, {})[operation.method] = guarded(
            path, handlers[operation.name], serving.metrics
        )

    def route(path: str, methods: dict[str, Any]) -> Route:
        async def dispatched(request: Request) -> Response:
            return await methods["GET" if request.method == "HEAD" else request.method](request)  # type: ignore[no-any-return]

        return Route(path, dispatched, methods=list(methods))

    return [route(path, methods) for path, methods in by_path.items()]


class _Server:
    """Routes about the server itself."""

    def __init__(self, serving: Serving, tokens: bool) -> None:
        self._serving, self._tokens = serving, tokens

    async def health(self, request: Request) -> Response:
        return Json({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        ready = self._serving.desk.ready
        return (
            Json({"ready": True})
            if ready
            else problem(503, "the index is being opened", **{"retry-after": "2"})
        )

    async def status(self, request: Request) -> Response:
        desk, holder = self._serving.desk, holder_of(request)

        def row(served: Served) -> dict[str, Any]:
            rag = served.rag
            shown = {"name": served.name, "uploads": served.uploads is not None and holder.write}
            if not desk.ready:
                return shown
            rows = rag.documents(holder.where)
            chunks = sum(row.chunks for row in rows)
            generate = rag.settings.ask.generate
            return shown | {
                "documents": len(rows),
                "chunks": chunks,
                "embedder": rag.embedder.name,
                "generate": generate if isinstance(generate, str) else "custom",
                "model": rag.settings.model.name,
                "augment": [str(stage) for stage in rag.settings.search.augment],
                "retrieve": rag.settings.search.retrieve,
                "denoise": [str(stage) for stage in rag.settings.search.denoise],
            }

        rows = [await desk.read(row, served) for served in desk.indexes.values()]
        return Json(
            {
                "version": self._serving.version,
                "ready": desk.ready,
                "read_only": desk.read_only or not holder.write,
                "uptime": round(time.time() - self._serving.started, 1),
                "indexes": rows,
                "limits": asdict(self._serving.limits),
                "mcp": find_spec("mcp") is not None,
            }
        )

    async def metrics(self, request: Request) -> Response:
        whole(request)
        desk = self._serving.desk
        gauges = {"rag_running": desk.running, "rag_waiting": desk.waiting, "rag_ready": int(desk.ready)}
        return PlainTextResponse(self._serving.metrics.text(gauges))

    async def openapi(self, request: Request) -> Response:
        operations = [
            *(operation._replace(path=f"/api{operation.path}") for operation in OPERATIONS),
            *WHOLE,
        ]
        return Json(openapi.description(operations, self._serving.version, tokens=self._tokens))


def _file(name: str) -> Any:
    async def page(request: Request) -> Response:
        return FileResponse(PAGE / name, headers={"cache-control": "no-cache"})

    return page


_STATIC = {
    "style.css": "text/css",
    "app.js": "text/javascript",
    "docs.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return problem(404, "there is no such file")
    return FileResponse(PAGE / name, media_type=_STATIC[name], headers={"cache-control": "no-cache"})


async def _http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    response = problem(status, str(getattr(error, "detail", "")) or "not found")
    for name, value in (getattr(error, "headers", None) or {}).items():
        response.headers[name] = value
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    return refusal(error)
