"""AugmentedClassifier: what it fits on, whom it tells, and what it predicts."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ser import (
    AudioClips,
    AudioLoader,
    AugmentedClassifier,
    MFCCTransformer,
    RMSEnergyTransformer,
    SequenceFlattener,
    SequenceScaler,
    SpeechPipeline,
)
from sklearn_ser.exceptions import AudioError
from sklearn_ser.model_selection import SpeakerKFold


class Hiss(BaseEstimator):
    input_kind = "waveform"
    keeps_length = True

    def __init__(self, level: float = 0.1) -> None:
        self.level = level

    def augment(self, waveform: Any, sample_rate: int, random_state: Any = None) -> np.ndarray:
        noise = random_state.normal(size=len(waveform))
        return (waveform + self.level * noise).astype(np.float32)


class Longer(Hiss):
    keeps_length = False

    def augment(self, waveform: Any, sample_rate: int, random_state: Any = None) -> np.ndarray:
        return np.r_[waveform, waveform[: random_state.integers(1, 100)]]


class OfWhat(Hiss):
    input_kind = "sound"


class Masks(BaseEstimator):
    """Sets one frame that is no padding to the clip's mean."""

    input_kind = "sequence"
    keeps_length = True

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def augment(self, sequence: Any, sample_rate: Any, random_state: Any = None) -> np.ndarray:
        assert sample_rate is None
        changed = sequence.copy()
        n_real = int((sequence != 0).any(axis=1).sum())
        changed[random_state.integers(n_real)] = self.value
        return changed


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what fit was given."""

    def fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None, **others: Any
    ) -> Recorder:
        self.X_, self.y_, self.groups_, self.weights_ = X, y, groups, sample_weight
        self.others_ = others
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> np.ndarray:
        self.asked_ = X
        return np.full(len(X), self.classes_[0])


class FirstSample(ClassifierMixin, BaseEstimator):
    """Estimates probabilities that are easy to follow."""

    def fit(self, X: Any, y: Any) -> FirstSample:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        first = np.array([np.clip(wave[0], 0, 1) for wave in X], dtype=np.float64)
        return np.stack([1 - first, first], axis=1)

    def decision_function(self, X: Any) -> np.ndarray:
        return self.predict_proba(X)[:, 1] - 0.5

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.fixture(scope="module")
def labels(speech) -> np.ndarray:
    return speech.metadata["emotion"].to_numpy()


@pytest.fixture(scope="module")
def sequences() -> np.ndarray:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(12, 6, 2)).astype(np.float32)
    X[:, 4:] = 0
    return X


def recorded(X: Any, y: Any, augmenter: Any = None, estimator: Any = None, **options: Any) -> Any:
    fit = options.pop("fit", {})
    options = {"random_state": 0, **options}
    model = AugmentedClassifier(estimator or Recorder(), augmenter or Hiss(), **options)
    return model.fit(X, y, **fit).estimator_


def waves(clips: Any) -> list[bytes]:
    return [wave.tobytes() for wave in clips]


class TestGrowing:
    def test_originals_come_first_then_copies(self, speech, labels):
        model = AugmentedClassifier(Recorder(), Hiss(), n_copies=2, random_state=0)
        seen = model.fit(speech, labels).estimator_
        n = len(speech)
        assert waves(seen.X_)[:n] == waves(speech)
        assert len(set(waves(seen.X_))) == 3 * n
        assert model.source_.tolist() == [*range(n)] * 3
        assert seen.y_.tolist() == [*labels] * 3
        assert model.classes_.tolist() == ["angry", "calm"]

    def test_copies_are_of_their_clip(self, speech, labels):
        seen = recorded(speech, labels, Hiss(0.001), n_copies=1)
        for wave, copy in zip(speech, seen.X_[len(speech) :], strict=True):
            np.testing.assert_allclose(wave, copy, atol=0.01)

    def test_originals_may_be_left_out(self, speech, labels):
        seen = recorded(speech, labels, n_copies=2, include_original=False)
        assert len(seen.X_) == 2 * len(speech)
        assert not set(waves(seen.X_)) & set(waves(speech))

    def test_no_copies_is_a_plain_fit(self, speech, labels):
        assert waves(recorded(speech, labels, n_copies=0).X_) == waves(speech)

    def test_the_table_grows_along(self, speech, labels):
        seen = recorded(speech, labels)
        assert isinstance(seen.X_, AudioClips)
        assert seen.X_.speakers.tolist() == [*speech.speakers] * 2
        assert seen.X_.metadata["emotion"].tolist() == [*labels] * 2

    def test_everything_with_a_value_a_clip_grows(self, speech, labels):
        n = len(speech)
        weights, costs, ranks = np.arange(n, dtype=float), list(range(n)), pd.Series(range(n))
        fit = {"sample_weight": weights, "costs": costs, "ranks": ranks, "name": "x", "few": [1, 2]}
        seen = recorded(speech, labels, fit=fit)
        assert seen.weights_.tolist() == [*weights] * 2
        assert seen.others_["costs"] == costs * 2
        assert seen.others_["ranks"].tolist() == costs * 2
        assert seen.others_["name"] == "x"
        assert seen.others_["few"] == [1, 2]

    def test_clips_of_other_lengths(self, speech, labels):
        seen = recorded(speech, labels, Longer())
        assert [len(wave) for wave in seen.X_] > [len(wave) for wave in speech]

    def test_samples_are_kept_once(self, speech, labels):
        seen = recorded(speech, labels, n_copies=5)
        assert len(pickle.dumps(seen.X_)) < 1.2 * len(pickle.dumps(speech))
        assert len(pickle.dumps(recorded(speech, labels, n_copies=5, n_jobs=1).X_)) > 5 * len(
            pickle.dumps(speech)
        )

    def test_files_stay_undecoded(self, sound_files):
        files = AudioClips.from_files(sound_files)
        seen = recorded(files, [0, 1] * 3)
        assert not seen.X_.in_memory
        assert seen.X_.paths.tolist() == sound_files * 2

    def test_predictions_are_of_the_clips_alone(self, speech, labels):
        model = AugmentedClassifier(Recorder(), Hiss(), random_state=0).fit(speech, labels)
        model.predict(speech[:3])
        assert waves(model.estimator_.asked_) == waves(speech[:3])


class TestForms:
    def test_what_people_have(self, speech, labels, sound_files):
        expected = waves(recorded(speech, labels).X_)
        assert waves(recorded(list(speech), labels).X_) == expected
        files = recorded(AudioClips.from_files(sound_files), [0, 1] * 3).X_
        assert waves(recorded(sound_files, [0, 1] * 3).X_) == waves(files)
        assert waves(recorded(np.stack([w[:100] for w in speech]), labels).X_) == waves(
            recorded([w[:100] for w in speech], labels).X_
        )

    def test_paths_are_predicted_too(self, sound_files):
        model = AugmentedClassifier(Recorder(), Hiss()).fit(sound_files, [0, 1] * 3)
        assert len(model.predict(sound_files)) == 6

    def test_a_loader_inside_gets_clips(self, sound_files):
        pipeline = make_pipeline(AudioLoader(), RMSEnergyTransformer(pooling="mean"), SVC())
        model = AugmentedClassifier(pipeline, Hiss()).fit(sound_files, [0, 1] * 3)
        assert len(model.predict(sound_files[:2])) == 2

    def test_width_is_remembered(self, speech, labels):
        rows = np.stack([wave[:100] for wave in speech])
        model = AugmentedClassifier(Recorder(), Hiss()).fit(rows, labels)
        assert model.n_features_in_ == 100
        with pytest.raises(ValueError, match="X has 50 features, but AugmentedClassifier is"):
            model.predict(rows[:, :50])

    def test_sequences(self, sequences):
        seen = recorded(sequences.astype(np.float64), [0, 1] * 6, Masks(), n_copies=2)
        assert seen.X_.dtype == np.float32
        assert seen.X_.shape == (36, 6, 2)
        np.testing.assert_array_equal(seen.X_[:12], sequences)
        changed = (seen.X_[12:24] != sequences).any(axis=2)
        assert changed[:, :4].sum(axis=1).tolist() == [1] * 12
        assert not changed[:, 4:].any()

    def test_sequences_in_workers(self, sequences):
        X, y = np.concatenate([sequences, sequences[::-1]]), [0, 1] * 12
        alone = recorded(X, y, Masks()).X_
        np.testing.assert_array_equal(recorded(X, y, Masks(), n_jobs=2).X_, alone)

    def test_a_callable_is_an_augmenter(self, speech, labels):
        def quieter(samples: Any, sample_rate: int) -> Any:
            return samples * 0.5

        seen = recorded(speech, labels, quieter, n_jobs=1)
        np.testing.assert_array_equal(seen.X_[len(speech)], speech[0] * 0.5)


def levels() -> Pipeline:
    return SpeechPipeline(
        [
            ("rms", RMSEnergyTransformer(pooling="mean_std")),
            ("scaler", StandardScaler()),
            ("svm", LogisticRegression()),
        ]
    )


class TestGroups:
    def test_are_the_callers(self, speech, labels):
        mine = np.arange(len(speech)) % 3
        seen = recorded(speech, labels, fit={"groups": mine})
        assert seen.groups_.tolist() == [*mine] * 2
        assert seen.X_.speakers.tolist() == [*mine] * 2

    def test_else_the_speakers(self, speech, labels):
        seen = recorded(speech, labels)
        assert seen.groups_.tolist() == [*speech.speakers] * 2

    def test_else_the_sources(self, speech, labels):
        seen = recorded(list(speech), labels)
        assert seen.groups_.tolist() == [*range(len(speech))] * 2
        assert seen.X_.speakers.tolist() == seen.groups_.tolist()

    def test_of_sequences(self, sequences):
        mine, y = np.arange(12) % 4, [0, 1] * 6
        seen = recorded(sequences, y, Masks(), fit={"groups": mine})
        assert seen.groups_.tolist() == [*mine] * 2
        assert recorded(sequences, y, Masks()).groups_.tolist() == [*range(12)] * 2

    @pytest.mark.parametrize("routing", [False, True])
    def test_reach_a_step_at_any_depth(self, routing, speech, labels):
        with config_context(enable_metadata_routing=routing):
            recorder = Recorder()
            if routing:
                recorder.set_fit_request(groups=True)
            inner = Pipeline([("recorder", recorder)])
            pipeline = make_pipeline(RMSEnergyTransformer(pooling="mean"), inner)
            seen = recorded(speech, labels, estimator=pipeline)[-1][-1]
        assert seen.groups_.tolist() == [*speech.speakers] * 2

    def test_named_for_a_step_go_first(self, speech, labels):
        pipeline = Pipeline([("recorder", Recorder())])
        mine = np.arange(len(speech))
        seen = recorded(speech, labels, estimator=pipeline, fit={"recorder__groups": mine})[-1]
        assert seen.groups_.tolist() == [*mine] * 2

    @pytest.mark.parametrize("routing", [False, True])
    def test_a_speech_pipeline_hands_them_over(self, routing, speech, labels):
        """As the last step, around the classifier alone."""
        steps = [("mfcc", MFCCTransformer()), ("scaler", SequenceScaler())]
        with config_context(enable_metadata_routing=routing):
            recorder = Recorder().set_fit_request(groups=True) if routing else Recorder()
            model = SpeechPipeline([*steps, ("cnn", AugmentedClassifier(recorder, Masks()))])
            seen = model.fit(speech, labels)[-1].estimator_
        assert seen.groups_.tolist() == [*speech.speakers] * 2
        assert len(seen.X_) == 2 * len(speech)

    def test_of_another_length_are_refused(self, speech, labels):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            recorded(speech, labels, fit={"groups": [1, 2]})


class TestWeights:
    def test_reach_the_last_step_and_through_a_search(self, speech, labels):
        weights = np.where(labels == "calm", 1.0, 0.0)[: len(speech)]
        pipeline = make_pipeline(RMSEnergyTransformer(pooling="mean"), Recorder())
        search = GridSearchCV(pipeline, {}, cv=SpeakerKFold(2), scoring="accuracy")
        for estimator in (pipeline, search):
            seen = recorded(speech, labels, estimator=estimator, fit={"sample_weight": weights})
            seen = getattr(seen, "best_estimator_", seen)[-1]
            assert seen.weights_.tolist() == [*weights] * 2

    @pytest.mark.parametrize(
        "estimator",
        [
            make_pipeline(RMSEnergyTransformer(pooling="mean"), KNeighborsClassifier()),
            FirstSample(),
        ],
    )
    @pytest.mark.parametrize("routing", [False, True])
    def test_are_not_forgotten_in_silence(self, estimator, routing, speech, labels):
        weights = np.ones(len(speech))
        with (
            config_context(enable_metadata_routing=routing),
            pytest.raises(TypeError, match=r"sample_weight reaches nothing: .*Leave it out"),
        ):
            recorded(speech, labels, estimator=estimator, fit={"sample_weight": weights})

    def test_are_routed_where_they_are_asked_for(self, speech, labels):
        weights = np.ones(len(speech))
        with config_context(enable_metadata_routing=True):
            classifier = LogisticRegression().set_fit_request(sample_weight=True)
            pipeline = make_pipeline(RMSEnergyTransformer(pooling="mean"), classifier)
            recorded(speech, labels, estimator=pipeline, fit={"sample_weight": weights})


class TestTestTime:
    def fitted(self, speech, labels, **options):
        model = AugmentedClassifier(FirstSample(), Hiss(0.5), random_state=0, **options)
        return model.fit(speech, labels)

    def test_averages_over_the_clip_and_its_views(self, speech, labels):
        plain = self.fitted(speech, labels).predict_proba(speech)
        averaged = self.fitted(speech, labels, test_time=3).predict_proba(speech)
        assert not np.allclose(plain, averaged)
        assert len(np.unique(averaged)) > 10
        np.testing.assert_allclose(averaged.sum(axis=1), 1)

    def test_is_exactly_the_mean(self, speech, labels):
        one, two = (self.fitted(speech, labels, test_time=k).predict_proba(speech) for k in (1, 2))
        plain = self.fitted(speech, labels).predict_proba(speech)
        first, second = 2 * one - plain, 3 * two - 2 * one
        assert not np.allclose(first, second)
        assert ((second > -1e-9) & (second < 1 + 1e-9)).all()

    def test_does_not_depend_on_neighbours_or_jobs(self, speech, labels):
        model = self.fitted(speech, labels, test_time=2)
        together = model.predict_proba(speech)
        alone = [model.predict_proba(speech[[i]])[0] for i in (5, 3)]
        np.testing.assert_array_equal(together[[5, 3]], alone)
        np.testing.assert_array_equal(model.set_params(n_jobs=2).predict_proba(speech), together)

    def test_views_are_no_copies(self, speech, labels):
        model = AugmentedClassifier(Recorder(), Hiss(), random_state=0).fit(speech, labels)
        copies = waves(model.estimator_.X_)[len(speech) :]
        assert not set(waves(model._changed(speech, 1, 1)[0])) & set(copies)

    def test_predicts_what_is_most_probable(self, speech, labels):
        model = self.fitted(speech, labels, test_time=2)
        expected = model.classes_[model.predict_proba(speech).argmax(axis=1)]
        assert model.predict(speech).tolist() == expected.tolist()
        assert model.score(speech, expected) == 1
        np.testing.assert_allclose(
            np.exp(model.predict_log_proba(speech)), model.predict_proba(speech)
        )

    def test_has_no_decisions_of_the_clip_alone(self, speech, labels):
        assert hasattr(self.fitted(speech, labels), "decision_function")
        assert not hasattr(self.fitted(speech, labels, test_time=1), "decision_function")

    def test_needs_probabilities(self, speech, labels):
        with pytest.raises(ValueError, match=r"test_time=2 averages .* SVC has no predict_proba"):
            recorded(speech, labels, estimator=SVC(), test_time=2)

    def test_of_sequences(self, sequences):
        inner = make_pipeline(SequenceFlattener(), LogisticRegression())
        model = AugmentedClassifier(inner, Masks(9.0), test_time=1, random_state=0)
        model.fit(sequences, [0, 1] * 6)
        assert model.predict_proba(sequences).shape == (12, 2)
        assert not np.allclose(
            model.predict_proba(sequences), model.estimator_.predict_proba(sequences)
        )


class TestDelegation:
    def test_methods_are_those_of_the_classifier(self, speech, labels):
        model = AugmentedClassifier(
            make_pipeline(RMSEnergyTransformer(pooling="mean"), SVC()), Hiss()
        )
        assert not hasattr(model, "predict_proba")
        assert hasattr(model, "decision_function")
        assert model.fit(speech, labels).decision_function(speech).shape == (len(speech),)
        with pytest.raises(AttributeError, match="classes_ is known after fit"):
            clone(model).classes_  # noqa: B018

    def test_everything_can_be_tuned(self, speech, labels):
        grid = {
            "augmenter__level": [0.01, 0.1],
            "n_copies": [0, 1],
            "estimator__svm__C": [1.0, 2.0],
        }
        model = AugmentedClassifier(levels(), Hiss(), random_state=0)
        search = GridSearchCV(model, grid, cv=SpeakerKFold(2)).fit(speech, labels)
        assert search.best_score_ > 0.8

    def test_one_against_the_rest_hands_clips_on(self, speech, labels):
        model = AugmentedClassifier(levels(), Hiss(), random_state=0)
        assert OneVsRestClassifier(model).fit(speech, labels).score(speech, labels) > 0.8

    def test_a_clone_and_a_pickle_are_whole(self, speech, labels):
        model = clone(AugmentedClassifier(levels(), Hiss(0.3), test_time=1, random_state=0))
        assert model.get_params()["augmenter__level"] == 0.3
        model.fit(speech, labels)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict_proba(speech), model.predict_proba(speech))

    def test_the_given_estimators_are_left_alone(self, speech, labels):
        inner, augmenter = levels(), Hiss()
        model = AugmentedClassifier(inner, augmenter).fit(speech, labels)
        assert not hasattr(inner[-1], "classes_")
        assert model.augmenter_ is not augmenter


class TestErrors:
    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"estimator": 3}, "estimator"),
            ({"augmenter": 3}, "augmenter"),
            ({"n_copies": -1}, "n_copies"),
            ({"test_time": 0.5}, "test_time"),
            ({"sample_rate": 0}, "sample_rate"),
            ({"memory": 3}, "memory"),
        ],
    )
    def test_parameters(self, parameters, message, speech, labels):
        model = AugmentedClassifier(Recorder(), Hiss()).set_params(**parameters)
        with pytest.raises(ValueError, match=f"The '{message}' parameter of Augmented"):
            model.fit(speech, labels)

    def test_only_classifiers_are_wrapped(self, speech, labels):
        with pytest.raises(ValueError, match="wraps a classifier; StandardScaler is none"):
            recorded(speech, labels, estimator=StandardScaler())

    def test_nothing_to_fit_on(self, speech, labels):
        with pytest.raises(ValueError, match="leaves nothing to fit on"):
            recorded(speech, labels, n_copies=0, include_original=False)

    def test_what_would_split_at_random_is_refused(self, speech, labels):
        search = GridSearchCV(levels(), {}, cv=3)
        with pytest.raises(ValueError, match=r"cannot wrap GridSearchCV .* with cv=3: it splits"):
            recorded(speech, labels, estimator=search)

    def test_an_augmenter_says_what_it_changes(self, speech, labels):
        with pytest.raises(ValueError, match=r"OfWhat.input_kind is 'sound'; an augmenter says"):
            recorded(speech, labels, OfWhat())

    @pytest.mark.parametrize("as_form", [lambda X: X, list, lambda X: np.zeros((40, 9))])
    def test_sequences_are_wanted(self, as_form, speech, labels):
        with pytest.raises(AudioError, match=r"Masks changes sequences .*around the classifier al"):
            recorded(as_form(speech), labels, Masks())

    def test_waveforms_are_wanted(self, sequences):
        message = re.escape("X is ndarray of shape (12, 6, 2), and Hiss changes waveforms. Put")
        with pytest.raises(AudioError, match=message):
            recorded(sequences, [0, 1] * 6)

    def test_another_rate(self, speech, labels):
        with pytest.raises(AudioError, match=r"at 16000 Hz and AugmentedClassifier expects 8000"):
            recorded(speech, labels, sample_rate=8000)

    def test_lengths_that_differ(self, speech, labels):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            recorded(speech, labels[1:])
