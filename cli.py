"""The `rag` command: options in, one call into `rag`, rendered out; nothing else.

Exit codes: 0 done, 1 error, 2 usage, 3 the sources do not answer the question, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.commands.chat import CHAT_EXAMPLES, chat
from rag.commands.common import (
    DEFAULT_INDEX,
    AsJson,
    Augment,
    Denoise,
    Generate,
    Ground,
    Index,
    K,
    Model,
    Offline,
    Reorder,
    Retrieve,
    Store,
    Where,
    stage_settings,
)
from rag.commands.common import opened as _opened
from rag.commands.common import reported as _reported
from rag.commands.evaluate import WHY_EXAMPLES, eval_app, why
from rag.commands.glossary import glossary_app
from rag.commands.models import models_app
from rag.commands.move import EXPORT_EXAMPLES, IMPORT_EXAMPLES, MOVE_EXAMPLES, export, import_, move
from rag.commands.tune import tune_app
from rag.commands.work import WORK_EXAMPLES, work
from rag.commands.work import Queue as QueueUrl
from rag.errors import ConfigError

if TYPE_CHECKING:
    from rag import Rag, Report

__all__ = ["app", "main"]

app = typer.Typer(
    name="rag",
    help="Ask your documents, and get answers in which every sentence names its source.\n\n"
    'Begin with `rag ingest docs/`, then `rag ask "…"`.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
config_app = typer.Typer(help="Show the settings and where each comes from.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(glossary_app, name="glossary")
app.add_typer(models_app, name="models")
app.add_typer(eval_app, name="eval")
app.add_typer(tune_app, name="tune")

Explain = Annotated[bool, typer.Option("--explain", help="Show what every stage did.")]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer.")]
Embedder = Annotated[
    str | None, typer.Option("--embedder", help="builtin, a folder with model.onnx, or st:MODEL.")
]


# ------------------------------------------------------------------------------------------ commands


@app.command(
    epilog="Examples:\n\n"
    "    rag ingest docs/ notes.pdf\n\n"
    "    rag ingest docs/ --exclude 'drafts/' --watch\n\n"
    "    pdftotext old.pdf - | rag ingest - --name old.txt"
)
def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and folders; - reads standard input.")
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
    force: Annotated[bool, typer.Option("--force", help="Read files again that did not change.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and follow every change.")] = False,
    name: Annotated[
        str, typer.Option(help="What standard input is called; its suffix says the format.")
    ] = "stdin.txt",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that parse; 2 or more also embed.", show_default="one a core"),
    ] = None,
    queue: QueueUrl = None,
    ray: Annotated[
        str | None, typer.Option(help="Embed on a Ray cluster: auto, ray://HOST:PORT or local.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Seconds a file may take.")] = None,
    chunk: Annotated[
        str | None, typer.Option(help="structure, fixed, sentences, headings, semantic or code.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=16, help="Size of a chunk, in tokens.")] = None,
    embedder: Embedder = None,
    language: Annotated[str | None, typer.Option(help="For stems: english, german, …, none, auto.")] = None,
    reembed: Annotated[
        bool, typer.Option("--reembed", help="Embed all that is stored with this embedder first.")
    ] = False,
    wait: Wait = 0.0,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Make the index follow files and folders: what is new is added, changed replaced, gone removed."""
    from rag.commands import live, render

    settings = {
        "ingest.include": include or None,
        "ingest.exclude": exclude or None,
        "ingest.gitignore": gitignore,
        "ingest.hidden": hidden,
        "ingest.workers": workers,
        "ingest.queue": queue,
        "ingest.ray": ray,
        "ingest.timeout": timeout,
        "chunk.method": chunk,
        "chunk.max_tokens": max_tokens,
        "index.language": language,
        "index.embedder": embedder,
    }
    with _reported(as_json), _opened(index, settings, store=store, offline=offline, wait=wait) as rag:
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
        if watch and files:
            _watch(rag, files, as_json)
        elif files:
            with live.progress(quiet=as_json) as shown:
                report = rag.ingest(files, progress=shown, force=force)
            render.report(report, as_json=as_json)
        if report is not None and report.failed:
            raise typer.Exit(1)


@app.command(
    epilog="Examples:\n\n"
    "    rag ask 'How long is a session?'\n\n"
    "    rag ask 'Who signs off releases?' --where 'source ~ \"handbook/*\"' --explain\n\n"
    "    rag ask 'What changed?' --json | jq .sentences"
)
def ask(
    question: Annotated[str, typer.Argument(help="A question in plain words.")],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    k: K = None,
    where: Where = None,
    explain: Explain = False,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    reorder: Reorder = None,
    generate: Generate = None,
    ground: Ground = None,
    model: Model = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question; every sentence names its source. Exit code 3: the sources do not answer it."""
    settings = stage_settings(augment, retrieve, denoise, reorder, generate, ground, model)
    with _reported(as_json), _opened(index, settings, store=store, offline=offline) as rag:
        from rag.commands import live

        events = rag.stream(question, k=k, where=where)
        base = rag.index.absolute().parent
        answer = live.answered(events, base=base, explain=explain, as_json=as_json)
        if answer.abstained:
            raise typer.Exit(3)


@app.command(
    epilog="Examples:\n\n"
    "    rag search 'ERR_4021'\n\n"
    "    rag search 'retention of logs' -k 20 --where 'year >= 2024'\n\n"
    "    rag search 'back up' --retrieve lexical --explain"
)
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    k: K = None,
    where: Where = None,
    explain: Explain = False,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show the best hits for a query, with the score and rank that each retriever gave them."""
    settings = stage_settings(augment, retrieve, denoise)
    with _reported(as_json), _opened(index, settings, store=store, offline=offline) as rag:
        from rag.commands import render
        from rag.trace import notes_of

        hits, trace = rag.explain(query, k, where)
        base = rag.index.absolute().parent
        render.hits(hits, trace if explain else [], notes_of(trace), base=base, as_json=as_json)


@app.command(epilog="Example:\n\n    rag status --json")
def status(index: Index = DEFAULT_INDEX, store: Store = None, as_json: AsJson = False) -> None:
    """Say what the index holds and what it was made with."""
    with _reported(as_json), _opened(index, {}, store=store) as rag:
        from rag.commands import render

        render.status({"index": rag.place, **rag.opened.stats()}, as_json=as_json)


@app.command(epilog="Examples:\n\n    rag ls\n\n    rag ls --where 'source ~ \"*.pdf\"' --json")
def ls(
    index: Index = DEFAULT_INDEX, store: Store = None, where: Where = None, as_json: AsJson = False
) -> None:
    """List the documents."""
    with _reported(as_json), _opened(index, {}, store=store) as rag:
        from rag.commands import render

        render.documents(rag.documents(where), as_json=as_json)


@app.command(
    epilog="Examples:\n\n    rag rm docs/old.md\n\n    rag rm --where 'year < 2020' --yes\n\n"
    "A file that is still in an ingested folder comes back with the next ingest; exclude it to keep it out."
)
def rm(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources, as `rag ls` shows them.")] = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    where: Where = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Remove documents by source or by filter."""
    with _reported(as_json), _opened(index, {}, store=store, wait=wait) as rag:
        if not sources and where is None:
            raise ConfigError("nothing to remove: name sources, or give --where")
        if not yes and sys.stdin.isatty() and not as_json:
            number = len(rag.documents(where)) if where else len(sources or [])
            typer.confirm(f"Remove {number} documents?", abort=True)
        gone = rag.remove(sources or [], where)
        missing = sorted(set(sources or []) - set(gone))
        if as_json:
            typer.echo(json.dumps({"removed": gone, "missing": missing}, ensure_ascii=False))
        else:
            typer.echo("\n".join(f"removed {source}" for source in gone) or "nothing was removed")
        if missing:
            raise ConfigError(f"not in the index: {', '.join(missing)}; `rag ls` shows what is")


app.command(epilog=CHAT_EXAMPLES)(chat)
app.command(epilog=WHY_EXAMPLES)(why)
app.command(epilog=WORK_EXAMPLES)(work)
app.command(epilog=MOVE_EXAMPLES)(move)
app.command(epilog=EXPORT_EXAMPLES)(export)
app.command("import", epilog=IMPORT_EXAMPLES)(import_)


@app.command(epilog="Example:\n\n    rag doctor && rag ask 'Is all well?'")
def doctor(index: Index = DEFAULT_INDEX, store: Store = None, as_json: AsJson = False) -> None:
    """Check the index against itself, the models and the machine, and say how to mend what is wrong."""
    with _reported(as_json):
        from rag.commands import render
        from rag.doctor import examine

        findings = examine(index, store)
        render.findings(findings, as_json=as_json)
        if any(finding.level == "error" for finding in findings):
            raise typer.Exit(1)


@config_app.command("show", epilog="Example:\n\n    RAG_SEARCH_K=5 rag config show")
def config_show(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Show every setting, its value, and where it came from: flag, environment, rag.toml or default."""
    with _reported(as_json):
        from rag.commands import render
        from rag.config import resolve_settings

        render.settings(resolve_settings(index), as_json=as_json)


@config_app.command("init", epilog="Example:\n\n    rag config init && $EDITOR rag.toml")
def config_init(index: Index = DEFAULT_INDEX) -> None:
    """Write a rag.toml beside the index, with every setting, its default and what it means."""
    with _reported(as_json=False):
        from rag.config import resolve_settings, template

        path = resolve_settings(index).path
        if path.exists():
            raise ConfigError(f"{path} exists already: edit it, or move it away first")
        path.write_text(template(), "utf-8")
        typer.echo(f"wrote {path}")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        import rag

        typer.echo(f"footnote-rag {rag.__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `rag` command."""
    app()


# ------------------------------------------------------------------------------------------ plumbing


def _standard_input(name: str) -> list[Any]:
    from rag.loaders import load_bytes

    return load_bytes(sys.stdin.buffer.read(), name).documents


def _watch(rag: Rag, paths: list[str], as_json: bool) -> None:
    from rag.commands import live, render
    from rag.ingest.watch import watch

    with live.progress(quiet=as_json) as shown:
        for report in watch(rag, paths, progress=shown):
            render.report(report, as_json=as_json, time=True)


if __name__ == "__main__":
    main()
