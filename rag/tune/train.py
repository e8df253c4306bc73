"""The training loop: AdamW, a running mean of the weights, checkpoints, measures as it goes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import checkpoint
from .encode import Encoded, Encoder, batches
from .items import Item
from .network import autocast, losses, tensors
from .score import Score, score

_MOMENTS = ("exp_avg", "exp_avg_sq")
Epoch = Callable[[int], Sequence[Item]]
"""The number of an epoch → its items."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. `tokens` is the size of a batch, padding counted; `rate` the peak learning rate.

    `mean` is how much of the running mean of the weights is kept a step. `minutes` ends the run, with a rate
    that falls to zero by then, if its epochs last longer; 0 sets no limit. `patience` is how many measures
    in a row may bring nothing.
    """

    epochs: int = 4
    tokens: int = 6000
    rate: float = 2e-4
    warm_up: float = 0.06
    decay: float = 0.01
    mean: float = 0.998
    seed: int = 0
    save_seconds: float = 180.0
    score_steps: int = 400
    patience: int = 6
    minutes: float = 0.0
    weights: dict[str, float] = field(
        default_factory=lambda: {"span": 1.0, "answerable": 0.6, "supported": 0.4}
    )


class Trainer:
    """Trains a network in a folder that holds its checkpoint, its best weights and a log of its measures."""

    def __init__(
        self,
        network: Any,
        encoder: Encoder,
        plan: Plan,
        folder: Path,
        device: str = "cpu",
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        import torch

        self.network, self.encoder, self.plan, self.folder = network.to(device), encoder, plan, folder
        self.device, self._watch = device, watch or (lambda row: None)
        self._trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
        self._mean = {name: weight.detach().clone() for name, weight in self._trained.items()}
        slow = [weight for weight in self._trained.values() if weight.ndim < 2]
        fast = [weight for weight in self._trained.values() if weight.ndim >= 2]
        self._optimizer = torch.optim.AdamW(
            [{"params": fast, "weight_decay": plan.decay}, {"params": slow, "weight_decay": 0.0}],
            lr=plan.rate,
        )
        self.step, self._epoch, self._batch = 0, 0, 0
        self._best, self._waited, self._seconds = -math.inf, 0, 0.0

    def run(
        self, epoch: Epoch, held_out: Sequence[Item], merit: Callable[[dict[str, float]], float]
    ) -> dict[str, float]:
        """Trains to the end of the plan, or until `patience` measures brought nothing. Resumes by itself.

        `merit` says what a measure is worth; the weights (their running mean) of the best one are kept as
        `best.safetensors`. Returns that measure.
        """
        self._resume()
        shown = self.encoder.encode(held_out, self.plan.seed)
        saved = begun = time.monotonic()
        total: int | None = None
        while self._epoch < self.plan.epochs and self._waited < self.plan.patience and not self._over(begun):
            made = batches(
                self.encoder.encode(list(epoch(self._epoch)), self.plan.seed + self._epoch),
                self.plan.tokens,
                self.plan.seed + self._epoch,
            )
            total = self.step - self._batch + len(made) * (self.plan.epochs - self._epoch)
            for batch in made[self._batch :]:
                if self._over(begun) or self._waited >= self.plan.patience:
                    break
                row = self._learn(batch, max(self.step / total, self._spent(begun)))
                self.step, self._batch = self.step + 1, self._batch + 1
                now = time.monotonic()
                self._watch(
                    {"step": self.step, "steps": total, **row, "seconds": self._seconds + now - begun}
                )
                if self.step % self.plan.score_steps == 0:
                    self._measure(shown, held_out, merit)
                if now - saved > self.plan.save_seconds:
                    self._save(self._seconds + now - begun)
                    saved = now
            else:
                self._epoch, self._batch = self._epoch + 1, 0
        self._measure(shown, held_out, merit)
        self._save(self._seconds + time.monotonic() - begun)
        best: dict[str, float] = json.loads((self.folder / "best.json").read_text("utf-8"))
        return best

    def _spent(self, begun: float) -> float:
        """The share of the time that is gone; 0 without a limit."""
        seconds = self._seconds + time.monotonic() - begun
        return seconds / (60 * self.plan.minutes) if self.plan.minutes else 0.0

    def _over(self, begun: float) -> bool:
        return self._spent(begun) >= 1

    def measure(self, held_out: Sequence[Item]) -> Score:
        """How the mean of the weights does now."""
        with self._mean_weights():
            return score_network(
                self.network, self.encoder.encode(held_out, self.plan.seed), held_out, self.device
            )

    def _learn(self, batch: Sequence[Encoded], done: float) -> dict[str, float]:
        import torch

        rate = self.plan.rate * min(done / self.plan.warm_up, (1 - done) / (1 - self.plan.warm_up))
        for group in self._optimizer.param_groups:
            group["lr"] = max(rate, 0.0)
        self.network.train()
        given = tensors(batch, self.device)
        with autocast(self.device):
            outputs = self.network(given["input_ids"], given["attention_mask"], given["token_type_ids"])
        each = losses(outputs, batch, given)
        total = sum(self.plan.weights[name] * loss for name, loss in each.items())
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(list(self._trained.values()), 1.0)
        self._optimizer.step()
        kept = min(self.plan.mean, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(
            list(self._mean.values()), [p.detach() for p in self._trained.values()], 1 - kept
        )
        return {name: float(loss.detach()) for name, loss in each.items()}

    def _measure(
        self, shown: Sequence[Encoded], items: Sequence[Item], merit: Callable[[dict[str, float]], float]
    ) -> None:
        from safetensors.torch import save_file

        with self._mean_weights():
            figures = score_network(self.network, shown, items, self.device).summary()
            worth = merit(figures)
            if worth > self._best:
                self._best, self._waited = worth, 0
                self.folder.mkdir(parents=True, exist_ok=True)
                save_file(
                    {name: weight.contiguous() for name, weight in self.network.state_dict().items()},
                    self.folder / "best.safetensors",
                )
                (self.folder / "best.json").write_text(json.dumps({"step": self.step, **figures}), "utf-8")
            else:
                self._waited += 1
        row = {"step": self.step, "epoch": self._epoch, "merit": worth, **figures}
        with (self.folder / "measures.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._watch(row)

    @contextmanager
    def _mean_weights(self) -> Iterator[None]:
        import torch

        own = {name: weight.detach().clone() for name, weight in self._trained.items()}
        with torch.no_grad():
            for name, weight in self._trained.items():
                weight.copy_(self._mean[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in self._trained.items():
                    weight.copy_(own[name])

    def _save(self, seconds: float) -> None:
        held: dict[str, Any] = {f"mean.{name}": mean for name, mean in self._mean.items()}
        steps: dict[str, int] = {}
        held |= {f"own.{name}": weight.detach() for name, weight in self._trained.items()}
        for name, weight in self._trained.items():  # a head that no item was for has no moments yet
            moments = self._optimizer.state.get(weight, {})
            held |= {f"{key}.{name}": moments[key] for key in _MOMENTS if key in moments}
            steps[name] = int(moments["step"]) if moments else 0
        state = {"step": self.step, "epoch": self._epoch, "batch": self._batch, "best": self._best}
        checkpoint.save(
            self.folder / "checkpoint",
            held,
            {**state, "waited": self._waited, "seconds": seconds, "steps": steps, "plan": asdict(self.plan)},
        )

    def _resume(self) -> None:
        import torch

        saved = checkpoint.load(self.folder / "checkpoint")
        if saved is None:
            return
        held, state = saved
        self.step, self._epoch, self._batch = state["step"], state["epoch"], state["batch"]
        self._best, self._waited, self._seconds = state["best"], state["waited"], state["seconds"]
        with torch.no_grad():
            for name, weight in self._trained.items():
                weight.copy_(held[f"own.{name}"])
                self._mean[name].copy_(held[f"mean.{name}"])
                if f"exp_avg.{name}" in held:
                    moments = {key: held[f"{key}.{name}"].to(weight.device) for key in _MOMENTS}
                    self._optimizer.state[weight] = {
                        "step": torch.tensor(float(state["steps"][name])),
                        **moments,
                    }


def score_network(
    network: Any, shown: Sequence[Encoded], items: Sequence[Item], device: str = "cpu"
) -> Score:
    """The measures of a network as it is."""
    import torch

    network.eval()

    def predict(batch: Sequence[Encoded]) -> tuple[Any, ...]:
        given = tensors(batch, device)
        with torch.no_grad(), autocast(device):
            outputs = network(given["input_ids"], given["attention_mask"], given["token_type_ids"])
        return tuple(output.float().cpu().numpy() for output in outputs)

    return score(predict, shown, items)
