"""The network of our own for voices that it has never heard."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval

from sklearn_ser.neural_network._base import TRAINING_CONSTRAINTS, BaseKerasClassifier
from sklearn_ser.neural_network._crnn_architecture import build_crnn
from sklearn_ser.neural_network._documentation import documented

__all__ = ["CRNNClassifier"]


@documented(
    optimizer="adamw",
    learning_rate="0.002",
    weight_decay="0.01",
    label_smoothing="0.1",
    ema="0.99",
    epochs="30",
    schedule='"cosine"',
)
class CRNNClassifier(BaseKerasClassifier):
    """Residual convolutions, a recurrent layer and attention over time, padding left out.

    A network of some 470,000 weights that is trained from nothing in a minute or two on a
    thousand clips. Each frame is seen as it is and less its clip's mean frame; convolutions along
    the frames and a bidirectional GRU follow; attention weighs the frames whose mean and
    deviation decide. Padding, the trailing frames of zeros, takes no part, so that a prediction
    does not depend on how far a clip was padded.

    It is meant for log-mel bands without pooling: 64 bands every 20 ms, silence trimmed.

    Parameters
    ----------
    filters : tuple of int, default=(96, 128, 128)
        Filters of each block, hence the number of blocks; the second and later are residual.
    kernel_size : int, default=5
        Frames that a kernel spans.
    pool_size : int or tuple of int, default=(2, 2, 1)
        Frames of which the largest value is kept after each block; 1 is no pooling.
    recurrent_units : int, default=64
        Units of the GRU in each direction; 0 leaves it out.
    attention_units : int, default=64
        Hidden units that say how much a frame counts.
    dropout : float, default=0.1
        Share of channels dropped after each block.
    head_dropout : float, default=0.4
        Share of the statistics dropped before the softmax.
    $training

    See Also
    --------
    make_ser_pipeline : Makes the pipeline that it was chosen in, ``("mel", "crnn")``.

    Notes
    -----
    Needs the extra ``keras``.

    References
    ----------
    .. [1] K. Okabe, T. Koshinaka and K. Shinoda, "Attentive Statistics Pooling for Deep Speaker
       Embedding", Interspeech 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import CRNNClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 40, 13))
    >>> y = ["angry", "calm"] * 10
    >>> network = CRNNClassifier(filters=(8, 8), pool_size=2, epochs=2, random_state=0).fit(X, y)
    >>> network.predict_proba(X).shape
    (20, 2)
    """

    _builder = staticmethod(build_crnn)
    _parameter_constraints = {
        "filters": [tuple, list],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "pool_size": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "recurrent_units": [Interval(Integral, 0, None, closed="left")],
        "attention_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "head_dropout": [Interval(Real, 0, 1, closed="left")],
        **TRAINING_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        filters: Any = (96, 128, 128),
        kernel_size: int = 5,
        pool_size: Any = (2, 2, 1),
        recurrent_units: int = 64,
        attention_units: int = 64,
        dropout: float = 0.1,
        head_dropout: float = 0.4,
        optimizer: str = "adamw",
        learning_rate: float = 0.002,
        weight_decay: float = 0.01,
        label_smoothing: float = 0.1,
        ema_momentum: float | None = 0.99,
        class_weight: Any = None,
        epochs: int = 30,
        batch_size: int = 32,
        learning_rate_schedule: str | None = "cosine",
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 10,
        callbacks: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.filters = filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.recurrent_units = recurrent_units
        self.attention_units = attention_units
        self.dropout = dropout
        self.head_dropout = head_dropout
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
