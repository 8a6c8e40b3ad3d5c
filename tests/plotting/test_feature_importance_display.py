from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ser.model_selection import feature_importance_report
from sklearn_ser.plotting import FeatureImportanceDisplay


@pytest.fixture
def report():
    """Three families, out of order; the last one's interval holds zero."""
    report = pd.DataFrame(
        {
            "n_features": [20, 800, 400],
            "importance_mean": [0.01, 0.2, 0.05],
            "importance_std": [0.01, 0.02, 0.01],
            "importance_low": [-0.02, 0.15, 0.01],
            "importance_high": [0.03, 0.24, 0.08],
        },
        index=pd.Index(["energy", "mel spectrum", "cepstrum"], name="family"),
    )
    report.attrs = {"uar": 0.52, "chance_level": 0.125, "n_speakers": 18}
    return report


def ticks(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def texts(display):
    return [text.get_text() for text in display.ax_.texts]


def ends(display):
    return [line[:, 0].tolist() for line in display.ax_.collections[0].get_segments()]


def test_bars_are_points_with_the_most_important_on_top(report):
    display = FeatureImportanceDisplay(report, title="Mine").plot()
    assert [bar.get_width() for bar in display.bars_] == pytest.approx([20, 5, 1])
    assert ticks(display) == ["mel spectrum (800)", "cepstrum (400)", "energy (20)"]
    assert texts(display) == ["20.0", "5.0", "1.0"]
    bottom, top = display.ax_.get_ylim()
    assert bottom > top
    label = "UAR lost without the family (points)\nline: 95 % interval over speakers"
    assert display.ax_.get_xlabel() == label
    assert (
        display.ax_.get_title()
        == "Mine\nUAR 52.0 % of the whole on 18 unseen voices (chance 12.5 %)"
    )


def test_a_line_is_the_interval_over_speakers(report):
    display = FeatureImportanceDisplay(report).plot()
    assert ends(display) == pytest.approx(np.array([[15, 24], [1, 8], [-2, 3]]))
    colors = [to_hex(bar.get_facecolor()) for bar in display.bars_]
    assert colors[0] == colors[1] != colors[2]


def test_without_an_interval_it_is_two_deviations(report):
    report[["importance_low", "importance_high"]] = np.nan
    display = FeatureImportanceDisplay(report).plot()
    assert ends(display) == pytest.approx(np.array([[16, 24], [3, 7], [-1, 3]]))
    assert display.ax_.get_xlabel().endswith("line: two deviations over repeats")


def test_families_alone(report):
    display = FeatureImportanceDisplay(report.assign(alone=[0.2, 0.5, 0.45])).plot()
    assert texts(display)[0] == "20.0   (alone 50.0 %)"
    assert display.ax_.get_xlabel().endswith("; alone: UAR of a model of this family only")


def test_a_table_without_counts_and_attrs(report):
    plain = pd.DataFrame(report.drop(columns="n_features").to_dict("list"), index=[*"abc"])
    display = FeatureImportanceDisplay(plain).plot()
    assert ticks(display) == ["b", "c", "a"]
    assert display.ax_.get_title() == ""


def test_from_estimator_hands_on_options_and_axes():
    rng = np.random.default_rng(0)
    y = np.tile(["angry", "calm"], 20)
    X = pd.DataFrame({"rms_mean": (y == "angry") + 0.1 * rng.normal(size=40)})
    X["zcr_mean"] = rng.normal(size=40)
    model, groups = make_pipeline(StandardScaler(), SVC()), np.repeat([*"abcd"], 10)
    options = {"groups": groups, "n_repeats": 2, "random_state": 0}
    ax = Figure().subplots()
    display = FeatureImportanceDisplay.from_estimator(model, X, y, title="Mine", ax=ax, **options)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    expected = feature_importance_report(model, X, y, **options)
    pd.testing.assert_frame_equal(display.report, expected)
    assert ticks(display) == ["rms (1)", "zcr (1)"]
    assert display.ax_.get_title().startswith("Mine\nUAR 100.0 % of the whole on 4 unseen voices")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (pd.DataFrame({"importance_mean": [1.0]}), r"lacks importance_std, importance_low, imp"),
        ([0.5], r"report lacks importance_mean, .*; give the DataFrame that feature_importance_re"),
    ],
)
def test_what_is_no_report(wrong, message):
    with pytest.raises(ValueError, match=message):
        FeatureImportanceDisplay(wrong)


def test_no_family(report):
    with pytest.raises(ValueError, match=r"report has no row: there is no family to draw"):
        FeatureImportanceDisplay(report.iloc[:0])


def test_save_and_notebooks(report, tmp_path):
    path = FeatureImportanceDisplay(report).save(tmp_path / "importance.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert FeatureImportanceDisplay(report)._repr_png_().startswith(b"\x89PNG")


def test_leaves_pyplot_alone():
    script = (
        "import sys, pandas as pd; from sklearn_ser.plotting import FeatureImportanceDisplay as D\n"
        "assert 'matplotlib' not in sys.modules\n"
        "names = ['mean', 'std', 'low', 'high']\n"
        "D(pd.DataFrame({f'importance_{name}': [0.1] for name in names})).plot()\n"
        "assert not {'matplotlib.pyplot', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
