"""The ONNX graph, written by hand: texts of one length a run, so no mask and no padding.

Each matrix product reads int8 weights and inputs on a fixed scale (nlp/train/ranges.py), so that
the rows of a batch do not touch each other; attention, GELU and the norms are ONNX Runtime's own
kernels on floats. Weights stay in model.safetensors and are referred to by offset.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from nlp.train.quantise import LAYERS, Tensors, parts_of
from nlp.train.ranges import Input

HEADS = 12
HIDDEN = 384
EPSILON = 1e-12
_TYPES = {
    "int8": TensorProto.INT8,
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
}
_MICROSOFT = "com.microsoft"


class _Graph:
    """Nodes in order; every method adds one and returns the name of its output."""

    def __init__(self, inputs: dict[str, Input]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs = inputs

    def add(
        self, kind: str, *inputs: str, domain: str = "", outs: int = 1, **attributes: object
    ) -> str:
        name = f"{kind}_{len(self.nodes)}"
        outputs = [name, *(f"{name}_{i}" for i in range(1, outs))]
        node = helper.make_node(kind, list(inputs), outputs, name, domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def product(self, x: str, matrix: str) -> str:
        return self.products(x, matrix)[0]

    def products(self, x: str, name: str) -> list[str]:
        """One for every matrix that reads `x`, which becomes int8 once."""
        scale, zero = f"{name}.input_scale", f"{name}.input_zero"
        read = self.inputs[name]
        self.constants.append(helper.make_tensor(scale, TensorProto.FLOAT, [], [read.scale]))
        self.constants.append(helper.make_tensor(zero, TensorProto.UINT8, [], [read.zero]))
        if np.ptp(read.balance):
            x = self.add("Mul", x, f"{name}.unbalance")
        whole = self.add("QuantizeLinear", x, scale, zero)
        return [self._product(whole, part, scale, zero) for part in parts_of(name)]

    def _product(self, whole: str, matrix: str, scale: str, zero: str) -> str:
        names = (f"{matrix}.int8", scale, f"{matrix}.scale", zero, "", f"{matrix}.bias")
        return self.add("MatMulIntegerToFloat", whole, *names, domain=_MICROSOFT)

    def normed_sum(self, x: str, y: str, norm: str) -> str:
        """Two nodes on purpose: SkipLayerNormalization takes a fifth of a pass longer."""
        parts = (self.add("Add", x, y), f"{norm}.weight", f"{norm}.bias")
        return self.add("LayerNormalization", *parts, axis=-1, epsilon=EPSILON)


def write_graph(
    tensors: Tensors, inputs: dict[str, Input], places: dict[str, tuple[int, int]], path: Path
) -> None:
    graph = _Graph(inputs)
    states = [_embedded(graph)]
    for number in range(LAYERS):
        states.append(_layer(graph, states[-1], f"layer.{number}."))
    _heads(graph, states)
    constants = [_stored(name, tensors[name], *places[name]) for name in tensors]
    whole = helper.make_graph(
        graph.nodes,
        "byname",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", None]),
            helper.make_tensor_value_info("place", TensorProto.FLOAT, ["batch", HIDDEN]),
        ],
        [*constants, *graph.constants, *_small_constants()],
    )
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=10)
    path.write_bytes(model.SerializeToString())


def _embedded(graph: _Graph) -> str:
    whole = graph.add("Gather", "embeddings.words.int8", "input_ids")
    scale = graph.add("Gather", "embeddings.words.scale", "input_ids")
    words = graph.add("Mul", graph.add("Cast", whole, to=TensorProto.FLOAT), scale)
    length = graph.add("Slice", graph.add("Shape", "input_ids"), "one", "two")
    positions = graph.add("Slice", "embeddings.positions", "zero", length, "zero")
    return graph.normed_sum(words, positions, "embeddings.norm")


def _layer(graph: _Graph, x: str, name: str) -> str:
    parts = graph.products(x, name + "qkv")
    attention = graph.add("Attention", *parts, q_num_heads=HEADS, kv_num_heads=HEADS)
    x = graph.normed_sum(graph.product(attention, name + "attended"), x, name + "norm1")
    wide = graph.add("Gelu", graph.product(x, name + "wide"), domain=_MICROSOFT)
    return graph.normed_sum(graph.product(wide, name + "narrow"), x, name + "norm2")


def _heads(graph: _Graph, states: list[str]) -> None:
    """Tags from the last layer; the search vector from every layer's mean."""
    mean, *lower = [_mean(graph, x) for x in (states[-1], *states[1:-1])]
    both = graph.add("Concat", mean, graph.add("Gather", states[-1], "first", axis=1), axis=-1)
    tags = graph.add("MatMul", both, "tags.weight")
    graph.nodes.append(helper.make_node("Add", [tags, "tags.bias"], ["logits"]))
    every = graph.add("Concat", both, *lower, axis=-1)
    graph.nodes.append(helper.make_node("Identity", [graph.product(every, "place")], ["place"]))


def _mean(graph: _Graph, x: str) -> str:
    return graph.add("ReduceMean", x, "one", keepdims=0)


def _stored(name: str, tensor: np.ndarray, offset: int, length: int) -> onnx.TensorProto:
    stored = TensorProto(name=name, data_type=_TYPES[tensor.dtype.name], dims=tensor.shape)
    stored.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "model.safetensors"), ("offset", offset), ("length", length)):
        stored.external_data.add(key=key, value=str(value))
    return stored


def _small_constants() -> list[onnx.TensorProto]:
    values = {"zero": [0], "one": [1], "two": [2]}
    small = [helper.make_tensor(k, TensorProto.INT64, [len(v)], v) for k, v in values.items()]
    return [*small, helper.make_tensor("first", TensorProto.INT64, [], [0])]
