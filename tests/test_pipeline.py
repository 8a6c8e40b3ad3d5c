"""make_ser_pipeline: names, sample rates, and one model for paths and arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.preprocessing import StandardScaler

from sklearn_ser import (
    AudioClips,
    CNN1DClassifier,
    MFCCTransformer,
    SequenceScaler,
    SpeechPipeline,
    make_ser_pipeline,
)
from sklearn_ser.pipeline import parameter_grid, pipeline_names
from sklearn_ser.pipeline._named import split_name

NETWORKS = ("dense", "cnn1d", "cnn2d", "crnn")
# These have tests of their own, with tiny encoders: one is not shipped, the other hears no level.
PRETRAINED = ("wav2vec2", "embedding", "functionals+embedding")
LEARNABLE = [
    name
    for name in pipeline_names()
    if split_name(name)[1] not in NETWORKS and not name.startswith(PRETRAINED)
]


@pytest.mark.parametrize("name", LEARNABLE)
def test_every_named_pipeline_learns_and_takes_its_grid(name, speech) -> None:
    y = speech.metadata["emotion"].to_numpy()
    features, classifier, standardize = split_name(name)
    model = make_ser_pipeline(features, classifier, standardize=standardize, random_state=0)
    assert isinstance(model, SpeechPipeline)
    assert clone(model).fit(speech[:30], y[:30]).score(speech[30:], y[30:]) >= 0.7
    grid = parameter_grid(features, classifier, standardize=standardize)
    for parameter, values in grid.items():
        model.set_params(**{parameter: values[0]})


@pytest.mark.parametrize("features", ["mfcc", "mel", "frames"])
@pytest.mark.parametrize("classifier", NETWORKS)
def test_every_named_network_takes_its_features(features, classifier, speech) -> None:
    model = make_ser_pipeline(features, classifier, random_state=0)
    assert f"{features}-{classifier}" in pipeline_names()
    assert parameter_grid(features, classifier) == {}
    X = model[:-1].fit_transform(speech[:4])
    assert X.ndim == 2 if classifier == "dense" else X.shape[:2] == (4, 150)


def test_networks_learn(speech) -> None:
    y = speech.metadata["emotion"].to_numpy()
    for names in (("mel", "crnn"), ("frames", "dense")):
        model = make_ser_pipeline(*names, random_state=0).set_params(classifier__epochs=8)
        assert model.fit(speech[:30], y[:30]).score(speech[30:], y[30:]) >= 0.7


def test_networks_have_their_own_steps() -> None:
    names = list(make_ser_pipeline("mel", "crnn", sample_rate=22050).named_steps)
    assert names == ["loader", "trimmer", "features", "scaler", "classifier"]
    own = make_ser_pipeline(MFCCTransformer(), CNN1DClassifier(epochs=3), sample_rate=8000)
    assert list(own.named_steps) == ["loader", "features", "scaler", "classifier"]
    named = make_ser_pipeline("mfcc", CNN1DClassifier(epochs=3))
    assert named["features"].pooling is None


def test_one_model_takes_paths_clips_and_arrays(speech, sound_files) -> None:
    y = speech.metadata["emotion"].to_numpy()
    model = make_ser_pipeline("mfcc", "logreg").fit(speech, y)
    clips = AudioClips.from_files(sound_files)
    expected = model.predict_proba(clips)
    np.testing.assert_array_equal(model.predict_proba(sound_files), expected)
    np.testing.assert_array_equal(model.predict_proba(list(clips)), expected)


def test_the_sample_rate_is_set_in_every_step() -> None:
    model = make_ser_pipeline(MFCCTransformer(pooling="mean"), sample_rate=8000)
    rates = {k: v for k, v in model.get_params().items() if k.endswith("sample_rate")}
    assert rates == {"loader__sample_rate": 8000, "features__sample_rate": 8000}


def test_steps_of_ones_own_are_cloned(tmp_path) -> None:
    mine, classifier = MFCCTransformer(), DummyClassifier()
    model = make_ser_pipeline(mine, classifier, memory=str(tmp_path), n_jobs=2)
    assert model.named_steps["features"] is not mine
    assert mine.memory is None
    assert model.get_params()["features__memory"] == str(tmp_path)
    assert model.get_params()["features__n_jobs"] == 2
    assert isinstance(model.named_steps["scaler"], SequenceScaler)
    assert "clipper" not in model.named_steps
    assert isinstance(make_ser_pipeline().named_steps["scaler"], StandardScaler)


def test_one_strange_feature_cannot_decide(speech) -> None:
    y = speech.metadata["emotion"].to_numpy()
    model = make_ser_pipeline("frames").fit(speech, y)
    hum = np.full(8000, 0.3, dtype=np.float32)
    assert np.abs(model[:-1].transform([wave[:1600] + hum[:1600] for wave in speech])).max() <= 3


def test_unknown_names_are_told_with_what_was_meant() -> None:
    with pytest.raises(ValueError, match=r"features='mfc' is not known. Did you mean 'mfcc'"):
        make_ser_pipeline("mfc")
    with pytest.raises(ValueError, match=r"classifier='svn' is not known. Did you mean 'svm'"):
        make_ser_pipeline("mfcc", "svn")
    with pytest.raises(ValueError, match=r"classifier='x' is not known. Choose among"):
        parameter_grid("mfcc", "x")


def test_only_pipelines_that_transform_say_so(speech) -> None:
    assert not hasattr(make_ser_pipeline(), "fit_transform")
    table = make_ser_pipeline()[:-1].fit_transform(speech)
    assert table.shape[0] == len(speech)
