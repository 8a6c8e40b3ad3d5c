from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
import sklearn
from joblib import Memory
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_ser.inference import load_model, save_model

X = np.random.default_rng(0).normal(size=(30, 3))
Y = np.tile(["angry", "sad"], 15)


def make_pipeline(memory=None):
    return Pipeline([("scaler", StandardScaler()), ("svc", SVC())], memory=memory)


def test_round_trip_with_metadata(tmp_path):
    model = make_pipeline().fit(X, Y)
    path = save_model(model, tmp_path / "model.joblib", metadata={"corpus": "mine"})
    loaded = load_model(path)
    assert loaded.sklearn_ser_metadata_["corpus"] == "mine"
    assert loaded.sklearn_ser_metadata_["versions"]["scikit-learn"] == sklearn.__version__
    assert (loaded.predict(X) == model.predict(X)).all()
    assert not hasattr(model, "sklearn_ser_metadata_")


def test_the_file_is_the_plain_estimator(tmp_path):
    path = save_model(make_pipeline().fit(X, Y), tmp_path / "model.joblib")
    script = (
        "import joblib, sys\n"
        f"model = joblib.load({str(path)!r})\n"
        "print(type(model).__name__, model.predict([[0, 0, 0]])[0])\n"
        "assert 'sklearn_ser' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.split()[0] == "Pipeline"


@pytest.mark.parametrize("as_object", [False, True])
def test_no_cache_folder_travels(tmp_path, as_object):
    cache = str(tmp_path / "cache-of-this-machine")
    memory = Memory(cache, verbose=0) if as_object else cache
    inner = GridSearchCV(make_pipeline(memory), {"svc__C": [1.0]}, cv=2)
    model = CalibratedClassifierCV(inner, cv=2).fit(X, Y)
    path = save_model(model, tmp_path / "model.joblib")
    assert b"cache-of-this-machine" not in path.read_bytes()
    assert "cache-of-this-machine" not in pickle.dumps(load_model(path)).decode("latin-1")
    assert model.estimator.estimator.memory is memory


def test_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model.joblib"
    path.write_bytes(b"before")

    def crash(*_):
        raise KeyboardInterrupt("in the middle")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt, match="in the middle"):
        save_model(make_pipeline().fit(X, Y), path)
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["model.joblib"]


def test_unfitted_model(tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        save_model(make_pipeline(), tmp_path / "model.joblib")


def test_not_a_model(tmp_path):
    with pytest.raises(TypeError, match="takes a fitted estimator, got a dict without"):
        save_model({"a": 1}, tmp_path / "model.joblib")


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot be written to '.*no/model.joblib'"):
        save_model(make_pipeline().fit(X, Y), tmp_path / "no" / "model.joblib")


def test_load_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no model file '.*none.joblib'\. Give"):
        load_model(tmp_path / "none.joblib")


def test_load_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="is a folder"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"RIFF....WAVEfmt ", b"path,label\na.wav,sad\n", b"\x80\x05"]
)
def test_load_something_else(tmp_path, content):
    path = tmp_path / "other.joblib"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other.joblib' is not a model file, or is damaged"):
        load_model(path)


def test_load_cut_off(tmp_path):
    path = save_model(make_pipeline().fit(X, Y), tmp_path / "model.joblib")
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="not a model file, or is damaged"):
        load_model(path)


def test_load_a_pickle_of_something_else(tmp_path):
    joblib.dump({"a": 1}, tmp_path / "dict.joblib")
    with pytest.raises(ValueError, match=r"dict.joblib' holds a dict, not a fitted model"):
        load_model(tmp_path / "dict.joblib")


class Stranger:
    predict = None


def test_load_needs_a_module_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(Stranger, "__module__", "package_of_tomorrow")
    module = type(sys)("package_of_tomorrow")
    module.Stranger = Stranger
    monkeypatch.setitem(sys.modules, "package_of_tomorrow", module)
    joblib.dump(Stranger(), tmp_path / "model.joblib")
    monkeypatch.delitem(sys.modules, "package_of_tomorrow")
    with pytest.raises(ValueError, match="needs the module 'package_of_tomorrow'"):
        load_model(tmp_path / "model.joblib")


def test_another_version_of_scikit_learn_is_said_once(tmp_path, monkeypatch):
    import sklearn.base

    path = tmp_path / "model.joblib"
    monkeypatch.setattr(sklearn.base, "__version__", "1.0.0")
    save_model(make_pipeline().fit(X, Y), path)
    monkeypatch.undo()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_model(path)
    assert [w.category for w in caught] == [InconsistentVersionWarning]
    assert "model.joblib' from version 1.0.0" in str(caught[0].message)
    assert caught[0].filename == __file__
