"""Trains a causal model on encoded turns: a PEFT adapter or all of it, with checkpoints that a kill survives.

Turns on the same sources go together, and others of like length, so little is padding; batches hold up to a
number of tokens. The loss is that of the answers alone, and logits are computed for their tokens alone. What
all prompts of a batch begin with, the instructions and often the sources, is computed once for the batch, and
learned from through all of its rows. The steps are those of `steps.py`. Sources: LoRA (Hu and others), IA³
(Liu and others), Prefix-Tuning (Li and Liang), P-Tuning (Liu and others), as `peft` has them.
"""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag.errors import ConfigError, ModelError

from .steps import run

METHODS = ("lora", "ia3", "prefix", "p-tuning", "full")
_RATES = {"lora": 3e-4, "ia3": 8e-3, "prefix": 1e-2, "p-tuning": 1e-2, "full": 3e-5}
_WORTH = 32  # tokens
_FEW = 3  # rows that begin alike, below which they make no batch of their own
_CACHED = ("llama", "qwen2")  # architectures whose attention takes what was computed before
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
    network = network.to(device)
    made = [batch for epoch in range(plan.epochs) for batch in batches(rows, plan.tokens, plan.seed + epoch)]

    def loss(batch: list[int]) -> Any:
        return loss_of(network, *_tensors([rows[at] for at in batch], device))

    rate = plan.rate or _RATES[plan.method]
    settled = asdict(plan)
    return run(network, made, loss, rate, folder, settled, save_seconds=plan.save_seconds, watch=watch)


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
    shared = _shared(ids, int(places.min())) if inner.config.model_type in _CACHED else 0
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
    """Places of rows by batch, in random order: rows that begin alike together, the others by length.

    A batch has at most `tokens` tokens, padding counted, and what its rows begin with counted once.
    """
    chance = random.Random(seed)
    made: list[list[int]] = []
    alone: list[int] = []
    for group, begin in _alike([ids for ids, _ in rows]):
        if len(group) < _FEW:
            alone += group
        else:
            made += _packed(rows, group, begin, tokens, chance)
    made += _packed(rows, alone, 0, tokens, chance)
    chance.shuffle(made)
    return made


def _packed(
    rows: Sequence[tuple[list[int], list[int]]],
    places: Sequence[int],
    begin: int,
    tokens: int,
    chance: random.Random,
) -> list[list[int]]:
    """Batches of rows that have the first `begin` tokens in common, short rows first."""
    made: list[list[int]] = []
    for at in sorted(places, key=lambda at: (len(rows[at][0]), chance.random())):
        rest = len(rows[at][0]) - begin  # the row is the longest so far
        if made and begin + rest * (len(made[-1]) + 1) <= tokens:
            made[-1].append(at)
        else:
            made.append([at])
    return made


def _alike(ids: Sequence[list[int]]) -> Iterator[tuple[list[int], int]]:
    """Places of rows whose beginnings are alike, and how many tokens these have in common.

    What all rows begin with does not count; of the rest it is half or more.
    """
    order = sorted(range(len(ids)), key=ids.__getitem__)  # rows that begin alike are neighbours
    if not order:
        return
    common = _begin(ids[order[0]], ids[order[-1]])
    group = order[:1]
    for before, at in pairwise(order):
        shorter = min(len(ids[before]), len(ids[at])) - common
        if 2 * (_begin(ids[before], ids[at]) - common) < shorter or not shorter:
            yield group, _begin(ids[group[0]], ids[group[-1]])
            group = []
        group.append(at)
    yield group, _begin(ids[group[0]], ids[group[-1]])


def _begin(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _tensors(rows: Sequence[tuple[list[int], list[int]]], device: str) -> tuple[Any, Any, Any]:
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows], device=device)
    labels = torch.tensor([targets + [-100] * (longest - len(targets)) for _, targets in rows], device=device)
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows], device=device)
    return ids, labels, mask
