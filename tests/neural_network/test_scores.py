"""Scores of an epoch are those that scikit-learn counts over all clips of the epoch."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
)

from sklearn_ser.neural_network._scores import SCORES, epoch_scores

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

N_CLASSES = 4
TOLERANCE = 1e-5  # Keras counts in float32


@cache
def counter():
    return epoch_scores(N_CLASSES)


def by_scikit_learn(labels, predictions):
    macro = {"average": "macro", "zero_division": 0}
    labelled = np.unique(labels)
    return {
        "accuracy": accuracy_score(labels, predictions),
        # balanced_accuracy_score is the same, but warns of classes that are only predicted
        "uar": recall_score(labels, predictions, labels=labelled, **macro),
        "precision": precision_score(labels, predictions, **macro),
        "recall": recall_score(labels, predictions, **macro),
        "f1": f1_score(labels, predictions, **macro),
    }


def counted(labels, probabilities, cuts=()):
    metric = counter()
    metric.reset_state()
    targets = np.eye(N_CLASSES, dtype=np.float32)[labels]
    for rows in np.split(np.arange(len(labels)), sorted(cuts)):
        if len(rows):
            metric.update_state(targets[rows], probabilities[rows])
    return {name: float(value) for name, value in metric.result().items()}


def probabilities_of(predictions):
    return np.eye(N_CLASSES, dtype=np.float32)[predictions] * 0.9 + 0.025


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=4),
)
def test_uneven_batches_and_absent_classes_count_as_in_scikit_learn(clips, cuts):
    labels, predictions = np.array(clips).T
    scores = counted(labels, probabilities_of(predictions), cuts)
    assert scores == pytest.approx(by_scikit_learn(labels, predictions), abs=TOLERANCE)


def test_uar_is_balanced_accuracy():
    labels, predictions = np.array([0, 0, 0, 1, 2, 3]), np.array([0, 0, 1, 1, 3, 3])
    score = counted(labels, probabilities_of(predictions))["uar"]
    assert score == pytest.approx(balanced_accuracy_score(labels, predictions), abs=TOLERANCE)


def test_an_epoch_is_not_the_mean_of_its_batches():
    labels, predictions = np.array([0, 1, 2, 2, 2, 2]), np.array([0, 1, 0, 1, 0, 1])
    batches = [slice(0, 2), slice(2, 6)]
    scores = counted(labels, probabilities_of(predictions), [2])
    of_batches = [counted(labels[b], probabilities_of(predictions[b]))["uar"] for b in batches]
    assert scores["uar"] == pytest.approx(2 / 3)
    assert np.mean(of_batches) == pytest.approx(1 / 2)


def test_an_epoch_begins_at_zero():
    wrong, right = np.array([1, 2, 3]), np.array([0, 1, 2])
    counted(right, probabilities_of(wrong))
    assert counted(right, probabilities_of(right))["accuracy"] == 1.0


def test_nothing_counted_yet_is_zero_and_not_nan():
    assert counted(np.array([], dtype=int), probabilities_of(np.array([], dtype=int))) == (
        dict.fromkeys(SCORES, 0.0)
    )


@pytest.fixture(scope="module")
def many():
    """Rows by 20 speakers, one half by the first of them: more than are judged at once."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, size=1000)
    X = rng.normal(size=(1000, 4)) + y[:, None]
    return X, y, np.maximum(rng.integers(-10, 10, size=1000), 0)


@pytest.fixture(scope="module")
def judged(many, dense):
    """One epoch, so that the weights kept are those that were judged."""
    X, y, groups = many
    model = dense(early_stopping=True, validation_fraction=0.5, learning_rate=0.01)
    return model.fit(X, y, groups=groups)


def test_history_has_one_value_an_epoch_of_every_score(clips, dense):
    history = dense(epochs=3).fit(clips.X, clips.y).history_
    assert sorted(history) == sorted(["loss", *SCORES])
    assert {len(values) for values in history.values()} == {3}
    assert all(type(value) is float for values in history.values() for value in values)


@pytest.mark.parametrize("score", SCORES)
def test_scores_of_the_clips_held_out_are_those_of_predict(score, judged, many):
    X, y, _ = many
    held = judged.validation_indices_
    assert len(held) > 256
    expected = by_scikit_learn(y[held], judged.predict(X[held]))
    assert judged.history_[f"val_{score}"][-1] == pytest.approx(expected[score], abs=TOLERANCE)


def test_loss_of_the_clips_held_out_is_that_of_predict_proba(judged, many):
    X, y, _ = many
    held = judged.validation_indices_
    expected = log_loss(y[held], judged.predict_proba(X[held]))
    assert judged.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)


def test_scores_of_training_are_counted_over_all_batches(clips, dense):
    """A network that hardly moves scores in training what it scores afterwards."""
    still = {"learning_rate": 1e-12, "weight_decay": 0.0, "dropout": 0.0, "batch_size": 5}
    model = dense(**still).fit(clips.X, clips.y)
    expected = by_scikit_learn(clips.y, model.predict(clips.X))
    history = {name: model.history_[name][0] for name in SCORES}
    assert history == pytest.approx(expected, abs=TOLERANCE)


def test_loss_of_training_is_the_mean_over_clips(clips, dense):
    still = {"learning_rate": 1e-12, "weight_decay": 0.0, "dropout": 0.0, "batch_size": 5}
    model = dense(**still).fit(clips.X, clips.y)
    expected = log_loss(clips.y, model.predict_proba(clips.X))
    assert model.history_["loss"][0] == pytest.approx(expected, rel=1e-4)
