"""Steps of AdamW over batches, with checkpoints that a kill survives.

The rate rises over the first tenth and falls to zero; gradients are cut to a norm of 1. The same batches give
the same run, stopped or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import ModelError

from . import checkpoint

Batch = TypeVar("Batch")
_MOMENTS = ("exp_avg", "exp_avg_sq")
_WARM_UP = 0.1


def run(
    network: Any,
    batches: Sequence[Batch],
    loss_of: Callable[[Batch], Any],
    rate: float,
    folder: Path,
    plan: Mapping[str, Any],
    *,
    save_seconds: float = 120.0,
    watch: Callable[[int, int, float], None] | None = None,
) -> list[float]:
    """Trains what has gradients by a step for each batch.

    `folder` has the checkpoint, and the same call goes on; one of another `plan` counts for nothing. Returns
    the losses of the steps. `watch` gets step, steps and loss. Raises ModelError for a loss that is no
    number, and for a disk without room.
    """
    import torch

    network.train()
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    optimizer = torch.optim.AdamW(list(trained.values()), lr=rate, weight_decay=0.0)
    losses = _resumed(folder, trained, optimizer, plan)
    saved = time.monotonic()
    for step in range(len(losses), len(batches)):
        share = (step + 1) / len(batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP) + 1e-3)
        loss = loss_of(batches[step])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if not losses[-1] < float("inf"):
            raise ModelError(f"the loss is {losses[-1]} at step {step + 1}: try a lower --rate than {rate:g}")
        if watch:
            watch(step + 1, len(batches), losses[-1])
        if time.monotonic() - saved > save_seconds or step + 1 == len(batches):
            _save(folder, trained, optimizer, losses, plan)
            saved = time.monotonic()
    network.eval()
    return losses


def _save(
    folder: Path, trained: Mapping[str, Any], optimizer: Any, losses: Sequence[float], plan: Mapping[str, Any]
) -> None:
    held = {f"own.{name}": parameter.detach() for name, parameter in trained.items()}
    for name, parameter in trained.items():
        moments = optimizer.state.get(parameter, {})
        held |= {f"{key}.{name}": moments[key] for key in _MOMENTS if key in moments}
    try:
        checkpoint.save(folder, held, {"step": len(losses), "losses": list(losses), "plan": dict(plan)})
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror}): free some space") from error


def _resumed(
    folder: Path, trained: Mapping[str, Any], optimizer: Any, plan: Mapping[str, Any]
) -> list[float]:
    """Puts the state of the last checkpoint back; the losses so far, none where it is of another plan."""
    import torch

    saved = checkpoint.load(folder)
    if saved is None or saved[1]["plan"] != dict(plan):
        return []
    held, state = saved
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(held[f"own.{name}"])
            if f"exp_avg.{name}" in held:
                moments = {key: held[f"{key}.{name}"].to(parameter.device) for key in _MOMENTS}
                optimizer.state[parameter] = {"step": torch.tensor(float(state["step"])), **moments}
    return list(state["losses"])
