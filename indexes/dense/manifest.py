"""The manifest of a dense index: which files make up the current generation. Replaced in one step.

A generation's data files are written and flushed before the manifest names them, and removed only after a
newer one no longer does. A process killed at any point leaves the old generation or the new one. Readers
that mapped the old files keep them; POSIX frees the space when the last one closes.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rag.errors import CorruptError

from .segment import Files, flush

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "dense.json"
FORMAT = 2


class Manifest(NamedTuple):
    """`generation` is a random name, never used twice. `dead` names a file of slots counted through all
    segments, or is ''.
    """

    dim: int
    stamp: int
    generation: str
    segments: tuple[Files, ...]
    dead: str = ""
    dead_rows: int = 0
    dead_crc: int = 0

    def names(self, folder: Path) -> set[str]:
        """The names of all files of this generation."""
        kept = {path.name for files in self.segments for path in files.paths(folder).values()}
        return kept | {NAME} | ({self.dead} if self.dead else set())


def read(folder: Path, dim: int) -> Manifest | None:
    """The current manifest, None where there is none. CorruptError: torn, of another format or dim."""
    path = folder / NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(raw)
        check = fields.pop("check")
        known = fields.pop("format")
        torn = check != _check({"format": known, **fields})
        segments = tuple(Files(*entry) for entry in fields.pop("segments"))
        manifest = Manifest(segments=segments, **fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptError(f"{path} is torn or foreign: rebuild the index") from error
    if torn:
        raise CorruptError(f"{path} does not match its checksum: rebuild the index")
    if known != FORMAT:
        raise CorruptError(f"{path} has format {known}, expected {FORMAT}: rebuild the index")
    if manifest.dim != dim:
        raise CorruptError(
            f"{path} holds vectors of {manifest.dim} values, expected {dim}: rebuild the index"
        )
    return manifest


def write(folder: Path, manifest: Manifest) -> None:
    """Make this the current generation, then remove the files that it does not name."""
    fields = {"format": FORMAT, **manifest._asdict()}
    body = json.dumps({**fields, "check": _check(fields)}, indent=1)
    fresh = folder / f"{NAME}.tmp"
    fresh.write_text(body, encoding="utf-8")
    flush(fresh)
    flush(folder)
    fresh.replace(folder / NAME)
    flush(folder)
    sweep(folder, manifest)


def sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what earlier generations, or saves that were killed, have left."""
    kept = manifest.names(folder)
    for path in folder.glob("dense-*"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def write_dead(folder: Path, name: str, slots: NDArray[np.int64]) -> int:
    """Write the dead slots; returns their checksum."""
    data = slots.astype("<i8").tobytes()
    (folder / name).write_bytes(data)
    flush(folder / name)
    return zlib.crc32(data)


def read_dead(folder: Path, manifest: Manifest) -> NDArray[np.int64]:
    """The dead slots of a generation, int64. CorruptError where they are not those that were written."""
    if not manifest.dead:
        return np.empty(0, np.int64)
    data = (folder / manifest.dead).read_bytes()
    if len(data) != 8 * manifest.dead_rows or zlib.crc32(data) != manifest.dead_crc:
        raise CorruptError(f"{folder / manifest.dead} does not match its checksum: rebuild the index")
    return np.frombuffer(data, dtype="<i8").astype(np.int64)


def _check(fields: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(fields, sort_keys=True).encode())
