"""A PEFT adapter (LoRA and its kin) on top of a model: a folder or hub id with safetensors (extra `[hf]`)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from rag.errors import MissingExtra, ModelError

_FILES = ("adapter_config.json", "adapter_model.safetensors")


def with_adapter(model: Any, adapter: str, *, offline: bool = False) -> Any:
    """The model with the adapter in it. Raises MissingExtra without peft, ModelError for a wrong adapter."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtra(f"the adapter {adapter}", "hf") from error
    folder = _folder(adapter, offline)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"the adapter {adapter} has no {' and no '.join(missing)}: expected a PEFT folder with "
            "safetensors (pickled weights are never read)"
        )
    # What a prefix or prompt brings its own of; peft says so at every turn.
    warnings.filterwarnings("ignore", "Position ids are not supported", UserWarning)
    try:
        with warnings.catch_warnings():  # of names that transformers is giving up, in the code of peft
            warnings.simplefilter("ignore", FutureWarning)
            return PeftModel.from_pretrained(model, str(folder))
    except Exception as error:  # peft raises many types
        raise ModelError(f"the adapter {adapter} does not fit its model: {error}") from error


def _folder(adapter: str, offline: bool) -> Path:
    """Where the adapter lies; one on the hub is downloaded, its safetensors only."""
    path = Path(adapter).expanduser()
    if path.is_dir():
        return path
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(adapter, allow_patterns=list(_FILES), local_files_only=offline))
    except Exception as error:  # the hub's client raises many types
        raise ModelError(
            f"the adapter {adapter} is no folder and cannot be had from the hub: {error}"
        ) from error
