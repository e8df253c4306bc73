"""Trained weights → the folder that `rag.reading` opens: ONNX, int8, tokenizer, settings.

torch graph with three heads → ONNX → int8 (`rag.models.int8`), and both measured on the same items, so that
the loss of quantisation is known.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.models.int8 import quantise
from rag.models.tracing import trace

from .encode import Encoded, arrays
from .items import Item
from .score import Score, score

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUTS: dict[str, dict[int, str]] = {
    "start": {0: "batch", 1: "tokens"},
    "end": {0: "batch", 1: "tokens"},
    "answerable": {0: "batch"},
    "supported": {0: "batch"},
}
"""What the graph gives, with the axes that vary; all of them logits."""
CALIBRATION = 200
"""Items whose activations set the scales of the int8 graph."""


def export(network: Any, shown: Sequence[Encoded], target: Path) -> None:
    """Writes the int8 graph of a network to the file `target`; `shown` sets its scales."""
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.onnx"
        trace(network, exact, INPUTS, OUTPUTS)
        quantise(exact, target, [_alone(encoded) for encoded in shown[:CALIBRATION]])


def score_graph(graph: Path, shown: Sequence[Encoded], items: Sequence[Item]) -> Score:
    """The measures of an ONNX graph, one pair at a time, as it is run later."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def predict(batch: Sequence[Encoded]) -> tuple[Any, ...]:
        longest = max(map(len, batch))
        rows = [session.run(list(OUTPUTS), _alone(encoded)) for encoded in batch]
        padded = [
            np.stack([np.pad(row[place][0], (0, longest - row[place].shape[1])) for row in rows])
            for place in (0, 1)
        ]
        return (*padded, *(np.array([row[place][0] for row in rows]) for place in (2, 3)))

    return score(predict, shown, items)


def _alone(encoded: Encoded) -> dict[str, Any]:
    return {name: array for name, array in arrays([encoded]) if name in INPUTS}
