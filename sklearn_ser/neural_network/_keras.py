"""Train a network through scikeras: the only module that imports it.

scikeras is unmaintained, and its classifier fails scikit-learn's checks when it is subclassed.
So it is composed: it lives for one fit, inside a lock (it sets global seeds), is always given an
int seed, float32 and a network that is compiled already, and is let go when the weights are out.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.neural_network._batches import batches
from sklearn_ser.neural_network._callbacks import EARLY_STOPPING, make_callbacks
from sklearn_ser.neural_network._clip_stacks import ClipStack, clips_at_once
from sklearn_ser.neural_network._network import Arrays, Blueprint, Network, borrow
from sklearn_ser.neural_network._plan import TrainingPlan
from sklearn_ser.neural_network._tensorflow import load_keras, without_chatter
from sklearn_ser.utils._optional import import_extra

__all__ = ["Samples", "Start", "Trained", "predict_probabilities", "train"]

_TRAINING_LOCK = threading.RLock()  # scikeras sets global seeds while it trains


@dataclass(frozen=True)
class Samples:
    """Clips with their classes and weights."""

    X: NDArray[np.float32] | ClipStack
    codes: NDArray[np.intp]
    weights: NDArray[np.float32] | None

    def rows(self, indices: NDArray[np.intp]) -> Samples:
        """Return some of the clips."""
        weights = None if self.weights is None else self.weights[indices]
        return Samples(self.X[indices], self.codes[indices], weights)

    def weighted_rows(self) -> NDArray[np.intp]:
        """Return which clips count at all: scikeras leaves out the others in training."""
        return np.arange(len(self.X)) if self.weights is None else np.flatnonzero(self.weights)


@dataclass(frozen=True)
class Start:
    """Where a warm start goes on from."""

    weights: Arrays
    optimizer_state: Arrays | None


@dataclass(frozen=True)
class Trained:
    """What a fit leaves behind."""

    weights: Arrays
    optimizer_state: Arrays
    history: dict[str, list[float]]
    best_epoch: int | None
    keras_version: str


def train(
    blueprint: Blueprint,
    samples: Samples,
    held_out: Samples | None,
    plan: TrainingPlan,
    start: Start | None = None,
) -> Trained:
    """Train a network.

    Parameters
    ----------
    blueprint : Blueprint
        Which network.
    samples : Samples
        What to train on.
    held_out : Samples or None
        What early stopping judges by; None trains all epochs.
    plan : TrainingPlan
        How.
    start : Start, default=None
        Where to go on from; None begins at random.

    Returns
    -------
    Trained
        Weights, history and what a warm start needs.

    Raises
    ------
    ValueError
        If the loss is not finite in the end.
    """
    keras = load_keras()
    with _TRAINING_LOCK, borrow(blueprint) as network:
        _prepare(network, plan, start)
        callbacks = make_callbacks(plan, judged=held_out is not None)
        history = _fit_with_scikeras(network, samples, held_out, plan, callbacks)
        _check_converging(history, plan)
        return Trained(
            weights=network.weights(),
            optimizer_state=network.optimizer_state(),
            history=history,
            best_epoch=_best_epoch(callbacks),
            keras_version=keras.__version__,
        )


def _check_converging(history: dict[str, list[float]], plan: TrainingPlan) -> None:
    losses = history["loss"]
    if not math.isfinite(losses[-1]):
        n_good = next(i for i, loss in enumerate(losses) if not math.isfinite(loss))
        raise ValueError(
            f"Training diverged: the loss is {losses[-1]} after {n_good} epochs of finite loss. "
            f"Scale the features, or lower the learning rate, which is {plan.learning_rate:g}."
        )


def predict_probabilities(
    blueprint: Blueprint, X: NDArray[np.float32] | ClipStack, weights: Arrays
) -> NDArray[np.float32]:
    """Compute the probabilities of all classes.

    Parameters
    ----------
    blueprint : Blueprint
        Which network.
    X : ndarray of shape (n_clips, *input_shape) or ClipStack
        Clips.
    weights : list of ndarray
        What training gave.

    Returns
    -------
    probabilities : ndarray of shape (n_clips, n_classes)
    """
    with borrow(blueprint) as network:
        return network.probabilities(X, weights)


def _prepare(network: Network, plan: TrainingPlan, start: Start | None) -> None:
    if start is None:
        network.start(plan.seed)
    else:
        network.resume(plan.seed, start.weights, start.optimizer_state)
    network.model.optimizer.learning_rate = plan.learning_rate


def _fit_with_scikeras(
    network: Network,
    samples: Samples,
    held_out: Samples | None,
    plan: TrainingPlan,
    callbacks: list[Any],
) -> dict[str, list[float]]:
    wrappers = import_extra("scikeras.wrappers", "keras", "A neural network")

    n_classes = network.model.output_shape[-1]
    classifier = wrappers.KerasClassifier(
        model=partial(_Trainee, network.model, samples, held_out, plan),
        random_state=plan.seed,
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        callbacks=callbacks,
        verbose=2 if plan.verbose > 1 else 0,
    )
    with without_chatter("sklearn", "scikeras", "keras", "tensorflow"):
        # The numbers of the clips, since scikeras would read, check and copy the clips themselves
        numbers = np.arange(len(samples.X))[:, np.newaxis]
        classifier.fit(numbers, _one_hot(samples.codes, n_classes), samples.weights)
    return _plain(classifier.history_)


class _Trainee:
    """What scikeras takes for a compiled model: it trains on batches of our own making.

    It is given the numbers of those clips that have any weight.
    """

    compiled = True

    def __init__(
        self, model: Any, samples: Samples, held_out: Samples | None, plan: TrainingPlan
    ) -> None:
        self.model = model
        self.X = samples.X
        self.held_out = held_out
        self.seed = plan.seed
        self.loss, self.optimizer, self.outputs = model.loss, model.optimizer, model.outputs

    def fit(self, x: Any, y: Any, *, sample_weight: Any, batch_size: int, **settings: Any) -> Any:
        for unused in ("shuffle", "validation_split"):
            settings.pop(unused, None)
        X = self.X if len(x) == len(self.X) else self.X[x[:, 0]]
        training = batches(
            X, y, sample_weight, batch_size=batch_size, shuffle_seed=self.seed, repeat=True
        )
        return self.model.fit(
            training,
            steps_per_epoch=math.ceil(len(x) / batch_size),
            validation_data=self._judged(y.shape[1]),
            **settings,
        )

    def _judged(self, n_classes: int) -> Any:
        held = self.held_out
        if held is None:
            return None
        targets = _one_hot(held.codes, n_classes)
        batch_size = clips_at_once(held.X.shape[1:])
        return batches(held.X, targets, held.weights, batch_size=batch_size)


def _one_hot(codes: NDArray[np.intp], n_classes: int) -> NDArray[np.float32]:
    """Write classes as rows with a one, so that scikeras need not know which there are."""
    return np.eye(n_classes, dtype=np.float32)[codes]


def _plain(history: Mapping[str, list[Any]]) -> dict[str, list[float]]:
    return {name: [float(value) for value in values] for name, values in history.items()}


def _best_epoch(callbacks: list[Any]) -> int | None:
    stoppers = [c for c in callbacks if getattr(c, "name", None) == EARLY_STOPPING]
    return int(stoppers[0].best_epoch) if stoppers else None
