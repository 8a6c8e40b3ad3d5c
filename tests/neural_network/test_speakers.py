"""Inside ``fit``, nobody who is held out is trained on: one spy on every road that speakers take.

The spy stands between an estimator, which splits, and Keras, which trains. It writes down whose
clips came to which side: the first feature of every clip is its speaker's number. On each road it
is shown to see a leak as well, once the speakers are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_ser import AudioClips, SpeechPipeline
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection import SpeakerKFold
from sklearn_ser.neural_network import _base
from sklearn_ser.neural_network._keras import Trained

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

N_SPEAKERS = 8
GRID = {"cnn__learning_rate": [0.001, 0.01]}


@dataclass(frozen=True)
class Fit:
    """Whose clips one fit trained on, and whose it held out."""

    trained: frozenset[int]
    held: frozenset[int]

    @property
    def leaks(self) -> bool:
        return bool(self.trained & self.held)


def speakers_in(samples: Any) -> frozenset[int]:
    return frozenset(np.rint(samples.X[:, 0]).astype(int).tolist())


def do_not_train(blueprint, samples, held_out, plan, start=None) -> Trained:
    history = {"loss": [1.0]}
    return Trained([np.zeros(1)], [], history, best_epoch=0, keras_version="3.0.0")


def guess(blueprint, X, weights) -> np.ndarray:
    odds = np.exp(X[:, 1:2] * np.arange(blueprint.n_classes))
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(params=["split only", pytest.param("trained", marks=pytest.mark.slow)])
def fits(request, monkeypatch) -> list[Fit]:
    """Fits as they happen; by default nothing is trained, as the split is made before."""
    seen: list[Fit] = []
    train = _base.train if request.param == "trained" else do_not_train

    def spy(blueprint, samples, held_out, plan, start=None) -> Trained:
        seen.append(Fit(speakers_in(samples), speakers_in(held_out)))
        return train(blueprint, samples, held_out, plan, start)

    monkeypatch.setattr(_base, "train", spy)
    if train is do_not_train:
        monkeypatch.setattr(_base, "predict_probabilities", guess)
        monkeypatch.setattr(_base, "check_keras_version", lambda version: None)
    return seen


@pytest.fixture
def network(dense):
    return dense(hidden_units=(2,), early_stopping=True, validation_fraction=0.3)


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.tile(["angry", "calm"], 3 * N_SPEAKERS)


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    return np.repeat(np.arange(N_SPEAKERS), 6)


@pytest.fixture(scope="module")
def recordings(labels, numbers) -> AudioClips:
    """Waveforms that stand still at their speaker's number, shorter where the label is calm."""
    lengths = np.where(labels == "calm", 100, 200)
    waves = [np.full(n, (i + 1) / 100) for n, i in zip(lengths, numbers, strict=True)]
    return AudioClips(waves, metadata=pd.DataFrame({"speaker": [f"voice-{i}" for i in numbers]}))


def number_and_length(clips: AudioClips) -> np.ndarray:
    return np.array([[wave[0] * 100 - 1, len(wave) / 100] for wave in clips])


def over_recordings(network, kind=SpeechPipeline) -> Pipeline:
    return kind([("features", FunctionTransformer(number_and_length)), ("cnn", network)])


def nested_search(model, X, y):
    search = GridSearchCV(model, GRID, cv=SpeakerKFold(2))
    return cross_val_score(search, X, y, cv=SpeakerKFold(4))


def voting(model, X, y):
    return VotingClassifier([("a", model), ("b", model)], voting="soft").fit(X, y).predict(X)


def stacking(model, X, y):
    stack = StackingClassifier([("a", model)], LogisticRegression(), cv=SpeakerKFold(3))
    return stack.fit(X, y).predict(X)


def calibrated(model, X, y):
    return CalibratedClassifierCV(model, cv=SpeakerKFold(3), ensemble=True).fit(X, y).predict(X)


def calibrated_without_ensemble(model, X, y):
    return CalibratedClassifierCV(model, cv=SpeakerKFold(3), ensemble=False).fit(X, y).predict(X)


# Every tool, and how many networks it fits.
TOOLS = {
    nested_search: 4 * (2 * 2 + 1),
    voting: 2,
    stacking: 3 + 1,
    calibrated: 3,
    calibrated_without_ensemble: 3 + 1,
}


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.__name__)
class TestSpeechPipeline:
    def test_speakers_held_out_are_never_trained_on(
        self, tool, routing, fits, network, recordings, labels
    ):
        with config_context(enable_metadata_routing=routing):
            tool(over_recordings(network), recordings, labels)
        assert len(fits) == TOOLS[tool]
        for fit in fits:
            assert fit.trained
            assert fit.held
            assert not fit.leaks

    def test_the_spy_sees_a_leak_without_it(self, tool, routing, fits, network, recordings, labels):
        plain = over_recordings(network, Pipeline)
        with (
            config_context(enable_metadata_routing=routing),
            pytest.warns(SpeakerWarning, match="no speakers are known"),
        ):
            tool(plain, recordings, labels)
        assert all(fit.leaks for fit in fits)


def test_a_nested_search_never_sees_who_is_tested(fits, network, recordings, labels):
    nested_search(over_recordings(network), recordings, labels)
    assert max(len(fit.trained | fit.held) for fit in fits) == N_SPEAKERS - 2


@pytest.fixture(scope="module")
def features(recordings) -> np.ndarray:
    return number_and_length(recordings)


@pytest.fixture
def pipeline(network) -> Pipeline:
    return Pipeline([("identity", FunctionTransformer()), ("cnn", network)])


class TestRoutingOff:
    """Features are arrays, which know no speakers: the groups go to the step by its name."""

    def test_pipeline(self, fits, pipeline, features, labels, numbers):
        pipeline.fit(features, labels, cnn__groups=numbers)
        assert [fit.leaks for fit in fits] == [False]
        assert len(fits[0].trained | fits[0].held) == N_SPEAKERS

    def test_pipeline_without_groups(self, fits, pipeline, features, labels):
        with pytest.warns(SpeakerWarning, match="no speakers are known"):
            pipeline.fit(features, labels)
        assert [fit.leaks for fit in fits] == [True]

    def test_search(self, fits, pipeline, features, labels, numbers):
        search = GridSearchCV(pipeline, GRID, cv=SpeakerKFold(2))
        search.fit(features, labels, groups=numbers, cnn__groups=numbers)
        assert [fit.leaks for fit in fits] == [False] * 5
        assert {len(fit.trained | fit.held) for fit in fits[:4]} == {N_SPEAKERS // 2}

    def test_search_that_hands_groups_to_the_splitter_only(
        self, fits, pipeline, features, labels, numbers
    ):
        search = GridSearchCV(pipeline, GRID, cv=SpeakerKFold(2))
        with pytest.warns(SpeakerWarning, match="<step>__groups=speakers"):
            search.fit(features, labels, groups=numbers)
        assert [fit.leaks for fit in fits] == [True] * 5

    def test_a_bare_network(self, fits, network, features, labels, numbers):
        network.fit(features, labels, groups=numbers)
        assert [fit.leaks for fit in fits] == [False]


def fit_pipeline(pipeline, X, y, **groups):
    return pipeline.fit(X, y, **groups)


def fit_search(pipeline, X, y, **groups):
    return GridSearchCV(pipeline, GRID, cv=SpeakerKFold(2)).fit(X, y, **groups)


def validate_search(pipeline, X, y, **groups):
    search = GridSearchCV(pipeline, GRID, cv=SpeakerKFold(2))
    return cross_validate(search, X, y, cv=SpeakerKFold(4), params=groups)


def fit_vote(pipeline, X, y, **groups):
    return VotingClassifier([("a", pipeline), ("b", pipeline)]).fit(X, y, **groups)


def fit_bare_search(pipeline, X, y, **groups):
    grid = {"learning_rate": [0.001, 0.01]}
    search = GridSearchCV(pipeline.named_steps["cnn"], grid, cv=SpeakerKFold(2))
    return search.fit(X, y, **groups)


ROUTED = {
    fit_pipeline: 1,
    fit_search: 5,
    validate_search: 20,
    fit_vote: 2,
    fit_bare_search: 5,
}


@pytest.mark.parametrize("road", ROUTED, ids=lambda road: road.__name__)
class TestRoutingOn:
    def test_speakers_held_out_are_never_trained_on(
        self, road, fits, pipeline, features, labels, numbers
    ):
        with config_context(enable_metadata_routing=True):
            road(pipeline, features, labels, groups=numbers)
        assert [fit.leaks for fit in fits] == [False] * ROUTED[road]
        assert all(fit.held and fit.trained for fit in fits)

    def test_the_spy_sees_a_leak_without_groups(
        self, road, fits, pipeline, features, labels, numbers
    ):
        """Searches still need them for their folds, but the network no longer asks for any."""
        with config_context(enable_metadata_routing=True):
            pipeline.named_steps["cnn"].set_fit_request(groups=False)
            splits = road not in (fit_pipeline, fit_vote)
            with pytest.warns(SpeakerWarning, match="no speakers are known"):
                road(pipeline, features, labels, **({"groups": numbers} if splits else {}))
        assert [fit.leaks for fit in fits] == [True] * ROUTED[road]
