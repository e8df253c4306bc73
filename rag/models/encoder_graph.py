"""The weights of a BERT encoder → a float32 ONNX graph that gives sentence vectors. Needs onnx.

    x = LN(word[id] + position[i] + type[0])
    x = LN(x + O(softmax(Q(x) K(x)ᵀ / √d) V(x)));  x = LN(x + W₂ gelu(W₁ x))      in every layer
    embedding = mean of x over the tokens, scaled to length 1

Inputs and outputs are those of `export_embedder.py`: input_ids and attention_mask (batch, tokens) → embedding
(batch, width). Source: Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.models.packed import Packed
from rag.models.tracing import OPSET

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IR = 8  # the version of the file format that goes with this opset


def write(encoder: Packed, target: Path) -> None:
    """Writes the graph."""
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph()
    states = graph.encoded(encoder)
    graph.pooled(states)
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", encoder.sizes.width])
    body = helper.make_graph(graph.nodes, "encoder", [ids, mask], [out], graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    onnx.save(model, target)


class _Graph:
    """Collects nodes and constants; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def encoded(self, encoder: Packed) -> str:
        """The states of the last layer, (batch, tokens, width)."""
        import numpy as np

        sizes, tensors = encoder.sizes, encoder.tensors
        self.constant("zero", np.array(0, np.int64))
        self.constant("one", np.array(1, np.int64))
        self.constant("second", np.array([1], np.int64))
        words = self.node("Gather", self.constant("word", tensors["emb.word"]), "input_ids", name="words")
        shape = self.node("Shape", "input_ids")
        tokens = self.node("Gather", shape, "one")
        numbers = self.node("Range", "zero", tokens, "one")
        places = self.node("Gather", self.constant("position", tensors["emb.pos"]), numbers)
        kind = self.constant("type", tensors["emb.type"][0])
        summed = self.node("Add", self.node("Add", words, kind), places)
        states = self.normalised(summed, "emb.ln", encoder)
        allowed = self.node("Cast", "attention_mask", to=1)
        wide = self.node("Unsqueeze", allowed, self.constant("wide", np.array([1, 2], np.int64)))
        hidden = self.node("Sub", self.constant("whole", np.float32(1)), wide)
        barred = self.node("Mul", hidden, self.constant("never", np.float32(-1e9)))
        size = sizes.width // sizes.heads
        self.constant("apart", np.array([0, 0, sizes.heads, size], np.int64))
        self.constant("together", np.array([0, 0, sizes.width], np.int64))
        self.constant("scale", np.float32(1 / math.sqrt(size)))
        self.constant("half", np.float32(0.5))
        self.constant("root", np.float32(math.sqrt(2)))
        for layer in range(sizes.layers):
            states = self.layer(f"l{layer}", states, barred, encoder)
        return states

    def layer(self, layer: str, states: str, barred: str, encoder: Packed) -> str:
        query, key, value = (
            self.node("Reshape", self.linear(states, f"{layer}.{name}", encoder), "apart") for name in "qkv"
        )
        query, value = (self.node("Transpose", part, perm=[0, 2, 1, 3]) for part in (query, value))
        products = self.node("MatMul", query, self.node("Transpose", key, perm=[0, 2, 3, 1]))
        weights = self.node("Add", self.node("Mul", products, "scale"), barred)
        mixed = self.node("MatMul", self.node("Softmax", weights, axis=-1), value)
        joined = self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), "together")
        attended = self.node("Add", states, self.linear(joined, f"{layer}.ao", encoder))
        states = self.normalised(attended, f"{layer}.aln", encoder)
        inner = self.linear(states, f"{layer}.fi", encoder)
        bent = self.node("Erf", self.node("Div", inner, "root"))
        shaped = self.node("Mul", self.node("Mul", inner, self.node("Add", bent, "whole")), "half")
        added = self.node("Add", states, self.linear(shaped, f"{layer}.fo", encoder))
        return self.normalised(added, f"{layer}.oln", encoder)

    def pooled(self, states: str) -> None:
        mask = self.node("Unsqueeze", self.node("Cast", "attention_mask", to=1), self.last)
        summed = self.node("ReduceSum", self.node("Mul", states, mask), "second", keepdims=0)
        mean = self.node("Div", summed, self.node("ReduceSum", mask, "second", keepdims=0))
        self.node("LpNormalization", mean, axis=1, p=2, name="embedding")

    @property
    def last(self) -> str:
        import numpy as np

        return self.constant("last", np.array([-1], np.int64))

    def linear(self, states: str, name: str, encoder: Packed) -> str:
        weight = self.constant(f"{name}.w", encoder.tensors[f"{name}.w"].T)
        bias = self.constant(f"{name}.b", encoder.tensors[f"{name}.b"][0])
        return self.node("Add", self.node("MatMul", states, weight), bias)

    def normalised(self, states: str, name: str, encoder: Packed) -> str:
        weight = self.constant(f"{name}.w", encoder.tensors[f"{name}.w"][0])
        bias = self.constant(f"{name}.b", encoder.tensors[f"{name}.b"][0])
        return self.node("LayerNormalization", states, weight, bias, epsilon=encoder.sizes.epsilon)

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        import numpy as np
        from onnx import numpy_helper

        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
        )
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = name or f"v{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [output], name=f"n{len(self.nodes)}", **attributes)
        )
        return output
