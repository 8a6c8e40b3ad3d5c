"""Convolutions, a recurrent layer and attention over time, told apart from padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sklearn_ser.neural_network._block_plan import (
    check_rate,
    check_shape,
    check_units,
    per_block,
)
from sklearn_ser.neural_network._layers import finish, keras_module, make_input, reshape

if TYPE_CHECKING:
    import keras

__all__ = ["build_crnn"]

_SMALLEST_VARIANCE = 1e-6
_SMALLEST_SUM = 1e-12


def build_crnn(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    filters: Sequence[int] = (96, 128, 128),
    kernel_size: int = 5,
    pool_size: Any = (2, 2, 1),
    recurrent_units: int = 64,
    attention_units: int = 64,
    dropout: float = 0.1,
    head_dropout: float = 0.4,
) -> keras.Model:
    """Build residual convolutions, a recurrent layer and attentive statistics.

    Each frame is joined by itself less the clip's mean frame, so that the network sees levels as
    well as shapes whatever the microphone. Blocks of convolutions along the frames follow, the
    second and later ones residual, then a bidirectional GRU, and the mean and deviation of its
    frames weighted by attention. Padding, the trailing run of all-zero frames, takes no part.

    Parameters
    ----------
    input_shape : tuple (n_frames, n_coefs) or (n_features,)
        Shape of one sample. A table's row is a sequence of ``n_features`` steps with one value.
    n_classes : int
        Units of the softmax output.
    filters : sequence of int, default=(96, 128, 128)
        Filters of each block.
    kernel_size : int, default=5
        Frames that a kernel spans.
    pool_size : int or sequence of int, default=(2, 2, 1)
        Frames of which the largest value is kept, after each block; 1 is no pooling.
    recurrent_units : int, default=64
        Units of the GRU in each direction; 0 leaves it out.
    attention_units : int, default=64
        Hidden units that say how much a frame counts.
    dropout : float, default=0.1
        Share of channels dropped after each block.
    head_dropout : float, default=0.4
        Share of the statistics dropped before the softmax.

    Returns
    -------
    keras.Model
        Not compiled; its output are probabilities of shape (n_clips, n_classes), float32.

    Raises
    ------
    ValueError
        If a parameter is not valid.

    References
    ----------
    .. [1] K. Okabe, T. Koshinaka and K. Shinoda, "Attentive Statistics Pooling for Deep Speaker
       Embedding", Interspeech 2018.

    Examples
    --------
    >>> from sklearn_ser.neural_network._crnn_architecture import build_crnn
    >>> build_crnn((150, 64), 8).count_params()
    468233
    """
    layers = keras_module().layers
    widths = check_units("filters", filters, at_least=1)
    pools = per_block("pool_size", pool_size, len(widths))
    dropout, head_dropout = check_rate("dropout", dropout), check_rate("head_dropout", head_dropout)
    shape = check_shape(input_shape, n_classes)
    inputs = make_input(input_shape)
    frames = reshape(inputs, shape, "sequence")
    real = _real_frames(frames)
    values = _levels_and_shapes(frames, real)
    for number, (width, pool) in enumerate(zip(widths, pools, strict=True), start=1):
        values = _block(values, real, width, kernel_size, number)
        values, real = _pooled(values, real, pool, number)
        values = layers.SpatialDropout1D(dropout, name=f"dropout_{number}")(values)
    values = _recurrent(values, real, recurrent_units)
    row = _attentive_statistics(values, real, attention_units)
    return finish("crnn", inputs, layers.Dropout(head_dropout, name="head_dropout")(row), n_classes)


def _real_frames(frames: Any) -> Any:
    """Mark with 1 what comes before the trailing run of all-zero frames; the first always."""
    ops = keras_module().ops
    is_filled = ops.cast(ops.any(ops.not_equal(frames, 0.0), axis=-1, keepdims=True), "float32")
    filled_from_here = ops.flip(ops.cumsum(ops.flip(is_filled, axis=1), axis=1), axis=1)
    is_first = ops.expand_dims(ops.equal(ops.arange(frames.shape[1]), 0), axis=-1)
    return ops.cast(ops.logical_or(filled_from_here > 0, is_first), "float32")


def _levels_and_shapes(frames: Any, real: Any) -> Any:
    """Join the frames with the same less their clip's mean."""
    ops = keras_module().ops
    n_real = ops.sum(real, axis=1, keepdims=True)
    mean = ops.sum(frames * real, axis=1, keepdims=True) / n_real
    return ops.concatenate([frames, (frames - mean) * real], axis=-1)


def _block(values: Any, real: Any, width: int, kernel_size: int, number: int) -> Any:
    """Convolve once in the first block, twice beside a shortcut in the others."""
    layers = keras_module().layers

    def convolved(inputs: Any, size: int, name: str) -> Any:
        conv = layers.Conv1D(width, size, padding="same", use_bias=False, name=name)
        return conv(inputs)

    def normed(inputs: Any, name: str) -> Any:
        return layers.BatchNormalization(name=name)(inputs, mask=real[..., 0] > 0)

    once = normed(convolved(values, kernel_size, f"conv_{number}a"), f"norm_{number}a")
    once = layers.ReLU(name=f"activation_{number}a")(once) * real
    if number == 1:
        return once
    twice = normed(convolved(once, kernel_size, f"conv_{number}b"), f"norm_{number}b")
    same_width = values.shape[-1] == width
    shortcut = values if same_width else convolved(values, 1, f"shortcut_{number}")
    return layers.ReLU(name=f"activation_{number}b")(twice + shortcut) * real


def _pooled(values: Any, real: Any, size: int, number: int) -> tuple[Any, Any]:
    if size == 1:
        return values, real
    layers = keras_module().layers
    pooled = layers.MaxPooling1D(size, padding="same", name=f"pool_{number}")(values)
    return pooled, layers.MaxPooling1D(size, padding="same", name=f"real_{number}")(real)


def _recurrent(values: Any, real: Any, units: int) -> Any:
    if not units:
        return values
    layers = keras_module().layers
    both_ways = layers.Bidirectional(layers.GRU(units, return_sequences=True), name="recurrent")
    return both_ways(values, mask=real[..., 0] > 0)


def _attentive_statistics(values: Any, real: Any, units: int) -> Any:
    """Pool frames into mean and standard deviation, each weighted by attention [1]_."""
    layers, ops = keras_module().layers, keras_module().ops
    hidden = layers.Dense(units, activation="tanh", name="attention_hidden")(values)
    energy = layers.Dense(1, name="attention")(hidden)
    raised = ops.exp(energy - ops.max(energy, axis=1, keepdims=True)) * real
    weights = raised / (ops.sum(raised, axis=1, keepdims=True) + _SMALLEST_SUM)
    mean = ops.sum(weights * values, axis=1, keepdims=True)
    variance = ops.sum(weights * ops.square(values - mean), axis=1)
    deviation = ops.sqrt(ops.maximum(variance, _SMALLEST_VARIANCE))
    return ops.concatenate([mean[:, 0], deviation], axis=-1)
