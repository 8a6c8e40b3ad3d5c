"""Layers of an encoder, averaged over time and weighed by training, under dense layers."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_ser.neural_network._base import TRAINING_CONSTRAINTS, BaseKerasClassifier
from sklearn_ser.neural_network._block_plan import ACTIVATIONS
from sklearn_ser.neural_network._documentation import documented
from sklearn_ser.neural_network._layer_weighing import layer_weights_of
from sklearn_ser.neural_network._layer_weighted_architecture import build_layer_weighted

__all__ = ["LayerWeightedClassifier"]


@documented(optimizer="adamw", weight_decay="0.01")
class LayerWeightedClassifier(BaseKerasClassifier):
    """A weighted mean of an encoder's layers, learnt, under dense layers and a softmax.

    The cheap form of weighing layers: X holds each layer's mean over time, (n_clips, n_layers,
    dim). The layers are summed with softmax weights, which begin equal and are learnt together
    with the rest; the rest is the head of :class:`DenseClassifier`. A table is taken as one layer.

    Parameters
    ----------
    layer_norm : bool, default=False
        Whether each layer's vector is brought to mean 0 and variance 1, clip by clip, before it
        is weighed; nothing of it is learnt. Without it a layer of large values counts for more
        than its weight says. It helps where values grow from block to block, as in the large
        encoders that normalise before a block and not after it. The benchmark that made weighed
        layers common leaves it out [1]_, to judge each encoder as it is.
    hidden_units : tuple of int, default=(256,)
        Units of the layers; () is logistic regression.
    activation : str, default="relu"
        Of the layers, by Keras' name.
    batch_norm : bool, default=False
        Whether each layer is followed by batch normalisation.
    dropout : float, default=0.3
        Share of values dropped after each layer.
    $training
    layer_weights_ : ndarray of shape (n_layers,)
        What each layer counts for; they sum to 1.

    See Also
    --------
    CNN2DClassifier : With ``layer_weights=True`` it weighs the layers of every frame.
    DenseClassifier : The same head over one layer.
    sklearn_ser.plotting.LayerWeightsDisplay : Draws the weights.

    Notes
    -----
    Needs the extra ``keras``.

    References
    ----------
    .. [1] S. Yang et al., "SUPERB: Speech processing Universal PERformance Benchmark",
       Interspeech 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import LayerWeightedClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 12, 16))
    >>> y = ["angry", "calm"] * 10
    >>> network = LayerWeightedClassifier(epochs=2, random_state=0).fit(X, y)
    >>> network.layer_weights_.shape
    (12,)
    """

    _builder = staticmethod(build_layer_weighted)
    _takes = (
        "layers averaged over time, of shape (n_clips, n_layers, dim), or one layer, (n_clips, "
        "n_features). Take the mean over the frames first; CNN2DClassifier(layer_weights=True) "
        "weighs the layers of every frame"
    )
    _parameter_constraints = {
        "layer_norm": ["boolean"],
        "hidden_units": [tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "batch_norm": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        layer_norm: bool = False,
        hidden_units: Any = (256,),
        activation: str = "relu",
        batch_norm: bool = False,
        dropout: float = 0.3,
        optimizer: str = "adamw",
        learning_rate: float = 0.001,
        weight_decay: float = 0.01,
        label_smoothing: float = 0.0,
        ema_momentum: float | None = None,
        class_weight: Any = None,
        epochs: int = 50,
        batch_size: int = 32,
        learning_rate_schedule: str | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 10,
        callbacks: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.layer_norm = layer_norm
        self.hidden_units = hidden_units
        self.activation = activation
        self.batch_norm = batch_norm
        self.dropout = dropout
        super().__init__(
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            ema_momentum=ema_momentum,
            class_weight=class_weight,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate_schedule=learning_rate_schedule,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            callbacks=callbacks,
            warm_start=warm_start,
            verbose=verbose,
            random_state=random_state,
        )

    @property
    def layer_weights_(self) -> NDArray[np.float64]:
        check_is_fitted(self)
        return layer_weights_of(self.weights_)
