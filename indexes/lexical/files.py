"""The files of a tantivy index: are they those that were written, and what among them is left over?

tantivy ends each of its files with a footer that holds a CRC-32 of the rest, but does not look at it when it
opens them, so a changed byte changes the hits. `check` looks: each file is read once (half a second for
1 GB), what is new since is read again. Only `meta.json` has no footer; all that it says is checked against
the files beside it, and the owner counts the documents.
"""

from __future__ import annotations

import json
import mmap
import shutil
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.errors import CorruptError

from .manifest import NAME

META = "meta.json"
_OWN = {NAME, META, ".managed.json", ".tantivy-writer.lock", ".tantivy-meta.lock"}
_MAGIC = 1337
_END = 8  # bytes after the footer: its length and the magic number


def read_meta(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """`meta.json` as it stands, and as values. Raises CorruptError where it cannot be understood."""
    try:
        raw = (folder / META).read_bytes()
        meta = json.loads(raw)
        _segments(meta), segment_sizes(meta), int(meta["opstamp"]), shape(meta)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptError(
            f"{folder / META} cannot be read ({type(error).__name__}: {error}). "
            "Rebuild the index from its documents."
        ) from error
    return raw, meta


def segment_sizes(meta: Mapping[str, Any]) -> list[int]:
    """How many documents each segment holds, the deleted ones too, in the order of their numbers."""
    return [int(row["max_doc"]) for row in meta["segments"]]


def shape(meta: Mapping[str, Any]) -> int:
    """A checksum of the schema and the settings, which never change."""
    return zlib.crc32(json.dumps([meta["index_settings"], meta["schema"]], sort_keys=True).encode())


def checksums(folder: Path, meta: Mapping[str, Any]) -> dict[str, int]:
    """The checksum of each living file, by name, as its footer tells it."""
    return {path.name: _footer(path)[0] for path in _living(folder, meta)}


def check(folder: Path, meta: Mapping[str, Any], known: Mapping[str, int], seen: dict[str, int]) -> None:
    """Raises CorruptError where a living file is missing or not as it was written.

    `known`: checksums that the manifest remembers. `seen`: what was looked at already; it is added to.
    """
    files = _living(folder, meta)
    names = {path.name for path in files}
    for segment, opstamp in _segments(meta):
        kinds = {name.rpartition(".")[2] for name in names if name.startswith(segment)}
        if missing := ({"idx", "term", "store", "fast"} | ({"del"} if opstamp else set())) - kinds:
            raise _torn(folder / f"{segment}.{min(missing)}", "is missing")
    for path in files:
        if path.name in seen and known.get(path.name, seen[path.name]) == seen[path.name]:
            continue
        crc, length = _footer(path)
        if known.get(path.name, crc) != crc:
            raise _torn(path, "belongs to another state of the index")
        with path.open("rb") as file:
            if length and _crc(file.fileno(), length) != crc:
                raise _torn(path, "does not match its checksum")
        seen[path.name] = crc


def sweep(folder: Path) -> None:
    """Removes what a writer that was killed has left; tantivy would stumble over such a file for ever.

    The caller is the only writer and has nothing under way.
    """
    _, meta = read_meta(folder)
    kept = _OWN | {path.name for path in _living(folder, meta)}
    for path in folder.iterdir():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _segments(meta: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Each segment's name, and the number of its file of deletions or 0."""
    return [
        (str(row["segment_id"]).replace("-", ""), int(row["deletes"]["opstamp"]) if row["deletes"] else 0)
        for row in meta["segments"]
    ]


def _living(folder: Path, meta: Mapping[str, Any]) -> list[Path]:
    """The files that `meta.json` speaks of."""
    deletes = dict(_segments(meta))

    def lives(name: str) -> bool:
        segment, _, rest = name.partition(".")
        if segment not in deletes:
            return False
        return not rest.endswith("del") or rest == f"{deletes[segment]}.del"

    return sorted(path for path in folder.iterdir() if lives(path.name))


def _footer(path: Path) -> tuple[int, int]:
    """The checksum that a file says it has, and of how many bytes."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(size - _END)
            end = file.read(_END)
            length = int.from_bytes(end[:4], "little")
            if int.from_bytes(end[4:], "little") != _MAGIC or length > size - _END:
                raise ValueError("no footer")
            file.seek(size - _END - length)
            return int(json.loads(file.read(length))["crc"]), size - _END - length
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _torn(path, "has no footer") from error


def _crc(handle: int, length: int) -> int:
    with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
        return zlib.crc32(view[:length])


def _torn(path: Path, why: str) -> CorruptError:
    return CorruptError(f"{path} {why}. Rebuild the index from its documents.")


def environment(error: BaseException) -> bool:
    """Whether the disk or its permissions are at fault, and not the files: building anew would not help."""
    text = str(error).casefold()
    return any(said in text for said in _SAID)


_SAID = ("no space left", "permission denied", "read-only file system", "quota", "too many open files")
