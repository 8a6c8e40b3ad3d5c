"""On real voices: standardised, enrolled and not, each beside the other."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import cross_val_predict

from sklearn_ser import make_ser_pipeline
from sklearn_ser.datasets import load_ravdess
from sklearn_ser.metrics import unweighted_average_recall
from sklearn_ser.model_selection import SpeakerKFold, enrollment_curve

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:RAVDESS")]


@pytest.fixture(scope="module")
def actors(corpora):
    bunch = load_ravdess(corpora / "ravdess")
    first = np.isin(bunch.groups, np.unique(bunch.groups)[:9])
    return bunch.data[first].load(), np.asarray(bunch.target)[first]


def make(**options):
    return make_ser_pipeline("frames", "logreg", **options)


def test_own_clips_are_worth_more_than_eight_points(actors):
    X, y = actors
    plain, own = (
        unweighted_average_recall(y, cross_val_predict(model, X, y, cv=SpeakerKFold(3)))
        for model in (make(), make(standardize="speaker"))
    )
    assert own > plain + 0.08


def test_few_enrolled_clips_do_no_harm(actors, tmp_path):
    X, y = actors
    model = make(standardize="speaker", memory=str(tmp_path))
    curve = enrollment_curve(model, X, y, n_clips=[2, 16], cv=SpeakerKFold(3), n_draws=2)
    raw, _, two, sixteen, own = curve.table["uar"]
    assert two > raw - 0.02
    assert sixteen > raw + 0.05
    assert own > sixteen - 0.02
