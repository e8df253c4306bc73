"""`rag trust` on the command line: which settings files may set more than search and chunking."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rag.errors import ConfigError
from rag.secrets import guarded

from .common import AsJson, reported

TRUST_EXAMPLES = "Examples:\n\n    rag trust .\n\n    rag trust ~/handbook --remove\n\n    rag trust --list"


def trust(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Folder with a rag.toml, or with an index in it.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Stop trusting it.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show the files that are trusted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let the settings files of a folder name models, servers, paths and code, not only search and chunking.

    What is trusted is what the files hold now: change those settings, and they need trust again.
    """
    with reported(as_json):
        from rag import trust as trusted

        from . import render

        if (folder is None) is not listed:
            raise ConfigError("give FOLDER, or --list: one of them")
        if folder is None:
            rows = dict.fromkeys(sorted(trusted.known()), "trusted")
        elif remove:
            rows = {str(file): _word(trusted.distrust(file)) for file, _ in _files(folder)}
        else:
            needed = dict(_files(folder))
            for file, needs in needed.items():
                trusted.trust(file, needs)
            rows = {str(file): _summary(needs) for file, needs in needed.items()}
        render.values(rows, as_json=as_json)


def _files(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The settings files of a folder, and those that say what its indexes were built with."""
    from rag.config import resolve_settings
    from rag.stores import built_with

    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: name the one that holds rag.toml")
    inside = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    indexes = [path for path in inside if (path / "store.sqlite").is_file()]
    settings = resolve_settings(folder / ".rag", environ={}, looking=True) if folder not in indexes else None
    if not indexes and (settings is None or not settings.path.exists()):
        raise ConfigError(f"{folder} holds no rag.toml and no index: name the folder that does")
    if settings is not None and settings.path.exists():
        yield settings.path, settings.needs
    for index in indexes:
        built = built_with(index)
        named = built.embedder if built else ""
        yield index / "rag.toml", {"index.embedder": named} if named not in ("", "builtin") else {}


def _word(was: bool) -> str:
    return "no longer trusted" if was else "was not trusted"


def _summary(needs: Mapping[str, Any]) -> str:
    safe = {name: guarded(name, value) for name, value in sorted(needs.items())}
    said = ", ".join(f"{name} = {json.dumps(value, default=str)}" for name, value in safe.items())
    return f"trusted: {said}" if said else "sets nothing that needs trust"
