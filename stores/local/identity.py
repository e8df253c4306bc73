"""What a local store was built with, in the `rag.toml` inside its folder."""

from __future__ import annotations

import json
import os
import tomllib
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.as_toml import parsed_toml
from rag.errors import CorruptError, StoreError

from .truth import FORMAT

_NOTE = (
    "# Written by rag: what this index was built with. Settings belong in the rag.toml beside this folder.\n"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """`embedder` is how to open the embedder again; `fingerprint` is what must not change."""

    fingerprint: str
    dim: int
    embedder: str
    engine: str = "tantivy"
    language: str = "auto"
    store_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Identity | None:
        """None where there is no file. Raises CorruptError where it cannot be understood."""
        path = folder / "rag.toml"
        try:
            values: dict[str, Any] = parsed_toml(path.read_text("utf-8"))["index"]
            _check_format(path, values["format"])
            identity = cls(**values)
            for name, value in values.items():
                if type(value) is not type(getattr(_EXAMPLE, name)):
                    raise TypeError(f"{name} is {value!r}")
        except FileNotFoundError:
            if (folder / "store.sqlite").exists():
                raise CorruptError(
                    f"{path} is missing beside store.sqlite: restore it from a backup of the folder"
                ) from None
            return None
        except (tomllib.TOMLDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise CorruptError(
                f"{path} does not describe an index ({error}): restore it, or name another folder"
            ) from error
        except OSError as error:
            raise StoreError(
                f"{path} cannot be read ({error.strerror}): mend its permissions, or name another folder"
            ) from error
        return identity

    def write(self, folder: Path) -> Identity:
        """Replaces the file in one step."""
        path, temporary = folder / "rag.toml", folder / f"rag.toml.{os.getpid()}"
        names = ("format", "store_id", "embedder", "fingerprint", "dim", "engine", "language")
        lines = [f"{name} = {json.dumps(getattr(self, name), ensure_ascii=False)}" for name in names]
        temporary.write_text(_NOTE + "[index]\n" + "\n".join(lines) + "\n", "utf-8")
        temporary.replace(path)
        return self

    def write_new(self, folder: Path) -> Identity:
        """Writes the file unless another process was faster; returns what stands there then."""
        from filelock import FileLock

        with FileLock(folder / "derived.lock"):
            return Identity.read(folder) or self.write(folder)

    def with_language(self, language: str) -> Identity:
        return replace(self, language=language)


_EXAMPLE = Identity(fingerprint="", dim=1, embedder="")


def _check_format(path: Path, number: object) -> None:
    """Before anything else is looked at: a newer format may have other names."""
    if type(number) is not int or number < 1:
        raise TypeError(f"format is {number!r}, expected a number from 1 to {FORMAT}")
    if number > FORMAT:
        raise CorruptError(f"{path} has format {number}, expected at most {FORMAT}: upgrade footnote-rag")
