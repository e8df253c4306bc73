"""Files that come in: named safely, written whole or not at all, then ingested."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from rag.ingest.sync import FILE_KEY
from rag.loaders import takes

from .requests import Refused

if TYPE_CHECKING:
    from rag.ingest import Progress
    from rag.rag import Rag

PART = ".part"
_LONGEST = 180  # bytes of a name; file systems end at 255
_BLOCK = 1 << 20
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/\u2028\u2029\u202a-\u202e\u2066-\u2069]')


class Incoming(NamedTuple):
    """A file as the browser names it, and its bytes."""

    name: str
    file: BinaryIO


def safe_name(name: str) -> str:
    """The last part of a path without what file systems or people could misread.

    Raises Refused where nothing is left, or where no loader takes such a file.
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    kept = _UNFIT.sub("_", last).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    while stem and len(kept.encode("utf-8", "replace")) > _LONGEST:
        stem = stem[:-1]
        kept = f"{stem}{dot}{suffix}"
    if not stem or not kept.isprintable() or len(kept.encode("utf-8", "replace")) > _LONGEST:
        raise Refused(
            422, f"{name[:80]!r} is no name for a file: expected one with a suffix, such as notes.md"
        )
    if not takes(kept):
        raise Refused(415, f"no loader takes {kept[:80]!r}: `docs/formats.md` has what is read")
    return kept


def take(
    rag: Rag, folder: Path, files: Sequence[Incoming], progress: Callable[[Progress], None]
) -> dict[str, Any]:
    """Writes files into the folder and ingests them; the report of the ingest.

    A file is written beside its place, brought to the disk, and put there in one step: a crash leaves the
    former file or the new one, and what was ingested of it stays until the new one is.
    """
    paths = [_written(folder, file) for file in files]
    return rag.ingest(paths, progress=progress).to_dict()


def _written(folder: Path, incoming: Incoming) -> Path:
    path = folder / safe_name(incoming.name)
    part = folder / f".{path.name}{PART}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            while block := incoming.file.read(_BLOCK):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise Refused(507, f"the file cannot be kept ({error.strerror})") from error
    return path


def catch_up(rag: Rag, folder: Path) -> None:
    """Removes what an interrupted upload left, and ingests what was not ingested any more."""
    if folder.is_dir():
        for part in folder.glob(f".*{PART}"):
            part.unlink(missing_ok=True)
        rag.ingest(folder)


def remove(rag: Rag, folder: Path | None, source: str, file: str) -> dict[str, Any]:
    """Removes a document, and its file where that was uploaded: then with all documents of that file.

    Elsewhere the file stays, and with the next ingest of its folder the document comes back.
    """
    base = Path(os.path.abspath(rag.index)).parent  # noqa: PTH100 (resolve() would follow links)
    path = base / file if file else None
    if path is None or folder is None or path.parent != Path(os.path.abspath(folder)):  # noqa: PTH100
        return {"removed": rag.remove([source]), "file_stays": path is not None and path.exists()}
    path.unlink(missing_ok=True)
    of_file = [info.source for info in rag.documents() if file_of(info.metadata) == file]
    return {"removed": rag.remove(of_file or [source]), "file_stays": False}


def file_of(metadata: Any) -> str:
    """The file that a document came from, as the ingest keeps it; empty where it came from none."""
    kept = metadata.get(FILE_KEY)
    return str(kept.get("source", "")) if isinstance(kept, dict) else ""
