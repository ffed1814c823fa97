"""Write app/encoders/graphs/campplus.onnx: CAM++ as a graph without its weights.

The weights stay in the published checkpoint, a zip of raw float32 arrays; the graph names
each array by its place in that file, so that ONNX Runtime maps it as it is. Neither torch
nor unpickling by name is ever needed. The network is that of Wang et al., "CAM++: A Fast
and Efficient Network for Speaker Verification Using Context-Aware Masking" (Interspeech
2023, arXiv:2303.00332), with the sizes of the 3D-Speaker model.

    python -m scripts.build_campplus CHECKPOINT  # needs the onnx package
"""

import pickle
import struct
import sys
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

TARGET = Path(__file__).parents[1] / "app" / "encoders" / "graphs" / "campplus.onnx"
CHECKPOINT = "campplus_cn_en_common.pt"  # as app/models.py installs it, beside the graph
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation
CONTEXT_FRAMES = 100  # over which a layer's masks are pooled
HEADER_BYTES = 30  # of a file inside a zip, before its name


class _Names(pickle.Unpickler):
    """Reads which array has which name and shape; no class of the pickle is ever imported."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "OrderedDict":
            return dict
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, shape, *_: (storage, offset, shape)
        return (module, name)

    def persistent_load(self, pid: Any) -> Any:
        return pid


def arrays(checkpoint: Path) -> dict[str, tuple[int, Sequence[int]]]:
    """Where each float32 array begins in the file, and its shape, by name."""
    with zipfile.ZipFile(checkpoint) as archive, checkpoint.open("rb") as raw:
        (index,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        named = _Names(BytesIO(archive.read(index))).load()
        folder = index.removesuffix("data.pkl") + "data/"
        return {
            name: (_begin(raw, archive.getinfo(folder + storage[2])) + 4 * offset, shape)
            for name, (storage, offset, shape) in named.items()
            if storage[1][1] == "FloatStorage"
        }


def _begin(raw: Any, entry: zipfile.ZipInfo) -> int:
    """Where the bytes of a stored file of the zip begin."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed and cannot be mapped.")
    raw.seek(entry.header_offset + 26)
    name_bytes, extra_bytes = struct.unpack("<HH", raw.read(4))
    return entry.header_offset + HEADER_BYTES + int(name_bytes) + int(extra_bytes)


class Graph:
    """Nodes as they are added; each method returns the name of its output."""

    def __init__(self, found: dict[str, tuple[int, Sequence[int]]]) -> None:
        self._found = found
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def weight(self, name: str) -> str:
        if name not in self.initializers:
            begin, shape = self._found[name]
            length = 4
            for size in shape:
                length *= size
            tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            place = {"location": CHECKPOINT, "offset": begin, "length": length}
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))
            self.initializers[name] = tensor
        return name

    def constant(self, name: str, kind: int, values: Sequence[float]) -> str:
        self.initializers[name] = helper.make_tensor(name, kind, [len(values)], values)
        return name

    def conv(self, x: str, name: str, **attributes: Any) -> str:
        bias = [self.weight(f"{name}.bias")] if f"{name}.bias" in self._found else []
        return self.node("Conv", x, self.weight(f"{name}.weight"), *bias, **attributes)

    def norm(self, x: str, name: str) -> str:
        parts = ("weight", "bias", "running_mean", "running_var")
        return self.node(
            "BatchNormalization", x, *(self.weight(f"{name}.{part}") for part in parts)
        )

    def norm_relu(self, x: str, name: str) -> str:
        return self.node("Relu", self.norm(x, f"{name}.batchnorm"))


def head(g: Graph, x: str) -> str:
    """The two-dimensional front: (n, frames, 80) to (n, 320, frames)."""
    x = g.node("Transpose", x, perm=[0, 2, 1])
    x = g.node("Unsqueeze", x, g.constant("axis1", TensorProto.INT64, [1]))
    x = g.node("Relu", g.norm(g.conv(x, "head.conv1", pads=[1, 1, 1, 1]), "head.bn1"))
    for layer in ("head.layer1", "head.layer2"):
        x = _residual(g, x, f"{layer}.0", 2)
        x = _residual(g, x, f"{layer}.1", 1)
    x = g.conv(x, "head.conv2", pads=[1, 1, 1, 1], strides=[2, 1])
    x = g.node("Relu", g.norm(x, "head.bn2"))
    return g.node("Reshape", x, g.constant("flat", TensorProto.INT64, [0, 320, -1]))


def _residual(g: Graph, x: str, name: str, stride: int) -> str:
    y = g.conv(x, f"{name}.conv1", pads=[1, 1, 1, 1], strides=[stride, 1])
    y = g.node("Relu", g.norm(y, f"{name}.bn1"))
    y = g.norm(g.conv(y, f"{name}.conv2", pads=[1, 1, 1, 1]), f"{name}.bn2")
    if stride > 1:
        x = g.norm(g.conv(x, f"{name}.shortcut.0", strides=[stride, 1]), f"{name}.shortcut.1")
    return g.node("Relu", g.node("Add", y, x))


def body(g: Graph, x: str) -> str:
    """The dense blocks: (n, 320, frames) to (n, 512, frames / 2)."""
    x = g.conv(x, "xvector.tdnn.linear", strides=[2], pads=[2, 2])
    x = g.norm_relu(x, "xvector.tdnn.nonlinear")
    for number, (layers, dilation) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{number}.tdnnd{layer}"
            x = g.node("Concat", x, _dense(g, x, name, dilation), axis=1)
        name = f"xvector.transit{number}"
        x = g.conv(g.norm_relu(x, f"{name}.nonlinear"), f"{name}.linear")
    return g.norm_relu(x, "xvector.out_nonlinear")


def _dense(g: Graph, x: str, name: str, dilation: int) -> str:
    """One layer, masked by what is around it."""
    x = g.conv(g.norm_relu(x, f"{name}.nonlinear1"), f"{name}.linear1")
    x = g.norm_relu(x, f"{name}.nonlinear2")
    local = g.conv(x, f"{name}.cam_layer.linear_local", pads=[dilation] * 2, dilations=[dilation])
    around = g.node("Add", g.node("ReduceMean", x, axes=[2], keepdims=1), _pooled(g, x))
    mask = g.node("Relu", g.conv(around, f"{name}.cam_layer.linear1"))
    mask = g.node("Sigmoid", g.conv(mask, f"{name}.cam_layer.linear2"))
    return g.node("Mul", local, mask)


def _pooled(g: Graph, x: str) -> str:
    """Means over stretches of CONTEXT_FRAMES, each held for its stretch."""
    size = CONTEXT_FRAMES
    means = g.node("AveragePool", x, kernel_shape=[size], strides=[size], ceil_mode=1)
    means = g.node("Unsqueeze", means, g.constant("last", TensorProto.INT64, [3]))
    held = g.node("Expand", means, g.constant("held", TensorProto.INT64, [1, 1, 1, size]))
    held = g.node("Reshape", held, g.constant("joined", TensorProto.INT64, [0, 0, -1]))
    frames = g.node("Gather", g.node("Shape", x), g.constant("two", TensorProto.INT64, [2]))
    start = g.constant("zero", TensorProto.INT64, [0])
    return g.node("Slice", held, start, frames, "two")


def tail(g: Graph, x: str) -> str:
    """Mean and deviation over time, and from both the embedding: (n, 192)."""
    mean = g.node("ReduceMean", x, axes=[2], keepdims=1)
    apart = g.node("Sub", x, mean)
    squares = g.node("ReduceSum", g.node("Mul", apart, apart), "two", keepdims=1)
    frames = g.node("Gather", g.node("Shape", x), "two")
    degrees = g.node("Sub", frames, g.constant("one", TensorProto.INT64, [1]))
    degrees = g.node("Max", g.node("Cast", degrees, to=TensorProto.FLOAT), _one(g))
    deviation = g.node("Sqrt", g.node("Div", squares, degrees))
    x = g.conv(g.node("Concat", mean, deviation, axis=1), "xvector.dense.linear")
    ones = g.constant("ones", TensorProto.FLOAT, [1.0] * 192)
    zeros = g.constant("zeros", TensorProto.FLOAT, [0.0] * 192)
    name = "xvector.dense.nonlinear.batchnorm"
    statistics = (g.weight(f"{name}.running_mean"), g.weight(f"{name}.running_var"))
    x = g.node("BatchNormalization", x, ones, zeros, *statistics)
    return g.node("Squeeze", x, "two")


def _one(g: Graph) -> str:
    return g.constant("one_float", TensorProto.FLOAT, [1.0])


def build(checkpoint: Path) -> onnx.ModelProto:
    """The graph over this checkpoint."""
    g = Graph(arrays(checkpoint))
    last = tail(g, body(g, head(g, "features")))
    g.nodes.append(helper.make_node("Identity", [last], ["embedding"]))
    graph = helper.make_graph(
        g.nodes,
        "campplus",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", "frames", 80])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 192])],
        list(g.initializers.values()),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(build(Path(sys.argv[1])).SerializeToString(deterministic=True))
