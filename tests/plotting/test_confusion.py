from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.dummy import DummyClassifier

from sklearn_ser.plotting import ConfusionDisplay

TRUE = ["angry"] * 4 + ["calm"] * 2 + ["sad"] * 2
PREDICTED = ["angry", "angry", "angry", "sad", "calm", "sad", "sad", "sad"]


def written(display):
    """Texts in the cells, in reading order."""
    cells = sorted(display.ax_.texts, key=lambda text: (text.xy[1], text.xy[0]))
    return [text.get_text() for text in cells]


def test_cells_hold_recall_and_clips():
    display = ConfusionDisplay.from_predictions(TRUE, PREDICTED)
    assert written(display) == ["75", "3", "25", "1", "50", "1", "50", "1", "100", "2"]
    assert display.confusion_matrix.tolist() == [[3, 0, 1], [0, 1, 1], [0, 0, 2]]


def test_title_and_labels():
    display = ConfusionDisplay.from_predictions(TRUE, PREDICTED, title="mine")
    assert display.ax_.get_title() == "mine\nUAR 75.0 %, accuracy 75.0 %, 8 clips"
    rows = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert rows == ["angry (4)", "calm (2)", "sad (2)"]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["angry", "calm", "sad"]


def test_order_of_labels():
    display = ConfusionDisplay.from_predictions(TRUE, PREDICTED, labels=["sad", "calm", "angry"])
    assert display.confusion_matrix.tolist() == [[2, 0, 0], [1, 1, 0], [1, 0, 3]]


def test_a_class_that_is_only_predicted_has_an_empty_row():
    display = ConfusionDisplay.from_predictions(["calm", "calm"], ["calm", "sad"])
    assert display.ax_.get_title() == "UAR 50.0 %, accuracy 50.0 %, 2 clips"
    assert written(display) == ["50", "1", "50", "1", "0", "0"]


def test_text_stands_out_from_its_cell():
    display = ConfusionDisplay.from_predictions(TRUE, PREDICTED)
    colors = dict(zip(written(display), [t.get_color() for t in display.ax_.texts], strict=True))
    assert colors["75"] == "white"
    assert colors["25"] != "white"


def test_from_estimator():
    model = DummyClassifier(strategy="constant", constant="sad").fit([[0]] * 8, TRUE)
    display = ConfusionDisplay.from_estimator(model, [[0]] * 8, TRUE)
    assert display.confusion_matrix.sum(axis=0).tolist() == [0, 0, 8]


def test_draws_on_axes_that_are_given():
    figure = Figure()
    axes = figure.subplots(1, 2)
    display = ConfusionDisplay.from_predictions(TRUE, PREDICTED, ax=axes[1])
    assert display.ax_ is axes[1]
    assert display.figure_ is figure


def test_numbers_where_no_names_are_given():
    display = ConfusionDisplay([[1, 0], [0, 1]]).plot()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0", "1"]


def test_png(tmp_path):
    path = ConfusionDisplay(np.eye(8, dtype=int)).save(tmp_path / "eight.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["eight.png"]
    assert ConfusionDisplay([[1]])._repr_png_().startswith(b"\x89PNG")


def test_a_failed_save_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="not supported"):
        ConfusionDisplay([[1]]).save(tmp_path / "picture.unheard")
    assert not list(tmp_path.iterdir())


def test_leaves_pyplot_alone():
    script = (
        "import sys; from sklearn_ser.plotting import ConfusionDisplay as C\n"
        "assert 'matplotlib' not in sys.modules\n"
        "C([[1, 0], [0, 1]]).plot()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
