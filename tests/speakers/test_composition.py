"""Standardised pipelines inside scikit-learn's tools, and enrolment in what these have fitted."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_ser import (
    AudioClips,
    AugmentedClassifier,
    GainAugmenter,
    MFCCTransformer,
    RMSEnergyTransformer,
    SilenceTrimmer,
    SpeakerStandardizer,
    SpeechPipeline,
    make_ser_pipeline,
)
from sklearn_ser.inference import load_model, save_model
from sklearn_ser.model_selection import SpeakerKFold
from sklearn_ser.speakers import enroll_speaker, speaker_information


@pytest.fixture
def model() -> SpeechPipeline:
    levels = SpeakerStandardizer(RMSEnergyTransformer(pooling="mean_std"))
    return SpeechPipeline([("features", levels), ("classifier", LogisticRegression())])


@pytest.fixture
def y(speech) -> np.ndarray:
    return speech.metadata["emotion"].to_numpy()


@pytest.fixture
def eve(speech) -> AudioClips:
    return speech[30:35].with_metadata(speech.metadata[30:35].assign(speaker="eve"))


GRID = {"classifier__C": [0.1, 1.0], "features__shrinkage": [0, "auto"]}


class TestTools:
    @pytest.mark.parametrize("routing", [False, True])
    def test_nested_search(self, routing, model, speech, y):
        with config_context(enable_metadata_routing=routing):
            search = GridSearchCV(model, GRID, cv=SpeakerKFold(2))
            scores = [
                cross_val_score(search, speech, y, cv=SpeakerKFold(2), n_jobs=jobs)
                for jobs in (1, 2)
            ]
        np.testing.assert_array_equal(*scores)
        assert scores[0].mean() > 0.9

    def test_a_fold_is_predicted_as_a_whole(self, model, speech, y):
        """Out-of-fold predictions are those of each fold's own transductive call."""
        pooled = cross_val_predict(model, speech, y, cv=SpeakerKFold(4), method="predict_proba")
        for train, test in SpeakerKFold(4).split(speech, y):
            by_hand = model.fit(speech[train], y[train]).predict_proba(speech[test])
            np.testing.assert_array_equal(pooled[test], by_hand)

    @pytest.mark.parametrize("ensemble", [False, True])
    def test_calibration(self, ensemble, model, speech, y):
        around = CalibratedClassifierCV(model, cv=SpeakerKFold(3), ensemble=ensemble)
        assert around.fit(speech[:30], y[:30]).score(speech[30:], y[30:]) > 0.8

    def test_voting_and_stacking(self, model, speech, y):
        stack = StackingClassifier([("a", model)], LogisticRegression(), cv=SpeakerKFold(3))
        vote = VotingClassifier([("a", model), ("b", stack)], voting="soft")
        assert cross_val_score(vote, speech, y, cv=SpeakerKFold(4)).mean() > 0.8

    def test_augmented(self, model, speech, y):
        around = AugmentedClassifier(model, GainAugmenter(3.0), n_copies=1, random_state=0)
        assert around.fit(speech[:30], y[:30]).score(speech[30:], y[30:]) > 0.8
        assert around.estimator_["features"].speakers_["speaker-0"].n_clips == 10

    def test_cached_features(self, model, speech, y, tmp_path):
        plain = cross_val_predict(model, speech, y, cv=SpeakerKFold(4))
        cached = model.set_params(features__extractor__memory=str(tmp_path))
        for jobs in (1, 2):
            found = cross_val_predict(cached, speech, y, cv=SpeakerKFold(4), n_jobs=jobs)
            np.testing.assert_array_equal(found, plain)

    def test_saved_model_keeps_enrolment_and_loses_the_cache(self, model, speech, eve, y, tmp_path):
        model.set_params(features__extractor__memory=str(tmp_path / "cache")).fit(speech, y)
        save_model(model.enroll("eve", eve), tmp_path / "model.joblib")
        loaded = load_model(tmp_path / "model.joblib")
        assert loaded["features"].extractor_.memory is None
        np.testing.assert_array_equal(loaded.predict_proba(eve), model.predict_proba(eve))


class TestEnrolment:
    def test_through_the_pipeline_or_its_step(self, model, speech, eve, y):
        by_pipeline = model.fit(speech, y).enroll("eve", eve)
        assert by_pipeline is model
        expected = model.predict_proba(eve)
        model.fit(speech, y)["features"].enroll("eve", eve)
        np.testing.assert_array_equal(model.predict_proba(eve), expected)

    def test_one_clip_then_answers_as_many(self, model, speech, eve, y):
        model.fit(speech, y).enroll("eve", list(eve))
        together = model.predict_proba(eve)
        alone = [model.predict_proba(eve[[place]])[0] for place in range(len(eve))]
        np.testing.assert_array_equal(alone, together)

    def test_clips_go_through_the_steps_before(self, speech, sound_files, y):
        model = make_ser_pipeline("mfcc", "logreg", standardize="speaker").fit(speech, y)
        model.enroll("eve", sound_files)
        by_files = model["features"].enrolled_["eve"]
        model.enroll("eve", AudioClips.from_files(sound_files))
        np.testing.assert_array_equal(model["features"].enrolled_["eve"].mean, by_files.mean)

    def test_steps_before_change_what_is_enrolled(self, model, speech, y):
        quiet = [np.r_[np.zeros(8000), wave] for wave in speech[:5]]
        model.set_params(features__shrinkage=0)
        trimmed = SpeechPipeline([("trim", SilenceTrimmer(top_db=30)), *clone(model).steps])
        for each in (model.fit(speech, y), trimmed.fit(speech, y)):
            each.enroll("eve", quiet)
        assert (
            trimmed["features"].enrolled_["eve"].mean[0]
            > 1.2 * model["features"].enrolled_["eve"].mean[0]
        )

    def test_only_pipelines_that_standardise_have_it(self, speech, y):
        assert not hasattr(make_ser_pipeline("mfcc", "svm"), "enroll")
        unfitted = make_ser_pipeline("mfcc", "svm", standardize="speaker")
        with pytest.raises(NotFittedError, match="not fitted yet"):
            unfitted.enroll("eve", speech[:5])

    def test_a_pickled_pipeline_knows_the_speaker(self, model, speech, eve, y):
        model.fit(speech, y).enroll("eve", eve)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict_proba(eve[:1]), model.predict_proba(eve[:1]))


def wrapped(model) -> dict[str, tuple]:
    """Estimators that hold standardised pipelines, and how many of them once fitted."""
    stack = StackingClassifier([("a", model)], LogisticRegression(), cv=SpeakerKFold(2))
    return {
        "standardizer": (model["features"], 1),
        "pipeline": (model, 1),
        "plain pipeline": (Pipeline(model.steps), 1),
        "search": (GridSearchCV(model, {"classifier__C": [1.0]}, cv=SpeakerKFold(2)), 1),
        "calibrated": (CalibratedClassifierCV(model, cv=SpeakerKFold(2), ensemble=False), 1),
        "calibrated ensemble": (CalibratedClassifierCV(model, cv=SpeakerKFold(3)), 3),
        "stack": (stack, 1),
        "vote": (VotingClassifier([("a", model), ("b", model)], voting="soft"), 2),
        "augmented": (AugmentedClassifier(model, GainAugmenter(3.0), random_state=0), 1),
        "search in a pipeline": (
            make_pipeline(
                SilenceTrimmer(), GridSearchCV(model, {"classifier__C": [1.0]}, cv=SpeakerKFold(2))
            ),
            1,
        ),
    }


@pytest.mark.parametrize("name", wrapped(SpeechPipeline([("features", None)])))
def test_enroll_speaker_reaches_every_standardizer(
    name, model, speech, eve, y, monkeypatch
) -> None:
    around, n_held = wrapped(model)[name]
    around.fit(speech[:20], y[:20])
    calls = []
    enroll = SpeakerStandardizer.enroll

    def noted(self, speaker, X):
        calls.append(id(self))
        return enroll(self, speaker, X)

    monkeypatch.setattr(SpeakerStandardizer, "enroll", noted)
    assert enroll_speaker(around, "eve", eve) is around
    assert len(set(calls)) == n_held
    ask = getattr(around, "predict_proba", None) or around.transform
    together = ask(eve)
    np.testing.assert_array_equal([ask(eve[[place]])[0] for place in range(5)], together)


def test_enroll_speaker_refuses_what_standardises_nobody(speech, y):
    plain = make_ser_pipeline("mfcc", DummyClassifier()).fit(speech, y)
    with pytest.raises(ValueError, match="Nothing in this SpeechPipeline standardises speakers"):
        enroll_speaker(plain, "eve", speech[:5])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        enroll_speaker(make_ser_pipeline("mfcc", "svm", standardize="speaker"), "eve", speech[:5])


def test_speaker_information_looks_into_what_is_wrapped(model):
    plain = SpeechPipeline([("features", MFCCTransformer()), ("classifier", DummyClassifier())])
    assert speaker_information(plain) == "none"
    assert speaker_information("no estimator") == "none"
    for around, _ in wrapped(model).values():
        assert speaker_information(around) == "own unlabelled clips"
