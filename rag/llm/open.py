"""A language model from the settings: which kind it is, where it lies, and with which options it is opened.

The name is a model of the catalogue, a GGUF file, `hf:owner/repo/file.gguf`, a folder, a hub id, or
what a server calls it. What the catalogue holds for a name fills in whatever the settings leave at its
default.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from rag import lookup
from rag.errors import ConfigError

from .chat import NAMES, ChatModel
from .kinds import kind_of, unknown

if TYPE_CHECKING:
    from rag.config import ModelSettings

_opening = threading.Lock()
_open: WeakValueDictionary[tuple[str, ModelSettings, bool], ChatModel] = WeakValueDictionary()


def open_model(kind: str, settings: ModelSettings, *, offline: bool = False) -> ChatModel:
    """The model of the settings as `kind`, or as what it is where `kind` is empty; in a process, opened once.

    `settings` are complete: `catalogue.completed` has filled in what a name stands for. Raises ConfigError
    where no model is named or the kinds contradict each other, ModelError where it cannot be opened.
    """
    implied = kind_of(settings)
    if kind and implied and kind != implied and settings.kind:
        raise ConfigError(
            f"the generator is {kind}, but the model {settings.name!r} is of the kind {implied}: name "
            "`model` as the generator, or another model"
        )
    chosen = kind or implied
    if not chosen and settings.name:
        raise ConfigError(unknown(settings.name))
    if not chosen:
        raise ConfigError(
            f"no language model is named (model.name {settings.name!r}, model.kind {settings.kind!r}): give "
            "a GGUF file, a folder, a hub id, or the kind `openai` with model.base_url; `rag models list` "
            "shows those that have names"
        )
    if chosen != "openai" and not settings.name:
        raise ConfigError(
            f"model.name is empty: a {chosen} model needs a path, or a name that `rag models list` shows"
        )
    key = (chosen, settings, offline)
    with _opening:
        model = _open.get(key)
        if model is None:
            model = _open[key] = lookup.find("llm", chosen, NAMES)(settings, offline)
        return model
