"""Scores of an epoch, counted over all its clips and not averaged over batches."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

__all__ = ["SCORES", "epoch_scores"]

SCORES = ("accuracy", "uar", "precision", "recall", "f1")


def epoch_scores(n_classes: int) -> Any:
    """Return a Keras metric that counts a confusion matrix and gives all scores from it.

    Precision, recall and F1 are unweighted means over the classes that occur among labels or
    predictions, as in scikit-learn's ``average="macro"``; UAR is over the classes that occur
    among the labels. Keras adds each to the epoch's log under its own name.

    Parameters
    ----------
    n_classes : int
        Number of classes; labels come as rows with a one.

    Returns
    -------
    metric : keras.metrics.Metric
        New, empty.
    """
    return _metric_class()(n_classes)


@cache
def _metric_class() -> type:
    import keras
    import tensorflow as tf
    from keras import ops

    class EpochScores(keras.metrics.Metric):  # type: ignore[misc]
        def __init__(self, n_classes: int) -> None:
            super().__init__(name="scores")
            self.n_classes = n_classes
            self.counts = self.add_weight(shape=(n_classes, n_classes), initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            given = ops.one_hot(ops.argmax(y_pred, axis=-1), self.n_classes)
            self.counts.assign_add(ops.matmul(ops.transpose(y_true), given))

        def result(self) -> dict[str, Any]:
            # At the end of an epoch in NumPy: some twenty operations, each called alone
            if tf.executing_eagerly():
                return _scores_of(self.counts.numpy(), np)
            return _scores_of(self.counts, ops)

    return EpochScores


def _scores_of(counts: Any, ops: Any) -> dict[str, Any]:
    hits, labelled, predicted = ops.diag(counts), ops.sum(counts, axis=1), ops.sum(counts, axis=0)
    recalls = hits / ops.maximum(labelled, 1.0)
    n_labelled = _count(labelled, ops)
    n_met = _count(labelled + predicted, ops)
    return {
        "accuracy": ops.sum(hits) / ops.maximum(ops.sum(counts), 1.0),
        "uar": ops.sum(recalls) / n_labelled,
        "precision": ops.sum(hits / ops.maximum(predicted, 1.0)) / n_met,
        "recall": ops.sum(recalls) / n_met,
        "f1": ops.sum(2.0 * hits / ops.maximum(labelled + predicted, 1.0)) / n_met,
    }


def _count(clips_a_class: Any, ops: Any) -> Any:
    """Count the classes that occur; at least one, so that nothing is divided by zero."""
    occurring = ops.where(clips_a_class > 0, 1.0, 0.0)
    return ops.maximum(ops.sum(occurring), 1.0)
