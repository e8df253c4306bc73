"""What every command shares: the common options, opening the index, and reporting errors.

Light on purpose: `rag --help` imports it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConfigError, FilterError, RagError
from rag.terminal import indented, say, say_json

if TYPE_CHECKING:
    from rag import Rag

Index = Annotated[
    Path, typer.Option("--index", "-i", envvar="RAG_INDEX", help="Folder of the index.", show_default=True)
]
Indexes = Annotated[
    list[Path] | None,
    typer.Option(
        "--index",
        "-i",
        help="Folder of the index; several are asked together.",
        show_default="$RAG_INDEX or .rag",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store", help="URL of the store, where it is not the index folder.", show_default="$RAG_STORE"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
K = Annotated[int | None, typer.Option("-k", min=1, help="How many hits.")]
Offline = Annotated[
    bool, typer.Option("--offline", envvar="RAG_OFFLINE", help="Never use the network; fail instead.")
]
Where = Annotated[
    str | None,
    typer.Option("--where", "-w", help="Filter, such as 'source ~ \"guides/*\" and year >= 2024'."),
]
Augment = Annotated[str | None, typer.Option("--augment", help="Stages, comma-separated; '' for none.")]
Retrieve = Annotated[
    str | None, typer.Option("--retrieve", help="hybrid, dense, lexical, routed or module:function.")
]
Denoise = Annotated[str | None, typer.Option("--denoise", help="Stages, comma-separated; '' for none.")]
Reorder = Annotated[str | None, typer.Option("--reorder", help="Stages, comma-separated; '' for none.")]
Generate = Annotated[
    str | None,
    typer.Option("--generate", help="extractive, model, gguf, hf, hf_reader, openai or module:function."),
]
Ground = Annotated[str | None, typer.Option("--ground", help="Stages, comma-separated; '' for none.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="Answer with this language model: a name from `rag models`, or a path."
    ),
]
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer.")]
Queue = Annotated[
    str | None,
    typer.Option("--queue", help="Where workers meet: a file or postgresql://.", show_default="the store"),
]
DEFAULT_INDEX = Path(".rag")


@contextmanager
def opened(
    index: Path | Sequence[Path] | None,
    settings: dict[str, Any],
    *,
    store: str | None = None,
    offline: bool = False,
    wait: float = 0.0,
) -> Iterator[Rag]:
    from rag.rag import Rag

    usual = Path(os.environ.get("RAG_INDEX") or DEFAULT_INDEX)
    named = [index] if isinstance(index, Path) else list(index or [usual])
    if len(named) > 1:
        if store:
            raise ConfigError("--store is one store; name indexes by --index, or that store alone")
        with Rag.over(named, settings=settings, offline=offline, wait=wait) as rag:
            yield rag
        return
    index = named[0]
    with Rag(index, store=store, settings=settings, offline=offline, wait=wait) as rag:
        yield rag


@contextmanager
def reported(as_json: bool) -> Iterator[None]:
    """Errors on purpose become one message and an exit code: 2 where the call is wrong, else 1.

    So do those of the system about a file or the disk.
    """
    try:
        yield
    except RagError as error:
        _say_error(error, str(error), as_json)
        raise typer.Exit(2 if isinstance(error, ConfigError | FilterError) else 1) from None
    except KeyboardInterrupt:
        say("rag: interrupted; what was stored stays, and the same command goes on", err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nothing to say, and nobody to say it to
        raise typer.Exit(0) from None
    except OSError as error:
        if error.errno not in _OF_FILES:
            raise
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "a file"
        told = f"{name} cannot be used ({error.strerror}): check the path, its permissions and the disk"
        _say_error(error, told, as_json)
        raise typer.Exit(1) from None


_OF_FILES = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
    | {errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
)


def _say_error(error: Exception, message: str, as_json: bool) -> None:
    if as_json:
        say_json({"error": message, "kind": type(error).__name__})
    else:
        say(indented(f"rag: {message}"), err=True, colour="red")


def note_why_nothing(rag: Rag, where: str | None) -> None:
    """Says why nothing was found, where it is plain: an empty index, or a filter that can never match."""
    if not rag.store.stats()["documents"]:
        say("note: the index is empty: run `rag ingest PATH` first", err=True)
        return
    if where is None:
        return
    from rag.retrieve.filter_notes import filter_notes
    from rag.stores import parse_where

    for note in filter_notes(parse_where(where), rag.documents):
        say(f"note: {note}; `rag ls --json` shows what each has", err=True)


def stage_settings(
    augment: str | None,
    retrieve: str | None,
    denoise: str | None,
    reorder: str | None = None,
    generate: str | None = None,
    ground: str | None = None,
    model: str | None = None,
) -> dict[str, Any]:
    """Stage options as settings; an option that was not given stays with the settings file."""
    return {
        "search.augment": _listed(augment),
        "search.retrieve": retrieve,
        "search.denoise": _listed(denoise),
        "ask.reorder": _listed(reorder),
        "ask.generate": generate or ("model" if model else None),
        "ask.ground": _listed(ground),
        "model.name": model,
    }


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]
