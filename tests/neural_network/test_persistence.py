"""Fitted networks as files: read in a process that knows nothing of them, or refused clearly."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pytest

import sklearn_ser
from sklearn_ser import DenseClassifier, MFCCTransformer, SpeechPipeline
from sklearn_ser.exceptions import MissingExtraError
from sklearn_ser.inference import load_model, save_model
from sklearn_ser.sequence import SequenceScaler

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

# A program that imports TensorFlow itself, before it fits a network.
TENSORFLOW_FIRST = """
import json, sys
from pathlib import Path
import tensorflow as tf
import joblib
folder = Path(sys.argv[1])
model = joblib.load(folder / "model.joblib")
model.fit(*joblib.load(folder / "data.joblib"))
first, second = (tf.random.normal([8]).numpy().tolist() for _ in range(2))
joblib.dump(model.weights_, folder / "tensorflow-first.joblib")
print(json.dumps({"random": first != second}))
"""

# What an application does that has a file and joblib, and then trains anew.
APPLICATION = """
import json, sys
from pathlib import Path
import joblib
folder = Path(sys.argv[1])
model = joblib.load(folder / "model.joblib")
facts = {"imported by loading": [name for name in ("tensorflow", "keras") if name in sys.modules]}
X, y = joblib.load(folder / "data.joblib")
joblib.dump(model.predict_proba(X), folder / "probabilities.joblib")
facts["predicted"] = model.predict(X).tolist()
joblib.dump(model.fit(X, y).weights_, folder / "weights.joblib")
print(json.dumps(facts))
"""

WITHOUT_TENSORFLOW = """
import json, sys
from pathlib import Path
import joblib

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "scikeras"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
folder = Path(sys.argv[1])
model = joblib.load(folder / "model.joblib")
X, y = joblib.load(folder / "data.joblib")
facts = {"classes": model.classes_.tolist()}
for name, call in {"predict": lambda: model.predict(X), "fit": lambda: model.fit(X, y)}.items():
    try:
        call()
    except ImportError as error:
        facts[name] = [type(error).__name__, str(error)]
print(json.dumps(facts))
"""


def run_in_a_fresh_process(script: str, folder: Path) -> dict:
    """Run a script file that is given a folder, and read the facts that it prints."""
    path = folder / "application.py"
    path.write_text(script)
    package = str(Path(sklearn_ser.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(path), str(folder)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": package},
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def model(clips, cnn):
    return cnn(epochs=2).fit(clips.X, clips.y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model, clips) -> Path:
    folder = tmp_path_factory.mktemp("application")
    joblib.dump(model, folder / "model.joblib")
    joblib.dump((clips.X, clips.y), folder / "data.joblib")
    return folder


@pytest.fixture(scope="module")
def application(folder) -> dict:
    return run_in_a_fresh_process(APPLICATION, folder)


@pytest.fixture(scope="module")
def without_tensorflow(folder) -> dict:
    return run_in_a_fresh_process(WITHOUT_TENSORFLOW, folder)


class TestFreshProcess:
    def test_loading_does_not_import_tensorflow(self, application):
        assert application["imported by loading"] == []

    def test_probabilities_are_the_same(self, application, folder, model, clips):
        got = joblib.load(folder / "probabilities.joblib")
        np.testing.assert_allclose(got, model.predict_proba(clips.X), atol=1e-6)

    def test_predictions_are_the_same(self, application, model, clips):
        assert application["predicted"] == model.predict(clips.X).tolist()

    def test_the_same_seed_gives_the_same_bits(self, application, folder, model):
        weights = joblib.load(folder / "weights.joblib")
        for a, b in zip(weights, model.weights_, strict=True):
            np.testing.assert_array_equal(a, b)


class TestTensorFlowFirst:
    """scikeras would leave TensorFlow's switch for determinism on, and unseeded uses would fail."""

    def test_random_operations_go_on(self, folder, model):
        assert run_in_a_fresh_process(TENSORFLOW_FIRST, folder) == {"random": True}
        weights = joblib.load(folder / "tensorflow-first.joblib")
        for a, b in zip(weights, model.weights_, strict=True):
            np.testing.assert_array_equal(a, b)


class TestWithoutTensorFlow:
    def test_a_network_can_be_loaded_and_looked_at(self, without_tensorflow):
        assert without_tensorflow["classes"] == ["angry", "calm", "sad"]

    @pytest.mark.parametrize("method", ["predict", "fit"])
    def test_using_it_names_the_extra(self, method, without_tensorflow):
        kind, message = without_tensorflow[method]
        assert kind == "MissingExtraError"
        assert "A neural network needs the package 'tensorflow'" in message
        assert 'pip install "sklearn-ser[keras]"' in message

    def test_scikeras_is_of_the_extra_too(self, monkeypatch, clips, dense):
        class NotInstalled:
            def find_spec(self, name, path=None, target=None):
                if name == "scikeras":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        monkeypatch.setattr(sys, "meta_path", [NotInstalled(), *sys.meta_path])
        for name in [name for name in sys.modules if name.partition(".")[0] == "scikeras"]:
            monkeypatch.delitem(sys.modules, name)
        with pytest.raises(MissingExtraError, match=r"package 'scikeras'.*sklearn-ser\[keras\]"):
            dense().fit(clips.X, clips.y)


class TestPickle:
    def test_in_the_same_process(self, model, clips):
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.predict_proba(clips.X), model.predict_proba(clips.X))
        assert copy.history_ == model.history_

    def test_it_is_about_as_large_as_the_weights(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(20, 200)), np.tile([0, 1], 10)
        model = DenseClassifier(epochs=1).fit(X, y)
        n_bytes = sum(array.nbytes for array in model.weights_)
        assert n_bytes > 200_000
        assert n_bytes < len(pickle.dumps(model)) < n_bytes + 10_000

    def test_a_warm_start_goes_on_from_a_file(self, clips, dense):
        model = dense(warm_start=True).fit(clips.X, clips.y)
        copy = pickle.loads(pickle.dumps(model))
        for one in (model, copy):
            one.fit(clips.X, clips.y)
        assert copy.n_iter_ == 2
        for a, b in zip(copy.weights_, model.weights_, strict=True):
            np.testing.assert_array_equal(a, b)


class TestRefused:
    @pytest.fixture
    def copy(self, model):
        return pickle.loads(pickle.dumps(model))

    @pytest.mark.parametrize("version", ["2.15.0", "4.0.1"])
    def test_another_major_version_of_keras(self, version, copy, clips):
        copy.keras_version_ = version
        message = rf"fitted with Keras {version}; here is Keras 3\..*Install the version it was"
        with pytest.raises(RuntimeError, match=message):
            copy.predict(clips.X)
        with pytest.raises(RuntimeError, match=message):
            copy.build_model()

    def test_another_minor_version_will_do(self, copy, clips):
        copy.keras_version_ = "3.0.0"
        assert len(copy.predict(clips.X)) == 48

    def test_weights_that_are_missing(self, copy, clips):
        n_arrays = len(copy.weights_)
        copy.weights_ = copy.weights_[:-1]
        message = f"weights do not fit their network: there are {n_arrays - 1} arrays, it has"
        with pytest.raises(ValueError, match=message):
            copy.predict(clips.X)
        with pytest.raises(ValueError, match=message):
            copy.build_model()

    def test_weights_of_another_shape(self, copy, clips):
        copy.weights_ = [copy.weights_[0][..., :1], *copy.weights_[1:]]
        message = r"array 0 is of shape \(5, 3, 1\), it needs \(5, 3, 4\)\. The model was changed"
        with pytest.raises(ValueError, match=message):
            copy.predict(clips.X)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_a_file_that_is_cut_off(self, share, model, tmp_path):
        path = save_model(model, tmp_path / "model.joblib")
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ValueError, match=r"model.joblib' is not a model file, or is damaged"):
            load_model(path)


class TestModelFile:
    def test_a_pipeline_with_a_network(self, speech, cnn, tmp_path):
        extractor = MFCCTransformer(n_mfcc=4, n_mels=16, pooling=None, n_frames=10)
        steps = [("features", extractor), ("scaler", SequenceScaler()), ("cnn", cnn())]
        y = speech.metadata["emotion"].to_numpy()
        model = SpeechPipeline(steps).fit(speech, y)
        path = save_model(model, tmp_path / "model.joblib", metadata={"corpus": "mine"})
        loaded = load_model(path)
        assert loaded.sklearn_ser_metadata_["corpus"] == "mine"
        np.testing.assert_array_equal(loaded.predict_proba(speech), model.predict_proba(speech))
