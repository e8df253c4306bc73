"""Quantisation of an ONNX graph, on a table and one matrix small enough to reason about."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.models.int8 import matmuls_by_input, quantise, smooth

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("onnx") is None, reason="onnx is not installed (build time only)"
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def weights() -> tuple[np.ndarray, np.ndarray]:
    """A table of 50 rows of 32 channels, the first channel 30 times as large as the others, and a matrix."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(50, 32)).astype(np.float32)
    table[:, 0] *= 30
    return table, rng.normal(size=(32, 16)).astype(np.float32)


@pytest.fixture
def graph(weights: tuple[np.ndarray, np.ndarray]) -> Any:
    """ids (1, n) → table rows → times the matrix."""
    from onnx import TensorProto, helper, numpy_helper

    table, matrix = weights
    nodes = [
        helper.make_node("Gather", ["words", "ids"], ["rows"], name="gather"),
        helper.make_node("MatMul", ["rows", "matrix"], ["out"], name="product"),
    ]
    body = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "n"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, "n", 16])],
        [numpy_helper.from_array(table, "words"), numpy_helper.from_array(matrix, "matrix")],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: bytes | str, ids: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"ids": ids})[0])


def test_smoothing_changes_nothing_but_the_scales(graph: Any, weights: tuple[np.ndarray, np.ndarray]) -> None:
    table, matrix = weights
    ids = np.arange(50)[None]
    smooth(graph, matmuls_by_input(graph), {"rows": np.abs(table).max(axis=0)}, alpha=1.0)
    np.testing.assert_allclose(run(graph.SerializeToString(), ids)[0], table @ matrix, rtol=1e-4, atol=1e-3)
    # With α = 1 the weights take everything: each channel of the input has the same largest value.
    inverse = next(tensor for tensor in graph.graph.initializer if tensor.name == "smooth_0")
    largest = np.abs(table).max(axis=0) * np.frombuffer(inverse.raw_data, dtype=np.float32)
    np.testing.assert_allclose(largest, largest[0], rtol=1e-5)


def test_quantised_weights_are_small_seven_bit_and_near(
    graph: Any, weights: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    import onnx
    from onnx import numpy_helper

    table, matrix = weights
    onnx.save(graph, tmp_path / "exact.onnx")
    ids = np.arange(50)[None]
    quantise(tmp_path / "exact.onnx", tmp_path / "small.onnx", [{"ids": ids}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact.onnx", "small.onnx"]

    exact, found = table @ matrix, run(str(tmp_path / "small.onnx"), ids)[0]
    # A column's largest weight is about 3.5 times its typical one and spans 64 steps, and rounding is off by
    # 1/√12 step: 3.5 / 64 / √12 = 1.6 %. Twice that leaves room for the activations, not for a mistake.
    assert np.linalg.norm(found - exact) / np.linalg.norm(exact) < 0.032

    small = onnx.load(tmp_path / "small.onnx")
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    (product,) = [array for array in arrays.values() if array.dtype == np.int8 and array.shape == (32, 16)]
    assert np.abs(product.astype(int)).max() <= 64
    # Rounding moves an entry of the table by half a step of its row at most.
    error = np.abs(arrays["table"] * arrays["table_scales"] - table)
    assert (error <= arrays["table_scales"] / 2 + 1e-6).all()
