"""`rag tune` on the command line: options in, one call into `rag.tune`, rendered out."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from rag.errors import ConfigError

from .common import DEFAULT_INDEX, AsJson, Index, Offline, Store, opened, reported

Tune = Callable[..., Any]
"""A function of `rag.tune` that gives a `Tuned`, its own options filled in."""
_KEYWORD = inspect.Parameter.KEYWORD_ONLY
tune_app = typer.Typer(
    no_args_is_help=True,
    help="Fit parts of the pipeline to your own questions; what is not proven better is discarded.",
)
Questions = Annotated[
    Path | None,
    typer.Argument(
        metavar="QA",
        help="Questions in any format of `rag eval`; without them, some are made from the documents.",
        show_default=False,
    ),
]
Corpus = Annotated[
    Path | None,
    typer.Option("--corpus", help="Try it on these documents instead; no index is changed."),
]
Qrels = Annotated[Path | None, typer.Option("--qrels", help="Judgements of TREC topics.")]
HeldOut = Annotated[
    float, typer.Option("--held-out", help="Share of the questions to judge by, with their documents.")
]
Number = Annotated[int, typer.Option("--number", min=1, help="Questions to make where no set is given.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of all that is drawn at random.")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, help="At most this many questions, taken evenly.")
]
Doubtful = Annotated[str, typer.Option("--doubtful", help="Training pairs that look wrong: drop or keep.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every part that is tuned on an index is told beside its own options."""

    index: Index = DEFAULT_INDEX
    store: Store = None
    corpus: Corpus = None
    qrels: Qrels = None
    held_out: HeldOut = 0.4
    number: Number = 300
    limit: Limit = None
    doubtful: Doubtful = "drop"
    seed: Seed = 0
    offline: Offline = False
    as_json: AsJson = False


def _part(name: str, epilog: str) -> Callable[[Callable[..., Tune]], Callable[..., None]]:
    """Registers a command that tunes a part: its own options, then those of `Asked`, and shows the verdict.

    What is decorated gets its own options and the seed, and returns what tunes.
    """

    def register(command: Callable[..., Tune]) -> Callable[..., None]:
        def run(*, questions: Path | None, **given: Any) -> None:
            asked = Asked(**{one.name: given.pop(one.name) for one in fields(Asked)})
            with reported(asked.as_json):
                _tuned(command(seed=asked.seed, **given), questions, asked)

        kinds = {**get_type_hints(command, include_extras=True), **get_type_hints(Asked, include_extras=True)}
        own = [one for one in inspect.signature(command).parameters.values() if one.name != "seed"]
        given = [("questions", None), *((one.name, one.default) for one in fields(Asked))]
        shared = [inspect.Parameter(field, _KEYWORD, default=default) for field, default in given]
        kinds = {**kinds, "questions": Questions, "return": None}
        shown = [one.replace(kind=_KEYWORD, annotation=kinds[one.name]) for one in (*own, *shared)]
        run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in shown}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        tune_app.command(name, epilog=epilog)(run)
        return run

    return register


@_part(
    "retriever",
    "Examples:\n\n    rag tune retriever questions.jsonl\n\n    rag tune retriever\n\n"
    "    rag tune retriever qa.jsonl --corpus corpus.jsonl\n\n"
    "    rag tune retriever questions.jsonl --method full --out my-embedder",
)
def tune_retriever_command(
    *,
    method: Annotated[
        str, typer.Option("--method", help="adapter, or full for the embedder; then --reembed.")
    ] = "adapter",
    preference: Annotated[
        str, typer.Option("--preference", help="adapter: a GGUF file or folder whose model weighs passages.")
    ] = "",
    base: Annotated[
        str,
        typer.Option("--base", help="full: a sentence-transformers folder, else the embedder that ships."),
    ] = "",
    out: Annotated[str, typer.Option("--out", help="full: folder to write the tuned embedder to.")] = "",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="full: how often a question is seen.")] = 2,
    rate: Annotated[float, typer.Option("--rate", min=0, help="full: peak learning rate.")] = 2e-5,
    batch: Annotated[int, typer.Option("--batch", min=2, help="full: questions a step.")] = 16,
    negatives: Annotated[
        int, typer.Option("--negatives", min=0, help="full: hard negatives a question.")
    ] = 2,
    device: Annotated[
        str, typer.Option("--device", help="full: cpu, cuda; default: the best there is.")
    ] = "",
    seed: int,
) -> Tune:
    """Fit a map of query vectors in seconds, or the embedder, for which documents are embedded again."""
    from rag.tune.contrastive import Plan
    from rag.tune.retriever import RetrieverOptions, tune_retriever

    plan = Plan(epochs, rate, batch, negatives, seed)
    return partial(tune_retriever, retriever=RetrieverOptions(method, preference, base, plan, out, device))


@_part(
    "ranker",
    "Examples:\n\n    rag tune ranker questions.jsonl\n\n"
    "    rag tune ranker qa.jsonl --corpus corpus.jsonl\n\n    rag ask 'Who built it?' --explain",
)
def tune_ranker_command(*, seed: int) -> Tune:
    """Learn an order of hits from their signals, by boosted trees; needs footnote-rag[tune] to learn."""
    from rag.tune.ranker import tune_ranker

    return tune_ranker


@_part(
    "generator",
    "Examples:\n\n    rag tune generator questions.jsonl --base SmolLM2-135M-Instruct/\n\n"
    "    rag tune generator questions.jsonl --base FOLDER --method full --gguf",
)
def tune_generator_command(
    *,
    base: Annotated[
        str, typer.Option("--base", help="Folder of a Hugging Face model: config, tokenizer, safetensors.")
    ],
    method: Annotated[str, typer.Option("--method", help="lora, ia3, prefix, p-tuning, or full.")] = "lora",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="How often each turn is seen.")] = 2,
    rate: Annotated[float, typer.Option("--rate", min=0, help="Peak learning rate; 0: the method's.")] = 0.0,
    tokens: Annotated[
        int, typer.Option("--tokens", min=64, help="Tokens per batch; less needs less memory.")
    ] = 2048,
    rank: Annotated[int, typer.Option("--rank", min=1, help="lora: the rank.")] = 16,
    sources: Annotated[int, typer.Option("--sources", min=1, help="Sources of a prompt, at most.")] = 4,
    merge: Annotated[bool, typer.Option("--merge", help="Write the whole model, not the adapter.")] = False,
    gguf: Annotated[
        bool,
        typer.Option(
            "--gguf", help="And as a GGUF file for llama.cpp: the adapter, or with --merge the model."
        ),
    ] = False,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, mps; default: the best there is.")] = "",
    seed: int,
) -> Tune:
    """Tune a language model to answer from sources, cite and decline; run it again to resume."""
    from rag.tune.causal import Plan
    from rag.tune.generator import GeneratorOptions, tune_generator

    plan = Plan(method, epochs, rate, tokens, rank, seed)
    return partial(tune_generator, generator=GeneratorOptions(base, plan, merge, gguf, sources, device))


@tune_app.command("list", epilog="Example:\n\n    rag tune list --json")
def tune_list_command(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """List what is adopted for the index, and every verdict that was reached."""
    from rag.tune.listing import listing

    from . import render

    with reported(as_json):
        render.result(listing(index), as_json=as_json)


@tune_app.command("undo", epilog="Example:\n\n    rag tune undo retriever")
def tune_undo_command(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="retriever, ranker, generator or reader.")],
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Undo an adoption: the part before it, if there was one, is used again."""
    from rag.tune.listing import undone

    from . import render

    with reported(as_json):
        render.result(undone(index, kind), as_json=as_json)


@tune_app.command(
    "reader",
    epilog="Examples:\n\n    rag tune reader questions.jsonl --base all-MiniLM-L6-v2/ --out my-reader\n\n"
    "    rag tune reader a.jsonl b.jsonl.gz --base FOLDER --out my-reader --epochs 2 --text-items 0\n\n"
    "    RAG_ASK_READER=my-reader rag ask 'Who built it?'",
)
def tune_reader_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="JSONL with question, context, answers; gzipped or not."),
    ],
    base: Annotated[
        Path, typer.Option("--base", help="Folder of a BERT encoder: config.json, model.safetensors.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to; a run that was stopped goes on there.")
    ],
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="How often each question is seen.")] = 4,
    text_items: Annotated[
        int, typer.Option("--text-items", min=0, help="Questions made from the passages, learned first.")
    ] = 26_000,
    rate: Annotated[float, typer.Option("--rate", min=0, help="Peak learning rate.")] = 1.5e-4,
    tokens: Annotated[
        int, typer.Option("--tokens", min=400, help="Tokens per batch; less needs less memory.")
    ] = 6000,
    held_out: Annotated[
        float, typer.Option("--held-out", min=0, max=0.9, help="Share held out to measure on, by title.")
    ] = 0.1,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs whose weights are averaged.")] = 1,
    start: Annotated[
        Path | None,
        typer.Option("--start", help="Folder of a reader to go on from, made from the same base."),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option("--share", metavar="FILE=SHARE", help="Draw only a share of this file in an epoch."),
    ] = None,
    sure: Annotated[
        float, typer.Option("--sure", min=0, max=1, help="Leave out answers whose probability `p` is lower.")
    ] = 0.0,
    patience: Annotated[
        int, typer.Option("--patience", min=1, help="Stop after this many measurements without a gain.")
    ] = 6,
    hours: Annotated[
        float, typer.Option("--hours", min=0, help="Stop after this many hours; 0: no limit.")
    ] = 0.0,
    mean: Annotated[
        float,
        typer.Option("--mean", min=0, max=1, help="Share of the weights' running mean that a step keeps."),
    ] = 0.998,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, mps; default: the best there is.")] = "",
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Train the model that reranks, reads, abstains and checks support; run it again to resume."""
    from rag.tune.reader import Options, tune_reader

    from . import live, render

    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        options = Options(
            epochs,
            text_items,
            rate,
            tokens,
            held_out,
            seeds,
            device,
            str(start or ""),
            dict(_share(text) for text in share or ()),
            sure,
            patience,
            hours,
            mean,
        )
        with live.progress(quiet=as_json) as shown:
            tuned = tune_reader(files, base, out, options, shown, rag)
        render.result(tuned, as_json=as_json)


def _tuned(tune: Tune, questions: Path | None, asked: Asked) -> None:
    """Tunes a part of the index, and shows the verdict."""
    from rag.tune.tuning import Options

    from . import live, render

    options = Options(
        asked.held_out, asked.number, asked.seed, asked.doubtful, qrels=asked.qrels, limit=asked.limit
    )
    with opened(asked.index, {}, store=asked.store, offline=asked.offline) as rag:
        with live.progress(quiet=asked.as_json) as shown:
            tuned = tune(rag, questions=questions, corpus=asked.corpus, options=options, progress=shown)
        render.result(tuned, as_json=asked.as_json)


def _share(text: str) -> tuple[str, float]:
    """`fewrel=0.3` → its two parts. ConfigError for another form."""
    name, _, share = text.partition("=")
    try:
        value = float(share)
    except ValueError:
        value = -1.0
    if not name or not 0 <= value <= 1:
        raise ConfigError(f"--share {text}: expected FILE=SHARE with a share from 0 to 1, as in fewrel=0.3")
    return name.partition(".")[0], value
