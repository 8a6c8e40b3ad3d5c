"""A voice encoder that has learned nothing: the same network with its weights drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_ser.embedding._weights import SUFFIX, load_weights, write_weights

_LAYERS = ("Conv", "MatMul")  # weights are their first constant
_WITH_BIAS = ("Conv", "Add")


def untrained(weights: str, folder: Path, seed: int = 0) -> Path:
    """Write the control of an encoder: its front end and its card stay what they are.

    So it is refused wherever the encoder is: its front end has heard the same speakers.
    """
    given = load_weights(weights)
    rng = np.random.default_rng(seed)
    graphs = (redrawn(given.frames_graph, rng), redrawn(given.clip_graph, rng))
    header = replace(given.header, name=f"{given.header.name}, untrained")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"untrained-{seed}-{given.sha256[:12]}{SUFFIX}"
    write_weights(path, header, *graphs)
    return path


def redrawn(graph: bytes, rng: np.random.Generator) -> bytes:
    """Draw the weights of all layers anew (He's normal distribution); biases become 0."""
    import onnx

    model = onnx.load_from_string(graph)
    held = {each.name: each for each in model.graph.initializer}
    # Weights that are kept in 16 bits are cast before they are used.
    held |= {node.output[0]: held[node.input[0]] for node in model.graph.node if _casts(node, held)}
    for node in model.graph.node:
        constants = [held[name] for name in node.input if name in held]
        if node.op_type in _LAYERS:
            _draw(constants.pop(0), node.op_type, rng)
        if node.op_type in _WITH_BIAS:
            for bias in constants:
                _set(bias, np.zeros(bias.dims))
    return bytes(model.SerializeToString())


def _casts(node: Any, held: Mapping[str, Any]) -> bool:
    return node.op_type == "Cast" and node.input[0] in held


def _draw(tensor: Any, layer: str, rng: np.random.Generator) -> None:
    """Convolutions keep (out, in, height, width), products (in, out)."""
    fan_in = np.prod(tensor.dims[1:]) if layer == "Conv" else tensor.dims[0]
    _set(tensor, rng.normal(0, np.sqrt(2 / fan_in), tuple(tensor.dims)))


def _set(tensor: Any, values: np.ndarray) -> None:
    from onnx import numpy_helper

    kind = numpy_helper.to_array(tensor).dtype
    tensor.CopyFrom(numpy_helper.from_array(values.astype(kind), tensor.name))
