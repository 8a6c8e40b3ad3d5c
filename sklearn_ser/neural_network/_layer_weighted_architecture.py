"""The head over layers averaged over time: they are weighed, then come dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sklearn_ser.neural_network._block_plan import check_shape
from sklearn_ser.neural_network._layer_weighing import weigh_layers
from sklearn_ser.neural_network._layers import (
    DensePlan,
    add_dense,
    finish,
    keras_module,
    make_input,
    reshape,
)

if TYPE_CHECKING:
    import keras

__all__ = ["build_layer_weighted"]

_SMALLEST_VARIANCE = 1e-5


def build_layer_weighted(
    input_shape: tuple[int, ...],
    n_classes: int,
    *,
    layer_norm: bool = False,
    hidden_units: Sequence[int] = (256,),
    activation: str = "relu",
    batch_norm: bool = False,
    dropout: float = 0.3,
) -> keras.Model:
    """Build a sum of layers with weights that are learnt, and dense layers on top.

    Parameters
    ----------
    input_shape : tuple (n_layers, dim) or (n_features,)
        Shape of one sample. A table's row is taken as one layer.
    n_classes : int
        Units of the softmax output.
    layer_norm : bool, default=False
        Whether each layer's vector is brought to mean 0 and variance 1 before it is weighed.
    hidden_units : sequence of int, default=(256,)
        Units of the hidden layers, which may be ().
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
    >>> from sklearn_ser.neural_network._layer_weighted_architecture import build_layer_weighted
    >>> build_layer_weighted((12, 768), 8).count_params()
    198932
    """
    head = DensePlan.read(hidden_units, activation, batch_norm, dropout, "")
    check_shape(input_shape, n_classes)
    inputs = make_input(input_shape)
    n_layers_and_dim = (1, *map(int, input_shape))[-2:]
    layers = reshape(inputs, n_layers_and_dim, "one_layer")
    if layer_norm:
        norm = keras_module().layers.LayerNormalization
        layers = norm(epsilon=_SMALLEST_VARIANCE, center=False, scale=False, name="layer_norm")(
            layers
        )
    return finish("layer_weighted", inputs, add_dense(weigh_layers(layers), head), n_classes)
