"""`rag config` on the command line: every setting, and a file to begin with."""

from typing import Annotated

import typer

from rag.errors import ConfigError
from rag.terminal import say

from .common import DEFAULT_INDEX, AsJson, Index, reported

config_app = typer.Typer(help="Show the settings and where each comes from.", no_args_is_help=True)


@config_app.command("show", epilog="Example:\n\n    RAG_SEARCH_K=5 rag config show")
def config_show(index: Index = DEFAULT_INDEX, as_json: AsJson = False) -> None:
    """Show every setting, its value, and where it came from: flag, environment, rag.toml or default."""
    with reported(as_json):
        from rag.config import resolve_settings

        from . import render

        render.settings(resolve_settings(index, looking=True), as_json=as_json)


@config_app.command("init", epilog="Example:\n\n    rag config init && $EDITOR rag.toml")
def config_init(index: Index = DEFAULT_INDEX) -> None:
    """Write a rag.toml beside the index, with every setting, its default and what it means."""
    with reported(as_json=False):
        from rag.config import resolve_settings, template

        path = resolve_settings(index, looking=True).path
        if path.exists():
            raise ConfigError(f"{path} exists already: edit it, or move it away first")
        path.write_text(template(), "utf-8")
        say(f"wrote {path}")


@config_app.command(
    "set",
    epilog="Examples:\n\n    rag config set search.k 20\n\n"
    "    rag config set search.denoise rerank,duplicates\n\n    rag config set stages.rerank.weight 0.5",
)
def config_set(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Full name of a setting, as `rag config show` has it.")
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its value; of a list, the items separated by commas.")
    ],
    index: Index = DEFAULT_INDEX,
) -> None:
    """Write a setting into the rag.toml beside the index; everything else in it stays as it is."""
    with reported(as_json=False):
        from rag import trust
        from rag.config import resolve_settings, set_in_file

        before = resolve_settings(index, environ={}, looking=True)
        was_trusted = trust.is_trusted(before.path, before.needs)
        set_in_file(index, name, value)
        if was_trusted:  # who sets a value trusts it
            trust.trust_own(before.path, resolve_settings(index, environ={}, looking=True).needs)
        say(f"wrote {before.path}")
