"""A small dense network on vectors, such as embeddings."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ser.neural_network._architectures import build_dense
from sklearn_ser.neural_network._base import TRAINING_CONSTRAINTS, BaseKerasClassifier
from sklearn_ser.neural_network._block_plan import ACTIVATIONS
from sklearn_ser.neural_network._documentation import documented

__all__ = ["DenseClassifier"]


@documented(optimizer="adamw", weight_decay="0.01")
class DenseClassifier(BaseKerasClassifier):
    """Dense layers and a softmax, for tables of features or embeddings.

    The defaults are the head that is published over mean-pooled wav2vec 2.0 embeddings: 256
    units, ReLU, dropout .3, AdamW with a weight decay of .01. Sequences are flattened.

    Parameters
    ----------
    hidden_units : tuple of int, default=(256,)
        Units of the layers; () is logistic regression.
    activation : str, default="relu"
        Of the layers, by Keras' name.
    batch_norm : bool, default=False
        Whether each layer is followed by batch normalisation.
    dropout : float, default=0.3
        Share of values dropped after each layer.
    $training

    See Also
    --------
    LayerWeightedClassifier : The same over several layers of an encoder, weighed by training.
    sklearn.neural_network.MLPClassifier : The same without dropout, decoupled decay and groups.

    Notes
    -----
    Needs the extra ``keras``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_ser import DenseClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = DenseClassifier(epochs=2, random_state=0).fit(X, y)
    >>> network.predict_proba(X).shape
    (150, 3)
    """

    _builder = staticmethod(build_dense)
    _parameter_constraints = {
        "hidden_units": [tuple, list],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "batch_norm": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
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
