"""The Keras layers of a planned network, each with a name that says what and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn_ser.neural_network._block_plan import (
    ACTIVATIONS,
    Block,
    BlockPlan,
    check_choice,
    check_rate,
    check_units,
)
from sklearn_ser.utils._optional import import_extra

if TYPE_CHECKING:
    import keras

__all__ = [
    "DensePlan",
    "add_blocks",
    "add_dense",
    "finish",
    "join_values",
    "keras_module",
    "make_input",
    "reshape",
    "transpose",
]

# Said at every layer that asks, since a user's keras.json may prefer channels first.
_CHANNELS_LAST = "channels_last"

# Keras' own .99 averages over hundreds of batches, which is all that a corpus of some hundred clips
# gives: on RAVDESS a network with 84 % in training told its own training clips at chance after
# twelve passes, and 87 % of them with .9.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class DensePlan:
    """The dense layers between the flattened values and the probabilities."""

    units: tuple[int, ...]
    activation: str
    batch_norm: bool
    dropout: float

    @classmethod
    def read(
        cls, units: Sequence[int], activation: str, batch_norm: bool, dropout: float, prefix: str
    ) -> DensePlan:
        """Check the parameters, whose names begin with ``prefix`` in what errors say."""
        return cls(
            units=check_units("dense_units" if prefix else "hidden_units", units, at_least=0),
            activation=check_choice("activation", activation, ACTIVATIONS),
            batch_norm=bool(batch_norm),
            dropout=check_rate(f"{prefix}dropout", dropout),
        )


def make_input(input_shape: tuple[int, ...]) -> Any:
    """Symbolic samples."""
    return keras_module().Input(tuple(map(int, input_shape)), name="input")


def reshape(values: Any, shape: tuple[int, ...], name: str) -> Any:
    """Give samples another shape; one that they have already adds no layer."""
    if tuple(values.shape[1:]) == shape:
        return values
    return keras_module().layers.Reshape(shape, name=name)(values)


def transpose(values: Any, name: str) -> Any:
    """Exchange the two axes of every sample."""
    return keras_module().layers.Permute((2, 1), name=name)(values)


def add_blocks(values: Any, plan: BlockPlan, activation: str) -> Any:
    """Put all convolution blocks on top."""
    for number, block in enumerate(plan.blocks, start=1):
        for kind in plan.layers:
            if kind != "pool" or block.has_pool:
                values = _block_layer(kind, plan, block, activation, f"{kind}_{number}")(values)
    return values


def _block_layer(kind: str, plan: BlockPlan, block: Block, activation: str, name: str) -> Any:
    layers = keras_module().layers
    if kind == "conv":
        return getattr(layers, f"Conv{plan.n_axes}D")(
            block.filters,
            block.kernel_size,
            strides=block.strides,
            padding=plan.padding,
            data_format=_CHANNELS_LAST,
            name=name,
        )
    if kind == "pool":
        return getattr(layers, f"MaxPooling{plan.n_axes}D")(
            block.pool_size,
            strides=block.pool_strides,
            padding=plan.pool_padding,
            data_format=_CHANNELS_LAST,
            name=name,
        )
    if kind == "norm":
        return _batch_norm(name)
    if kind == "activation":
        return layers.Activation(activation, name=name)
    return layers.Dropout(plan.dropout, name=name)


def _batch_norm(name: str) -> Any:
    return keras_module().layers.BatchNormalization(momentum=_MOMENTUM, name=name)


def join_values(values: Any, global_pooling: str | None) -> Any:
    """Make one row of every sample: all values, or each channel's mean or maximum."""
    layers = keras_module().layers
    if global_pooling is None:
        return layers.Flatten(data_format=_CHANNELS_LAST, name="flatten")(values)
    n_axes = len(values.shape) - 2
    pooling = getattr(layers, f"Global{global_pooling.capitalize()}Pooling{n_axes}D")
    return pooling(data_format=_CHANNELS_LAST, name="global_pooling")(values)


def add_dense(values: Any, plan: DensePlan) -> Any:
    """Put the dense layers on top."""
    layers = keras_module().layers
    for number, units in enumerate(plan.units, start=1):
        name = f"dense_{number}"
        values = layers.Dense(units, activation=plan.activation, name=name)(values)
        if plan.batch_norm:
            values = _batch_norm(f"dense_norm_{number}")(values)
        if plan.dropout:
            values = layers.Dropout(plan.dropout, name=f"dense_dropout_{number}")(values)
    return values


def finish(name: str, inputs: Any, values: Any, n_classes: int) -> keras.Model:
    """Close the network with its probabilities, in float32 under mixed precision as well."""
    keras = keras_module()
    softmax = keras.layers.Dense(
        int(n_classes), activation="softmax", dtype="float32", name="probabilities"
    )
    return keras.Model(inputs, softmax(values), name=name)


def keras_module() -> Any:
    """Import Keras, or say which extra brings it."""
    return import_extra("keras", "keras", "Building a neural network")
