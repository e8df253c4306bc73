"""The models that a user has given names: a TOML file in the user's configuration folder.

    [models.small]
    name = "hf:owner/repo/file.gguf"
    context_tokens = 8192

The keys are those of the section `[model]`. A rag.toml may hold such sections too, and goes first. The file
is the one that the variable RAG_MODELS names, else `models.toml` in the folder that the system keeps for
settings.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.as_toml import parsed_toml
from rag.errors import ConfigError, RagError
from rag.options import parsed
from rag.secrets import revealed

from .chat import ChatOptions, Message
from .kinds import kind_of

if TYPE_CHECKING:
    from rag.config import ModelSettings

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Entry(NamedTuple):
    """A model by name: what it is, and what is wrong with it, if anything is."""

    name: str
    kind: str
    model: str
    details: str


def path() -> Path:
    """Where the user's catalogue is kept."""
    if named := os.environ.get("RAG_MODELS"):
        return Path(named).expanduser()
    import typer

    return Path(typer.get_app_dir("footnote-rag")) / "models.toml"


def known() -> dict[str, dict[str, Any]]:
    """The sections of the user's catalogue by name; none where there is no file. Raises ConfigError."""
    try:
        models = parsed_toml(path().read_text("utf-8")).get("models", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path()} cannot be read ({error}): mend it or move it away") from error
    if not isinstance(models, dict) or not all(isinstance(entry, dict) for entry in models.values()):
        raise ConfigError(f"{path()}: expected sections [models.NAME]")
    return models


def add(name: str, options: Mapping[str, Any]) -> Path:
    """Gives a model a name, replacing one of that name. Returns the file. Raises ConfigError."""
    from rag.config import ModelSettings, checked_section

    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot name a model: expected letters, digits, `-`, `_` and `.`")
    settings = checked_section(f"models.{name}", options, ModelSettings)
    options = {**options, "name": _placed(settings)}
    return _keep(known() | {name: dict(options)})


def remove(name: str) -> Path:
    """Takes a name away; the model itself stays where it is. Returns the file. Raises ConfigError."""
    models = known()
    if name not in models:
        raise ConfigError(
            f"{name!r} is no name in {path()}: expected one of {', '.join(sorted(models)) or 'none'}; what a "
            "rag.toml names is removed there"
        )
    return _keep({key: options for key, options in models.items() if key != name})


def _keep(models: Mapping[str, Mapping[str, Any]]) -> Path:
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".toml.new")
    written.write_text("\n".join(_sections(models)), "utf-8")
    written.replace(file)
    return file


def _placed(settings: ModelSettings) -> str:
    """The model's name; a path as one that holds from every folder. Raises ConfigError for a missing one."""
    kind_of(settings)  # a kind that is none is refused there
    name, file = settings.name, Path(settings.name).expanduser()
    if settings.kind != "openai" and file.exists():
        return str(file.absolute())
    if name.endswith(".gguf") and not name.startswith("hf:"):
        raise ConfigError(f"there is no file {name}: expected a .gguf file, or hf:owner/repo/file.gguf")
    return name


def _sections(models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, options in models.items():
        yield f"[models.{json.dumps(name)}]"
        # JSON's strings, numbers and booleans are TOML's too.
        yield from (
            f"{key} = {json.dumps(revealed(value), ensure_ascii=False)}" for key, value in options.items()
        )
        yield ""


def completed(settings: ModelSettings, named: Mapping[str, Mapping[str, Any]]) -> ModelSettings:
    """The settings with what the catalogue knows of the model's name."""
    from rag.config import ModelSettings, checked_section

    entry = {**known(), **named}.get(settings.name)
    if entry is None:
        return settings
    kept = checked_section("models." + settings.name, entry, ModelSettings)
    default = ModelSettings()
    given = {
        field.name: getattr(settings, field.name)
        for field in fields(ModelSettings)
        if field.name != "name" and getattr(settings, field.name) != getattr(default, field.name)
    }
    return replace(kept, **given)


def entries(named: Mapping[str, Mapping[str, Any]]) -> list[Entry]:
    """All models that have names, and what is known of each without loading it."""
    result = []
    for name in sorted({**known(), **named}):
        try:
            settings = completed(_settings(name), named)
            result.append(Entry(name, kind_of(settings), settings.name, _described(settings)))
        except RagError as error:
            result.append(Entry(name, "", "", str(error)))
    return result


def tried_apart(
    name: str, named: Mapping[str, Mapping[str, Any]], *, offline: bool = False
) -> dict[str, Any]:
    """`tried`, in a process of its own: a native library may end the process instead of raising."""
    from .apart import apart

    return apart(name, tried, name, revealed(named), offline=offline)


def tried(name: str, named: Mapping[str, Mapping[str, Any]], *, offline: bool = False) -> dict[str, Any]:
    """Opens a model and lets it write a line. Raises what opening or writing raises."""
    from .open import open_model

    model = open_model("", completed(_settings(name), named), offline=offline)
    asked = [Message("user", "Say hello in one word.")]
    written = "".join(model.chat(asked, ChatOptions(max_tokens=16)))
    return {
        "model": model.name,
        "context_tokens": model.context_tokens,
        "prompt_tokens": model.prompt_tokens(asked),
        "wrote": written.strip(),
    }


def pull(name: str, named: Mapping[str, Mapping[str, Any]], *, offline: bool = False) -> Path:
    """Downloads the GGUF file of a model, by its name or as `hf:owner/repo/file.gguf`. Returns its path."""
    from .download import gguf_path

    model = completed(_settings(name), named).name
    if not model.startswith("hf:"):
        raise ConfigError(f"{name} is {model!r}, which needs no download: expected hf:owner/repo/file.gguf")
    return gguf_path(model, offline=offline)


def options_of(given: Sequence[str]) -> dict[str, Any]:
    """`gpu_layers=-1` and the like, as the types of the settings. Raises ConfigError."""
    from rag.config import ModelSettings, setting_kinds

    pairs = {key: value for key, equals, value in (text.partition("=") for text in given) if equals}
    if len(pairs) < len(given):
        raise ConfigError(f"{given!r} are no options: expected each one once, as KEY=VALUE")
    kinds = setting_kinds(ModelSettings)
    unknown = pairs.keys() - kinds.keys()
    if unknown:
        raise ConfigError(
            f"unknown option {', '.join(sorted(unknown))}; known are {', '.join(sorted(kinds))}"
        )
    return {name: parsed(name, text, kinds[name]) for name, text in pairs.items()}


def _settings(name: str) -> ModelSettings:
    from rag.config import ModelSettings

    return ModelSettings(name=name)


def _described(settings: ModelSettings) -> str:
    if settings.kind == "openai":
        return str(settings.base_url)
    if settings.name.endswith(".gguf") and not settings.name.startswith("hf:"):
        from .gguf_header import read_header

        file = Path(settings.name).expanduser()
        header = read_header(file)
        architecture = header.get("general.architecture", "?")
        trained = header.get(f"{architecture}.context_length", "?")
        return f"{architecture}, context {trained}, {file.stat().st_size / 1e6:.0f} MB"
    return ""
