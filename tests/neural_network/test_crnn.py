"""The network of our own: padding takes no part, any shape trains, parameters are checked."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_ser import CRNNClassifier
from sklearn_ser.neural_network._crnn_architecture import build_crnn
from sklearn_ser.neural_network._network import forget_networks

pytest.importorskip("tensorflow")

SMALL = {"filters": (6, 8), "pool_size": 2, "recurrent_units": 4, "attention_units": 4}


def sequences(n_clips: int = 4, n_frames: int = 21, n_coefs: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_clips, n_frames, n_coefs)).astype(np.float32)


def padded(X: np.ndarray, n_frames: int) -> np.ndarray:
    return np.pad(X, ((0, 0), (0, n_frames), (0, 0)))


@pytest.mark.parametrize("pool_size", [1, 2, (3, 2)])
@pytest.mark.parametrize("training", [False, True])
def test_padding_takes_no_part(pool_size, training):
    architecture = {**SMALL, "pool_size": pool_size, "dropout": 0.0, "head_dropout": 0.0}
    X = sequences(n_frames=12)
    short, long = (build_crnn((n, 5), 3, **architecture) for n in (12, 36))
    long.set_weights(short.get_weights())
    expected = short(X, training=training)
    np.testing.assert_allclose(long(padded(X, 24), training=training), expected, atol=1e-6)


def test_zeros_inside_a_clip_are_no_padding():
    network = build_crnn((21, 5), 3, **SMALL)
    X, cut = sequences(), sequences()
    X[:, 5:8] = 0
    cut[:, 5:] = 0
    assert np.abs(np.array(network(X)) - np.array(network(cut))).max() > 1e-4


@pytest.mark.parametrize("shape", [(1,), (7,), (1, 1), (2, 3), (50, 1)])
def test_any_shape_trains(shape):
    X = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32)
    network = CRNNClassifier(**SMALL, epochs=1, random_state=0).fit(X, [0, 1, 2] * 2)
    assert np.isfinite(network.predict_proba(X)).all()


def test_silent_clips_have_probabilities():
    X = sequences()
    X[0] = 0
    network = CRNNClassifier(**SMALL, epochs=1, random_state=0).fit(X, [0, 1] * 2)
    np.testing.assert_allclose(network.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_layers():
    network = build_crnn((150, 64), 8)
    shapes = {layer.name: layer.output.shape[1:] for layer in network.layers}
    assert shapes["activation_1a"] == (150, 96)
    assert shapes["pool_1"] == (75, 96)
    assert shapes["shortcut_2"] == (75, 128)
    assert shapes["pool_2"] == (38, 128)
    assert shapes["activation_3b"] == shapes["recurrent"] == (38, 128)
    assert shapes["attention"] == (38, 1)
    assert shapes["probabilities"] == (8,)
    assert "recurrent" not in {
        layer.name for layer in build_crnn((9, 2), 2, recurrent_units=0).layers
    }


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"filters": ()}, "filters must be a tuple of at least 1 positive int"),
        ({"pool_size": (2, 2)}, "pool_size"),
        ({"head_dropout": 1.0}, "head_dropout"),
        ({"kernel_size": 0}, "kernel_size"),
    ],
)
def test_parameters_are_checked(parameters, message):
    network = CRNNClassifier(epochs=1, **parameters)
    with pytest.raises(ValueError, match=message):
        network.fit(sequences(), [0, 1] * 2)


def test_averaged_weights_are_what_is_kept():
    X = sequences(n_clips=40)
    y = np.arange(40) % 2
    plain, averaged = (
        CRNNClassifier(**SMALL, epochs=3, ema_momentum=momentum, random_state=0).fit(X, y)
        for momentum in (None, 0.9)
    )
    assert plain.history_["loss"] == averaged.history_["loss"]
    assert any(
        not np.array_equal(a, b) for a, b in zip(plain.weights_, averaged.weights_, strict=True)
    )


def test_averaged_weights_are_what_early_stopping_judges():
    X = sequences(n_clips=40)
    y = np.arange(40) % 2
    network = CRNNClassifier(**SMALL, epochs=4, early_stopping=True, random_state=0)
    network.fit(X, y, groups=np.arange(40) // 5)
    held = network.validation_indices_
    is_right = network.predict(X[held]) == y[held]
    assert network.best_epoch_ == int(np.argmin(network.history_["val_loss"]))
    best = network.history_["val_accuracy"][network.best_epoch_]
    assert np.mean(is_right) == pytest.approx(best)


def test_a_fresh_build_gives_the_same_network():
    X = sequences(n_clips=20)
    y = np.arange(20) % 2
    network = CRNNClassifier(**SMALL, epochs=2, random_state=0)
    first = clone(network).fit(X, y)
    forget_networks()
    again = clone(network).fit(X, y)
    assert all(np.array_equal(a, b) for a, b in zip(first.weights_, again.weights_, strict=True))
