"""A reader that exists → weights to go on from: its int8 graph read back into the network's names and floats.

What `rag.models.int8` did is undone: a column of a matrix is its integers times their scale, a row is divided
by the smoothing factor s that went into it, W = diag(1 / s) · (W₈ · scale), and the table of word embeddings
is its rows times theirs. What rounding took away does not come back: each weight is off by up to half a step.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS = "encoder.embeddings.word_embeddings.weight"
"""The name of the word embeddings, which are not trained."""
_PRODUCTS = {"MatMulIntegerToFloat": 6, "DynamicQuantizeMatMul": 4}
"""The products of an int8 graph, and which of their inputs is the bias."""


def read_weights(graph: Path) -> dict[str, NDArray[np.float32]]:
    """Name → weights, as the network that the graph was made of has them. Raises ModelError.

    Matrices are (out, in), as torch keeps them.
    """
    import numpy as np
    import onnx
    from onnx import numpy_helper

    try:
        model = onnx.load(graph)
    except Exception as error:  # onnx raises the errors of its parser
        raise ModelError(f"{graph} cannot be read: {error}; expected the model.onnx of a reader") from error
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    made_by = {name: node for node in model.graph.node for name in node.output}
    weights = {
        name: value
        for name, value in constants.items()
        if value.dtype == np.float32 and name.endswith((".weight", ".bias"))
    }
    if "table" in constants:
        weights[WORDS] = constants["table"].astype(np.float32) * constants["table_scales"]
    for node in model.graph.node:
        if node.op_type in _PRODUCTS:
            name, weight = _product(node, constants, made_by)
            weights[name] = weight
    return weights


def load_weights(network: Any, graph: Path) -> None:
    """Puts the weights of a reader's graph into a network of the same shape.

    Word embeddings stay those of the network's base, which are exact. ModelError where the graph is of
    another network, or was made from another base.
    """
    import numpy as np
    import torch

    own, read = network.state_dict(), read_weights(graph)
    wrong = sorted(
        name
        for name in {*own, *read}
        if name not in own or name not in read or tuple(own[name].shape) != read[name].shape
    )
    if wrong:
        raise ModelError(
            f"{graph} does not fit the base: {wrong[0]} (and {len(wrong) - 1} more) is missing or of another "
            "shape; expected a reader that `rag tune reader` made from the same base"
        )
    words = own[WORDS].cpu().numpy()
    step = np.abs(words).max(axis=1) / 127
    if bool((np.abs(words - read.pop(WORDS)).max(axis=1) > 0.51 * step + 1e-6).any()):
        raise ModelError(f"{graph} has other word embeddings than the base; give the base it was made from")
    network.load_state_dict({**own, **{name: torch.from_numpy(array.copy()) for name, array in read.items()}})


def _product(
    node: Any, constants: dict[str, Any], made_by: dict[str, Any]
) -> tuple[str, NDArray[np.float32]]:
    """The name and the float weights of one product of integers."""
    import numpy as np

    quantised = node.input[1]
    stem = quantised.removesuffix("_quantized")
    bias = [*node.input, ""][min(_PRODUCTS[node.op_type], len(node.input))]
    name = stem if stem.endswith(".weight") else bias.removesuffix(".bias") + ".weight"
    weight = constants[quantised].astype(np.float32) - constants[f"{stem}_zero_point"].astype(np.float32)
    weight = weight * constants[f"{stem}_scale"]
    source = made_by.get(node.input[0])
    if source is not None and source.op_type == "DynamicQuantizeLinear":
        source = made_by.get(source.input[0])
    if source is not None and source.op_type == "Mul" and source.input[1] in constants:
        weight = weight * constants[source.input[1]][:, None]  # the graph holds 1 / s
    return name, np.ascontiguousarray(weight.T)
