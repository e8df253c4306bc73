"""A torch module over tokens → a float32 ONNX graph. Build time only: needs torch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

OPSET = 17


def trace(module: Any, target: Path, inputs: Sequence[str], outputs: Mapping[str, Mapping[int, str]]) -> None:
    """Writes the graph: every input (batch, tokens) of integers; `outputs` names each with its free axes.

    The exporter by tracing is asked for by name: the newer one needs another package and gives a graph that
    `rag.models.int8` does not know.
    """
    import torch

    ids = torch.ones((2, 9), dtype=torch.long)
    axes = {name: {0: "batch", 1: "tokens"} for name in inputs} | {n: dict(a) for n, a in outputs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the exporter itself; what it gives is measured afterwards
        torch.onnx.export(
            module.float().eval(),
            (ids,) * len(inputs),
            str(target),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
        )
