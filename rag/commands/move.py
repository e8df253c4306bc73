"""`rag move`, `rag export` and `rag import` on the command line: options in, one call, rendered out."""

from pathlib import Path
from typing import Annotated

import typer

from .common import DEFAULT_INDEX, AsJson, Index, Wait, reported

MOVE_EXAMPLES = (
    "Examples:\n\n    rag move .rag postgresql://rag@db.example/notes\n\n"
    "    rag move postgresql://rag@db.example/notes lancedb:///data/notes\n\n"
    "    rag move .rag copy.rag --json"
)
EXPORT_EXAMPLES = "Examples:\n\n    rag export notes.ragz\n\n    rag export notes.ragz --from postgresql://rag@db.example/notes"
IMPORT_EXAMPLES = (
    "Examples:\n\n    rag import notes.ragz\n\n    rag import notes.ragz --to lancedb:///data/notes"
)


def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Folder or URL of a store.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Folder or URL; made where there is none.")],
    index: Index = DEFAULT_INDEX,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Copy a store into another, without embedding anything again, and compare the two.

    The source stays. After an interruption, run the same command again. Options of the stores come from
    the index's rag.toml.
    """
    from rag.moving import move as moved

    from . import live, render

    with reported(as_json):
        with live.progress(quiet=as_json) as shown:
            done = moved(source, target, options=_options(index), wait=wait, progress=shown)
        render.result(done, as_json=as_json)
        if not done.passed:
            raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Archive to write.")],
    source: Annotated[
        str | None, typer.Option("--from", help="Folder or URL of the store; default: the index.")
    ] = None,
    index: Index = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Write documents, chunks and vectors into one file with checksums."""
    from rag.moving import export_archive

    from . import live, render

    with reported(as_json):
        with live.progress(quiet=as_json) as shown:
            done = export_archive(source or _url(index), file, options=_options(index), progress=shown)
        render.result(done, as_json=as_json)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Archive of `rag export`.")],
    target: Annotated[
        str | None, typer.Option("--to", help="Folder or URL of the store; default: the index.")
    ] = None,
    index: Index = DEFAULT_INDEX,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Read an archive into a store; all of it is checked before anything is written."""
    from rag.moving import import_archive

    from . import live, render

    with reported(as_json):
        with live.progress(quiet=as_json) as shown:
            done = import_archive(
                file, target or _url(index), options=_options(index), wait=wait, progress=shown
            )
        render.result(done, as_json=as_json)
        if not done.passed:
            raise typer.Exit(1)


def _options(index: Path) -> dict[str, dict[str, object]]:
    from rag.config import resolve_settings

    return {name: dict(own) for name, own in resolve_settings(index, None).settings.stores.items()}


def _url(index: Path) -> str:
    from rag.config import resolve_settings

    return resolve_settings(index, None).settings.store.url.reveal() or str(index)
