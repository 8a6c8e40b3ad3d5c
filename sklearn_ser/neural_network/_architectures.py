"""Networks as pure functions: shapes and sizes in, an uncompiled Keras model out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

from sklearn_ser.neural_network._block_plan import (
    BLOCK_LAYERS,
    BlockPlan,
    check_choice,
    check_shape,
    plan_blocks,
)
from sklearn_ser.neural_network._layer_weighing import shape_of_a_layer, weigh_layers
from sklearn_ser.neural_network._layers import (
    DensePlan,
    add_blocks,
    add_dense,
    finish,
    join_values,
    make_input,
    reshape,
    transpose,
)

if TYPE_CHECKING:
    import keras

__all__ = [
    "GLOBAL_POOLINGS",
    "INPUT_LAYOUTS",
    "build_cnn1d",
    "build_cnn2d",
    "build_dense",
    "smallest_input",
]

INPUT_LAYOUTS = ("frames_first", "coefficients_first")
GLOBAL_POOLINGS = ("average", "max")


def build_cnn1d(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    filters: Sequence[int] = (64, 128, 128),
    kernel_size: Any = 5,
    strides: Any = 1,
    padding: str = "same",
    pool_size: Any = 2,
    pool_strides: Any = None,
    pool_padding: str = "same",
    block_order: Sequence[str] = BLOCK_LAYERS,
    batch_norm: bool = True,
    dropout: float = 0.2,
    activation: str = "relu",
    global_pooling: str | None = None,
    dense_units: Sequence[int] = (64,),
    dense_batch_norm: bool = False,
    dense_dropout: float = 0.3,
) -> keras.Model:
    """Build a network whose convolutions slide along the frames.

    Parameters
    ----------
    input_shape : tuple (n_frames, n_coefs) or (n_features,)
        Shape of one sample. A table's row is taken as a sequence of ``n_features`` steps with one
        value each.
    n_classes : int
        Units of the softmax output.
    filters : sequence of int, default=(64, 128, 128)
        Filters of every block's convolution.
    kernel_size, strides : int or sequence of int, default=5 and 1
        Frames that a kernel spans and moves on by: one int for every block, or one entry a block.
    padding : {"same", "valid"}, default="same"
        Padding of the convolutions.
    pool_size : int or sequence of int, default=2
        Frames of which the largest value is kept; 1 is no pooling.
    pool_strides : int, sequence of int or None, default=None
        Frames from one pool to the next; None means ``pool_size``.
    pool_padding : {"same", "valid"}, default="same"
        Padding of the pools. With "same" for both paddings any shape fits.
    block_order : sequence of str
        Layers of a block in their order; by default "conv", "norm", "activation", "pool",
        "dropout".
    batch_norm : bool, default=True
        Whether blocks have their "norm", a batch normalisation.
    dropout : float, default=0.2
        Share of values dropped after every block; 0 leaves the layers out.
    activation : str, default="relu"
        Of blocks and dense layers.
    global_pooling : {"average", "max"} or None, default=None
        What is taken over all frames that are left; None flattens them.
    dense_units : sequence of int, default=(64,)
        Units of the dense layers, which may be ().
    dense_batch_norm : bool, default=False
        Whether a batch normalisation follows every dense layer's activation.
    dense_dropout : float, default=0.3
        Share of values dropped after every dense layer.

    Returns
    -------
    keras.Model
        Not compiled; its output are probabilities of shape (n_clips, n_classes), float32.

    Raises
    ------
    ValueError
        If a parameter is not valid, or the shape too small for paddings that are "valid".

    Examples
    --------
    >>> from sklearn_ser.neural_network._architectures import build_cnn1d
    >>> model = build_cnn1d((40, 20), 4, filters=(8, 16))
    >>> model.get_layer("pool_2").output.shape
    (None, 10, 16)
    """
    plan = plan_blocks(
        1,
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        pool_size=pool_size,
        pool_strides=pool_strides,
        pool_padding=pool_padding,
        block_order=block_order,
        batch_norm=batch_norm,
        dropout=dropout,
    )
    head = DensePlan.read(dense_units, activation, dense_batch_norm, dense_dropout, "dense_")
    shape = check_shape(input_shape, n_classes)
    _check_fits(input_shape, plan, _frames_and_coefs(plan))
    _check_pooling(global_pooling)
    inputs = make_input(input_shape)
    blocks = add_blocks(reshape(inputs, shape, "sequence"), plan, activation)
    dense = add_dense(join_values(blocks, global_pooling), head)
    return finish("cnn1d", inputs, dense, n_classes)


def build_cnn2d(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    layer_weights: bool = False,
    input_layout: str = "frames_first",
    filters: Sequence[int] = (16, 32, 64),
    kernel_size: Any = (3, 3),
    strides: Any = 1,
    padding: str = "same",
    pool_size: Any = 2,
    pool_strides: Any = None,
    pool_padding: str = "same",
    block_order: Sequence[str] = BLOCK_LAYERS,
    batch_norm: bool = True,
    dropout: float = 0.2,
    activation: str = "relu",
    global_pooling: str | None = None,
    dense_units: Sequence[int] = (64,),
    dense_batch_norm: bool = True,
    dense_dropout: float = 0.3,
) -> keras.Model:
    """Build a network whose convolutions slide along frames and coefficients.

    Parameters
    ----------
    input_shape : tuple (n_frames, n_coefs) or (n_features,)
        Shape of one sample, always frames first. A table's row is taken as ``n_features`` frames
        of one coefficient. With ``layer_weights`` (n_layers, n_frames, dim).
    n_classes : int
        Units of the softmax output.
    layer_weights : bool, default=False
        Whether samples are all layers of an encoder, of which the network sees the sum with
        softmax weights that it learns.
    input_layout : {"frames_first", "coefficients_first"}, default="frames_first"
        What the first axis is, inside the network: of pairs such as ``kernel_size=(4, 10)`` the
        first number belongs to it.
    filters : sequence of int, default=(16, 32, 64)
        Filters of every block's convolution.
    kernel_size, strides : int, tuple or list, default=(3, 3) and 1
        What a kernel spans and moves on by: an int for every block and both axes, a tuple of two
        ints for every block, or a list with one entry a block, ints or pairs.
    padding : {"same", "valid"}, default="same"
        Padding of the convolutions.
    pool_size : int, tuple or list, default=2
        The field of which the largest value is kept; 1 is no pooling.
    pool_strides : int, tuple, list or None, default=None
        From one pool to the next; None means ``pool_size``.
    pool_padding : {"same", "valid"}, default="same"
        Padding of the pools. With "same" for both paddings any shape fits.
    block_order : sequence of str
        Layers of a block in their order; by default "conv", "norm", "activation", "pool",
        "dropout".
    batch_norm : bool, default=True
        Whether blocks have their "norm", a batch normalisation.
    dropout : float, default=0.2
        Share of values dropped after every block; 0 leaves the layers out.
    activation : str, default="relu"
        Of blocks and dense layers.
    global_pooling : {"average", "max"} or None, default=None
        What is taken over both axes; None flattens them.
    dense_units : sequence of int, default=(64,)
        Units of the dense layers, which may be ().
    dense_batch_norm : bool, default=True
        Whether a batch normalisation follows every dense layer's activation.
    dense_dropout : float, default=0.3
        Share of values dropped after every dense layer.

    Returns
    -------
    keras.Model
        Not compiled; its output are probabilities of shape (n_clips, n_classes), float32.

    Raises
    ------
    ValueError
        If a parameter is not valid, or the shape too small for paddings that are "valid".

    Examples
    --------
    >>> from sklearn_ser.neural_network._architectures import build_cnn2d
    >>> model = build_cnn2d((40, 20), 4, filters=(8, 16))
    >>> model.get_layer("pool_2").output.shape
    (None, 10, 5, 16)
    """
    plan = plan_blocks(
        2,
        filters=filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        pool_size=pool_size,
        pool_strides=pool_strides,
        pool_padding=pool_padding,
        block_order=block_order,
        batch_norm=batch_norm,
        dropout=dropout,
    )
    head = DensePlan.read(dense_units, activation, dense_batch_norm, dense_dropout, "dense_")
    seen_shape = shape_of_a_layer(input_shape) if layer_weights else input_shape
    shape = check_shape(seen_shape, n_classes)
    check_choice("input_layout", input_layout, INPUT_LAYOUTS)
    _check_fits(seen_shape, plan, _frames_and_coefs(plan, input_layout))
    _check_pooling(global_pooling)
    inputs = make_input(input_shape)
    seen = weigh_layers(inputs) if layer_weights else inputs
    blocks = add_blocks(_as_picture(seen, shape, input_layout), plan, activation)
    dense = add_dense(join_values(blocks, global_pooling), head)
    return finish("cnn2d", inputs, dense, n_classes)


def build_dense(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    hidden_units: Sequence[int] = (256,),
    activation: str = "relu",
    batch_norm: bool = False,
    dropout: float = 0.3,
) -> keras.Model:
    """Build a network of dense layers; sequences are flattened first.

    Parameters
    ----------
    input_shape : tuple (n_features,) or (n_frames, n_coefs)
        Shape of one sample.
    n_classes : int
        Units of the softmax output.
    hidden_units : sequence of int, default=(256,)
        Units of the hidden layers; () leaves the softmax alone, a logistic regression.
    activation : str, default="relu"
        Of the hidden layers.
    batch_norm : bool, default=False
        Whether a batch normalisation follows every hidden layer's activation.
    dropout : float, default=0.3
        Share of values dropped after every hidden layer.

    Returns
    -------
    keras.Model
        Not compiled; its output are probabilities of shape (n_clips, n_classes), float32.

    Raises
    ------
    ValueError
        If a parameter is not valid.

    Examples
    --------
    >>> from sklearn_ser.neural_network._architectures import build_dense
    >>> build_dense((768,), 8).count_params()
    198920
    """
    head = DensePlan.read(hidden_units, activation, batch_norm, dropout, "")
    check_shape(input_shape, n_classes)
    inputs = make_input(input_shape)
    row = inputs if len(input_shape) == 1 else join_values(inputs, None)
    return finish("dense", inputs, add_dense(row, head), n_classes)


def smallest_input(builder: Callable[..., keras.Model], **architecture: Any) -> tuple[int, int]:
    """Count the frames and coefficients that a network needs at least.

    Parameters
    ----------
    builder : callable
        ``build_cnn1d``, ``build_cnn2d`` or ``build_dense``.
    **architecture : dict
        Parameters of the builder; those left out have their defaults.

    Returns
    -------
    tuple (n_frames, n_coefs)
        In this order for either ``input_layout``.

    Raises
    ------
    ValueError
        If a parameter is not valid.

    Examples
    --------
    >>> from sklearn_ser.neural_network._architectures import build_cnn1d, smallest_input
    >>> smallest_input(build_cnn1d)
    (1, 1)
    >>> smallest_input(build_cnn1d, pool_padding="valid")
    (8, 1)
    """
    bound = signature(builder).bind((1, 1), 2, **architecture)
    bound.apply_defaults()
    settings = bound.arguments
    if "filters" not in settings:
        return (1, 1)
    layout = settings.get("input_layout")
    n_axes = 1 if layout is None else 2
    plan = plan_blocks(n_axes, **{name: settings[name] for name in _PLANNED})
    return _frames_and_coefs(plan, layout)


_PLANNED = tuple(name for name in signature(plan_blocks).parameters if name != "n_axes")


def _frames_and_coefs(plan: BlockPlan, input_layout: str | None = None) -> tuple[int, int]:
    """Shortest input in the order of X, whatever the order inside the network."""
    first, second = (*plan.smallest_input(), 1)[:2]
    return (second, first) if input_layout == "coefficients_first" else (first, second)


def _check_pooling(global_pooling: str | None) -> None:
    if global_pooling is not None:
        check_choice("global_pooling", global_pooling, GLOBAL_POOLINGS)


def _check_fits(input_shape: tuple[int, ...], plan: BlockPlan, needed: tuple[int, int]) -> None:
    """Refuse a shape of which a layer without padding would leave nothing."""
    shape = (*input_shape, 1)[:2]
    if all(have >= need for have, need in zip(shape, needed, strict=True)):
        return
    paddings = {"padding": plan.padding, "pool_padding": plan.pool_padding}
    valid = {name: "valid" for name, value in paddings.items() if value == "valid"}
    got = _words(*shape)
    if len(input_shape) == 1:
        got = f"{input_shape[0]} features a row, taken as {got},"
    raise ValueError(
        f"{got} are too few for this network: with {_settings(valid)} its {len(plan.blocks)} "
        f"blocks need at least {_words(*needed)}. Give longer sequences or more coefficients, "
        f"use fewer blocks or smaller pools, or set {_settings(dict.fromkeys(valid, 'same'))}."
    )


def _words(n_frames: int, n_coefs: int) -> str:
    frames, coefs = ("s" * (count != 1) for count in (n_frames, n_coefs))
    return f"{n_frames} frame{frames} of {n_coefs} coefficient{coefs}"


def _settings(values: Mapping[str, str]) -> str:
    return " and ".join(f"{name}={value!r}" for name, value in values.items())


def _as_picture(values: Any, shape: tuple[int, int], input_layout: str) -> Any:
    """Give samples two axes in the order of the layout, and one channel."""
    values = reshape(values, shape, "sequence")
    if input_layout == "coefficients_first":
        values, shape = transpose(values, "coefficients_first"), shape[::-1]
    return reshape(values, (*shape, 1), "picture")
