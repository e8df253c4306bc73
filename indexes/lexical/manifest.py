"""What a lexical index on disk was made with, and how far it is: a small JSON file beside its data."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from rag.errors import CorruptError

from ..analysis.analyzer import ANALYSIS_VERSION

NAME = "lexical.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Settings and progress. `stamp`: the owner's last change that the data surely holds.

    `commit` ties the stamp to the data: tantivy's commit that brought it, or the number of documents.
    `files` holds checksums by name, and `shape` one of tantivy's schema. The line ends with its own.
    """

    engine: str
    language: str
    k1: float
    b: float
    analysis: int = ANALYSIS_VERSION
    stamp: int = 0
    commit: int = 0
    shape: int = 0
    files: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str, source: Path) -> Manifest:
        """From one JSON object. Raises CorruptError when it is not one of ours."""
        try:
            values = json.loads(line)
            if values.pop("crc") != _crc(values):
                raise ValueError("it does not match its checksum")
            return cls(**{field.name: values.pop(field.name) for field in fields(cls)}, **values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CorruptError(
                f"{source} does not describe a lexical index ({type(error).__name__}: {error}). "
                "Rebuild the index from its documents."
            ) from error

    def line(self) -> str:
        values = asdict(self)
        return json.dumps({**values, "crc": _crc(values)})

    def made(self) -> Manifest:
        """What it was made with, without how far it is."""
        return replace(self, stamp=0, commit=0, shape=0, files={})

    def check(self, wanted: Manifest, source: Path) -> None:
        """Raise CorruptError when the index was made with other settings than those wanted."""
        if self.made() != wanted.made():
            raise CorruptError(
                f"{source} says {self.made().line()}, but {wanted.made().line()} is wanted. "
                "Rebuild the index from its documents, or open it with the settings it was made with."
            )


def _crc(values: dict[str, object]) -> int:
    return zlib.crc32(json.dumps(values, sort_keys=True).encode())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder. Raises CorruptError when it is missing or torn."""
    path = folder / NAME
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CorruptError(
            f"{path} cannot be read ({error}), so it is not known what {folder} holds. "
            "Rebuild the index from its documents."
        ) from error
    return Manifest.parse(text, path)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a folder: after a crash either the old or the new one is there."""
    write_atomically(folder / NAME, manifest.line() + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace a file as a whole, durably."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
