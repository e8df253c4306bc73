"""An archive back into documents, chunks and vectors. All of it is checked before any of it is given out.

An archive may come from anybody: no member is unpacked to a path that it names, no member is read beyond what
the manifest lists it, and what unpacks to far more than the file holds is refused unread.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError, CorruptError, StoreError
from rag.progress import Progress, Watcher
from rag.stores import BuiltWith, Upsert

from .archive import FORMAT, KEPT, MANIFEST
from .parts import upserts

_SMALL = 64 * 2**20
_RATIO = 50
"""Vectors are not compressed, so a real archive unpacks to a few times its size."""
_PIECE = 2**20
_MEMBER = re.compile(r"part-\d{5,}\.(jsonl|npy)|kept/\w[\w.-]*|manifest\.json")
_DAMAGE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError, RuntimeError)
_AGAIN = "copy it again, or make it again with `rag export`"


class Archive(NamedTuple):
    """A checked archive."""

    file: Path
    built: BuiltWith
    documents: int
    chunks: int
    members: Mapping[str, Mapping[str, Any]]


def opened(file: Path, report: Watcher) -> Archive:
    """Checks every member against the manifest, then reads every part once to see that it fits together.

    Raises ConfigError where there is no such file, StoreError where it cannot be read, CorruptError where it
    is no archive of this format, or a member is missing, larger than it says, has another checksum, or holds
    no documents.
    """
    with _reading(file) as archive:
        _refuse_bomb(file, archive)
        manifest = _manifest(file, archive)
        members: dict[str, dict[str, Any]] = manifest["members"]
        _refuse_others(file, archive, members)
        for number, (name, said) in enumerate(members.items()):
            report(Progress("checking", number, len(members)))
            _check(file, archive, name, said)
        checked = Archive(file, _built(manifest), manifest["documents"], manifest["chunks"], members)
    counts = [(len(batch), sum(len(item.chunks) for item in batch)) for batch in items(checked)]
    held = (sum(documents for documents, _ in counts), sum(chunks for _, chunks in counts))
    if held != (checked.documents, checked.chunks):
        raise CorruptError(
            f"{file} holds {counted(held[0], 'document')} and {counted(held[1], 'chunk')}, its manifest says "
            f"{checked.documents} and {checked.chunks}: {_AGAIN}"
        )
    return checked


def items(archive: Archive) -> Iterator[list[Upsert]]:
    """The documents, part by part. Raises CorruptError for a part that does not fit together."""
    for name in sorted(name for name in archive.members if name.endswith(".jsonl") and KEPT not in name):
        with _reading(archive.file, name) as opened_file:
            lines, vectors = (opened_file.read(member) for member in (name, name.replace(".jsonl", ".npy")))
            batch = upserts(lines, vectors, archive.built.dim)
        yield batch


def kept(archive: Archive) -> dict[str, bytes]:
    """What lay beside the store, by file name."""
    with _reading(archive.file) as opened_file:
        names = [name for name in archive.members if name.startswith(KEPT)]
        return {name.removeprefix(KEPT): opened_file.read(name) for name in names}


@contextmanager
def _reading(file: Path, part: str = "") -> Iterator[zipfile.ZipFile]:
    """The open archive; whatever a damaged one makes of it becomes one error."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {file}: name an archive that `rag export` wrote") from error
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror or error}): check the path") from error
    except _DAMAGE as error:
        what = f"{part} does not fit" if part else "it is no archive of `rag export`"
        raise CorruptError(f"{file}: {what} ({error}): {_AGAIN}") from error


def _refuse_bomb(file: Path, archive: zipfile.ZipFile) -> None:
    unpacked, held = sum(info.file_size for info in archive.infolist()), file.stat().st_size
    if unpacked > max(_SMALL, _RATIO * held):
        raise CorruptError(
            f"{file} has {held} bytes and would unpack to {unpacked}, expected at most {_RATIO} times: "
            "it is not read; make it again with `rag export`"
        )


def _manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise CorruptError(
            f"{file} has format {manifest['format']}, this version reads {FORMAT}: "
            "use the version that wrote it"
        )
    if not isinstance(manifest["members"], dict):
        raise TypeError("members of the manifest are expected to be an object")
    return manifest


def _built(manifest: Mapping[str, Any]) -> BuiltWith:
    built = BuiltWith(*(manifest[name] for name in BuiltWith._fields))
    if not all(isinstance(value, str) for value in (built.embedder, built.fingerprint, built.language)):
        raise ValueError("embedder, fingerprint and language of the manifest are expected to be strings")
    if not all(type(value) is int for value in (built.dim, manifest["documents"], manifest["chunks"])):
        raise ValueError("dim, documents and chunks of the manifest are expected to be whole numbers")
    return built


def _refuse_others(file: Path, archive: zipfile.ZipFile, members: Mapping[str, Any]) -> None:
    """Each member is there once, and in the manifest, by a name and in a form that `rag export` writes."""
    there = sorted(info.filename for info in archive.infolist())
    if there != sorted([*members, MANIFEST]):
        odd = ", ".join(sorted({*there} ^ {*members, MANIFEST})[:3]) or "one twice"
        raise CorruptError(f"{file} and its manifest name different members ({odd}): {_AGAIN}")
    for info in archive.infolist():
        known = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not known or not _MEMBER.fullmatch(info.filename):
            raise CorruptError(
                f"{file} has the member {info.filename!r}, which `rag export` does not write: {_AGAIN}"
            )


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
