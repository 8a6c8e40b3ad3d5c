"""The trained network as two ONNX graphs: one for frames of any number, one for the pooled clip.

They are written node by node. Every normalisation is folded into the convolution or product
before it, so what runs is plain convolutions, additions and products in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoder_training._network import NORM_EPSILON
from sklearn_ser.encoder_training._recipe import EncoderRecipe
from sklearn_ser.utils._optional import import_extra

__all__ = ["Graphs", "check_can_export", "export_graphs"]

_OPSET = 17
_IR_VERSION = 8  # of 2021: what any onnxruntime that runs on a Python of today can read
_SMALL = 256  # numbers; so few are never worth 16 bits
_PRECISIONS = ("float32", "float16")
_PURPOSE = "Writing an encoder's file"

Array = NDArray[np.float32]
Weights = dict[str, Array]


@dataclass(frozen=True)
class Graphs:
    """Two ONNX models.

    Attributes
    ----------
    frames : bytes
        From "bands" (1, n_frames, n_bands, n_channels) to "stage1", ... (1, n, width), and to
        "attention" (1, n), the logits of the last stage's frames.
    clip : bytes
        From "pooled" (1, 3 * width) to "penultimate" (1, 128), and to "emotion" and "votes"
        (1, n_classes), logits.
    """

    frames: bytes
    clip: bytes


def export_graphs(
    weights: Weights, recipe: EncoderRecipe, *, precision: str = "float32", has_votes: bool = True
) -> Graphs:
    """Write a network down as ONNX.

    Parameters
    ----------
    weights : dict of ndarray
        By layer and weight, as :func:`weights_by_name` names them.
    recipe : EncoderRecipe
        The network's form.
    precision : {"float32", "float16"}, default="float32"
        Of the numbers in the file; all is computed in float32.
    has_votes : bool, default=True
        Whether the head of the votes was trained; otherwise its output is that of the emotions.

    Returns
    -------
    Graphs

    Raises
    ------
    ValueError
        If the precision is another word.
    MissingExtraError
        If the package onnx is not installed.
    """
    check_can_export(precision)
    frames = _frames_graph(weights, recipe, precision)
    return Graphs(frames, _clip_graph(weights, precision, has_votes))


def check_can_export(precision: str) -> None:
    """Say before a long training that its end would fail.

    Parameters
    ----------
    precision : str
        As :func:`export_graphs` takes it.

    Raises
    ------
    ValueError
        If the precision is another word.
    MissingExtraError
        If the package onnx is not installed.
    """
    if precision not in _PRECISIONS:
        raise ValueError(f"precision is one of {_PRECISIONS}, got {precision!r}.")
    import_extra("onnx", "keras", _PURPOSE)


class _Graph:
    """Nodes and constants under construction; a value is known by its name."""

    def __init__(self, precision: str) -> None:
        self.onnx = import_extra("onnx", "keras", _PURPOSE)
        self.precision = precision
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        node = self.onnx.helper.make_node(kind, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def constant(self, values: NDArray[Any], name: str) -> str:
        """Keep an array; a large one as 16 bits where that is wanted."""
        is_short = self.precision == "float16" and values.size > _SMALL
        stored = values.astype(np.float16 if is_short else values.dtype)
        kept = f"{name}.float16" if is_short else name
        tensor = self.onnx.numpy_helper.from_array(np.ascontiguousarray(stored), kept)
        self.constants.append(tensor)
        if is_short:
            self.add("Cast", [kept], name, to=self.onnx.TensorProto.FLOAT)
        return name

    def product(self, x: str, kernel: Array, bias: Array, output: str) -> str:
        """Multiply the last axis by a kernel, and add a bias."""
        wide = self.constant(kernel, f"{output}.kernel")
        narrow = self.constant(bias, f"{output}.bias")
        multiplied = self.add("MatMul", [x, wide], f"{output}.product")
        return self.add("Add", [multiplied, narrow], output)

    def convolution(self, x: str, folded: tuple[Array, Array], stride: list[int], name: str) -> str:
        kernel, bias = folded
        around = [size // 2 for size in kernel.shape[:2]]
        wide = self.constant(kernel.transpose(3, 2, 0, 1), f"{name}.kernel")
        narrow = self.constant(bias, f"{name}.bias")
        return self.add("Conv", [x, wide, narrow], name, strides=stride, pads=[*around, *around])

    def finish(self, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]) -> bytes:
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT

        def named(shapes: dict[str, list[Any]]) -> list[Any]:
            return [helper.make_tensor_value_info(k, kind, v) for k, v in shapes.items()]

        graph = helper.make_graph(
            self.nodes, "encoder", named(inputs), named(outputs), self.constants
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        self.onnx.checker.check_model(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def _frames_graph(weights: Weights, recipe: EncoderRecipe, precision: str) -> bytes:
    graph = _Graph(precision)
    x = graph.add("Transpose", ["bands"], "channels_first", perm=[0, 3, 1, 2])
    x = graph.convolution(x, _folded(weights, "stem"), list(recipe.stem_stride), "stem")
    x = graph.add("Relu", [x], "stem.relu")
    outputs: dict[str, list[Any]] = {}
    for stage, (width, n_blocks) in enumerate(
        zip(recipe.widths, recipe.blocks, strict=True), start=1
    ):
        for block in range(1, n_blocks + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = _add_block(graph, x, weights, f"stage{stage}_block{block}", stride)
        level = graph.add("ReduceMean", [x], f"stage{stage}.mean", axes=[3], keepdims=0)
        frames = graph.add("Transpose", [level], f"stage{stage}", perm=[0, 2, 1])
        outputs[frames] = [1, f"n_frames_{stage}", width]
    _add_attention(graph, frames, weights)
    outputs["attention"] = [1, f"n_frames_{len(recipe.widths)}"]
    heard = [1, "n_frames", recipe.front_end.n_bands, recipe.front_end.n_channels]
    return graph.finish({"bands": heard}, outputs)


def _add_block(graph: _Graph, x: str, weights: Weights, name: str, stride: int) -> str:
    strides = [stride, stride]
    y = graph.convolution(x, _folded(weights, f"{name}_first"), strides, f"{name}.first")
    y = graph.add("Relu", [y], f"{name}.first.relu")
    y = graph.convolution(y, _folded(weights, f"{name}_second"), [1, 1], f"{name}.second")
    shortcut = weights.get(f"{name}_shortcut_conv/kernel")
    if shortcut is not None:
        nothing = np.zeros(shortcut.shape[3], dtype=np.float32)
        x = graph.convolution(x, (shortcut, nothing), strides, f"{name}.shortcut")
    return graph.add("Relu", [graph.add("Add", [x, y], f"{name}.sum")], name)


def _add_attention(graph: _Graph, frames: str, weights: Weights) -> None:
    hidden = graph.product(frames, *_dense(weights, "attention_hidden"), "attention.hidden")
    hidden = graph.add("Tanh", [hidden], "attention.tanh")
    logits = graph.product(hidden, *_dense(weights, "attention_logit"), "attention.logits")
    last = graph.constant(np.array([2], dtype=np.int64), "attention.axis")
    graph.add("Squeeze", [logits, last], "attention")


def _clip_graph(weights: Weights, precision: str, has_votes: bool) -> bytes:
    graph = _Graph(precision)
    kernel, bias = _dense(weights, "penultimate_dense")
    scale, shift = _norm(weights, "penultimate")
    hidden = graph.product("pooled", kernel * scale, bias * scale + shift, "penultimate.hidden")
    penultimate = graph.add("Relu", [hidden], "penultimate")
    for head, trained in {
        "emotion": "emotion",
        "votes": "votes" if has_votes else "emotion",
    }.items():
        graph.product(penultimate, *_dense(weights, trained), head)
    n_classes = weights["emotion/bias"].shape[0]
    return graph.finish(
        {"pooled": [1, kernel.shape[0]]},
        {"penultimate": [1, kernel.shape[1]], "emotion": [1, n_classes], "votes": [1, n_classes]},
    )


def _folded(weights: Weights, name: str) -> tuple[Array, Array]:
    """Return the kernel and bias that do what a convolution and its normalisation did."""
    scale, shift = _norm(weights, name)
    return weights[f"{name}_conv/kernel"] * scale, shift


def _norm(weights: Weights, name: str) -> tuple[Array, Array]:
    gamma, beta, mean, variance = (
        weights[f"{name}_norm/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + NORM_EPSILON)
    return scale.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _dense(weights: Weights, name: str) -> tuple[Array, Array]:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]
