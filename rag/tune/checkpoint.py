"""The state of a training run on disk: tensors in safetensors, the rest in JSON; each replaced whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STATE = "state.json"
TENSORS = "tensors.safetensors"


def save(folder: Path, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Replaces the checkpoint in `folder`; a kill in between leaves the one before."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    number = int(state["step"])
    file = folder / f"{number}-{TENSORS}"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)
    beside = folder / f"{STATE}.new"
    beside.write_text(json.dumps({**state, "tensors": file.name}), "utf-8")
    beside.replace(folder / STATE)
    for old in folder.glob(f"*-{TENSORS}"):
        if old != file:
            old.unlink(missing_ok=True)


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """(tensors, state) as saved last, or None where nothing was saved."""
    from safetensors.torch import load_file

    if not (folder / STATE).is_file():
        return None
    state = json.loads((folder / STATE).read_text("utf-8"))
    return load_file(folder / state["tensors"]), state
