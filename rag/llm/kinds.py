"""Which kind of language model a name stands for, by the settings or by what it looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag import lookup
from rag.errors import ConfigError

from .chat import NAMES

if TYPE_CHECKING:
    from rag.config import ModelSettings


def kind_of(settings: ModelSettings) -> str:
    """The kind that is set, else what the name looks like; empty where that is unclear."""
    if settings.kind:
        kinds = lookup.names("llm", NAMES)
        if settings.kind not in kinds:
            raise ConfigError(f"model.kind is {settings.kind!r}, expected one of {', '.join(kinds)}")
        return settings.kind
    name = settings.name
    if name.lower().endswith(".gguf"):
        return "gguf"
    if (Path(name).expanduser() / "config.json").is_file() if name else False:
        return "hf"
    return "hf" if name.count("/") == 1 and not name.startswith((".", "/", "~")) else ""


def unknown(name: str) -> str:
    """What is wrong with a name that looks like no model."""
    path = Path(name).expanduser()
    if path.is_dir():
        return f"{name} has no config.json: expected the folder of a Hugging Face model"
    if path.exists():
        return f"{name} is no model: expected a file that ends in .gguf, or a folder with config.json"
    return (
        f"there is no model {name!r}: expected a name that `rag models list` shows, a .gguf file, "
        "hf:owner/repo/file.gguf, a folder, a hub id owner/repo, or what a server calls it with "
        'kind = "openai"'
    )
