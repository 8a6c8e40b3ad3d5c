"""The voice encoder's embedding in pipelines by name, alone and beside the functionals."""

from __future__ import annotations

import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion

from sklearn_ser import (
    CNN1DClassifier,
    EmotionEmbeddingTransformer,
    SpeakerStandardizer,
    make_ser_pipeline,
)
from sklearn_ser.datasets import make_emotional_speech
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.inference import load_model, save_model
from sklearn_ser.model_selection import benchmark, feature_importance_report
from sklearn_ser.pipeline import parameter_grid, pipeline_names
from sklearn_ser.pipeline._named import split_name

BOTH = "functionals+embedding"
NAMES = ("embedding", BOTH)


@pytest.fixture
def model_of(voice_encoder: str) -> Any:
    """Make a named pipeline with the tiny encoder in it."""

    def make(features: str, classifier: str = "logreg", **options: Any) -> Any:
        model = make_ser_pipeline(features, classifier, random_state=0, **options)
        parts = model.get_params()
        inside = [k for k, v in parts.items() if isinstance(v, EmotionEmbeddingTransformer)]
        return model.set_params(**{f"{name}__weights": voice_encoder for name in inside})

    return make


@pytest.fixture
def y(speech: Any) -> np.ndarray:
    return speech.metadata["emotion"].to_numpy()


@pytest.fixture(scope="module")
def feelings() -> Any:
    """Speech whose loudness alone tells nothing: the encoder does not hear it."""
    return make_emotional_speech(
        n_speakers=4, emotions=("angry", "sad"), n_repetitions=2, random_state=0
    )


class TestNames:
    @pytest.mark.parametrize("features", NAMES)
    def test_they_are_known(self, features):
        names = pipeline_names()
        assert {f"{features}-svm", f"{features}-logreg", f"{features}-svm@speaker"} <= set(names)
        assert not {f"{features}-cnn1d", f"{features}-crnn"} & set(names)
        assert split_name(f"{features}-svm@speaker") == (features, "svm", "speaker")

    @pytest.mark.parametrize("features", NAMES)
    def test_networks_along_the_frames_are_refused(self, features):
        for classifier in ("cnn1d", CNN1DClassifier()):
            with pytest.raises(ValueError, match=r"makes one row of a clip, and CNN1DClassifier"):
                make_ser_pipeline(features, classifier)

    @pytest.mark.parametrize("features", NAMES)
    def test_a_wide_kernel_is_tried(self, features):
        grid = parameter_grid(features, "svm", standardize="speaker")
        assert grid["classifier__estimator__gamma"] == ["scale", 0.0001]
        make_ser_pipeline(features, standardize="speaker").set_params(
            **{name: values[-1] for name, values in grid.items()}
        )


class TestSideBySide:
    def test_the_table_is_both_tables(self, model_of, speech):
        both = model_of(BOTH)["features"].fit_transform(speech[:4])
        alone = [model_of(name)["features"].fit_transform(speech[:4]) for name in BOTH.split("+")]
        np.testing.assert_array_equal(both, np.hstack(alone))
        assert both.dtype == np.float32
        assert both.flags.c_contiguous

    def test_names_are_those_of_the_parts(self, model_of, speech):
        features = model_of(BOTH)["features"].fit(speech[:2])
        names = list(features.get_feature_names_out())
        parts = [list(part.get_feature_names_out()) for _, part in features.transformer_list]
        assert names == parts[0] + parts[1]
        assert len(set(names)) == len(names)

    @pytest.mark.parametrize("standardize", [None, "speaker"])
    def test_it_can_be_a_data_frame(self, model_of, speech, standardize):
        features = clone(model_of(BOTH, standardize=standardize)["features"])
        plain = features.fit_transform(speech[:10])
        frame = features.set_output(transform="pandas").fit_transform(speech[:10])
        assert isinstance(frame, pd.DataFrame)
        assert list(frame.columns) == list(features.get_feature_names_out())
        np.testing.assert_array_equal(frame.to_numpy(), plain)

    def test_settings_reach_the_parts(self, tmp_path):
        memory = str(tmp_path)
        model = make_ser_pipeline(BOTH, sample_rate=8000, memory=memory, n_jobs=2)
        parts = dict(model["features"].transformer_list)
        assert list(parts) == ["functionals", "embedding"]
        told = [(part.sample_rate, part.memory, part.n_jobs) for part in parts.values()]
        assert told == [(8000, memory, 2)] * 2
        assert model["features"].n_jobs is None, "processes around processes"

    def test_processes_and_cache_change_nothing(self, model_of, speech, tmp_path):
        expected = model_of(BOTH)["features"].fit_transform(speech[:6])
        cached = model_of(BOTH, memory=str(tmp_path), n_jobs=2)["features"]
        for _ in range(2):
            np.testing.assert_array_equal(cached.fit_transform(speech[:6]), expected)

    def test_standardised_by_speaker(self, model_of, speech):
        wrapped = model_of(BOTH, standardize="speaker")["features"]
        assert isinstance(wrapped, SpeakerStandardizer)
        assert isinstance(wrapped.extractor, FeatureUnion)
        table = wrapped.fit_transform(speech)
        of_one = table[speech.speakers == "speaker-0"]
        assert np.abs(of_one.mean(axis=0)).mean() < np.abs(of_one).mean()


@pytest.mark.parametrize("features", NAMES)
class TestAsAnyPipeline:
    @pytest.mark.parametrize("standardize", [None, "speaker"])
    def test_it_learns(self, model_of, feelings, features, standardize):
        X, y = feelings.data, feelings.target
        known = X.speakers != X.speakers[-1]
        model = clone(model_of(features, standardize=standardize))
        assert model.fit(X[known], y[known]).score(X[~known], y[~known]) >= 0.8

    def test_it_takes_the_same_roads_with_routing_on(self, model_of, speech, y, features):
        expected = model_of(features).fit(speech[:20], y[:20]).predict(speech[20:])
        with sklearn.config_context(enable_metadata_routing=True):
            routed = model_of(features).fit(speech[:20], y[:20]).predict(speech[20:])
        np.testing.assert_array_equal(routed, expected)

    def test_it_can_be_pickled_and_saved(self, model_of, speech, y, features, tmp_path):
        model = model_of(features, memory=str(tmp_path / "cache")).fit(speech[:20], y[:20])
        expected = model.predict_proba(speech[20:])
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict_proba(speech[20:]), expected)
        loaded = load_model(save_model(model, tmp_path / "model.joblib"))
        np.testing.assert_array_equal(loaded.predict_proba(speech[20:]), expected)
        caches = {k: v for k, v in loaded.get_params().items() if k.endswith("memory")}
        assert caches
        assert not any(caches.values())

    def test_the_pickle_holds_no_weights(self, model_of, speech, y, features):
        model = model_of(features).fit(speech[:20], y[:20])
        before = len(pickle.dumps(model["features"]))
        model["features"].transform(speech[:2])
        assert len(pickle.dumps(model["features"])) == before < 100_000

    def test_clones_are_equal(self, model_of, features):
        model = model_of(features)
        assert joblib.hash(clone(model)) == joblib.hash(model)

    def test_it_is_benchmarked_on_voices_that_it_never_heard(self, model_of, speech, y, features):
        there = speech.speakers != "speaker-3"
        pipelines = {"it": (model_of(features), {})}
        result = benchmark(pipelines, speech[there], y[there], random_split=False)
        assert np.isfinite(result.table.loc["it", "uar"])
        with pytest.raises(
            EncoderError, match=r"'tiny' was trained on .*speaker-3.*cannot be scored"
        ):
            benchmark(pipelines, speech, y)


def test_what_each_part_is_worth_can_be_told(model_of, speech, y):
    there = speech.speakers != "speaker-3"
    report = feature_importance_report(model_of(BOTH), speech[there], y[there], n_repeats=1)
    assert {"pitch", "level", "embedding_stage1", "embedding_penultimate"} <= set(report.index)
