"""Copies: the same wherever their clip stands, kept in caches, and checked."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_ser import (
    AudioClips,
    AugmentedClassifier,
    PitchShiftAugmenter,
    RandomChoiceAugmenter,
    RMSEnergyTransformer,
    SpeechPipeline,
    TimeStretchAugmenter,
)
from sklearn_ser.augmentation import _vocoder
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


class Broken(Hiss):
    """Gives back what it is told to."""

    def __init__(self, result: Any, input_kind: str = "waveform") -> None:
        self.result = result
        self.input_kind = input_kind

    def augment(self, clip: Any, sample_rate: Any, random_state: Any = None) -> Any:
        return self.result


class NeverTheLast(Hiss):
    def augment(self, waveform: Any, sample_rate: int, random_state: Any = None) -> np.ndarray:
        return waveform * (np.nan if waveform[0] == self.level else 1)


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


def levels() -> Pipeline:
    return SpeechPipeline(
        [
            ("rms", RMSEnergyTransformer(pooling="mean_std")),
            ("scaler", StandardScaler()),
            ("svm", LogisticRegression()),
        ]
    )


@pytest.fixture(scope="module")
def copies(speech, labels) -> list[bytes]:
    return waves(recorded(speech, labels, n_copies=2).X_)[len(speech) :]


class TestSeeds:
    """A clip has the same copies wherever it stands."""

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_workers(self, n_jobs, speech, labels, copies):
        seen = recorded(speech, labels, n_copies=2, n_jobs=n_jobs)
        assert waves(seen.X_)[len(speech) :] == copies

    def test_order_and_subset(self, speech, labels, copies):
        chosen = np.random.default_rng(1).permutation(len(speech))[:7]
        seen = recorded(speech[chosen], labels[:7], n_copies=2)
        assert waves(seen.X_)[7:] == [copies[i] for i in (*chosen, *(chosen + len(speech)))]

    def test_number_of_copies(self, speech, labels, copies):
        seen = recorded(speech, labels, n_copies=1)
        assert waves(seen.X_)[len(speech) :] == copies[: len(speech)]

    def test_files_and_memory(self, sound_files):
        files = AudioClips.from_files(sound_files)
        lazy, loaded = (recorded(c, [0, 1] * 3).X_ for c in (files, files.load()))
        assert waves(lazy) == waves(loaded)

    def test_another_seed_gives_other_copies(self, speech, labels, copies):
        seen = recorded(speech, labels, n_copies=2, random_state=1)
        assert not set(waves(seen.X_)[len(speech) :]) & set(copies)

    def test_no_seed_gives_other_copies_each_time(self, speech, labels):
        model = AugmentedClassifier(Recorder(), Hiss())
        one, two = (waves(model.fit(speech, labels).estimator_.X_) for _ in range(2))
        assert one != two

    def test_padding_does_not_count(self, sequences):
        y = [0, 1] * 6
        longer = np.concatenate([sequences, np.zeros_like(sequences)], axis=1)
        one, two = (recorded(X, y, Masks()).X_ for X in (sequences, longer))
        np.testing.assert_array_equal(one, two[:, :6])

    @pytest.mark.parametrize(
        "augmenter",
        [PitchShiftAugmenter(), RandomChoiceAugmenter([TimeStretchAugmenter()])],
        ids=["pitch", "choice"],
    )
    def test_copies_of_a_clip_share_one_transform(self, augmenter, speech, labels, monkeypatch):
        analyse, clips_analysed = _vocoder._analyse, []

        def counted(spectra: Any) -> Any:
            clips_analysed.append(len(spectra))
            return analyse(spectra)

        monkeypatch.setattr(_vocoder, "_analyse", counted)
        together = recorded(speech, labels, augmenter, n_copies=3, n_jobs=1).X_
        assert len(clips_analysed) == len(speech)
        one_by_one = recorded(speech, labels, augmenter, n_copies=3).X_
        assert waves(together) == waves(one_by_one)
        assert len(clips_analysed) >= 4 * len(speech)

    def test_scores_do_not_depend_on_jobs_or_the_order_of_folds(self, speech, labels):
        model = AugmentedClassifier(levels(), Hiss(0.02), random_state=0)
        cv = list(SpeakerKFold(4).split(speech, labels))
        scores = cross_val_score(model, speech, labels, cv=cv)
        assert (scores == cross_val_score(model, speech, labels, cv=cv, n_jobs=2)).all()
        assert (scores[::-1] == cross_val_score(model, speech, labels, cv=cv[::-1])).all()


class TestCaches:
    def fit(self, tmp_path, speech, labels, **options):
        extractor = RMSEnergyTransformer(pooling="mean", memory=str(tmp_path / "features"))
        model = make_pipeline(extractor, LogisticRegression())
        calls.clear()
        options = {"random_state": 0, **options}
        AugmentedClassifier(model, Counted(), **options).fit(speech, labels)
        return len(calls)

    def test_an_extractor_keeps_the_features_of_copies(self, tmp_path, speech, labels):
        """In a second fit nothing is augmented, wherever the clips stand."""
        n = len(speech)
        assert self.fit(tmp_path, speech, labels) == n
        assert self.fit(tmp_path, speech[::-1], labels[::-1]) == 0
        assert self.fit(tmp_path, speech[3:9], labels[3:9], n_copies=2) == 6
        assert self.fit(tmp_path, speech, labels, random_state=1) == n

    def test_copies_are_kept(self, tmp_path, speech, labels):
        kept = {"memory": str(tmp_path / "copies"), "n_jobs": 1}
        n, seen = len(speech), []
        for options in (kept, kept, {"n_jobs": 1}):
            calls.clear()
            seen.append((waves(recorded(speech, labels, Counted(), **options).X_), len(calls)))
        assert [made for _, made in seen] == [n, 0, n]
        assert seen[0][0] == seen[1][0] == seen[2][0]
        calls.clear()
        recorded(speech, labels, Counted(0.5), **kept)
        assert len(calls) == n

    def test_views_are_kept_and_a_lost_folder_does_no_harm(self, tmp_path, speech, labels):
        folder = tmp_path / "copies"
        memory = joblib.Memory(folder, verbose=0)
        for kept, made in ((memory, 0), (str(tmp_path / "gone"), len(speech))):
            model = AugmentedClassifier(FirstSample(), Counted(), test_time=1, random_state=0)
            model.set_params(memory=memory).fit(speech, labels).predict(speech)
            calls.clear()
            model.set_params(memory=kept).predict(speech)
            assert len(calls) == made
        assert not (tmp_path / "gone").exists()


calls: list[int] = []


class Counted(Hiss):
    def augment(self, waveform: Any, sample_rate: int, random_state: Any = None) -> np.ndarray:
        calls.append(1)
        return super().augment(waveform, sample_rate, random_state)


class TestCopiesThatCannotBeUsed:
    @pytest.mark.parametrize(
        ("result", "message"),
        [
            (np.array([0.0, np.nan]), "contains NaN or infinity"),
            (np.empty(0), "has no samples"),
            (np.ones((2, 2)), r"has shape \(2, 2\)"),
        ],
    )
    def test_copies_that_are_no_waveforms(self, result, message, speech, labels):
        with pytest.raises(AudioError, match=rf"X\[0\]: Broken: the result {message}"):
            recorded(speech, labels, Broken(result), n_jobs=1)

    def test_errors_name_the_clip_in_workers_too(self, speech, labels):
        with pytest.raises(AudioError, match=r"X\[39\]: NeverTheLast: the result contains NaN"):
            recorded(speech, labels, NeverTheLast(float(speech[39][0])), n_jobs=2)

    def test_lazy_copies_that_are_no_waveforms(self, speech, labels):
        seen = recorded(speech, labels, Broken(np.array([np.inf])))
        with pytest.raises(AudioError, match=r"X\[41\]: .*Broken: the result contains NaN"):
            seen.X_[41]

    @pytest.mark.parametrize(
        ("result", "message"),
        [
            (np.ones((5, 2)), r"shape \(5, 2\) .* keeps its shape, \(6, 2\)"),
            (np.ones((6, 2), dtype=int), "dtype int64; .* holds floats"),
            (np.full((6, 2), np.nan), "contains NaN"),
        ],
    )
    def test_copies_that_are_no_sequences(self, result, message, sequences):
        with pytest.raises(AudioError, match=rf"X\[0\]: Broken: the result .*{message}"):
            recorded(sequences, [0, 1] * 6, Broken(result, "sequence"))

    def test_an_input_cannot_be_changed_in_place(self, sequences, speech, labels):
        class InPlace(Masks):
            def augment(self, clip: Any, sample_rate: Any, random_state: Any = None) -> Any:
                clip[0] = 1
                return clip

        for X, y, kind in ((sequences, [0, 1] * 6, "sequence"), (speech, labels, "waveform")):
            with pytest.raises(ValueError, match="read-only"):
                recorded(X, y, type("Kind", (InPlace,), {"input_kind": kind})(), n_jobs=1)
