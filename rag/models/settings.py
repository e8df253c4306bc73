"""`embedder.json`: what an exported embedder says of itself, beside its `model.onnx` and `tokenizer.json`.

The hashes stand in the file so that opening a model does not read it twice; `verify` compares them
with the files when asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ModelError

FORMAT = 1
SETTINGS, WEIGHTS, TOKENIZER = "embedder.json", "model.onnx", "tokenizer.json"


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    """What `embedder.json` holds."""

    name: str
    dim: int
    max_tokens: int  # of prompt and text together, special tokens not counted
    sha256: Mapping[str, str]  # file name → hexadecimal digest, for model.onnx and tokenizer.json
    pooling: str = "mean"  # done inside the graph, as is the scaling to unit length
    prompts: Mapping[str, str] = field(default_factory=dict)  # kind → what goes before the text
    optimised: bool = False  # the graph was optimised when it was exported: load it as it is
    across: Mapping[str, float] = field(
        default_factory=dict
    )  # weights of `rag.reading.across`, if it has any
    glosses: int = 0  # version of the lists of `rag.text.glosses` that it reads other languages by; 0: none
    format: int = FORMAT

    @property
    def fingerprint(self) -> str:
        """`name@` and 16 hexadecimal digits over the files' hashes and every setting that changes vectors."""
        prompts = {kind: prompt for kind, prompt in self.prompts.items() if prompt}
        parts = [self.dim, self.max_tokens, self.pooling, prompts, dict(self.sha256)]
        text = json.dumps([*parts, *([self.glosses] if self.glosses else [])], sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @classmethod
    def read(cls, folder: Path) -> EmbedderSettings:
        """The settings of an exported folder. ModelError where a file is missing or a value is unusable."""
        values = read_values(
            folder, SETTINGS, "python -m rag.models.export_embedder --weights FOLDER --out FOLDER"
        )
        try:
            settings = cls(**values)
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"{folder / SETTINGS} cannot be used: {error}. Export the model again."
            ) from error
        settings._check(folder / SETTINGS)
        return settings

    def write(self, folder: Path) -> None:
        """Writes `embedder.json` into the folder."""
        (folder / SETTINGS).write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", "utf-8")

    def verify(self, folder: Path) -> None:
        """Reads both files whole; ModelError where one is not the file that was exported."""
        verify_files(folder, SETTINGS, self.sha256)

    def _check(self, path: Path) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ModelError(f"{path}: name is {self.name!r}, expected a text")
        if not isinstance(self.glosses, int):
            raise ModelError(f"{path}: glosses is {self.glosses!r}, expected a version number or 0")
        for key, number in (("dim", self.dim), ("max_tokens", self.max_tokens)):
            if not isinstance(number, int) or number < 1:
                raise ModelError(f"{path}: {key} is {number!r}, expected a positive number")
        check_texts(path, "prompts", self.prompts)
        check_hashes(path, self.sha256)
        if not isinstance(self.across, dict) or not all(
            isinstance(weight, int | float) for weight in self.across.values()
        ):
            raise ModelError(f"{path}: across is {self.across!r}, expected numbers by name")
        if self.format != FORMAT:
            raise ModelError(
                f"{path} has format {self.format!r}, this version reads {FORMAT}. Export the model again."
            )
        if unknown := self.prompts.keys() - {"query", "document"}:
            raise ModelError(
                f"{path}: prompts has {', '.join(sorted(unknown))}, expected 'query' and 'document'"
            )


def read_values(folder: Path, settings: str, command: str) -> dict[str, Any]:
    """The values of a model's settings file. ModelError where it or a file of the model is missing.

    `command` makes such a folder; the message names it.
    """
    for name in (settings, WEIGHTS, TOKENIZER):
        if not (folder / name).is_file():
            raise ModelError(
                f"{folder} has no {name}; expected {settings}, {WEIGHTS} and {TOKENIZER}. "
                f"Make one with: {command}"
            )
    try:
        values = json.loads((folder / settings).read_text("utf-8"))
        if not isinstance(values, dict):
            raise TypeError(f"it holds {type(values).__name__}, expected an object")
    except (ValueError, TypeError) as error:
        raise ModelError(f"{folder / settings} cannot be used: {error}. Export the model again.") from error
    return values


def check_texts(path: Path, key: str, table: Mapping[str, str]) -> None:
    """Raises ModelError for anything but texts by name."""
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ModelError(f"{path}: {key} is {table!r}, expected texts by name")


def check_hashes(path: Path, sha256: Mapping[str, str]) -> None:
    """Raises ModelError where the settings at `path` do not name the hash of every file."""
    check_texts(path, "sha256", sha256)
    if missing := {WEIGHTS, TOKENIZER} - sha256.keys():
        raise ModelError(f"{path}: sha256 lacks {', '.join(sorted(missing))}. Export the model again.")


def verify_files(folder: Path, settings: str, sha256: Mapping[str, str]) -> None:
    """Reads a model's files whole; ModelError where one is not the file that was exported."""
    for name in (WEIGHTS, TOKENIZER):
        digest = file_sha256(folder / name)
        if digest != sha256[name]:
            raise ModelError(
                f"{folder / name} has SHA-256 {digest}, {settings} says {sha256[name]}: "
                "the file is damaged or was replaced. Install the package or export the model again."
            )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
