"""An archive back into documents, chunks and vectors. All of it is checked before any of it is given out."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import CorruptError, StoreError
from rag.progress import Step, Watcher
from rag.stores import BuiltWith, Upsert
from rag.types import Document

from .archive import DOCUMENT, FORMAT, KEPT, MANIFEST, chunks_of

_LARGEST_MANIFEST = 64 * 2**20
_PIECE = 2**20


class Archive(NamedTuple):
    """A checked archive."""

    file: Path
    built: BuiltWith
    documents: int
    chunks: int
    members: Mapping[str, Mapping[str, Any]]


def opened(file: Path, told: Watcher) -> Archive:
    """Reads the manifest and checks every member against it.

    Raises StoreError where the file cannot be read, CorruptError where it is no archive of this format, or
    a member is missing, larger than it says, or has another checksum.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(file, archive)
            members: dict[str, dict[str, Any]] = manifest["members"]
            names = {info.filename for info in archive.infolist()} - {MANIFEST}
            if names != set(members):
                odd = ", ".join(sorted(names ^ set(members))[:3])
                raise CorruptError(f"{file} and its manifest name different members ({odd}): {_AGAIN}")
            for number, (name, said) in enumerate(members.items()):
                told(Step("checking", number, len(members)))
                _check(file, archive, name, said)
        built = BuiltWith(*(manifest[name] for name in BuiltWith._fields))
        return Archive(file, built, int(manifest["documents"]), int(manifest["chunks"]), members)
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror}): check the path") from error
    except _NO_ARCHIVE as error:
        raise CorruptError(f"{file} is no archive of `rag export` ({error}): {_AGAIN}") from error


def items(archive: Archive) -> Iterator[list[Upsert]]:
    """The documents, part by part. Raises CorruptError for a part that does not fit together."""
    import numpy as np

    with zipfile.ZipFile(archive.file) as opened_file:
        for name in sorted(name for name in archive.members if name.endswith(".jsonl")):
            lines = opened_file.read(name).decode("utf-8").splitlines()
            data = io.BytesIO(opened_file.read(name.replace(".jsonl", ".npy")))
            vectors = np.load(data, allow_pickle=False).astype(np.float32, copy=False)
            try:
                yield list(_batch(lines, vectors))
            except (ValueError, KeyError, TypeError) as error:
                raise CorruptError(f"{archive.file}: {name} does not fit ({error}): {_AGAIN}") from error


def kept(archive: Archive) -> dict[str, bytes]:
    """What lay beside the store, by file name."""
    with zipfile.ZipFile(archive.file) as opened_file:
        names = [name for name in archive.members if name.startswith(KEPT)]
        return {name.removeprefix(KEPT): opened_file.read(name) for name in names}


_NO_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError, NotImplementedError
)  # fmt: skip
_AGAIN = "copy it again, or make it again with `rag export`"


def _manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise CorruptError(f"{file} has a manifest of more than {_LARGEST_MANIFEST >> 20} MB: {_AGAIN}")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise CorruptError(
            f"{file} has format {manifest['format']}, this version reads {FORMAT}: "
            "use the version that wrote it"
        )
    return manifest


def _check(file: Path, archive: zipfile.ZipFile, name: str, said: Mapping[str, Any]) -> None:
    """The member is what the manifest says: read in pieces, and no further than it may be long."""
    digest, size = hashlib.sha256(), 0
    with archive.open(name) as member:
        while piece := member.read(_PIECE):
            size += len(piece)
            digest.update(piece)
            if size > said["bytes"]:
                break
    if size != said["bytes"] or digest.hexdigest() != said["sha256"]:
        raise CorruptError(f"{file}: {name} is damaged (its checksum differs from the manifest's): {_AGAIN}")


def _batch(lines: list[str], vectors: Any) -> Iterator[Upsert]:
    at = 0
    for line in lines:
        row = json.loads(line)
        values = {name: row[name] for name in DOCUMENT}
        document = Document(**{**values, "pages": tuple(values["pages"])})
        chunks = chunks_of(document, row["chunks"])
        rows = vectors[at : at + len(chunks)]
        if len(rows) != len(chunks):
            raise ValueError(f"{len(vectors)} vectors for more chunks")
        at += len(chunks)
        yield Upsert(document, chunks, rows, row["hash"])
    if at != len(vectors):
        raise ValueError(f"{len(vectors)} vectors for {at} chunks")
