from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ser.plotting import LayerWeightsDisplay

WEIGHTS = [0.1, 0.2, 0.4, 0.3]
X = np.arange(24.0).reshape(12, 2)
Y = np.array(["angry", "calm", "sad"] * 4)


class Network(ClassifierMixin, BaseEstimator):
    """Has what a network leaves behind, and learns nothing."""

    def __init__(self, weighs=True):
        self.weighs = weighs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.history_ = {"loss": [1.0]}
        if self.weighs:
            self.layer_weights_ = np.array(WEIGHTS)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def holders():
    pipeline = make_pipeline(StandardScaler(), Network())
    search = GridSearchCV(pipeline, {"network__weighs": [True]}, cv=2)
    return {"network": Network(), "pipeline": pipeline, "search": search}


def ticks(display):
    return [label.get_text() for label in display.ax_.get_xticklabels()]


def test_bars_are_the_weights_in_percent():
    display = LayerWeightsDisplay(WEIGHTS, title="Mine").plot()
    assert [bar.get_height() for bar in display.bars_] == pytest.approx([10, 20, 40, 30])
    assert ticks(display) == ["1", "2", "3", "4"]
    assert [text.get_text() for text in display.ax_.texts] == ["10.0", "20.0", "40.0", "30.0"]
    assert display.ax_.get_title() == "Mine\n4 layers, the heaviest is 3 with 40.0 %"
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("layer", "weight (%)")


def test_the_heaviest_stands_out():
    colors = [to_hex(bar.get_facecolor()) for bar in LayerWeightsDisplay(WEIGHTS).plot().bars_]
    assert colors[0] == colors[1] == colors[3] != colors[2]


def test_equal_weights_are_a_line():
    ax = LayerWeightsDisplay(WEIGHTS).plot().ax_
    assert ax.lines[0].get_ydata() == [25, 25]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["all equal: 25.0 %"]


def test_layers_have_names():
    display = LayerWeightsDisplay(WEIGHTS, layers=(3, 6, 9, "last")).plot()
    assert ticks(display) == ["3", "6", "9", "last"]
    assert display.ax_.get_title() == "4 layers, the heaviest is 9 with 40.0 %"


@pytest.mark.parametrize(
    ("n_layers", "n_ticks", "n_texts"), [(1, 1, 1), (24, 24, 0), (48, 24, 0), (49, 17, 0)]
)
def test_any_number_of_layers(n_layers, n_ticks, n_texts):
    display = LayerWeightsDisplay(np.full(n_layers, 1 / n_layers)).plot()
    assert len(display.bars_) == n_layers
    assert len(ticks(display)) == n_ticks
    assert len(display.ax_.texts) == n_texts


@pytest.mark.parametrize("name", holders())
def test_from_estimator_finds_the_network(name):
    display = LayerWeightsDisplay.from_estimator(holders()[name].fit(X, Y), title="Mine")
    assert display.layer_weights.tolist() == WEIGHTS
    assert display.ax_.get_title().startswith("Mine\n4 layers")


def test_from_estimator_hands_names_and_axes_on():
    ax = Figure().subplots()
    network = Network().fit(X, Y)
    display = LayerWeightsDisplay.from_estimator(network, layers="abcd", ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert ticks(display) == list("abcd")


def test_from_estimator_of_real_networks():
    pytest.importorskip("tensorflow")
    from sklearn_ser import CNN2DClassifier, LayerWeightedClassifier

    stacks = np.random.default_rng(0).normal(size=(12, 3, 4, 5)).astype(np.float16)
    options = {"epochs": 1, "random_state": 0}
    means = LayerWeightedClassifier(**options).fit(stacks.mean(axis=2), Y)
    frames = CNN2DClassifier(layer_weights=True, filters=(2,), **options).fit(stacks, Y)
    for network in (means, frames):
        display = LayerWeightsDisplay.from_estimator(network)
        np.testing.assert_array_equal(display.layer_weights, network.layer_weights_)
    plain = CNN2DClassifier(filters=(2,), **options).fit(stacks[:, 0], Y)
    with pytest.raises(ValueError, match=r"^CNN2DClassifier weighs no layers\. Fit a LayerWeighte"):
        LayerWeightsDisplay.from_estimator(plain)


@pytest.mark.parametrize("name", holders())
def test_not_fitted(name):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LayerWeightsDisplay.from_estimator(holders()[name])


def test_a_network_that_weighs_no_layers():
    network = make_pipeline(StandardScaler(), Network(weighs=False)).fit(X, Y)
    with pytest.raises(ValueError, match=r"^Network weighs no layers\..*with layer_weights=True"):
        LayerWeightsDisplay.from_estimator(network)


def test_several_networks():
    several = CalibratedClassifierCV(Network(), cv=2).fit(X, Y)
    with pytest.raises(ValueError, match="holds 2 networks; give one of them"):
        LayerWeightsDisplay.from_estimator(several)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([], r"one weight a layer, got an array of shape \(0,\)"),
        ([[0.5, 0.5]], r"one weight a layer, got an array of shape \(1, 2\); give a fitted"),
        (0.5, r"one weight a layer, got an array of shape \(\)"),
        ([0.5, 0.6], r"that sum to 1, got 0\.5 to 0\.6 with a sum of 1\.1"),
        ([-0.5, 1.5], r"numbers from 0 that sum to 1, got -0\.5 to 1\.5 with a sum of 1;"),
        ([np.nan, 1.0], r"numbers from 0 that sum to 1, got nan"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        LayerWeightsDisplay(weights)


def test_as_many_names_as_layers():
    with pytest.raises(ValueError, match=r"layers names 3 layers, but there are 4 weights"):
        LayerWeightsDisplay(WEIGHTS, layers=(1, 2, 3))


def test_save_and_notebooks(tmp_path):
    path = LayerWeightsDisplay(WEIGHTS).save(tmp_path / "weights.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert LayerWeightsDisplay(WEIGHTS)._repr_png_().startswith(b"\x89PNG")


def test_leaves_pyplot_alone():
    script = (
        "import sys; from sklearn_ser.plotting import LayerWeightsDisplay as L\n"
        "assert 'matplotlib' not in sys.modules\n"
        "L([0.5, 0.5]).plot()\n"
        "assert not {'matplotlib.pyplot', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
