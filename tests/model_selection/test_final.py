from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sklearn_ser.audio import AudioClips
from sklearn_ser.model_selection import SpeakerKFold, fit_final
from sklearn_ser.model_selection import _final as final

CLASSES = np.array(["angry", "calm", "sad"])


def as_array(clips):
    return np.asarray(clips)


def make_clips(n_speakers=6, n_clips=12):
    rng = np.random.default_rng(0)
    emotion = np.arange(n_speakers * n_clips) % 3
    waves = rng.normal(size=(len(emotion), 5)) + emotion[:, None]
    speakers = np.repeat([f"voice-{number}" for number in range(n_speakers)], n_clips)
    return AudioClips(waves, metadata=pd.DataFrame({"speaker": speakers})), CLASSES[emotion]


def svm(**params):
    return make_pipeline(FunctionTransformer(as_array), SVC(**params))


GRID = {"svc__gamma": [100.0, 0.1]}


def test_tunes_and_calibrates_around_the_whole_pipeline():
    clips, y = make_clips()
    fit = fit_final(svm(), GRID, clips, y)
    assert isinstance(fit.model, CalibratedClassifierCV)
    assert fit.calibrated
    assert not fit.model.ensemble
    assert fit.model.estimator.get_params()["svc__gamma"] == fit.params["svc__gamma"] == 0.1
    assert fit.n_candidates == 2
    assert fit.inner_score > 1 / 3
    probabilities = fit.model.predict_proba(clips[:5])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert fit.model.classes_.tolist() == CLASSES.tolist()


def test_calibration_keeps_the_labels_of_the_classifier():
    clips, y = make_clips()
    model = svm(break_ties=True)
    fit = fit_final(model, {}, clips, y)
    if fit.model.method == "temperature":
        assert (fit.model.predict(clips) == model.fit(clips, y).predict(clips)).all()


@pytest.mark.parametrize("routing", [False, True])
def test_calibration_splits_by_speaker(routing, monkeypatch):
    seen = []

    def spy(self, X, y=None, groups=None, split=SpeakerKFold.split):
        for train, test in split(self, X, y, groups):
            seen.append((set(X.speakers[train]), set(X.speakers[test])))
            yield train, test

    monkeypatch.setattr(SpeakerKFold, "split", spy)
    clips, y = make_clips()
    with sklearn.config_context(enable_metadata_routing=routing):
        fit_final(svm(), GRID, clips, y)
    assert len(seen) == 6  # three folds of the search, three of the calibration
    assert all(train.isdisjoint(test) for train, test in seen)


def test_a_classifier_with_probabilities_stays_as_it_is():
    clips, y = make_clips()
    model = make_pipeline(FunctionTransformer(as_array), LogisticRegression())
    fit = fit_final(model, {"logisticregression__C": [0.1, 1.0]}, clips, y)
    assert type(fit.model) is type(model)
    assert not fit.calibrated


def test_probabilities_can_be_left_out():
    clips, y = make_clips()
    fit = fit_final(svm(), GRID, clips, y, probabilities=False)
    assert not hasattr(fit.model, "predict_proba")


def test_groups_for_arrays():
    clips, y = make_clips()
    fit = fit_final(SVC(), {"gamma": [100.0, 0.1]}, np.asarray(clips), y, groups=clips.speakers)
    of_clips = fit_final(svm(), GRID, clips, y)
    assert fit.inner_score == of_clips.inner_score
    np.testing.assert_allclose(
        fit.model.predict_proba(np.asarray(clips)), of_clips.model.predict_proba(clips)
    )


def test_fewer_speakers_than_folds():
    clips, y = make_clips(n_speakers=2)
    assert fit_final(svm(), GRID, clips, y).model.cv.n_splits == 2


def test_n_jobs_changes_nothing():
    clips, y = make_clips()
    one, two = (
        fit_final(SVC(), {"C": [1.0]}, np.asarray(clips), y, groups=clips.speakers, n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    assert one.inner_score == two.inner_score


@pytest.mark.parametrize(("version", "method"), [("1.7.2", "sigmoid"), ("1.8.0", "temperature")])
def test_method_by_version(version, method, monkeypatch):
    monkeypatch.setattr(final.sklearn, "__version__", version)
    assert final.calibration_method() == method


def test_one_speaker_is_an_error_with_a_way_out():
    clips, y = make_clips(n_speakers=1)
    with pytest.raises(ValueError, match=r"one speaker, 'voice-0'.*cv=StratifiedKFold\(3\)"):
        fit_final(svm(), GRID, clips, y)
    assert fit_final(svm(), GRID, clips, y, cv=StratifiedKFold(3)).calibrated


def test_no_speakers_is_an_error():
    clips, y = make_clips()
    with pytest.raises(ValueError, match="fit_final does not know who speaks"):
        fit_final(SVC(), {}, np.asarray(clips), y)


def test_without_grid_nothing_but_the_model_is_fitted():
    clips, y = make_clips()
    model = make_pipeline(FunctionTransformer(as_array), LogisticRegression())
    fit = fit_final(model, None, clips, y)
    assert fit.params == {}
    assert np.isnan(fit.inner_score)
    assert fit.n_candidates == 1
    assert fit.model.predict(clips).shape == y.shape
