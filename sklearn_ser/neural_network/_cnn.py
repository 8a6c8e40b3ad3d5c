"""Convolutional networks over sequences of features."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_ser.neural_network._architectures import (
    GLOBAL_POOLINGS,
    INPUT_LAYOUTS,
    build_cnn1d,
    build_cnn2d,
)
from sklearn_ser.neural_network._base import TRAINING_CONSTRAINTS, BaseKerasClassifier
from sklearn_ser.neural_network._block_plan import ACTIVATIONS, BLOCK_LAYERS
from sklearn_ser.neural_network._clip_stacks import validate_stack
from sklearn_ser.neural_network._documentation import documented
from sklearn_ser.neural_network._layer_weighing import layer_weights_of

__all__ = ["CNN1DClassifier", "CNN2DClassifier"]

_SHARE = Interval(Real, 0, 1, closed="left")
_SIZE = [Interval(Integral, 1, None, closed="left"), tuple, list]
_PADDING = [StrOptions({"same", "valid"})]

_CONSTRAINTS: dict[str, list[Any]] = {
    "filters": [tuple, list],
    "kernel_size": _SIZE,
    "strides": _SIZE,
    "padding": _PADDING,
    "pool_size": _SIZE,
    "pool_strides": [*_SIZE, None],
    "pool_padding": _PADDING,
    "block_order": [tuple, list],
    "batch_norm": ["boolean"],
    "dropout": [_SHARE],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "global_pooling": [StrOptions(set(GLOBAL_POOLINGS)), None],
    "dense_units": [tuple, list],
    "dense_batch_norm": ["boolean"],
    "dense_dropout": [_SHARE],
    **TRAINING_CONSTRAINTS,
}


@documented()
class CNN1DClassifier(BaseKerasClassifier):
    """A network of convolutions along the frames of a sequence.

    Blocks of convolution, batch normalisation, activation, pooling and dropout are followed by
    dense layers and a softmax. A table is taken as a sequence of ``n_features`` steps with one
    value each. With the default padding any shape trains.

    Parameters
    ----------
    filters : tuple of int, default=(64, 128, 128)
        Filters of each block's convolution, hence the number of blocks.
    kernel_size : int or tuple of int, default=5
        Frames that a kernel spans, in every block or one entry a block.
    strides : int or tuple of int, default=1
        Frames that a kernel moves on by.
    padding : {"same", "valid"}, default="same"
        Padding of the convolutions.
    pool_size : int or tuple of int, default=2
        Frames of which the largest value is kept; 1 is no pooling.
    pool_strides : int, tuple of int or None, default=None
        Frames from one pool to the next; None is ``pool_size``.
    pool_padding : {"same", "valid"}, default="same"
        Padding of the pools; "valid" refuses sequences that are too short.
    block_order : tuple of str, default=("conv", "norm", "activation", "pool", "dropout")
        A block's layers in their order.
    batch_norm : bool, default=True
        Whether blocks have their "norm".
    dropout : float, default=0.2
        Share of values dropped in each block.
    activation : str, default="relu"
        Of blocks and dense layers, by Keras' name.
    global_pooling : {"average", "max"} or None, default=None
        What is taken over the frames that are left; None keeps them all.
    dense_units : tuple of int, default=(64,)
        Units of the dense layers, which may be ().
    dense_batch_norm : bool, default=False
        Whether dense layers are followed by batch normalisation.
    dense_dropout : float, default=0.3
        Share of values dropped after each dense layer.
    $training

    See Also
    --------
    CNN2DClassifier : Convolutions along frames and coefficients.
    CRNNClassifier : The network that does best on unseen voices.

    Notes
    -----
    Needs the extra ``keras``. Published networks are presets:
    ``from_preset("zcr-rms-mfcc-cnn1d")``, ``from_preset("zcr-rms-cnn1d")``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import CNN1DClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 40, 13))
    >>> y = ["angry", "calm"] * 10
    >>> network = CNN1DClassifier(filters=(8, 8), epochs=2, random_state=0).fit(X, y)
    >>> network.predict_proba(X).shape
    (20, 2)
    """

    _builder = staticmethod(build_cnn1d)
    _parameter_constraints = _CONSTRAINTS

    def __init__(
        self,
        *,
        filters: Any = (64, 128, 128),
        kernel_size: Any = 5,
        strides: Any = 1,
        padding: str = "same",
        pool_size: Any = 2,
        pool_strides: Any = None,
        pool_padding: str = "same",
        block_order: Any = BLOCK_LAYERS,
        batch_norm: bool = True,
        dropout: float = 0.2,
        activation: str = "relu",
        global_pooling: str | None = None,
        dense_units: Any = (64,),
        dense_batch_norm: bool = False,
        dense_dropout: float = 0.3,
        optimizer: str = "adam",
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
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
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.pool_size = pool_size
        self.pool_strides = pool_strides
        self.pool_padding = pool_padding
        self.block_order = block_order
        self.batch_norm = batch_norm
        self.dropout = dropout
        self.activation = activation
        self.global_pooling = global_pooling
        self.dense_units = dense_units
        self.dense_batch_norm = dense_batch_norm
        self.dense_dropout = dense_dropout
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


@documented()
class CNN2DClassifier(BaseKerasClassifier):
    """A network of convolutions along frames and coefficients, as over a picture.

    Blocks of convolution, batch normalisation, activation, pooling and dropout are followed by
    dense layers and a softmax. A table is taken as ``n_features`` frames of one coefficient. With
    the default padding any shape trains.

    With ``layer_weights`` a clip is a stack of all layers of a speech encoder, and the picture is
    their sum with softmax weights, which begin equal and are learnt together with the network.
    Float16 and float32 stacks, memory-mapped ones too, are read batch by batch, never as a whole.

    A size is one int for both axes, a pair (a tuple) with one entry an axis for all blocks, or a
    list with one entry, int or pair, a block. The axes are those of ``input_layout``.

    Parameters
    ----------
    filters : tuple of int, default=(16, 32, 64)
        Filters of each block's convolution, hence the number of blocks.
    kernel_size : int, (int, int) or list, default=(3, 3)
        Values that a kernel spans.
    strides : int, (int, int) or list, default=1
        Values that a kernel moves on by.
    padding : {"same", "valid"}, default="same"
        Padding of the convolutions.
    pool_size : int, (int, int) or list, default=2
        Values of which the largest is kept; 1 is no pooling.
    pool_strides : int, (int, int), list or None, default=None
        Values from one pool to the next; None is ``pool_size``.
    pool_padding : {"same", "valid"}, default="same"
        Padding of the pools; "valid" refuses shapes that are too small.
    block_order : tuple of str, default=("conv", "norm", "activation", "pool", "dropout")
        A block's layers in their order.
    batch_norm : bool, default=True
        Whether blocks have their "norm".
    dropout : float, default=0.2
        Share of values dropped in each block.
    activation : str, default="relu"
        Of blocks and dense layers, by Keras' name.
    global_pooling : {"average", "max"} or None, default=None
        What is taken over the values that are left; None keeps them all.
    dense_units : tuple of int, default=(64,)
        Units of the dense layers, which may be ().
    dense_batch_norm : bool, default=True
        Whether dense layers are followed by batch normalisation. Without it the units above a
        picture's thousands of values soon die.
    dense_dropout : float, default=0.3
        Share of values dropped after each dense layer.
    input_layout : {"frames_first", "coefficients_first"}, default="frames_first"
        Order of the picture's axes. X is (n_clips, n_frames, n_coefs) in any case.
    layer_weights : bool, default=False
        Whether X is (n_clips, n_layers, n_frames, dim), of which the layers are weighed.
    $training
    layer_weights_ : ndarray of shape (n_layers,)
        With ``layer_weights``, what each layer counts for; they sum to 1.

    See Also
    --------
    CNN1DClassifier : Convolutions along frames only.
    CRNNClassifier : The network that does best on unseen voices.
    LayerWeightedClassifier : Layers are averaged over time first, which is far cheaper.

    Notes
    -----
    Needs the extra ``keras``. Published networks are presets: ``from_preset("mfcc-cnn2d")``,
    ``from_preset("mel-cnn2d")``, ``from_preset("wav2vec2-cnn2d")``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import CNN2DClassifier
    >>> X = np.random.default_rng(0).normal(size=(20, 40, 13))
    >>> y = ["angry", "calm"] * 10
    >>> network = CNN2DClassifier(filters=(8, 8), epochs=2, random_state=0).fit(X, y)
    >>> sorted(network.history_)
    ['accuracy', 'f1', 'loss', 'precision', 'recall', 'uar']

    Three layers of an encoder, weighed:

    >>> layers = np.random.default_rng(0).normal(size=(20, 3, 40, 8)).astype(np.float16)
    >>> network = network.set_params(layer_weights=True).fit(layers, y)
    >>> network.layer_weights_.shape
    (3,)
    """

    _builder = staticmethod(build_cnn2d)
    _takes = (
        f"{BaseKerasClassifier._takes}; with layer_weights=True, stacks of an encoder's layers, "
        "(n_clips, n_layers, n_frames, dim)"
    )
    _parameter_constraints = {
        **_CONSTRAINTS,
        "input_layout": [StrOptions(set(INPUT_LAYOUTS))],
        "layer_weights": ["boolean"],
    }

    def __init__(
        self,
        *,
        filters: Any = (16, 32, 64),
        kernel_size: Any = (3, 3),
        strides: Any = 1,
        padding: str = "same",
        pool_size: Any = 2,
        pool_strides: Any = None,
        pool_padding: str = "same",
        block_order: Any = BLOCK_LAYERS,
        batch_norm: bool = True,
        dropout: float = 0.2,
        activation: str = "relu",
        global_pooling: str | None = None,
        dense_units: Any = (64,),
        dense_batch_norm: bool = True,
        dense_dropout: float = 0.3,
        input_layout: str = "frames_first",
        layer_weights: bool = False,
        optimizer: str = "adam",
        learning_rate: float = 0.001,
        weight_decay: float = 0.0,
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
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.pool_size = pool_size
        self.pool_strides = pool_strides
        self.pool_padding = pool_padding
        self.block_order = block_order
        self.batch_norm = batch_norm
        self.dropout = dropout
        self.activation = activation
        self.global_pooling = global_pooling
        self.dense_units = dense_units
        self.dense_batch_norm = dense_batch_norm
        self.dense_dropout = dense_dropout
        self.input_layout = input_layout
        self.layer_weights = layer_weights
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
        if not self._was_fitted_on_stacks():
            raise AttributeError(
                f"{type(self).__name__} has no layer_weights_: it was not fitted with "
                "layer_weights=True."
            )
        return layer_weights_of(self.weights_)

    def _was_fitted_on_stacks(self) -> bool:
        return len(getattr(self, "input_shape_", ())) == 3

    def _validate(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        is_stack = self.layer_weights if reset else self._was_fitted_on_stacks()
        if is_stack:
            return validate_stack(self, X, y, reset=reset)
        return super()._validate(X, y, reset=reset)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = not self.layer_weights
        return tags
