"""`rag ingest` on the command line: options in, one call into `rag.ingest`, its report rendered out."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConfigError
from rag.terminal import one_line, say

from .common import DEFAULT_INDEX, AsJson, Index, Offline, Queue, Store, Wait, opened, reported

if TYPE_CHECKING:
    from rag import Rag, Report

INGEST_EXAMPLES = (
    "Examples:\n\n"
    "    rag ingest docs/ notes.pdf\n\n"
    "    rag ingest docs/ --exclude 'drafts/' --watch\n\n"
    "    rag ingest https://example.org/sitemap.xml --max-pages 500\n\n"
    "    pdftotext old.pdf - | rag ingest - --name old.txt"
)

Embedder = Annotated[
    str | None, typer.Option("--embedder", help="builtin, a folder with model.onnx, or st:MODEL.")
]


def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files, folders, https:// addresses; - reads standard input."),
    ] = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Only files that match (as in .gitignore).")
    ] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave these out, and remove them.")] = None,
    gitignore: Annotated[
        bool | None, typer.Option(help="Follow .gitignore files.", show_default="yes")
    ] = None,
    hidden: Annotated[bool | None, typer.Option("--hidden", help="Read files that begin with a dot.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Read unchanged files again, too.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running, and follow every change.")] = False,
    name: Annotated[
        str, typer.Option(help="Name for standard input; its suffix sets the format.")
    ] = "stdin.txt",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that parse; 2 or more also embed.", show_default="one per core"),
    ] = None,
    queue: Queue = None,
    ray: Annotated[
        str | None, typer.Option(help="Embed on a Ray cluster: auto, ray://HOST:PORT or local.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds a file may take.")] = None,
    max_pages: Annotated[
        int | None, typer.Option(min=1, help="Pages to read of a sitemap.", show_default="100")
    ] = None,
    chunk: Annotated[
        str | None,
        typer.Option(help="How to cut documents: structure, fixed, sentences, headings, semantic or code."),
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=16, help="Size of a chunk, in tokens.")] = None,
    embedder: Embedder = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the stems: english, german, …, none, auto.")
    ] = None,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="First embed all that is stored again, with this embedder.")
    ] = False,
    wait: Wait = 0.0,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Make the index follow files and folders: add what is new, replace what changed, remove what is gone."""
    from rag.ingest.sources import is_address

    from . import live, render

    settings = {
        "ingest.include": include or None,
        "ingest.exclude": exclude or None,
        "ingest.gitignore": gitignore,
        "ingest.hidden": hidden,
        "ingest.workers": workers,
        "ingest.queue": queue,
        "ingest.ray": ray,
        "ingest.timeout": timeout,
        "ingest.max_pages": max_pages,
        "chunk.method": chunk,
        "chunk.max_tokens": max_tokens,
        "index.language": language,
        "index.embedder": embedder,
    }
    with reported(as_json), opened(index, settings, store=store, offline=offline, wait=wait) as rag:
        if reembed:
            from rag.ingest.reembed import reembed as again

            with live.progress(quiet=as_json) as shown:
                render.report(again(rag, progress=shown), as_json=as_json)
        elif not paths:
            raise ConfigError("nothing to ingest: name files or folders, or - for standard input")
        report: Report | None = None
        paths = paths or []
        if "-" in paths:
            report = rag.ingest(_standard_input(name))
            render.report(report, as_json=as_json)
        files = [path for path in paths if path != "-"]
        if watch and any(map(is_address, files)):
            raise ConfigError("--watch follows files and folders; ingest an address again to follow it")
        if watch and files:
            _watch(rag, files, as_json)
        elif files:
            with live.progress(quiet=as_json) as shown:
                report = rag.ingest(files, progress=shown, force=force)
            render.report(report, as_json=as_json)
            if not report.touched:
                say(_NOTHING.format(", ".join(map(one_line, files))), err=True)
        if report is not None and report.failed:
            raise typer.Exit(1)


_NOTHING = (
    "note: there is no file to read in {}: is it the right folder, and do --include, --exclude, --hidden and "
    "`.gitignore` let its files through?"
)


def _standard_input(name: str) -> list[Any]:
    from rag.loaders import load_bytes

    return load_bytes(sys.stdin.buffer.read(), name).documents


def _watch(rag: "Rag", paths: list[str], as_json: bool) -> None:
    from rag.ingest.watch import watch

    from . import live, render

    with live.progress(quiet=as_json) as shown:
        for report in watch(rag, paths, progress=shown):
            shown.hide()
            render.report(report, as_json=as_json, time=True)
