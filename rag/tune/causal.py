"""Trains a causal model on encoded turns: a PEFT adapter or all of it, with checkpoints that a kill survives.

Turns of like length go together, so little is padding; batches hold up to a number of tokens. The loss is
that of the answers alone, and logits are computed for their tokens alone. What all prompts of a batch begin
with, the instructions, is computed once for the batch, and learned from through all of its rows. AdamW warms
up over the first tenth and falls to zero; the same seed gives the same run, stopped or not. Sources: LoRA
(Hu and others), IA³ (Liu and others), Prefix-Tuning (Li and Liang), P-Tuning (Liu and others), as `peft` has
them.
"""

from __future__ import annotations

import inspect
import random
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import ConfigError, ModelError

from . import checkpoint

METHODS = ("lora", "ia3", "prefix", "p-tuning", "full")
_RATES = {"lora": 3e-4, "ia3": 8e-3, "prefix": 1e-2, "p-tuning": 1e-2, "full": 3e-5}
_MOMENTS = ("exp_avg", "exp_avg_sq")
_WARM_UP = 0.1
_WORTH = 32  # tokens
_CACHED = ("Llama", "Qwen2", "Mistral")  # architectures whose attention takes what was computed before
_VIRTUAL = 16  # tokens that a prefix or prompt adds


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; a `rate` of 0 is the method's own. `tokens` is the size of a batch, padding counted."""

    method: str = "lora"
    epochs: int = 2
    rate: float = 0.0
    tokens: int = 2048
    rank: int = 16
    seed: int = 0
    save_seconds: float = 120.0


def prepared(network: Any, plan: Plan) -> Any:
    """The network with what is to be trained in it. Raises ConfigError for a method that is none.

    Raises ModelError for a base whose architecture the method does not know.
    """
    import torch
    from peft import IA3Config, LoraConfig, PrefixTuningConfig, PromptEncoderConfig, get_peft_model

    if plan.method not in METHODS:
        raise ConfigError(f"method is {plan.method!r}, expected one of {', '.join(METHODS)}")
    torch.manual_seed(plan.seed)
    network = network.float()
    if plan.method == "full":
        return network.requires_grad_(True)
    kind = {"task_type": "CAUSAL_LM"}
    config = {
        "lora": lambda: LoraConfig(
            r=plan.rank, lora_alpha=2 * plan.rank, target_modules="all-linear", **kind
        ),
        "ia3": lambda: IA3Config(**kind),
        "prefix": lambda: PrefixTuningConfig(num_virtual_tokens=_VIRTUAL, **kind),
        "p-tuning": lambda: PromptEncoderConfig(
            num_virtual_tokens=_VIRTUAL, encoder_hidden_size=network.config.hidden_size, **kind
        ),
    }[plan.method]()
    try:
        with warnings.catch_warnings():  # of names that transformers is giving up, in the code of peft
            warnings.simplefilter("ignore", FutureWarning)
            return get_peft_model(network, config)
    except ValueError as error:
        raise ModelError(
            f"{plan.method} does not know the architecture {network.config.model_type!r} ({error}): try "
            "--method lora or full"
        ) from error


def train(
    network: Any,
    rows: Sequence[tuple[list[int], list[int]]],
    plan: Plan,
    folder: Path,
    device: str = "cpu",
    watch: Callable[[int, int, float], None] | None = None,
) -> list[float]:
    """Trains what has gradients on (ids, labels); `folder` has the checkpoint, and the same call goes on.

    Returns the losses of the steps. `watch` gets step, steps and loss.
    """
    import torch

    network = network.to(device).train()
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    rate = plan.rate or _RATES[plan.method]
    optimizer = torch.optim.AdamW(list(trained.values()), lr=rate, weight_decay=0.0)
    steps = [batch for epoch in range(plan.epochs) for batch in batches(rows, plan.tokens, plan.seed + epoch)]
    losses = _resumed(folder, trained, optimizer, plan)
    saved = time.monotonic()
    for step in range(len(losses), len(steps)):
        share = (step + 1) / len(steps)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP) + 1e-3)
        ids, labels, mask = _tensors([rows[at] for at in steps[step]], device)
        loss = loss_of(network, ids, labels, mask)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if not losses[-1] < float("inf"):
            raise ModelError(f"the loss is {losses[-1]} at step {step + 1}: try a lower --rate than {rate:g}")
        if watch:
            watch(step + 1, len(steps), losses[-1])
        if time.monotonic() - saved > plan.save_seconds or step + 1 == len(steps):
            _save(folder, trained, optimizer, losses, plan)
            saved = time.monotonic()
    network.eval()
    return losses


def loss_of(network: Any, ids: Any, labels: Any, mask: Any) -> Any:
    """The mean loss over the tokens that have labels; all three are (rows, tokens).

    Of a small model, a third of the work is in the logits of all words, and prompts need none. The tokens
    that all rows begin with are a third of a prompt, and are computed once.
    """
    import torch

    inner = network.get_base_model() if hasattr(network, "get_base_model") else network
    longer = (
        bool(getattr(network, "active_peft_config", None)) and network.active_peft_config.is_prompt_learning
    )
    if longer or "logits_to_keep" not in inspect.signature(inner.forward).parameters:
        return network(input_ids=ids, attention_mask=mask, labels=labels).loss
    told = labels[:, 1:]
    places = (told != -100).any(0).nonzero().squeeze(1)
    targets = told[:, places].flatten()
    shared = _shared(ids, int(places.min())) if type(inner).__name__.startswith(_CACHED) else 0
    before: dict[str, Any] = {}
    if shared:
        from transformers import DynamicCache

        cache = DynamicCache()
        network(input_ids=ids[:1, :shared], past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache.batch_repeat_interleave(len(ids))
        before = {"past_key_values": cache, "use_cache": True}
    kept = places - shared
    logits = network(input_ids=ids[:, shared:], attention_mask=mask, logits_to_keep=kept, **before).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets)


def _shared(ids: Any, most: int) -> int:
    """How many tokens all rows begin with, up to `most`; 0 where too few to be worth two passes."""
    if len(ids) < 2:
        return 0
    same = (ids == ids[:1]).all(0)[:most].int().cumprod(0)
    count = int(same.sum())
    return count if count >= _WORTH else 0


def batches(rows: Sequence[tuple[list[int], list[int]]], tokens: int, seed: int) -> list[list[int]]:
    """Places of rows by batch: rows of like length together, batches in random order."""
    chance = random.Random(seed)
    order = sorted(range(len(rows)), key=lambda at: (len(rows[at][0]), chance.random()))
    made: list[list[int]] = [[]]
    for at in order:
        longest = len(rows[at][0])  # the row is the longest so far
        if made[-1] and longest * (len(made[-1]) + 1) > tokens:
            made.append([])
        made[-1].append(at)
    chance.shuffle(made)
    return [batch for batch in made if batch]


def _tensors(rows: Sequence[tuple[list[int], list[int]]], device: str) -> tuple[Any, Any, Any]:
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows], device=device)
    labels = torch.tensor([targets + [-100] * (longest - len(targets)) for _, targets in rows], device=device)
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows], device=device)
    return ids, labels, mask


def _save(
    folder: Path, trained: Mapping[str, Any], optimizer: Any, losses: Sequence[float], plan: Plan
) -> None:
    held = {f"own.{name}": parameter.detach() for name, parameter in trained.items()}
    for name, parameter in trained.items():
        moments = optimizer.state.get(parameter, {})
        held |= {f"{key}.{name}": moments[key] for key in _MOMENTS if key in moments}
    try:
        checkpoint.save(folder, held, {"step": len(losses), "losses": list(losses), "plan": asdict(plan)})
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror}): free some space") from error


def _resumed(folder: Path, trained: Mapping[str, Any], optimizer: Any, plan: Plan) -> list[float]:
    """Puts the state of the last checkpoint back; the losses so far, none where it is of another plan."""
    import torch

    saved = checkpoint.load(folder)
    if saved is None or saved[1]["plan"] != asdict(plan):
        return []
    held, state = saved
    with torch.no_grad():
        for name, parameter in trained.items():
            parameter.copy_(held[f"own.{name}"])
            if f"exp_avg.{name}" in held:
                moments = {key: held[f"{key}.{name}"].to(parameter.device) for key in _MOMENTS}
                optimizer.state[parameter] = {"step": torch.tensor(float(state["step"])), **moments}
    return list(state["losses"])
