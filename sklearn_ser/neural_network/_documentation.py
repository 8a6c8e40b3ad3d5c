"""Parts of the classifiers' docstrings that are the same in all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["TRAINING_PARAMETERS", "documented"]

Class = TypeVar("Class", bound=type)

TRAINING_PARAMETERS = """\
optimizer : {"adam", "adamw", "nadam", "rmsprop", "sgd"}, default="$optimizer"
        How the weights are moved.
    learning_rate : float, default=$learning_rate
        Step of the optimiser, the first one where a schedule changes it.
    weight_decay : float, default=$weight_decay
        Share of the learning rate by which weights shrink at each step, apart from the gradient
        (decoupled, as in AdamW).
    label_smoothing : float, default=$label_smoothing
        Share of a label that is spread evenly over all classes.
    ema_momentum : float or None, default=$ema
        Momentum of the moving average of the weights, which is kept in place of the last ones;
        .99 averages over some 100 steps. None keeps the weights themselves.
    class_weight : {"balanced"}, dict of label to float, or None, default=None
        Weights of the classes in the loss; "balanced" makes all classes weigh the same.
    epochs : int, default=$epochs
        Passes over the training clips, the most there are with early stopping.
    batch_size : int, default=32
        Clips a step.
    learning_rate_schedule : {"plateau", "cosine"} or None, default=$schedule
        "plateau" halves the learning rate after ``n_iter_no_change // 2`` epochs without a
        lower loss (of the clips held out, where there are any); "cosine" lets it rise for a
        twentieth of ``epochs`` and then fall to zero along half a cosine.
    early_stopping : bool, default=False
        Hold out some speakers in ``fit``, stop when their loss has not fallen for
        ``n_iter_no_change`` epochs and return to the weights of the best epoch.
    validation_fraction : float, default=0.2
        Share of the clips to hold out: whole speakers where ``fit`` is given ``groups``, the same
        share of every class after a warning otherwise.
    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.
    callbacks : keras.callbacks.Callback, list of them, or None, default=None
        Called while training; they are copied first.
    warm_start : bool, default=False
        Go on from the weights and the optimiser's state of the fit before.
    verbose : int, default=0
        1 shows a progress bar of the epochs, 2 Keras' own line for each.
    random_state : int, RandomState instance or None, default=None
        Seed of first weights, dropout, order of the clips, and of which are held out. With an
        int, the same machine and the same number of threads, results are the same.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    history_ : dict of str to list of float
        For each epoch ``loss``, ``accuracy``, ``uar``, ``precision``, ``recall`` and ``f1``
        (unweighted means over classes), counted over all clips of the epoch while it trains;
        with early stopping the same of the clips held out, ``val_loss`` and so on; with a
        schedule ``learning_rate``.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int or None
        Epoch, counted from 0, whose weights were kept; None without early stopping.
    validation_indices_ : ndarray of int or None
        Rows of X that were held out; None without early stopping.
    weights_ : list of ndarray
        The network's weights.
    input_shape_ : tuple of int
        Shape of one clip in ``fit``.
    keras_version_ : str
        Version of Keras that trained the network.
    n_features_in_ : int
        Frames of a sequence, columns of a table, or layers of an encoder.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X was a data frame."""


def documented(**defaults: str) -> Callable[[Class], Class]:
    """Write the training parameters into a class' docstring, where it says $training.

    Parameters
    ----------
    **defaults : str
        Defaults that differ from the others' ones.

    Returns
    -------
    decorator
        For a class.
    """
    values = {
        "optimizer": "adam",
        "learning_rate": "0.001",
        "weight_decay": "0.0",
        "label_smoothing": "0.0",
        "ema": "None",
        "epochs": "50",
        "schedule": "None",
        **defaults,
    }
    text = TRAINING_PARAMETERS
    for name, value in values.items():
        text = text.replace(f"${name}", value)

    def decorate(cls: Class) -> Class:
        if cls.__doc__ is not None:  # python -OO has none
            cls.__doc__ = cls.__doc__.replace("$training", text)
        return cls

    return decorate
