"""Speakers travel in X: every tool of scikit-learn splits by speaker, at every level.

A spy stands where a network with early stopping will stand: it takes ``groups`` in ``fit`` and
writes down which speakers it was fitted on and which groups it was given. The files it writes
are read by the tests, so that workers in other processes are seen as well.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
    train_test_split,
)

from sklearn_ser import AudioClips, RMSEnergyTransformer, SpeechPipeline
from sklearn_ser.model_selection import SpeakerKFold


class SpeakerSpy(TransformerMixin, BaseEstimator):
    """Passes clips on and writes down whose they were, in fit and in transform."""

    def __init__(self, folder: str = "") -> None:
        self.folder = folder

    def fit(self, X: AudioClips, y: Any = None) -> SpeakerSpy:
        assert isinstance(X, AudioClips), f"clips became {type(X)}"
        self.fitted_on_ = sorted(set(X.speakers))
        self.n_clips_ = len(X)
        return self

    def transform(self, X: AudioClips) -> AudioClips:
        assert isinstance(X, AudioClips), f"clips became {type(X)}"
        both = sorted(set(X.speakers) & set(self.fitted_on_))
        is_other_clips = len(X) != self.n_clips_ or sorted(set(X.speakers)) != self.fitted_on_
        if is_other_clips and both:
            note(self.folder, "leak", {"speakers": both})
        return X


class GroupSpy(ClassifierMixin, BaseEstimator):
    """A classifier by level whose fit takes groups, as one with early stopping does."""

    __metadata_request__fit = {"groups": True}

    def __init__(self, folder: str = "", threshold: float = 0.1) -> None:
        self.folder = folder
        self.threshold = threshold

    def fit(self, X: Any, y: Any, groups: Any = None) -> GroupSpy:
        self.classes_ = np.unique(y)
        given = None if groups is None else sorted(map(str, groups))
        note(self.folder, "fit", {"groups": given, "n": len(X)})
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        return self.threshold - np.asarray(X)[:, 0]  # angry, the first class, is louder

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[(self.decision_function(X) > 0).astype(int)]


def note(folder: str, kind: str, content: dict) -> None:
    (Path(folder) / f"{kind}-{uuid.uuid4().hex}.json").write_text(json.dumps(content))


def notes(folder: Path, kind: str) -> list[dict]:
    return [json.loads(path.read_text()) for path in folder.glob(f"{kind}-*.json")]


@pytest.fixture
def model(tmp_path: Path) -> SpeechPipeline:
    folder = str(tmp_path)
    return SpeechPipeline(
        [
            ("spy", SpeakerSpy(folder)),
            ("features", RMSEnergyTransformer(pooling="mean")),
            ("classifier", GroupSpy(folder)),
        ]
    )


GRID = {"classifier__threshold": [0.05, 0.1]}


def nested_search(model, X, y, n_jobs):
    inner = GridSearchCV(model, GRID, cv=SpeakerKFold(3), n_jobs=n_jobs)
    return cross_val_score(inner, X, y, cv=SpeakerKFold(4))


def halving(model, X, y, n_jobs):
    search = HalvingGridSearchCV(
        model, GRID, cv=SpeakerKFold(2), min_resources=20, n_jobs=n_jobs, random_state=0
    )
    return search.fit(X, y).predict(X)


def voting(model, X, y, n_jobs):
    vote = VotingClassifier([("a", model), ("b", model)], n_jobs=n_jobs)
    return cross_val_score(vote, X, y, cv=SpeakerKFold(4))


def stacking(model, X, y, n_jobs):
    stack = StackingClassifier(
        [("a", model)], LogisticRegression(), cv=SpeakerKFold(3), n_jobs=n_jobs
    )
    return cross_val_score(stack, X, y, cv=SpeakerKFold(4))


def calibrated(model, X, y, n_jobs):
    around = CalibratedClassifierCV(model, cv=SpeakerKFold(3), n_jobs=n_jobs)
    return cross_val_score(around, X, y, cv=SpeakerKFold(4))


def calibrated_without_ensemble(model, X, y, n_jobs):
    around = CalibratedClassifierCV(model, cv=SpeakerKFold(3), n_jobs=n_jobs, ensemble=False)
    return cross_val_score(around, X, y, cv=SpeakerKFold(4))


def thresholds(model, X, y, n_jobs):
    around = TunedThresholdClassifierCV(model, cv=SpeakerKFold(3), n_jobs=n_jobs)
    return cross_val_score(around, X, y, cv=SpeakerKFold(4))


def out_of_fold(model, X, y, n_jobs):
    return cross_val_predict(model, X, y, cv=SpeakerKFold(4), n_jobs=n_jobs)


def learning(model, X, y, n_jobs):
    sizes = [0.5, 1.0]
    return learning_curve(model, X, y, cv=SpeakerKFold(4), train_sizes=sizes, n_jobs=n_jobs)[2]


def permutations(model, X, y, n_jobs):
    cv = SpeakerKFold(4)
    return permutation_test_score(model, X, y, cv=cv, n_permutations=3, n_jobs=n_jobs)[0]


TOOLS = [
    nested_search,
    halving,
    voting,
    stacking,
    calibrated,
    calibrated_without_ensemble,
    thresholds,
    out_of_fold,
    learning,
    permutations,
]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_every_level_is_split_by_speaker(tool, routing, n_jobs, model, speech, tmp_path) -> None:
    y = speech.metadata["emotion"].to_numpy()
    with config_context(enable_metadata_routing=routing):
        result = tool(model, speech, y, n_jobs)
    assert len(np.atleast_1d(result))
    assert notes(tmp_path, "leak") == []
    fits = notes(tmp_path, "fit")
    assert fits
    for fit in fits:
        assert fit["groups"] is not None, "a fit was given no speakers"
        assert len(fit["groups"]) == fit["n"]


def test_groups_are_exactly_those_of_the_clips(model, speech, tmp_path) -> None:
    y = speech.metadata["emotion"].to_numpy()
    model.fit(speech[3:20], y[3:20])
    assert notes(tmp_path, "fit")[0]["groups"] == sorted(speech.speakers[3:20])


@pytest.mark.parametrize("routing", [False, True])
def test_groups_of_the_caller_go_first(routing, model, speech, tmp_path) -> None:
    y = speech.metadata["emotion"].to_numpy()
    mine = [f"mine-{i % 3}" for i in range(len(speech))]
    with config_context(enable_metadata_routing=routing):
        model.fit(speech, y, **({"groups": mine} if routing else {"classifier__groups": mine}))
    assert notes(tmp_path, "fit")[0]["groups"] == sorted(mine)


def test_the_spies_see_a_leak(model, speech, tmp_path) -> None:
    """Without the guard the tests above would fail: a random split shares speakers."""
    y = speech.metadata["emotion"].to_numpy()
    cross_val_score(model, speech, y, cv=StratifiedKFold(4, shuffle=True, random_state=0))
    assert notes(tmp_path, "leak")


def test_waveforms_without_speakers_give_no_groups(model, speech, tmp_path) -> None:
    y = speech.metadata["emotion"].to_numpy()
    model.set_params(spy="passthrough").fit(list(speech), y)
    assert notes(tmp_path, "fit")[0]["groups"] is None


def test_train_test_split_keeps_clips_and_speakers_together(speech) -> None:
    place = np.arange(len(speech))
    train, test, _, at = train_test_split(speech, place, random_state=0)
    assert isinstance(train, AudioClips)
    assert test.speakers.tolist() == speech.speakers[at].tolist()
    np.testing.assert_array_equal(test[2], speech[at[2]])


def test_bagging_insists_on_an_array_and_is_told_why(model, speech) -> None:
    y = speech.metadata["emotion"].to_numpy()
    with pytest.raises(ValueError, match=r"AudioClips of .* samples are no array"):
        BaggingClassifier(model).fit(speech, y)
