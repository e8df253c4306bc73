"""`rag ask` and `rag search` on the command line: options in, one call into the pipeline, rendered out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigError

from .common import (
    AsJson,
    Augment,
    Denoise,
    Generate,
    Ground,
    Indexes,
    K,
    Model,
    Offline,
    Reorder,
    Retrieve,
    Store,
    Where,
    note_why_nothing,
    opened,
    reported,
    stage_settings,
)

if TYPE_CHECKING:
    from rag import Rag

ASK_EXAMPLES = (
    "Examples:\n\n"
    "    rag ask 'How long is a session?'\n\n"
    "    rag ask how long is a session\n\n"
    "    rag ask 'Who signs off releases?' --where 'source ~ \"handbook/*\"' --explain\n\n"
    "    rag ask 'Who is on call?' --index handbook.rag --index wiki.rag\n\n"
    "    rag ask 'What changed?' --json | jq .sentences\n\n"
    "    rag ask 'the lease of Tarn Street' --schema lease.json --json"
)
SEARCH_EXAMPLES = (
    "Examples:\n\n"
    "    rag search 'ERR_4021'\n\n"
    "    rag search 'retention of logs' -k 20 --where 'year >= 2024'\n\n"
    "    rag search 'back up' --retrieve lexical --explain\n\n"
    "    rag search --like draft.md"
)

SUMMARIZE_EXAMPLES = (
    "Examples:\n\n    rag summarize handbook/backups.md\n\n"
    "    rag summarize --where 'source ~ \"minutes/*\" and year = 2031' -n 10"
)

SUGGEST_EXAMPLES = (
    "Examples:\n\n    rag suggest\n\n    rag suggest 'How long are backups kept?' -n 3\n\n"
    "    rag suggest --where 'source ~ \"minutes/*\"'"
)

Explain = Annotated[bool, typer.Option("--explain", help="Show what every stage did.")]


def ask(
    question: Annotated[
        list[str], typer.Argument(metavar="QUESTION", help="A question in plain words, quoted or not.")
    ],
    index: Indexes = None,
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
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples", min=1, help="Drafts of the language model; that which agrees most is taken."
        ),
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", help="Fill this JSON schema about QUESTION; each field is cited or null."),
    ] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Answer a question; every sentence names its source. Exit code 3: the sources do not answer it."""
    settings = stage_settings(augment, retrieve, denoise, reorder, generate, ground, model)
    with reported(as_json), opened(index, settings, store=store, offline=offline) as opened_rag:
        from . import live, render

        rag = with_samples(opened_rag, samples)
        if schema is not None:
            form = rag.fill(schema, " ".join(question), k, where)
            render.form(form, base=rag.index.absolute().parent, as_json=as_json)
            if all(field.value is None for field in form.fields):
                raise typer.Exit(3)
            return
        events = rag.stream(" ".join(question), k=k, where=where)
        base = rag.index.absolute().parent
        answer = live.answered(events, base=base, explain=explain, as_json=as_json)
        if not answer.hits:
            note_why_nothing(rag, where)
        if answer.abstained:
            raise typer.Exit(3)


def with_samples(rag: "Rag", samples: int | None) -> "Rag":
    """The same with the stage `consensus` over so many drafts, before the other stages that check."""
    from rag.pipeline.parts import has_stage, stages_of

    if samples is None or samples < 2:
        return rag
    checks = [stage for kind, stage in stages_of(rag) if kind == "ground"]
    first = [] if has_stage(rag, "ground", "consensus") else ["consensus"]
    return rag.variant({"stages.consensus.samples": samples}, ground=[*first, *checks])


def search(
    query: Annotated[str | None, typer.Argument(metavar="QUERY", help="What to look for.")] = None,
    index: Indexes = None,
    store: Store = None,
    k: K = None,
    where: Where = None,
    explain: Explain = False,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    like: Annotated[
        Path | None, typer.Option("--like", help="Look for documents that are like this file.")
    ] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show the best hits for a query, with the score and rank that each retriever gave them."""
    settings = stage_settings(augment, retrieve, denoise)
    with reported(as_json), opened(index, settings, store=store, offline=offline) as rag:
        from rag.trace import notes_of

        from . import render

        if (query is None) is (like is None):
            raise ConfigError("give QUERY, or a file with --like: one of them")
        hits, trace = (rag.like(like, k, where), []) if like else rag.explain(query or "", k, where)
        if not hits:
            note_why_nothing(rag, where)
        base = rag.index.absolute().parent
        render.hits(hits, trace if explain else [], notes_of(trace), base=base, as_json=as_json)


def summarize(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sources, as `rag ls` shows them.")
    ] = None,
    index: Indexes = None,
    store: Store = None,
    where: Where = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many sentences.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Sum up documents in a few of their own sentences, each with its source."""
    with reported(as_json), opened(index, {}, store=store) as rag:
        from . import render

        if not sources and where is None:
            raise ConfigError("nothing to sum up: name sources, or give --where")
        render.answer(
            rag.summarize(sources or [], where, number), base=rag.index.absolute().parent, as_json=as_json
        )


def suggest(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="Suggest questions close to this one.")
    ] = None,
    index: Indexes = None,
    store: Store = None,
    where: Where = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many questions.")] = 5,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show questions that the documents answer. Exit code 3: none was found."""
    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        from . import render

        found = rag.suggest(question or "", number, where)
        render.suggestions(found, as_json=as_json)
        if not found:
            note_why_nothing(rag, where)
            raise typer.Exit(3)
