from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ser.plotting import TrainingHistoryDisplay

HISTORY = {
    "loss": [1.6, 1.0, 0.7, 0.4],
    "uar": [0.3, 0.5, 0.7, 0.9],
    "f1": [0.2, 0.4, 0.6, 0.8],
    "val_loss": [1.7, 1.3, 1.2, 1.4],
    "val_uar": [0.3, 0.4, 0.5, 0.55],
    "val_f1": [0.3, 0.4, 0.5, 0.5],
    "learning_rate": [0.01, 0.01, 0.005, 0.0025],
}
TRAINING_ONLY = {name: HISTORY[name] for name in ("loss", "uar")}

X = np.arange(24.0).reshape(12, 2)
Y = np.array(["angry", "calm", "sad"] * 4)


class Network(ClassifierMixin, BaseEstimator):
    """Has what a network leaves behind, and learns nothing."""

    def __init__(self, best_epoch=2):
        self.best_epoch = best_epoch

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.history_ = HISTORY
        self.best_epoch_ = self.best_epoch
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def holders():
    pipeline = make_pipeline(StandardScaler(), Network())
    search = GridSearchCV(pipeline, {"network__best_epoch": [1, 2]}, cv=2)
    return {
        "network": Network(),
        "pipeline": pipeline,
        "search": search,
        "voting of one": VotingClassifier([("cnn", Network()), ("dummy", DummyClassifier())]),
        "calibrated": CalibratedClassifierCV(search, cv=2, ensemble=False),
        "pipeline of a search": make_pipeline(StandardScaler(), search),
    }


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_curves_are_the_history():
    display = TrainingHistoryDisplay(HISTORY).plot()
    assert list(display.axes_) == ["loss", "uar"]
    assert list(display.lines_) == ["loss", "val_loss", "uar", "val_uar"]
    for name, line in display.lines_.items():
        assert line.get_xdata().tolist() == [1, 2, 3, 4]
        assert line.get_ydata().tolist() == HISTORY[name]


def test_labels_and_scales():
    axes = TrainingHistoryDisplay(HISTORY, title="Mine").plot(metrics=("loss", "uar", "f1")).axes_
    assert {ax.get_xlabel() for ax in axes.values()} == {"epoch"}
    assert axes["loss"].get_title("left") == "loss"
    assert axes["uar"].get_title("left") == "unweighted average recall (UAR)"
    assert axes["loss"].get_ylim()[0] == 0
    assert axes["loss"].get_yscale() == "linear"
    assert axes["uar"].get_ylim() == axes["f1"].get_ylim() == (0, 1)
    legend = [text.get_text() for text in axes["loss"].get_legend().get_texts()]
    assert legend == ["training", "held out"]


def test_best_epoch_is_marked_and_summed_up():
    display = TrainingHistoryDisplay(HISTORY, best_epoch=2, title="Mine").plot()
    title = "Mine\n4 epochs, weights of epoch 3 kept: UAR 50.0 % on the clips held out"
    assert display.figure_.get_suptitle() == title
    assert texts(display.axes_["loss"]) == ["1.20"]
    assert texts(display.axes_["uar"]) == ["0.50"]
    for name, ax in display.axes_.items():
        dot = next(line for line in ax.lines if line.get_marker() == "o")
        assert dot.get_xydata().tolist() == [[3, HISTORY[f"val_{name}"][2]]]
    legend = display.axes_["loss"].get_legend().get_texts()
    assert legend[-1].get_text() == "best epoch: 3"


def test_without_clips_held_out():
    display = TrainingHistoryDisplay(TRAINING_ONLY).plot()
    assert list(display.lines_) == ["loss", "uar"]
    assert display.figure_.get_suptitle() == "4 epochs"


def test_best_epoch_without_a_held_out_uar():
    history = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}
    display = TrainingHistoryDisplay(history, best_epoch=1).plot(metrics="loss")
    assert display.figure_.get_suptitle() == "2 epochs, weights of epoch 2 kept"


def test_chance_needs_the_number_of_classes():
    ax = TrainingHistoryDisplay(TRAINING_ONLY, n_classes=8).plot().axes_["uar"]
    assert texts(ax) == ["chance (1 of 8)"]
    assert ax.lines[-1].get_ydata() == [1 / 8, 1 / 8]
    assert not texts(TrainingHistoryDisplay(TRAINING_ONLY).plot().axes_["uar"])


def test_learning_rate_has_its_values_as_ticks():
    display = TrainingHistoryDisplay(HISTORY, best_epoch=1).plot(metrics=("learning_rate", "loss"))
    ax = display.axes_["learning_rate"]
    assert ax.get_yscale() == "log"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.0025", "0.005", "0.01"]
    assert ax.get_legend() is None
    assert display.axes_["loss"].get_legend() is not None


def test_learning_rate_alone_and_always_another():
    rates = {"learning_rate": list(np.geomspace(1e-3, 1e-6, 20))}
    display = TrainingHistoryDisplay(rates).plot(metrics="learning_rate")
    assert display.lines_["learning_rate"].get_ydata() == pytest.approx(rates["learning_rate"])


def test_unusual_histories_can_be_drawn():
    diverged = {"loss": [1.0, np.nan, np.inf], "hinge": [0.3, 0.2, 0.1]}
    display = TrainingHistoryDisplay(diverged, best_epoch=1).plot(metrics=("loss", "hinge"))
    assert display._repr_png_().startswith(b"\x89PNG")
    assert display.axes_["hinge"].get_title("left") == "hinge"
    one = TrainingHistoryDisplay({"loss": [1.0]}).plot(metrics="loss")
    assert one.lines_["loss"].get_marker() == "o"
    assert one.figure_.get_suptitle() == "1 epoch"


@pytest.mark.parametrize("name", holders())
def test_from_estimator_finds_the_network(name):
    display = TrainingHistoryDisplay.from_estimator(holders()[name].fit(X, Y), title="Mine")
    assert display.history == HISTORY
    assert display.best_epoch in (1, 2)
    assert display.n_classes == 3
    assert display.figure_.get_suptitle().startswith("Mine\n4 epochs")


def test_from_estimator_sees_through_a_frozen_network():
    frozen = FrozenEstimator(Network().fit(X, Y))
    assert TrainingHistoryDisplay.from_estimator(frozen).history == HISTORY


def test_from_estimator_hands_metrics_and_axes_on():
    ax = Figure().subplots()
    display = TrainingHistoryDisplay.from_estimator(Network().fit(X, Y), metrics="f1", ax=ax)
    assert display.axes_ == {"f1": ax}


def test_from_estimator_of_a_real_network():
    pytest.importorskip("tensorflow")
    from sklearn_ser import DenseClassifier

    network = DenseClassifier(epochs=2, random_state=0).fit(X, Y)
    display = TrainingHistoryDisplay.from_estimator(network, metrics=("loss", "uar", "accuracy"))
    assert display.lines_["accuracy"].get_ydata().tolist() == network.history_["accuracy"]


@pytest.mark.parametrize("name", holders())
def test_not_fitted(name):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        TrainingHistoryDisplay.from_estimator(holders()[name])


@pytest.mark.parametrize("network", [Network(), Network().fit(X, Y)])
def test_a_search_without_refit_has_no_network(network):
    search = GridSearchCV(network, {"best_epoch": [1]}, cv=2, refit=False).fit(X, Y)
    with pytest.raises(ValueError, match=r"GridSearchCV holds no fitted network.*refit=True"):
        TrainingHistoryDisplay.from_estimator(search)


def test_an_estimator_without_a_network():
    with pytest.raises(ValueError, match=r"DummyClassifier holds no fitted network with a history"):
        TrainingHistoryDisplay.from_estimator(DummyClassifier().fit(X, Y))


def test_several_networks_are_named():
    several = CalibratedClassifierCV(Network(), cv=4).fit(X, Y)
    named = (
        r"CalibratedClassifierCV holds 4 networks; give one of them: "
        r"estimator\.calibrated_classifiers_\[0\]\.estimator, .*, \.\.\.\."
    )
    with pytest.raises(ValueError, match=named):
        TrainingHistoryDisplay.from_estimator(several)
    one = several.calibrated_classifiers_[0].estimator
    assert TrainingHistoryDisplay.from_estimator(one).history == HISTORY


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("uat", r"the history has no 'uat', it has loss, uar, f1, learning_rate.*mean 'uar'\?"),
        (("loss", "F1"), r"the history has no 'F1', .* Did you mean 'f1'\?"),
        ("val_loss", r"'val_loss' is drawn together with 'loss'; name that"),
        ((), r"metrics is empty: name one at least"),
    ],
)
def test_unknown_metrics(metrics, message):
    with pytest.raises(ValueError, match=message):
        TrainingHistoryDisplay(HISTORY).plot(metrics=metrics)


def test_draws_on_axes_that_are_given():
    figure = Figure()
    axes = figure.subplots(2, 1)
    display = TrainingHistoryDisplay(HISTORY, title="Mine").plot(ax=axes)
    assert display.axes_ == {"loss": axes[0], "uar": axes[1]}
    assert display.figure_ is figure
    assert figure.get_suptitle() == ""


def test_as_many_axes_as_metrics():
    with pytest.raises(ValueError, match=r"2 metrics \(loss, uar\) need as many axes, got 1"):
        TrainingHistoryDisplay(HISTORY).plot(ax=Figure().subplots())


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ([1.0, 0.5], TypeError, r"got list; give a fitted network's history_"),
        (SimpleNamespace(history={}), TypeError, r"got SimpleNamespace; give history\.history"),
        ({}, ValueError, r"history holds no epochs"),
        ({"loss": []}, ValueError, r"history holds no epochs"),
        ({"loss": [1], "uar": [1, 2]}, ValueError, r"as many epochs .* \{'loss': 1, 'uar': 2\}"),
    ],
)
def test_bad_histories(history, error, message):
    with pytest.raises(error, match=message):
        TrainingHistoryDisplay(history)


@pytest.mark.parametrize("epoch", [-1, 4])
def test_best_epoch_must_be_one(epoch):
    with pytest.raises(ValueError, match=rf"best_epoch={epoch} is none of the 4 epochs"):
        TrainingHistoryDisplay(HISTORY, best_epoch=epoch)


@pytest.mark.parametrize("history", [HISTORY, {"val_hinge": [0.2], "hinge": [0.1]}])
def test_save_and_notebooks_draw_what_there_is(tmp_path, history):
    path = TrainingHistoryDisplay(history).save(tmp_path / "history.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert TrainingHistoryDisplay(history)._repr_png_().startswith(b"\x89PNG")


def test_leaves_pyplot_alone():
    script = (
        "import sys; from sklearn_ser.plotting import TrainingHistoryDisplay as T\n"
        "assert 'matplotlib' not in sys.modules\n"
        "T({'loss': [1.0, 0.5]}).plot(metrics='loss')\n"
        "assert not {'matplotlib.pyplot', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
