"""`rag tune` on the command line: options in, one call into `rag.tune`, rendered out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import AsJson, reported

tune_app = typer.Typer(
    no_args_is_help=True,
    help="Train the small models on your own questions; needs footnote-rag[tune].",
)


@tune_app.callback()
def _group() -> None:
    """A group, so that `rag tune reader` keeps its name while it is the only command."""


@tune_app.command(
    "reader",
    epilog="Examples:\n\n    rag tune reader questions.jsonl --base all-MiniLM-L6-v2/ --out my-reader\n\n"
    "    rag tune reader a.jsonl b.jsonl.gz --base FOLDER --out my-reader --epochs 2 --text-items 0\n\n"
    "    RAG_ASK_READER=my-reader rag ask 'Who built it?'",
)
def tune_reader_command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="JSONL with question, context, answers; gzipped or not."),
    ],
    base: Annotated[
        Path, typer.Option("--base", help="Folder of a BERT encoder: config.json, model.safetensors.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; the same folder goes on.")],
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="How often each question is seen.")] = 4,
    text_items: Annotated[
        int, typer.Option("--text-items", min=0, help="Questions made of the passages, to begin with.")
    ] = 26_000,
    rate: Annotated[float, typer.Option("--rate", min=0, help="Peak learning rate.")] = 1.5e-4,
    tokens: Annotated[
        int, typer.Option("--tokens", min=400, help="Tokens a batch; less needs less memory.")
    ] = 6000,
    held_out: Annotated[
        float, typer.Option("--held-out", min=0, max=0.9, help="Share held out to measure on, by title.")
    ] = 0.1,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs whose weights are averaged.")] = 1,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, mps; default: the best there is.")] = "",
    as_json: AsJson = False,
) -> None:
    """Train the model that reranks, reads, abstains and checks support. Stopped, the same command goes on."""
    from rag.tune.reader import Options, tune_reader

    from . import live, render

    options = Options(epochs, text_items, rate, tokens, held_out, seeds, device)
    with reported(as_json):
        with live.progress(quiet=as_json) as shown:
            tuned = tune_reader(files, base, out, options, shown)
        render.result(tuned, as_json=as_json)
