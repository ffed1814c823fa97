"""Write app/encoders/graphs/e5-small.onnx: multilingual-e5-small as a graph without its weights.

The weights lie in a file that app/encoders/e5_weights.py makes of the packaged ones; the graph
names each array by its place there. The network is BERT's (Devlin et al., arXiv:1810.04805).

    python -m scripts.build_e5 PACKAGED  # e5-small-q4.bin; needs the onnx package
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from app.encoders.e5_weights import DATA, INNER, LAYERS, WIDTH, Array, Packaged, arrays

TARGET = Path(__file__).parents[1] / "app" / "encoders" / "graphs" / "e5-small.onnx"
HEADS, BLOCK, EPSILON = 12, 32, 1e-12
KINDS = {"f4": TensorProto.FLOAT, "u1": TensorProto.UINT8}
OURS = "com.microsoft"  # where ONNX Runtime's own operators live
FROM_INT8_ACTIVATIONS = 4  # of MatMulNBits: each block of them is rounded to int8


class Graph:
    """Nodes as they are added; each method returns the name of its output."""

    def __init__(self, found: Iterable[tuple[str, Array]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[TensorProto] = []
        begin = 0
        for name, array in found:
            self.tensors.append(_place(name, array, begin))
            begin += array.nbytes

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        output = f"n{len(self.nodes)}"
        made = helper.make_node(kind, list(inputs), [output], domain=domain, **attributes)
        self.nodes.append(made)
        return output

    def integers(self, name: str, *values: int) -> str:
        self.tensors.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def linear(self, x: str, name: str, rows: int, columns: int) -> str:
        sizes = {"N": rows, "K": columns, "bits": 4, "block_size": BLOCK}
        weight = (f"{name}.weight", f"{name}.scale")
        x = self.node(
            "MatMulNBits", x, *weight, domain=OURS, accuracy_level=FROM_INT8_ACTIVATIONS, **sizes
        )
        return self.node("Add", x, f"{name}.bias")

    def norm(self, x: str, name: str) -> str:
        parts = (f"{name}.weight", f"{name}.bias")
        return self.node("LayerNormalization", x, *parts, axis=-1, epsilon=EPSILON)


def _place(name: str, array: Array, begin: int) -> TensorProto:
    kind, shape = KINDS[array.dtype.str[1:]], array.shape
    if name == "words.weight":
        kind, shape = TensorProto.INT4, (len(array), WIDTH)
    tensor = TensorProto(name=name, data_type=kind, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": DATA, "offset": begin, "length": array.nbytes}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def embedded(g: Graph) -> str:
    """The vectors of the words and of where they stand: (n, tokens) to (n, tokens, 384)."""
    words = g.node(
        "GatherBlockQuantized",
        *("words.weight", "input_ids", "words.scale"),
        domain=OURS,
        block_size=BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )
    count = g.node("Gather", g.node("Shape", "input_ids"), g.integers("one", 1))
    zero = g.integers("zero", 0)
    places = g.node("Slice", "positions", zero, count, zero)
    return g.norm(g.node("Add", words, places), "norm")


def layer(g: Graph, x: str, name: str) -> str:
    joined = g.linear(x, f"{name}.in", 3 * WIDTH, WIDTH)
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    g.nodes.append(helper.make_node("Split", [joined], parts, axis=2, num_outputs=3))
    heard = g.node("MultiHeadAttention", *parts, domain=OURS, num_heads=HEADS)
    x = g.norm(g.node("Add", x, g.linear(heard, f"{name}.out", WIDTH, WIDTH)), f"{name}.norm1")
    inner = g.node("Gelu", g.linear(x, f"{name}.up", INNER, WIDTH))
    return g.norm(g.node("Add", x, g.linear(inner, f"{name}.down", WIDTH, INNER)), f"{name}.norm2")


def build(packaged: Path) -> onnx.ModelProto:
    """The graph over these weights."""
    g = Graph(arrays(Packaged(packaged)))
    x = embedded(g)
    for number in range(LAYERS):
        x = layer(g, x, f"layer{number}")
    mean = g.node("ReduceMean", x, "one", keepdims=0)
    g.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], axis=-1, p=2))
    graph = helper.make_graph(
        g.nodes,
        "e5-small",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "tokens"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", WIDTH])],
        g.tensors,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(OURS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


if __name__ == "__main__":
    TARGET.write_bytes(build(Path(sys.argv[1])).SerializeToString(deterministic=True))
