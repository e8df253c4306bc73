"""`rag work` on the command line: options in, one call, one line out."""

from typing import Annotated

import typer

from rag.terminal import say, say_json

from .common import DEFAULT_INDEX, AsJson, Index, Offline, Queue, Store, opened, reported

WORK_EXAMPLES = (
    "Examples:\n\n    rag work --store postgresql://rag@db.example/notes\n\n"
    "    rag work --store s3://bucket/notes --queue postgresql://rag@db.example/queue --idle 600"
)


def work(
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    queue: Queue = None,
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="The ingest's embedder, where it has another name here.")
    ] = None,
    idle: Annotated[
        float, typer.Option("--idle", min=0, help="Stop after this many seconds without work; 0: never.")
    ] = 0.0,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Embed and store for an ingest that runs elsewhere, until Ctrl-C. Start any number, on any machine."""
    settings = {"ingest.queue": queue, "index.embedder": embedder}
    with reported(as_json), opened(index, settings, store=store, offline=offline) as rag:
        from rag.ingest.queue.worker import join

        from . import live

        with live.progress(quiet=as_json) as shown:
            units = join(rag, idle=idle, progress=shown)
        if as_json:
            say_json({"units": units})
        else:
            say(f"{units} units done")
