"""The systems on wav2vec 2.0, with tiny encoders of random weights in place of the real one."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_ser import AudioClips, make_ser_pipeline, recipes
from sklearn_ser.datasets import load_ravdess
from sklearn_ser.exceptions import EncoderError
from sklearn_ser.model_selection import SpeakerKFold
from sklearn_ser.pipeline import parameter_grid
from sklearn_ser.recipes import get_recipe

NAMES = ["wav2vec2_cnn2d", "wav2vec2_dense"]


@pytest.fixture(scope="module")
def clips() -> AudioClips:
    """Noise of 1 to 4 seconds, two clips each of six voices."""
    rng = np.random.default_rng(0)
    seconds = [1.0, 2.5, 4.0, 1.5, 2.0, 3.0] * 2
    waves = [0.1 * rng.normal(size=int(16000 * length)) for length in seconds]
    return AudioClips(waves, metadata=pd.DataFrame({"speaker": [*range(6)] * 2}))


@pytest.fixture
def labels() -> np.ndarray:
    return np.array(["calm", "sad"] * 6)


class TestRecipes:
    """These run where nothing of the extra is installed, too."""

    @pytest.mark.parametrize("name", NAMES)
    def test_parameters_reach_their_steps(self, name, tmp_path):
        given = {"model": "some/encoder", "memory": str(tmp_path), "n_jobs": 2}
        model = get_recipe(name).make(**given, epochs=3, random_state=7, verbose=1)
        parameters = clone(model).get_params()
        expected = {
            **{f"features__{key}": value for key, value in given.items()},
            "features__verbose": 1,
            "classifier__epochs": 3,
            "classifier__random_state": 7,
            "classifier__verbose": 1,
            "loader__sample_rate": 16000,
        }
        assert {key: parameters[key] for key in expected} == expected

    @pytest.mark.parametrize("name", NAMES)
    def test_signature_and_text(self, name):
        make = get_recipe(name).make
        assert getattr(recipes, name) is make
        parameters = inspect.signature(make).parameters
        common = ["sample_rate", "epochs", "memory", "n_jobs", "random_state", "verbose"]
        assert list(parameters) == ["model", *common]
        for part in ("README", "**Stated.**", "**Inferred.**", "**Protocol.**"):
            assert part in make.__doc__

    def test_reported(self):
        first, second = (get_recipe(name) for name in NAMES)
        assert (dict(first.reported), len(first.classes)) == ({"accuracy": 0.6311}, 14)
        assert dict(second.reported) == {"accuracy": 0.95, "f1": 0.9492}
        assert len(second.classes) == 8

    def test_network_of_the_dense_head(self):
        head = recipes.wav2vec2_dense().named_steps["classifier"]
        expected = {
            "hidden_units": (256,),
            "dropout": 0.3,
            "optimizer": "adamw",
            "weight_decay": 0.01,
        }
        assert {key: getattr(head, key) for key in expected} == expected


class TestEndToEnd:
    def test_layers_are_weighed(self, clips, labels, tiny_encoder):
        model = recipes.wav2vec2_cnn2d(model=tiny_encoder("wav2vec2"), epochs=1, random_state=0)
        features = model[:-1].fit_transform(clips)
        assert (len(features), features.shape[2]) == (len(clips), 124)
        assert np.all(features[0, :, 49:] == 0)  # one second is 49 frames
        network = model.fit(clips, labels).named_steps["classifier"]
        assert network.layer_weights_.shape == features.shape[1:2]
        np.testing.assert_allclose(model.predict_proba(clips).sum(axis=1), 1, atol=1e-5)

    @pytest.mark.filterwarnings("ignore::sklearn_ser.exceptions.CorpusWarning")
    @pytest.mark.parametrize("name", NAMES)
    def test_on_real_speech(self, name, corpora, tiny_encoder):
        speech = load_ravdess(corpora / "ravdess", in_memory=False)
        chosen = np.flatnonzero(np.isin(speech.groups, np.unique(speech.groups)[:2]))[::6]
        X, y = speech.data[chosen], np.asarray(speech.target)[chosen]
        make = get_recipe(name).make
        model = make(model=tiny_encoder("wav2vec2"), epochs=2, random_state=0).fit(X, y)
        assert set(model.predict(X)) <= set(y)


class TestNamedPipelines:
    def test_tuning_the_layer_costs_one_pass(self, clips, labels, tiny_encoder, tmp_path):
        from sklearn_ser.encoders._torch import TorchEncoder

        model = make_ser_pipeline("wav2vec2", "logreg", memory=str(tmp_path))
        model.set_params(features__model=tiny_encoder("wav2vec2"))
        seen: list[int] = []
        run = TorchEncoder.run
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                TorchEncoder, "run", lambda self, given: seen.append(len(given)) or run(self, given)
            )
            search = GridSearchCV(model, {"features__layer": [1, 2, -1]}, cv=SpeakerKFold(3))
            search.fit(clips, labels)
        assert sum(seen) == len(clips)

    def test_sequences(self, clips, tiny_encoder):
        model = make_ser_pipeline("wav2vec2", "crnn").set_params(
            features__model=tiny_encoder("wav2vec2"), features__layer=1
        )
        assert model[:-1].fit_transform(clips).shape[:2] == (len(clips), 150)

    def test_grids(self):
        layers = {"features__layer": [6, 9, 12]}
        assert parameter_grid("wav2vec2", "logreg") == layers | parameter_grid("mfcc", "logreg")
        assert parameter_grid("wav2vec2", "crnn") == {}

    def test_another_rate(self, clips, labels, tiny_encoder):
        model = make_ser_pipeline("wav2vec2", "logreg", sample_rate=8000)
        model.set_params(features__model=tiny_encoder("wav2vec2"), features__layer=1)
        with pytest.raises(EncoderError, match="trained on speech at 16000 Hz"):
            model.fit(clips.resampled(8000), labels)
