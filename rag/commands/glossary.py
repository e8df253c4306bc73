"""`rag glossary` on the command line: options in, one call into `rag.augment`, rendered out."""

from typing import Annotated

import typer

from rag.terminal import say

from .common import DEFAULT_INDEX, AsJson, Index, Store, opened, reported

glossary_app = typer.Typer(
    help="The terms that the documents use, and what each means there.", no_args_is_help=True
)


@glossary_app.command(
    "build", epilog="Example:\n\n    rag glossary build && rag ask 'What is an SLO?' --augment glossary"
)
def glossary_build(index: Index = DEFAULT_INDEX, store: Store = None, as_json: AsJson = False) -> None:
    """Mine the documents for abbreviations, definitions and glossary lists; keep what people corrected."""
    with reported(as_json), opened(index, {}, store=store) as rag:
        from . import render

        render.built_glossary(rag.build_glossary(), as_json=as_json)


@glossary_app.command("show", epilog="Examples:\n\n    rag glossary show\n\n    rag glossary show SLA --json")
def glossary_show(
    terms: Annotated[list[str] | None, typer.Argument(metavar="TERM", help="Only these terms.")] = None,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Show terms and their meanings, and how many documents give each."""
    with reported(as_json):
        from rag.glossary.file import shown

        from . import render

        render.glossary(shown(index, terms or ()), as_json=as_json)


@glossary_app.command("edit", epilog="Example:\n\n    EDITOR=nano rag glossary edit")
def glossary_edit(index: Index = DEFAULT_INDEX) -> None:
    """Open the glossary in $EDITOR, and check it afterwards."""
    with reported(as_json=False):
        from rag.glossary.file import edit

        say(f"checked {edit(index)}")
