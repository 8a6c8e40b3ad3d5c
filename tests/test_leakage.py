"""No copy of a clip that is held out, and no clip of a voice that is held out, is fitted on.

A spying classifier reads from every row which clip and which voice it is (the first two samples
of each recording say so, and survive augmentation), and writes down, in files that other processes
can write too, when it is asked about a clip or a voice that it was fitted on. Every test that sees
no leak has a twin without the guard that it tests, which sees one.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ser import AudioClips, AugmentedClassifier, DenseClassifier, SpeechPipeline
from sklearn_ser.augmentation import _classifier
from sklearn_ser.augmentation._copies import Augmentation
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection import SpeakerKFold

N_VOICES, CLIPS_OF_A_VOICE = 8, 6
RANDOM = StratifiedKFold(3, shuffle=True, random_state=0)
GRID = {"spy__threshold": [0.0, 0.1]}
IGNORES_GROUPS = pytest.mark.filterwarnings("ignore:The groups parameter is ignored:UserWarning")


class Hiss(BaseEstimator):
    """Adds a little noise, and leaves the two samples alone that say whose clip it is."""

    input_kind = "waveform"
    keeps_length = True

    def __init__(self, level: float = 0.01) -> None:
        self.level = level

    def augment(self, waveform: Any, sample_rate: int, random_state: Any = None) -> np.ndarray:
        changed = waveform.copy()
        changed[2:] += self.level * random_state.normal(size=len(waveform) - 2)
        return changed


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier by level which notes every row that it knows and should not know."""

    __metadata_request__fit = {"groups": True}

    def __init__(
        self, folder: str = "", threshold: float = 0.0, early_stopping: bool = False
    ) -> None:
        self.folder = folder
        self.threshold = threshold
        self.early_stopping = early_stopping

    def fit(self, X: Any, y: Any, groups: Any = None) -> Spy:
        self.classes_ = np.unique(y)
        rows = np.arange(len(X))
        if self.early_stopping:
            held = self._held_out(rows, groups)
            self.known_ = names_of(X[~held])
            self._note(X[held], "stop")
        self.known_ = names_of(X[rows])
        note(self.folder, "fit", {"n": len(X), **self.known_})
        return self

    def _held_out(self, rows: Any, groups: Any) -> np.ndarray:
        if groups is None:
            return rows >= 0.7 * len(rows)  # the last ones, as Keras does: copies all
        return np.isin(groups, np.unique(groups)[:2])

    def predict_proba(self, X: Any) -> np.ndarray:
        self._note(X, "predict")
        likely = 1 / (1 + np.exp(self.threshold - X[:, 2:].mean(axis=1)))
        return np.stack([1 - likely, likely], axis=1)

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _note(self, X: Any, why: str) -> None:
        asked = names_of(X)
        shared = {kind: sorted(set(asked[kind]) & set(self.known_[kind])) for kind in asked}
        note(self.folder, "asked", {"why": why, "shared": shared})


def names_of(X: np.ndarray) -> dict[str, list[int]]:
    numbers = np.rint(X[:, :2] * 1000).astype(int)
    return {kind: sorted(set(numbers[:, i].tolist())) for i, kind in enumerate(("voice", "clip"))}


def note(folder: str, kind: str, content: dict) -> None:
    (Path(folder) / f"{kind}-{uuid.uuid4().hex}.json").write_text(json.dumps(content))


def notes(folder: Path, kind: str) -> list[dict]:
    return [json.loads(path.read_text()) for path in folder.glob(f"{kind}-*.json")]


def leaked(folder: Path, kind: str) -> bool:
    """Whether a row was asked about whose clip, or voice, had been fitted on."""
    asked = notes(folder, "asked")
    assert asked, "nobody was asked about anything"
    return any(question["shared"][kind] for question in asked)


@pytest.fixture(scope="module")
def clips() -> AudioClips:
    rng = np.random.default_rng(0)
    voices = np.repeat(np.arange(N_VOICES), CLIPS_OF_A_VOICE)
    waves = [
        np.r_[voice / 1000, place / 1000, rng.normal(size=32)] for place, voice in enumerate(voices)
    ]
    return AudioClips(waves, metadata=pd.DataFrame({"speaker": [f"v{i}" for i in voices]}))


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.tile(["angry", "calm"], N_VOICES * CLIPS_OF_A_VOICE // 2)


@pytest.fixture
def pipeline(tmp_path) -> SpeechPipeline:
    return SpeechPipeline([("rows", FunctionTransformer(np.asarray)), ("spy", Spy(str(tmp_path)))])


@pytest.fixture
def unguarded(monkeypatch) -> None:
    """Take out the refusal of what splits without groups."""
    monkeypatch.setattr(_classifier, "check_splits_by_group", lambda *a, **b: False)


def augmented(model: Any, **parameters: Any) -> AugmentedClassifier:
    return AugmentedClassifier(model, Hiss(), **{"n_copies": 2, "random_state": 0, **parameters})


def grown_before_splitting(clips: AudioClips, labels: Any) -> tuple[AudioClips, np.ndarray]:
    """What must never be done."""
    copies = clips.map(Augmentation(Hiss(), 16000, 0, 0, 1))
    return AudioClips.concatenate([clips, copies]), np.tile(labels, 2)


# ---- whatever cross-validates from outside


def group_k_fold(pipeline, X, y, n_jobs):
    groups = {"groups": X.speakers}
    handed = {"params": groups} if get_config()["enable_metadata_routing"] else groups
    cross_val_score(augmented(pipeline), X, y, **handed, cv=GroupKFold(4), n_jobs=n_jobs)


def predictions(pipeline, X, y, n_jobs):
    cross_val_predict(augmented(pipeline), X, y, cv=SpeakerKFold(4), n_jobs=n_jobs)


def nested_search(pipeline, X, y, n_jobs):
    grid = {"n_copies": [0, 2], "augmenter__level": [0.01, 0.02]}
    search = GridSearchCV(augmented(pipeline), grid, cv=SpeakerKFold(3), n_jobs=n_jobs)
    cross_val_score(search, X, y, cv=SpeakerKFold(4))


def calibrated_from_outside(pipeline, X, y, n_jobs):
    around = CalibratedClassifierCV(augmented(pipeline), cv=SpeakerKFold(3), n_jobs=n_jobs)
    cross_val_score(around, X, y, cv=SpeakerKFold(4))


# ---- whatever splits inside the augmented fit


def search_inside(pipeline, X, y, n_jobs):
    search = GridSearchCV(pipeline, GRID, cv=SpeakerKFold(3), n_jobs=n_jobs)
    cross_val_score(augmented(search), X, y, cv=SpeakerKFold(4))


def search_by_groups_inside(pipeline, X, y, n_jobs):
    search = GridSearchCV(pipeline, GRID, cv=GroupKFold(3), n_jobs=n_jobs)
    cross_val_score(augmented(search), X, y, cv=SpeakerKFold(4))


def calibrated_inside(pipeline, X, y, n_jobs):
    around = CalibratedClassifierCV(pipeline, cv=SpeakerKFold(3), n_jobs=n_jobs)
    cross_val_score(augmented(around), X, y, cv=SpeakerKFold(4))


def stacked_inside(pipeline, X, y, n_jobs):
    stack = StackingClassifier([("spy", pipeline)], cv=SpeakerKFold(3), n_jobs=n_jobs)
    cross_val_score(augmented(stack), X, y, cv=SpeakerKFold(4))


def early_stopping_inside(pipeline, X, y, n_jobs):
    stopping = augmented(pipeline.set_params(spy__early_stopping=True))
    cross_val_score(stopping, X, y, cv=SpeakerKFold(4), n_jobs=n_jobs)


def early_stopping_in_a_search_inside(pipeline, X, y, n_jobs):
    search_inside(pipeline.set_params(spy__early_stopping=True), X, y, n_jobs)


def all_at_once(pipeline, X, y, n_jobs):
    cross_val_score(augmented(pipeline, n_jobs=n_jobs), X, y, cv=SpeakerKFold(4))


TOOLS: list[Callable] = [
    group_k_fold,
    predictions,
    nested_search,
    calibrated_from_outside,
    search_inside,
    search_by_groups_inside,
    calibrated_inside,
    stacked_inside,
    early_stopping_inside,
    early_stopping_in_a_search_inside,
    all_at_once,
]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
def test_nothing_held_out_is_fitted_on(tool, routing, n_jobs, pipeline, clips, labels, tmp_path):
    with config_context(enable_metadata_routing=routing):
        tool(pipeline, clips, labels, n_jobs)
    assert not leaked(tmp_path, "clip")
    assert not leaked(tmp_path, "voice")
    fits = notes(tmp_path, "fit")
    assert max(fit["n"] / len(fit["clip"]) for fit in fits) == 3, "nothing was augmented"


@pytest.mark.parametrize("routing", [False, True])
def test_groups_are_the_callers_where_given(routing, pipeline, clips, labels, tmp_path):
    with config_context(enable_metadata_routing=routing):
        nameless = clips.with_metadata(None)
        search = augmented(GridSearchCV(pipeline, GRID, cv=SpeakerKFold(3)))
        search.fit(nameless, labels, groups=clips.speakers)
    assert not leaked(tmp_path, "voice")


@pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.SpeakerWarning")
def test_copies_stay_with_their_clip_where_no_voices_are_known(pipeline, clips, labels, tmp_path):
    nameless = clips.with_metadata(None)
    augmented(GridSearchCV(pipeline, GRID, cv=SpeakerKFold(3))).fit(nameless, labels)
    assert not leaked(tmp_path, "clip")
    assert leaked(tmp_path, "voice"), "this cannot be helped, and is warned of"


def test_unknown_voices_are_warned_of(pipeline, clips, labels):
    model = augmented(GridSearchCV(pipeline, GRID, cv=SpeakerKFold(3)))
    with pytest.warns(SpeakerWarning, match="no speakers are known: it keeps a clip and its"):
        model.fit(clips.with_metadata(None), labels)


# ---- the twins: without the guard, the spy sees the leak


def test_twin_copies_made_before_the_split(pipeline, clips, labels, tmp_path):
    cross_val_score(pipeline, *grown_before_splitting(clips, labels), cv=RANDOM)
    assert leaked(tmp_path, "clip")


def test_twin_random_folds_outside_share_voices(pipeline, clips, labels, tmp_path):
    """Even so no copy leaks: they are made of the clips that fit is given."""
    cross_val_score(augmented(pipeline), clips, labels, cv=RANDOM)
    assert leaked(tmp_path, "voice")
    assert not leaked(tmp_path, "clip")


@IGNORES_GROUPS
@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("around", [GridSearchCV, CalibratedClassifierCV])
def test_twin_random_folds_inside(around, n_jobs, pipeline, clips, labels, tmp_path):
    grid = {"param_grid": GRID} if around is GridSearchCV else {}
    augmented(around(pipeline, **grid, cv=RANDOM, n_jobs=n_jobs)).fit(clips, labels)
    assert leaked(tmp_path, "clip")


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("routing", [False, True])
def test_twin_early_stopping_without_groups(
    routing, pipeline, clips, labels, tmp_path, monkeypatch
):
    plain = Pipeline(pipeline.steps).set_params(spy__early_stopping=True)
    with config_context(enable_metadata_routing=routing):
        augmented(plain).fit(clips, labels)
        assert not leaked(tmp_path, "clip")
        monkeypatch.setattr(_classifier, "groups_for", lambda *a: {})
        augmented(plain).fit(clips, labels)
    assert leaked(tmp_path, "clip")


@pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.SpeakerWarning")
def test_twin_every_row_its_own_group(pipeline, clips, labels, tmp_path, monkeypatch):
    join = _classifier.join

    def forget_sources(parts: list[AudioClips]) -> AudioClips:
        grown = join(parts)
        each_its_own = np.random.default_rng(0).permutation(len(grown))
        return grown.with_metadata(pd.DataFrame({"speaker": each_its_own}))

    monkeypatch.setattr(_classifier, "join", forget_sources)
    monkeypatch.setattr(_classifier, "groups_for", lambda *a: {})
    search = augmented(GridSearchCV(pipeline, GRID, cv=SpeakerKFold(3)))
    search.fit(clips.with_metadata(None), labels)
    assert leaked(tmp_path, "clip")


# ---- what leaks would be worth


def nearest() -> Pipeline:
    """Remembers every clip, and so finds the copy of any that it has seen."""
    return SpeechPipeline(
        [
            ("rows", FunctionTransformer(without_names)),
            ("classifier", KNeighborsClassifier(1)),
        ]
    )


def without_names(clips: AudioClips) -> np.ndarray:
    return np.asarray(clips)[:, 2:]


@pytest.fixture(scope="module")
def shuffled(labels) -> np.ndarray:
    return np.random.default_rng(7).permutation(labels)


@pytest.fixture(scope="module")
def near_chance() -> float:
    """Three standard deviations of the share of right guesses."""
    return 3 * 0.5 / np.sqrt(N_VOICES * CLIPS_OF_A_VOICE)


SEARCH = {"classifier__weights": ["uniform", "distance"]}


def test_shuffled_labels_score_at_chance(clips, shuffled, near_chance):
    found = cross_val_score(augmented(nearest()), clips, shuffled, cv=SpeakerKFold(4))
    assert abs(found.mean() - 0.5) < near_chance


def test_shuffled_labels_score_at_chance_inside(clips, shuffled, near_chance):
    model = augmented(GridSearchCV(nearest(), SEARCH, cv=SpeakerKFold(4)))
    found = model.fit(clips, shuffled).estimator_.best_score_
    assert abs(found - 0.5) < near_chance


def test_twin_shuffled_labels_are_found_where_copies_leak(clips, shuffled):
    grown = grown_before_splitting(clips, shuffled)
    assert cross_val_score(nearest(), *grown, cv=RANDOM).mean() > 0.8


@IGNORES_GROUPS
@pytest.mark.usefixtures("unguarded")
def test_twin_shuffled_labels_are_found_by_random_folds_inside(clips, shuffled):
    model = augmented(GridSearchCV(nearest(), SEARCH, cv=RANDOM))
    assert model.fit(clips, shuffled).estimator_.best_score_ > 0.8


# ---- a network


@pytest.mark.slow
@pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")
@pytest.mark.parametrize("guarded", [True, False])
def test_a_network_stops_by_voices(guarded, clips, labels, monkeypatch):
    network = DenseClassifier(hidden_units=(2,), epochs=1, early_stopping=True, random_state=0)
    steps = [("rows", FunctionTransformer(np.asarray)), ("network", network)]
    model = augmented(Pipeline(steps))
    if guarded:
        model.fit(clips, labels)
    else:
        monkeypatch.setattr(_classifier, "groups_for", lambda *a: {})
        with pytest.warns(SpeakerWarning, match="no speakers are known"):
            model.fit(clips, labels)
    held = model.estimator_[-1].validation_indices_
    is_held = np.isin(np.arange(len(model.source_)), held)
    for names in (clips.speakers, np.arange(len(clips))):
        of_row = names[model.source_]
        assert set(of_row[is_held]).isdisjoint(of_row[~is_held]) is guarded
