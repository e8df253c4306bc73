"""`glossary.toml` in the index folder: what the corpus means by its terms, for people to read and correct.

    ignore = ["IT"]                                   yours: terms that are never looked up
    [entries]
    "SLA" = "service level agreement"                 yours: goes before what was mined

    # ---- mined from the corpus …
    [mined]
    "CNN" = { "convolutional neural network" = 41, "Cable News Network" = 2 }

All above the line of dashes is kept to the byte when the rest is written anew; the numbers count documents.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.as_toml import parsed_toml
from rag.errors import ConfigError, StoreError

NAME = "glossary.toml"
_LINE = "# ---- mined from the corpus; written anew by `rag glossary build`, so correct it above ----"
_HEAD = """\
# What the documents mean by their terms. This part is yours, and is kept as it is.

# Terms that are not to be looked up:
ignore = []

# Terms and what they mean, one meaning or a list; they replace what was mined for the term:
[entries]
# "SLA" = "service level agreement"

"""

Senses = Mapping[str, int]
"""Meaning → in how many documents it is given."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Terms and their meanings, most frequent first. `mined` and `entries` are as in the file."""

    mined: Mapping[str, Senses] = field(default_factory=dict)
    entries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()

    def senses(self) -> dict[str, Senses]:
        """What counts: a person's entries (each with count 1) before mined ones, without ignored terms."""
        yours = {term: dict.fromkeys(meanings, 1) for term, meanings in self.entries.items()}
        return {term: senses for term, senses in {**self.mined, **yours}.items() if term not in self.ignore}


def read(folder: Path) -> Glossary | None:
    """The glossary of an index folder; None where none was built. Raises ConfigError for another file."""
    path = folder / NAME
    try:
        return parsed(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): move it away or restore it") from error


def parsed(data: bytes, path: Path) -> Glossary:
    """The glossary that a file holds, which `path` names in errors. Raises ConfigError for another file."""
    try:
        values = parsed_toml(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}. Correct it with `rag glossary edit`") from error
    entries = {term: _meanings(path, term, value) for term, value in _table(path, values, "entries").items()}
    mined = {term: _senses(path, term, value) for term, value in _table(path, values, "mined").items()}
    ignore = values.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(term, str) for term in ignore):
        raise ConfigError(f'{path}: ignore is {ignore!r}, expected a list of terms such as ["IT"]')
    return Glossary(mined, entries, frozenset(ignore))


def shown(folder: Path, terms: Sequence[str] = ()) -> dict[str, Senses]:
    """Terms (all, or those given) and their senses, by term. Raises ConfigError for what there is not."""
    glossary = read(folder)
    if glossary is None:
        raise ConfigError(f"there is no {NAME} in {folder}: run `rag glossary build` first")
    senses = glossary.senses()
    if missing := [term for term in terms if term not in senses]:
        raise ConfigError(f"not in the glossary: {', '.join(missing)}; `rag glossary show` lists what is")
    return {term: senses[term] for term in terms or sorted(senses)}


def edit(folder: Path) -> Path:
    """Opens the glossary in $VISUAL or $EDITOR (else vi), and checks it afterwards.

    Raises ConfigError where there is none, where the editor does not start, and for what does not parse.
    """
    shown(folder)
    path = folder / NAME
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        subprocess.run([*shlex.split(editor), str(path)], check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise ConfigError(f"the editor {editor!r} failed ({error}): set EDITOR, or edit {path}") from error
    shown(folder)
    return path


def write(folder: Path, mined: Mapping[str, Senses]) -> Path:
    """Replaces the mined part of the file, or makes the file. Raises StoreError where it cannot."""
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        head = path.read_text("utf-8").partition(_LINE)[0] if path.exists() else _HEAD
        rows = [f"{_quoted(term)} = {_inline(senses)}" for term, senses in sorted(mined.items())]
        text = "\n".join([f"{head.rstrip()}\n\n{_LINE}", "[mined]", *rows, ""])
        part = path.with_suffix(".toml.part")
        part.write_text(text, "utf-8")
        os.replace(part, path)  # noqa: PTH105
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): check its permissions") from error
    return path


def _table(path: Path, values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {name} is {table!r}, expected a section [{name}]")
    return table


def _meanings(path: Path, term: str, value: Any) -> Sequence[str]:
    meanings = [value] if isinstance(value, str) else value
    if not isinstance(meanings, list) or not all(isinstance(text, str) and text for text in meanings):
        raise ConfigError(f"{path}: {term!r} is {value!r}, expected its meaning in quotes, or a list of them")
    return meanings


def _senses(path: Path, term: str, value: Any) -> Senses:
    if not isinstance(value, dict) or not all(type(count) is int and count > 0 for count in value.values()):
        raise ConfigError(f"{path}: [mined] {term!r} is {value!r}: run `rag glossary build` to write it anew")
    return value


def _inline(senses: Senses) -> str:
    rows = sorted(senses.items(), key=lambda row: (-row[1], row[0]))
    return "{ " + ", ".join(f"{_quoted(meaning)} = {count}" for meaning, count in rows) + " }"


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
