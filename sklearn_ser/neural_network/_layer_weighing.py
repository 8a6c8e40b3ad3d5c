"""The layers of an encoder summed with weights that are learnt: a softmax over the layers."""

from __future__ import annotations

import math
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sklearn_ser.neural_network._layers import keras_module

__all__ = ["layer_weights_of", "shape_of_a_layer", "weigh_layers"]

NAME = "layer_weights"
_PLACE = 0  # nothing before it in a network has weights


def shape_of_a_layer(input_shape: Any) -> tuple[int, ...]:
    """Return (n_frames, dim) of a stack's shape.

    Parameters
    ----------
    input_shape : tuple (n_layers, n_frames, dim)
        Shape of one sample.

    Returns
    -------
    tuple (n_frames, dim)

    Raises
    ------
    ValueError
        If it is no such shape.
    """
    is_shape = isinstance(input_shape, tuple) and len(input_shape) == 3
    if not is_shape or not all(isinstance(n, Integral) and int(n) > 0 for n in input_shape):
        raise ValueError(
            "input_shape must be the shape of one sample, with layer_weights=True (n_layers, "
            f"n_frames, dim), got {input_shape!r}"
        )
    return tuple(map(int, input_shape[1:]))


def weigh_layers(stack: Any) -> Any:
    """Sum the first axis of every sample with softmax weights; all are equal at first.

    Frames that are zero in all layers, which is how clips are padded, stay zero.

    Parameters
    ----------
    stack : symbolic tensor of shape (batch, n_layers, ...)
        Layers of each sample.

    Returns
    -------
    symbolic tensor of shape (batch, ...)
    """
    return _layer_class()(name=NAME)(stack)


def layer_weights_of(weights: list[NDArray[Any]]) -> NDArray[np.float64]:
    """Return the softmax weights of a network that weighs layers.

    Parameters
    ----------
    weights : list of ndarray
        All weights of the network.

    Returns
    -------
    ndarray of shape (n_layers,)
        They sum to 1.
    """
    shares: NDArray[np.float64] = softmax(weights[_PLACE].astype(np.float64))
    return shares


@cache
def _layer_class() -> type:
    keras = keras_module()
    ops = keras.ops

    @keras.saving.register_keras_serializable(package="sklearn_ser")
    class WeighLayers(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, input_shape: tuple[int, ...]) -> None:
            self.logits = self.add_weight(
                name="logits", shape=(input_shape[1],), initializer="zeros"
            )

        def call(self, stack: Any) -> Any:
            n_layers, *shape = stack.shape[1:]
            # Keras' own softmax warns where there is one layer only.
            raised = ops.exp(self.logits - ops.max(self.logits))
            shares = ops.reshape(raised / ops.sum(raised), (1, 1, n_layers))
            # One product of matrices a clip: some twice as fast as a sum over the layers
            rows = ops.reshape(stack, (-1, n_layers, math.prod(shape)))
            return ops.reshape(ops.matmul(shares, rows), (-1, *shape))

        def compute_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
            return (input_shape[0], *input_shape[2:])

    return WeighLayers
