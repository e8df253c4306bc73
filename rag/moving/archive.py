"""A store as one file: a zip of JSON lines and numpy arrays, with the checksum of each in its manifest.

    manifest.json            what the store was built with, counts, and SHA-256 and size of every other member
    part-00001.jsonl         a document a line: its fields, its hash, and its chunks as offsets into its text
    part-00001.npy           float32 (chunks of the part, dim), in the order of the lines, not compressed
    kept/glossary.toml, …    what lies beside the store and belongs to it

Nothing in it is code, and nothing is unpickled. The file takes its name when it is whole.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rag.errors import ConfigError, StoreError
from rag.progress import Progress, Watcher
from rag.stores import BuiltWith, Upsert

from .parts import array_of, lines_of

FORMAT = 1
MANIFEST = "manifest.json"
KEPT = "kept/"


def write(
    file: Path,
    built: BuiltWith,
    parts: Iterable[list[Upsert]],
    kept: Mapping[str, bytes],
    total: int,
    report: Watcher,
) -> tuple[int, int]:
    """Writes the archive and returns how many documents and chunks it holds.

    Raises ConfigError where a folder or a device has that name, StoreError where the file cannot be written;
    what stood there before stays then.
    """
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} is a folder or a device: name a file for the archive")
    beside = file.with_name(file.name + ".new")
    documents = chunks = 0
    members: dict[str, dict[str, Any]] = {}
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, batch in enumerate(parts, 1):
                name = f"part-{number:05}"
                _add(archive, members, f"{name}.jsonl", lines_of(batch))
                _add(archive, members, f"{name}.npy", array_of(batch, built.dim), zipfile.ZIP_STORED)
                documents += len(batch)
                chunks += sum(len(item.chunks) for item in batch)
                report(Progress("writing", documents, total))
            for name, data in kept.items():
                _add(archive, members, KEPT + name, data)
            manifest = {"format": FORMAT, **built._asdict(), "documents": documents, "chunks": chunks}
            archive.writestr(MANIFEST, json.dumps({**manifest, "members": members}, indent=1))
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written ({error.strerror or error}): check space and rights"
        ) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return documents, chunks


def _add(
    archive: zipfile.ZipFile,
    members: dict[str, dict[str, Any]],
    name: str,
    data: bytes,
    how: int = zipfile.ZIP_DEFLATED,
) -> None:
    archive.writestr(name, data, how)
    members[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
