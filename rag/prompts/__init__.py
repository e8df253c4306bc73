"""What language models are told: TOML files that a user can replace, and how they are filled in.

- `answer.toml`, `notes.toml`, `examples.toml`, `hint.toml`: the forms of an answer
- `hyde.toml`, `rewrite.toml`, `multi_query.toml`, `decompose.toml`, `history.toml`, `listwise.toml`: for the
  stages of those names
- `closed_book.toml`, `judge.toml`, `questions.toml`, `paraphrase.toml`: for evaluations
- `background.toml`: for tuning by what a model finds useful
- `worked.toml`: the worked examples of the form `examples`
- `data.py`: text of sources and users made harmless, so that it cannot pass for a part of the prompt

A file holds `system`, `user`, and for prompts with sources `source` (how one is written), `refusal` (what the
model writes when they hold no answer) and `answer_after` (the line behind which the answer begins). Words in
braces are filled in: {question}, {sources}, {refusal}, {number}, {context}, {text}, {n}, {history},
{answers}, {answer}, {hint}.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path

from rag.as_toml import parsed_toml
from rag.errors import ConfigError

_SLOT = re.compile(r"\{(\w+)\}")
_SLOTS = {
    "system": {"question", "refusal", "n"},
    "user": {"question", "sources", "refusal", "n", "history", "hint"},
    "source": {"number", "context", "text"},
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file. Only `user` is needed."""

    name: str
    user: str
    system: str = ""
    source: str = ""
    refusal: str = ""
    answer_after: str = ""

    @property
    def delimiters(self) -> tuple[str, ...]:
        """What stands around a source's text: strings that no source may contain."""
        pieces = (piece.strip() for piece in _SLOT.split(self.source)[::2])
        return tuple(piece for piece in pieces if len(piece) > 2)


def load_prompt(named: str | Path, needs: tuple[str, ...] = ("question",)) -> Prompt:
    """A prompt by the name of a packaged file, or from a TOML file by its path.

    `needs` are the slots that it must have. Raises ConfigError for a file that is missing, no TOML, has an
    unknown key or slot, or lacks one that is needed.
    """
    text, where = _read(named)
    try:
        values = parsed_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is no TOML: {error}") from error
    known = [field.name for field in fields(Prompt) if field.name != "name"]
    for key, value in values.items():
        if key not in known or not isinstance(value, str):
            raise ConfigError(
                f"{where}: {key} = {value!r} is unknown; known are the texts {', '.join(known)}"
            )
    prompt = Prompt(
        **{"user": "", **{key: value.strip() for key, value in values.items()}}, name=Path(named).stem
    )
    _check(prompt, where, needs)
    return prompt


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its slots filled, once: braces inside a value stay as they are."""
    return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), template)


def packaged() -> list[str]:
    """The names of the files that ship."""
    return sorted(
        path.name.removesuffix(".toml") for path in files(__name__).iterdir() if path.name.endswith(".toml")
    )


def _read(named: str | Path) -> tuple[str, str]:
    path = Path(named)
    if isinstance(named, str) and named in packaged():
        return files(__name__).joinpath(f"{named}.toml").read_text("utf-8"), f"prompt {named}"
    try:
        return path.expanduser().read_text("utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the prompt {str(named)!r} cannot be read ({error}): expected a TOML file, or one of "
            f"{', '.join(packaged())}"
        ) from error


def _check(prompt: Prompt, where: str, needs: tuple[str, ...]) -> None:
    for name, allowed in _SLOTS.items():
        allowed = allowed | (set(needs) if name == "user" else set())
        unknown = set(_SLOT.findall(getattr(prompt, name))) - allowed
        if unknown:
            raise ConfigError(
                f"{where}: {name} has {{{min(unknown)}}}, expected only "
                f"{', '.join('{' + slot + '}' for slot in sorted(allowed))}"
            )
    for slot in needs:
        if f"{{{slot}}}" not in prompt.user:
            raise ConfigError(f"{where}: `user` has no {{{slot}}}, so the model would never see it: add it")
    if "sources" in needs and "{text}" not in prompt.source:
        raise ConfigError(f"{where}: `source` has no {{text}}, so the sources would be empty: add it")
    if "sources" in needs and "{number}" not in prompt.source:
        raise ConfigError(f"{where}: `source` has no {{number}}, so no source could be cited: add it")
