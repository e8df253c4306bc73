"""A pipeline named on the command line: a settings file, or settings themselves.

default                                   the index's own settings
fast.toml                                 a file like rag.toml; what it does not name stays
"search.retrieve=dense search.denoise="   settings; lists are comma-separated, and may be empty
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from rag.as_toml import parsed_toml
from rag.config import Settings, setting_kinds
from rag.errors import ConfigError
from rag.options import Kind, parsed

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

SETTING = {
    "augment": "search.augment",
    "retrieve": "search.retrieve",
    "denoise": "search.denoise",
    "reorder": "ask.reorder",
    "generate": "ask.generate",
    "ground": "ask.ground",
}
"""The setting that names each part of a pipeline."""
_OF_THE_INDEX = ("index.", "chunk.")  # settings that only a new index follows


def configured(rag: Pipeline, text: str, *, own_index: bool) -> Pipeline:
    """The pipeline that a text names. `own_index`: whether a corpus is indexed for it.

    Raises ConfigError for unknown settings, and for settings of an index where the index stays the same.
    """
    overrides = settings_of(text)
    fixed = sorted(name for name in overrides if name.startswith(_OF_THE_INDEX))
    if fixed and not own_index:
        raise ConfigError(f"{', '.join(fixed)} need an index of their own: give the documents with --corpus")
    named = {kind: None for kind, setting in SETTING.items() if setting in overrides}
    return rag.variant(overrides, **named) if overrides else rag


def settings_of(text: str) -> dict[str, Any]:
    """Settings by full name. Raises ConfigError for what is neither a file nor settings."""
    if text in ("", "default"):
        return {}
    path = Path(text)
    if path.suffix == ".toml":
        return _file(path)
    settings: dict[str, Any] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        kind = _kinds().get(name)
        if not equals or kind is None:
            raise ConfigError(
                f"{text!r} is no run, no .toml file and no settings: expected such as search.retrieve=dense; "
                "`rag config show` lists the names"
            )
        settings[name] = parsed(name, value, kind)
    return settings


def _file(path: Path) -> dict[str, Any]:
    try:
        tree = parsed_toml(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): expected a settings file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    settings: dict[str, Any] = {}
    for section, values in tree.items():
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: {section} is {values!r}, expected a section [{section}]")
        settings.update({f"{section}.{name}": value for name, value in values.items()})
    return settings


def _kinds() -> Mapping[str, Kind]:
    """What every setting may be, by its full name."""
    return {
        f"{section}.{name}": kind
        for section, part in get_type_hints(Settings).items()
        if hasattr(part, "__dataclass_fields__")
        for name, kind in setting_kinds(part).items()
    }
