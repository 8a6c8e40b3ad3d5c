from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_ser import AudioClips, RMSEnergyTransformer, SpeakerStandardizer
from sklearn_ser.model_selection import EnrollmentCurve
from sklearn_ser.plotting import EnrollmentCurveDisplay


@pytest.fixture
def curve() -> EnrollmentCurve:
    known = ["none", "none", *["enrolled clips"] * 3, "own unlabelled clips"]
    uar = np.array([0.5, 0.48, 0.52, 0.55, 0.6, 0.65])
    table = pd.DataFrame(
        {
            "features": ["not standardised", "by the population", *["by speaker"] * 4],
            "speaker_information": known,
            "n_clips": [0, 0, 1, 2, 30.5, 61],
            "uar": uar,
            "uar_low": uar - 0.05,
            "uar_high": uar + 0.04,
            "uar_std": [np.nan, np.nan, 0.01, 0.01, 0.01, np.nan],
        }
    )
    return EnrollmentCurve(table, chance_level=0.125, n_scored=1080, n_speakers=18, n_draws=5)


def test_curve_and_points(curve):
    display = EnrollmentCurveDisplay(curve, title="RAVDESS").plot()
    assert isinstance(display.figure_, Figure)
    np.testing.assert_allclose(display.line_.get_ydata(), [52, 55, 60])
    names = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert names[2:5] == ["1", "2", "30.5"]
    assert names[0].replace("\n", " ") == "not standardised"
    assert names[-1] == "own 61\nof the call"
    zones = {text.get_text() for text in display.ax_.texts}
    assert {"nothing known", "enrolled, none of them scored", "transductive"} <= zones
    places = display.ax_.get_xticks()
    assert (np.diff(places) > 0).all(), "every state of knowledge has a place of its own"
    title = display.ax_.get_title()
    assert title.startswith("RAVDESS\n1080 clips of 18 new speakers, 5 draws, chance 12.5 %")


def test_kinds_are_not_joined(curve):
    """The line goes over the enrolled clips only; edges part it from the others."""
    display = EnrollmentCurveDisplay(curve).plot()
    assert display.line_.get_xdata().tolist() == [0, 1, 2]
    edges = [line.get_xdata()[0] for line in display.ax_.lines if len(set(line.get_xdata())) == 1]
    assert {-0.5, 2.5} <= set(edges)


def test_missing_intervals(curve):
    curve.table[["uar_low", "uar_high"]] = np.nan
    EnrollmentCurveDisplay(curve).plot().figure_.canvas.draw()


def test_given_axes(curve):
    ax = Figure().add_subplot()
    display = EnrollmentCurveDisplay(curve).plot(ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure


def test_saved(curve, tmp_path):
    path = EnrollmentCurveDisplay(curve).save(tmp_path / "curve.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert EnrollmentCurveDisplay(curve)._repr_png_().startswith(b"\x89PNG")


def test_from_estimator(speech):
    assert isinstance(speech, AudioClips)
    model = make_pipeline(
        SpeakerStandardizer(RMSEnergyTransformer(pooling="mean_std")), LogisticRegression()
    )
    y = speech.metadata["emotion"].to_numpy()
    display = EnrollmentCurveDisplay.from_estimator(
        model, speech, y, n_clips=[2], n_draws=1, title="Bursts"
    )
    assert len(display.line_.get_ydata()) == 1
    assert display.curve.n_scored == 40
    assert display.ax_.get_title().startswith("Bursts")


def test_without_a_standardizer(speech):
    model = make_pipeline(RMSEnergyTransformer(pooling="mean"), LogisticRegression())
    with pytest.raises(ValueError, match="takes a pipeline with a SpeakerStandardizer"):
        EnrollmentCurveDisplay.from_estimator(model, speech, speech.metadata["emotion"])
