"""The encoder with three heads: answer span, answerable, supported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

from .encode import Encoded, arrays

if TYPE_CHECKING:
    import torch

DROPOUT = 0.1
_BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # what Linux calls the instructions


def make_network(base: Path, attention: str = "sdpa") -> Any:
    """A torch module over the BERT encoder in the folder `base`; its heads begin at random.

    Its forward takes input_ids, attention_mask and token_type_ids, each (n, t), and returns start (n, t),
    end (n, t), answerable (n,) and supported (n,), all logits. Word embeddings are not trained: 11 million
    rows of rare words learn nothing from a few thousand questions, and cost a fifth of the time.
    `attention` is how transformers computes it: "sdpa" is faster to train, "eager" is the one to export.
    """
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    if not (base / "config.json").is_file():
        raise ModelError(f"{base} has no config.json; expected the folder of a BERT encoder with safetensors")
    logging.disable_progress_bar()
    # Dropout inside the layers halves the speed on a CPU; on the last states it costs nothing.
    config = AutoConfig.from_pretrained(
        base, local_files_only=True, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(
                base,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                attn_implementation=attention,
                add_pooling_layer=False,
            )
            size = config.hidden_size
            self.dropout = torch.nn.Dropout(DROPOUT)
            self.span = torch.nn.Linear(size, 2)
            self.answerable = _head(size)
            self.supported = _head(size)
            self.encoder.embeddings.word_embeddings.weight.requires_grad = False

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> tuple[Any, ...]:
            states = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            states = self.dropout(states)
            start, end = self.span(states).unbind(-1)
            first = states[:, 0]
            return start, end, self.answerable(first).squeeze(-1), self.supported(first).squeeze(-1)

    return Network()


def _head(size: int) -> Any:
    import torch

    return torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.Tanh(), torch.nn.Linear(size, 1))


def tensors(batch: Sequence[Encoded], device: str = "cpu") -> dict[str, torch.Tensor]:
    """The inputs and targets of a batch. Targets are -1 where nothing is known."""
    import torch

    made = {name: torch.from_numpy(array).to(device) for name, array in arrays(batch)}
    for name in ("answerable", "supported"):
        known = [getattr(encoded, name) for encoded in batch]
        made[name] = torch.tensor([-1 if value is None else int(value) for value in known], device=device)
    return made


def best_device(named: str) -> str:
    """The device that is named, else the GPU where there is one."""
    import torch

    return named or ("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: str) -> Any:
    """A context that computes in bfloat16 where the device does so by itself, and in float32 elsewhere.

    A processor without instructions for it (AVX-512 BF16, AMX, Arm's BF16) only makes believe, and is slower.
    """
    import torch

    return torch.autocast(
        device, dtype=torch.bfloat16, enabled=device != "cpu" or _has_bfloat16(Path("/proc/cpuinfo"))
    )


def _has_bfloat16(cpuinfo: Path) -> bool:
    try:
        return not _BFLOAT16.isdisjoint(cpuinfo.read_text("utf-8").split())
    except OSError:  # no Linux
        return False


def losses(outputs: tuple[Any, ...], batch: Sequence[Encoded], given: Mapping[str, Any]) -> dict[str, Any]:
    """The three losses, each a mean over the items it is known for; those known for none are left out.

    A span's is -log of the sum of P(start) · P(end) over all right answers: any of them will do.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

    start, end, answerable, supported = (output.float() for output in outputs)
    by_name = {}
    rows = [row for row, encoded in enumerate(batch) if encoded.spans]
    if rows:
        barred = given["passage"] == 0
        starts = log_softmax(start.masked_fill(barred, -1e4), 1)
        ends = log_softmax(end.masked_fill(barred, -1e4), 1)
        each = []
        for row in rows:
            first, last = torch.tensor(batch[row].spans, device=start.device).unbind(1)
            each.append(-torch.logsumexp(starts[row, first] + ends[row, last], 0))
        by_name["span"] = torch.stack(each).mean()
    for name, logits in (("answerable", answerable), ("supported", supported)):
        known = given[name] >= 0
        if bool(known.any()):
            by_name[name] = binary_cross_entropy_with_logits(logits[known], given[name][known].float())
    return by_name


def describe(base: Path) -> dict[str, Any]:
    """What the card says of the encoder: its layers, width and kind."""
    config = json.loads((base / "config.json").read_text("utf-8"))
    return {
        name: config.get(name) for name in ("model_type", "num_hidden_layers", "hidden_size", "vocab_size")
    }
