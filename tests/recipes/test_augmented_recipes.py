"""Recipes with augmentation: what is fitted on, what is not, and which speakers arrive inside."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from sklearn_ser import AugmentedClassifier, RandomChoiceAugmenter
from sklearn_ser.audio import AudioClips
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection import SpeakerKFold
from sklearn_ser.recipes import get_recipe, mfcc_cnn, zcr_rms_mfcc_cnn1d

RATE = 8025
NAMES = ["zcr_rms_mfcc_cnn1d", "mfcc_cnn"]
NETWORK = "classifier__estimator__classifier"


class Spy(ClassifierMixin, BaseEstimator):
    """Stops early, as the networks do, and keeps what its fit is given."""

    def __init__(self, early_stopping=True):
        self.early_stopping = early_stopping

    def fit(self, X, y, groups=None):
        self.seen_, self.groups_, self.classes_ = np.array(X), groups, np.unique(y)
        self.y_ = np.array(y)
        return self

    def predict(self, X):
        self.predicted_on_ = np.array(X)
        return np.resize(self.classes_, len(X))


def spied(name, **options):
    options = {"sample_rate": RATE, "random_state": 0} | options
    return get_recipe(name).make(**options).set_params(**{NETWORK: Spy()})


def spy_of(model):
    return model.named_steps["classifier"].estimator_.named_steps["classifier"]


@pytest.fixture(scope="module")
def clips(speech):
    return speech[::5]


@pytest.fixture(scope="module")
def labels(clips):
    return clips.metadata["emotion"].to_numpy()


class TestWhatTheyAre:
    @pytest.mark.parametrize(
        ("name", "effects"),
        [
            ("zcr_rms_mfcc_cnn1d", ["Noise", "TimeShift", "PitchShift", "TimeStretch"]),
            ("mfcc_cnn", ["Noise", "PitchShift", "TimeStretch"]),
        ],
    )
    def test_effects_are_those_stated(self, name, effects):
        wrapper = get_recipe(name).make().named_steps["classifier"]
        assert isinstance(wrapper, AugmentedClassifier)
        assert isinstance(wrapper.augmenter, RandomChoiceAugmenter)
        names = [type(each).__name__ for each in wrapper.augmenter.augmenters]
        assert names == [f"{effect}Augmenter" for effect in effects]
        assert (wrapper.n_copies, wrapper.include_original, wrapper.test_time) == (2, True, 0)

    @pytest.mark.parametrize("name", NAMES)
    def test_all_else_is_the_recipe_without_augmentation(self, name):
        model = get_recipe(name).make(random_state=3)
        plain = get_recipe(f"{name}_unaugmented").make(random_state=3)
        inner = model.named_steps["classifier"].estimator
        assert repr([model.steps[0], *inner.steps]) == repr(plain.steps)
        assert model.get_params()["classifier__random_state"] == 3

    def test_they_can_be_tuned(self):
        model = mfcc_cnn().set_params(
            classifier__n_copies=1,
            classifier__augmenter__noise__snr_db=10,
            classifier__estimator__classifier__epochs=2,
        )
        assert model.get_params()["classifier__augmenter__noise"].snr_db == 10


class TestFit:
    @pytest.mark.parametrize("name", NAMES)
    def test_copies_are_fitted_on_with_their_speakers(self, name, clips, labels):
        model = spied(name).fit(clips, labels)
        spy = spy_of(model)
        assert len(spy.seen_) == 3 * len(clips)
        assert spy.groups_.tolist() == np.tile(clips.speakers, 3).tolist()
        assert spy.y_.tolist() == np.tile(labels, 3).tolist()
        originals, first, second = np.split(spy.seen_, 3)
        for one, other in ((originals, first), (originals, second), (first, second)):
            assert (one != other).reshape(len(clips), -1).any(axis=1).all()

    @pytest.mark.parametrize("name", NAMES)
    def test_nothing_is_changed_that_is_predicted(self, name, clips, labels):
        model = spied(name).fit(clips, labels)
        spy = spy_of(model)
        model.predict(clips)
        np.testing.assert_array_equal(spy.predicted_on_, spy.seen_[: len(clips)])

    def test_same_seed_same_copies(self, clips, labels):
        first, again = (spied("mfcc_cnn").fit(clips, labels) for _ in range(2))
        other = spied("mfcc_cnn", random_state=1).fit(clips, labels)
        np.testing.assert_array_equal(spy_of(first).seen_, spy_of(again).seen_)
        assert not np.array_equal(spy_of(first).seen_, spy_of(other).seen_)

    def test_files(self, sound_files):
        y = ["calm", "angry"] * 3
        model = spied("zcr_rms_mfcc_cnn1d")
        model.fit(sound_files, y, classifier__groups=[*"aabbcc"])
        assert spy_of(model).groups_.tolist() == [*"aabbcc"] * 3
        assert len(model.predict(sound_files[:2])) == 2

    def test_files_that_know_their_speakers(self, sound_files):
        table = pd.DataFrame({"speaker": [*"aabbcc"]})
        clips = AudioClips.from_files(sound_files, RATE, metadata=table)
        model = spied("zcr_rms_mfcc_cnn1d").fit(clips, ["calm", "angry"] * 3)
        assert spy_of(model).groups_.tolist() == [*"aabbcc"] * 3

    def test_without_speakers_a_clip_stays_with_its_copies(self, sound_files):
        model = spied("zcr_rms_mfcc_cnn1d")
        with pytest.warns(SpeakerWarning, match="no speakers are known"):
            model.fit(sound_files, ["calm", "angry"] * 3)
        assert spy_of(model).groups_.tolist() == [*range(6)] * 3

    def test_copies_are_of_the_part_that_is_heard(self):
        """The first 2.5 s: what comes later reaches neither a clip nor its copies."""
        rng = np.random.default_rng(0)
        start = 0.1 * rng.normal(size=(3, int(2.5 * RATE))).astype(np.float32)
        table = pd.DataFrame({"speaker": [*"abc"]})
        fitted = []
        for tail in (0.0, 0.3):
            waves = [np.append(wave, np.full(RATE, tail, np.float32)) for wave in start]
            longer = AudioClips(waves, RATE, metadata=table)
            fitted.append(spy_of(spied("zcr_rms_mfcc_cnn1d").fit(longer, [*"xyx"])).seen_)
        np.testing.assert_array_equal(*fitted)


class TestComposition:
    @pytest.mark.parametrize("name", NAMES)
    def test_no_copy_of_a_held_out_speaker_is_fitted_on(self, name, clips, labels):
        options = {"cv": SpeakerKFold(2), "return_estimator": True, "return_indices": True}
        results = cross_validate(spied(name), clips, labels, **options)
        folds = zip(results["estimator"], *results["indices"].values(), strict=True)
        for model, train, test in folds:
            groups = spy_of(model).groups_
            assert groups.tolist() == np.tile(clips.speakers[train], 3).tolist()
            assert not set(groups) & set(clips.speakers[test])

    def test_number_of_copies_can_be_searched(self, clips, labels):
        grid = {"classifier__n_copies": [0, 1]}
        search = GridSearchCV(spied("zcr_rms_mfcc_cnn1d"), grid, cv=SpeakerKFold(2))
        search.fit(clips, labels)
        n_rows = len(clips) * (1 + search.best_params_["classifier__n_copies"])
        assert len(spy_of(search.best_estimator_).seen_) == n_rows

    @pytest.mark.slow
    @pytest.mark.skipif(find_spec("scikeras") is None, reason="needs the extra keras")
    def test_network_stops_by_speakers(self, clips, labels):
        model = zcr_rms_mfcc_cnn1d(epochs=1, random_state=0)
        scores = cross_val_score(model, clips, labels, cv=SpeakerKFold(2))
        assert scores.shape == (2,)
