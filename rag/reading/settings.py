"""`reader.json`: what a reader says of itself, beside its `model.onnx` and `tokenizer.json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.errors import ModelError
from rag.models.settings import check_hashes, read_values, verify_files

FORMAT = 1
SETTINGS = "reader.json"


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """What `reader.json` holds. `answerable`, `supported` are (scale, bias): P = σ(scale · logit + bias)."""

    name: str
    sha256: Mapping[str, str]
    answerable: tuple[float, float] = (1.0, 0.0)
    supported: tuple[float, float] = (1.0, 0.0)
    max_tokens: int = 384
    max_question: int = 64
    stride: int = 128
    optimised: bool = True
    glosses: int = 0  # version of the lists of `rag.text.glosses` that it reads other languages by; 0: none
    format: int = FORMAT

    @property
    def fingerprint(self) -> str:
        """`name@` and 16 hexadecimal digits over the files' hashes and every setting."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @classmethod
    def read(cls, folder: Path) -> ReaderSettings:
        """The settings of a reader's folder. ModelError where a file is missing or a value is unusable."""
        path = folder / SETTINGS
        values = read_values(folder, SETTINGS, "rag tune reader FILES --base FOLDER --out FOLDER")
        try:
            for key in ("answerable", "supported"):
                scale, bias = values[key]
                values[key] = (float(scale), float(bias))
            settings = cls(**values)
            if not isinstance(settings.glosses, int):
                raise TypeError(f"glosses is {settings.glosses!r}, expected a version number or 0")
            room = settings.max_tokens - settings.max_question - settings.stride
            usable = room > 0 and settings.stride > 0
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{path} cannot be used: {error}. Export the reader again.") from error
        check_hashes(path, settings.sha256)
        if settings.format != FORMAT or not usable:
            raise ModelError(
                f"{path} has format {settings.format} and max_tokens {settings.max_tokens}; "
                f"this version reads format {FORMAT}, with room for a passage. Export the reader again."
            )
        return settings

    def write(self, folder: Path) -> None:
        """Writes `reader.json` into the folder."""
        (folder / SETTINGS).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def verify(self, folder: Path) -> None:
        """Reads both files whole; ModelError where one is not the file that was exported."""
        verify_files(folder, SETTINGS, self.sha256)
