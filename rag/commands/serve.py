"""`rag serve` and `rag mcp` on the command line: options in, indexes opened, one server run."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigError, MissingExtra

from .common import (
    DEFAULT_INDEX,
    Augment,
    Denoise,
    Generate,
    Ground,
    Index,
    Model,
    Offline,
    Reorder,
    Retrieve,
    Store,
    Wait,
    reported,
    stage_settings,
)

if TYPE_CHECKING:
    from rag.rag import Rag

SERVE_EXAMPLES = (
    "Examples:\n\n    rag serve\n\n    rag serve notes=.rag law=postgresql://rag@db.example/law\n\n"
    "    RAG_TOKEN=… rag serve --host 0.0.0.0 --allow-host rag.example --watch docs/"
)
MCP_EXAMPLES = "Examples:\n\n    rag mcp --index /home/ana/.rag\n\n    rag mcp notes=.rag"
DEFAULT_NAME = "rag"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Indexes = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME=INDEX", help="Indexes by name: folders, or URLs of stores."),
]


def serve(
    indexes: Indexes = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", help="TOML file of token hashes and what each may see.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="A name by which the server may be called.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option("--allow-origin", help="Another origin whose pages may call it.")
    ] = None,
    uploads: Annotated[
        Path | None,
        typer.Option(
            "--uploads", help="Folder for uploaded files.", show_default="uploads, beside the index"
        ),
    ] = None,
    watch: Annotated[
        list[str] | None, typer.Option("--watch", help="Follow this folder or file while serving.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Take no files, remove nothing.")] = False,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Questions answered at once.", show_default="2")
    ] = None,
    queue: Annotated[
        int | None, typer.Option("--queue", min=1, help="Questions that may wait.", show_default="32")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0.1, help="Seconds for an answer.", show_default="120"),
    ] = None,
    log_questions: Annotated[bool, typer.Option("--log-questions", help="Log what is asked.")] = False,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    reorder: Reorder = None,
    generate: Generate = None,
    ground: Ground = None,
    model: Model = None,
    wait: Wait = 10.0,
    offline: Offline = False,
) -> None:
    """Serve a web page, an HTTP API, an OpenAI-compatible API and MCP, for this machine alone."""
    settings = stage_settings(augment, retrieve, denoise, reorder, generate, ground, model)
    with reported(as_json=False):
        try:
            from rag.serve import app, guard, limits, run
            from rag.serve.tokens import read_tokens
        except ModuleNotFoundError as error:
            raise MissingExtra("rag serve", "serve") from error
        given = {"running": concurrency, "waiting": queue, "ask_seconds": timeout}
        walls = limits.Limits(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        token = os.environ.pop("RAG_TOKEN", "")  # processes that are started here have no need of it
        options = app.Options(
            limits=walls,
            doors=guard.Doors.of([host, *(allow_host or [])], allow_origin or []),
            tokens=read_tokens(token, tokens),
            uploads=uploads,
            watch=watch or (),
            read_only=read_only,
            log_questions=log_questions,
        )
        run.check_address(host, options.tokens)
        opened = open_indexes(indexes or [], index, store, settings, offline=offline, wait=wait)
        run.serve(opened, options, host, port)


def mcp(
    indexes: Indexes = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    reorder: Reorder = None,
    generate: Generate = None,
    ground: Ground = None,
    model: Model = None,
    offline: Offline = False,
) -> None:
    """Serve tools for agents over standard input and output (MCP); it ends when the input does."""
    settings = stage_settings(augment, retrieve, denoise, reorder, generate, ground, model)
    with reported(as_json=False):
        try:
            from rag.serve import mcp as door
        except ModuleNotFoundError as error:
            raise MissingExtra("rag mcp", "mcp") from error
        opened = open_indexes(indexes or [], index, store, settings, offline=offline, wait=0.0)
        door.run(opened)


def open_indexes(
    named: list[str],
    index: Path,
    store: str | None,
    settings: Mapping[str, object],
    *,
    offline: bool,
    wait: float,
) -> dict[str, "Rag"]:
    """Indexes by name: those that were named, or the one of `--index`."""
    from rag.rag import Rag

    if not named:
        return {DEFAULT_NAME: Rag(index, store=store, settings=settings, offline=offline, wait=wait)}
    indexes: dict[str, Rag] = {}
    for text in named:
        name, equals, place = text.partition("=")
        if (
            not equals
            or not place
            or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name)
            or name in indexes
        ):
            raise ConfigError(f"{text!r} names no index: expected NAME=FOLDER or NAME=URL, each name once")
        url = place if "://" in place else None
        folder = index if url else Path(place)
        indexes[name] = Rag(folder, store=url, settings=settings, offline=offline, wait=wait)
    return indexes
