"""Layers of an encoder weighed by training, over frames and over means of them."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

import sklearn_ser
from sklearn_ser import CNN2DClassifier, DenseClassifier, LayerWeightedClassifier
from sklearn_ser.neural_network import _clip_stacks
from sklearn_ser.neural_network._architectures import build_cnn2d
from sklearn_ser.neural_network._clip_stacks import ClipStack
from sklearn_ser.neural_network._layer_weighing import weigh_layers
from sklearn_ser.neural_network._layer_weighted_architecture import build_layer_weighted

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

N_CLIPS, N_LAYERS, N_FRAMES, DIM = 48, 4, 6, 5
TELLING = 2  # the one layer that knows the class
REAL_FRAMES = 4


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    return np.tile(["angry", "calm", "sad"], N_CLIPS // 3)


@pytest.fixture(scope="module")
def speakers() -> np.ndarray:
    return np.repeat(np.arange(8), N_CLIPS // 8)


@pytest.fixture(scope="module")
def stacks(y) -> np.ndarray:
    """Stacks in float16 whose third layer tells the classes; the last two frames are padding."""
    rng = np.random.default_rng(0)
    stacks = rng.normal(size=(N_CLIPS, N_LAYERS, N_FRAMES, DIM))
    codes = np.unique(y, return_inverse=True)[1]
    stacks[:, TELLING] += 2 * np.eye(3)[codes][:, None].repeat(2, axis=2)[..., :DIM]
    stacks[:, :, REAL_FRAMES:] = 0
    return stacks.astype(np.float16)


@pytest.fixture(scope="module")
def means(stacks) -> np.ndarray:
    """Each layer's mean over the real frames."""
    return stacks[:, :, :REAL_FRAMES].mean(axis=2, dtype=np.float32)


@pytest.fixture
def on_disk(stacks, tmp_path) -> np.ndarray:
    """The same stacks as a file that is mapped."""
    mapped = np.memmap(tmp_path / "stacks", dtype=stacks.dtype, mode="w+", shape=stacks.shape)
    mapped[:] = stacks
    mapped.flush()
    return np.memmap(tmp_path / "stacks", dtype=stacks.dtype, mode="r", shape=stacks.shape)


@pytest.fixture(scope="session")
def cnn2d() -> Callable[..., CNN2DClassifier]:
    """Make a small network that weighs layers; arguments change it."""

    def make(**changes: Any) -> CNN2DClassifier:
        small = {"filters": (4,), "dense_units": (), "epochs": 1, "random_state": 0}
        return CNN2DClassifier(**{"layer_weights": True, **small, **changes})

    return make


@pytest.fixture(scope="session")
def head() -> Callable[..., LayerWeightedClassifier]:
    """Make a small head over means; arguments change it."""

    def make(**changes: Any) -> LayerWeightedClassifier:
        small = {"hidden_units": (8,), "epochs": 1, "random_state": 0}
        return LayerWeightedClassifier(**{**small, **changes})

    return make


@pytest.fixture(scope="module")
def fitted(cnn2d, stacks, y) -> CNN2DClassifier:
    return cnn2d(epochs=2).fit(stacks, y)


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """How many clips every single access to a stack has read."""
    counts, read = [], ClipStack.read

    def spy(self, rows=slice(None)):
        clips = read(self, rows)
        counts.append(len(clips))
        return clips

    monkeypatch.setattr(ClipStack, "read", spy)
    return counts


def assert_equal_weights(one, other):
    for a, b in zip(one.weights_, other.weights_, strict=True):
        np.testing.assert_array_equal(a, b)


class TestLayer:
    """The layer of the network alone."""

    @pytest.fixture
    def layer(self):
        import keras

        inputs = keras.Input((3, 4, 2))
        return keras.Model(inputs, weigh_layers(inputs)).get_layer("layer_weights")

    def test_layers_are_averaged_at_first(self, layer):
        stack = np.random.default_rng(0).normal(size=(5, 3, 4, 2)).astype(np.float32)
        np.testing.assert_allclose(layer(stack), stack.mean(axis=1), atol=1e-6)

    def test_weights_are_a_softmax(self, layer):
        stack = np.random.default_rng(0).normal(size=(5, 3, 4, 2)).astype(np.float32)
        shares = np.array([0.7, 0.1, 0.2])
        layer.set_weights([np.log(5 * shares)])
        expected = np.einsum("l,blfd->bfd", shares, stack)
        np.testing.assert_allclose(layer(stack), expected, atol=1e-6)

    def test_float16_is_summed_in_float32(self, layer):
        stack = np.full((1, 3, 4, 2), 60000, dtype=np.float16)
        np.testing.assert_allclose(layer(stack), 60000, rtol=1e-3)


class TestBuilders:
    def test_the_picture_is_the_sum(self):
        model = build_cnn2d((3, 8, 4), 2, layer_weights=True, filters=(2,))
        names = [layer.name for layer in model.layers]
        assert names[:4] == ["input", "layer_weights", "picture", "conv_1"]
        assert model.get_layer("layer_weights").output.shape == (None, 8, 4)

    def test_coefficients_first(self):
        options = {"layer_weights": True, "input_layout": "coefficients_first"}
        model = build_cnn2d((3, 8, 4), 2, **options)
        assert model.get_layer("picture").output.shape == (None, 4, 8, 1)

    @pytest.mark.parametrize("shape", [(8,), (8, 4), (3, 0, 4), (3, 8, 4, 2), [3, 8, 4]])
    def test_other_shapes(self, shape):
        message = r"with layer_weights=True \(n_layers, n_frames, dim\), got"
        with pytest.raises(ValueError, match=message):
            build_cnn2d(shape, 2, layer_weights=True)

    def test_stacks_without_the_parameter(self):
        with pytest.raises(ValueError, match=r"\(n_frames, n_coefs\) or \(n_features,\), got"):
            build_cnn2d((3, 8, 4), 2)

    def test_too_few_frames_are_counted_without_the_layers(self):
        options = {"layer_weights": True, "filters": (2, 2), "pool_padding": "valid"}
        with pytest.raises(ValueError, match=r"^3 frames of 8 .* at least 4 frames of 4 coef"):
            build_cnn2d((40, 3, 8), 2, **options)

    def test_the_head_has_one_weight_a_layer_more(self):
        dense = 768 * 256 + 256 + 256 * 8 + 8
        assert build_layer_weighted((12, 768), 8).count_params() == dense + 12
        names = [layer.name for layer in build_layer_weighted((12, 768), 8, layer_norm=True).layers]
        assert names == [
            "input",
            "layer_norm",
            "layer_weights",
            "dense_1",
            "dense_dropout_1",
            "probabilities",
        ]

    def test_a_row_is_one_layer(self):
        model = build_layer_weighted((7,), 2, hidden_units=())
        assert model.get_layer("layer_weights").output.shape == (None, 7)

    @pytest.mark.parametrize("shape", [(), (2, 3, 4), (0, 3)])
    def test_other_shapes_of_means(self, shape):
        with pytest.raises(ValueError, match="input_shape must be the shape of one sample"):
            build_layer_weighted(shape, 2)


class TestStacks:
    def test_it_learns_which_layer_tells(self, cnn2d, stacks, y):
        model = cnn2d(epochs=40, learning_rate=0.03).fit(stacks, y)
        assert model.score(stacks, y) > 0.9
        assert model.layer_weights_.argmax() == TELLING
        assert model.layer_weights_[TELLING] > 1.5 / N_LAYERS

    def test_weights_sum_to_one(self, fitted):
        assert fitted.layer_weights_.shape == (N_LAYERS,)
        assert fitted.layer_weights_.sum() == pytest.approx(1, abs=1e-12)
        assert (fitted.layer_weights_ != 1 / N_LAYERS).all()

    def test_they_are_those_of_the_network(self, fitted):
        (logits,) = fitted.build_model().get_layer("layer_weights").get_weights()
        raised = np.exp(logits)
        np.testing.assert_allclose(fitted.layer_weights_, raised / raised.sum(), rtol=1e-6)

    def test_the_model_predicts_the_same(self, fitted, stacks):
        probabilities = fitted.build_model().predict(stacks.astype(np.float32), verbose=0)
        np.testing.assert_allclose(probabilities, fitted.predict_proba(stacks), atol=1e-6)

    @pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
    def test_the_model_can_be_saved(self, fitted, stacks, tmp_path):
        import keras

        fitted.build_model().save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        probabilities = loaded.predict(stacks.astype(np.float32), verbose=0)
        np.testing.assert_allclose(probabilities, fitted.predict_proba(stacks), atol=1e-6)

    def test_shapes_are_remembered(self, fitted):
        assert fitted.input_shape_ == (N_LAYERS, N_FRAMES, DIM)
        assert fitted.n_features_in_ == N_LAYERS

    def test_padding_stays_padding(self, fitted, stacks):
        import keras

        model = fitted.build_model()
        seen = keras.Model(model.input, model.get_layer("layer_weights").output)(stacks)
        assert not np.any(seen[:, REAL_FRAMES:])
        assert np.all(np.any(seen[:, :REAL_FRAMES], axis=-1))

    def test_one_layer_is_the_network_without_weights(self, cnn2d, stacks, y):
        one = cnn2d(epochs=3).fit(stacks[:, :1], y)
        plain = cnn2d(epochs=3, layer_weights=False).fit(stacks[:, 0], y)
        assert one.layer_weights_.tolist() == [1.0]
        expected = plain.predict_proba(stacks[:, 0])
        np.testing.assert_allclose(one.predict_proba(stacks[:, :1]), expected, atol=1e-4)

    def test_lists_will_do(self, cnn2d, stacks, y):
        assert_equal_weights(cnn2d().fit(stacks.tolist(), y), cnn2d().fit(stacks, y))

    def test_without_the_parameter_there_are_no_weights(self, cnn2d, stacks, y):
        model = cnn2d(layer_weights=False).fit(stacks[:, 0], y)
        with pytest.raises(AttributeError, match="was not fitted with layer_weights=True"):
            model.layer_weights_  # noqa: B018
        assert not hasattr(cnn2d(), "layer_weights_")

    def test_what_was_fitted_counts_whatever_is_set_since(self, cnn2d, stacks, y):
        model = cnn2d().fit(stacks, y)
        expected = model.predict_proba(stacks)
        model.set_params(layer_weights=False)
        np.testing.assert_array_equal(model.predict_proba(stacks), expected)
        assert len(model.fit(stacks[:, 0], y).predict(stacks[:, 0])) == N_CLIPS
        assert not hasattr(model, "layer_weights_")

    @pytest.mark.parametrize("weighs", [False, True])
    def test_tags_say_what_is_taken(self, weighs, cnn2d):
        tags = get_tags(cnn2d(layer_weights=weighs)).input_tags
        assert (tags.two_d_array, tags.three_d_array) == (not weighs, not weighs)


class TestMemory:
    """Stacks of a corpus are gigabytes: nothing may make a copy of them."""

    def test_float16_on_disk_gives_what_float32_in_memory_gives(self, cnn2d, on_disk, stacks, y):
        model = cnn2d(epochs=3, batch_size=5)
        expected = clone(model).fit(stacks.astype(np.float32), y)
        got = clone(model).fit(on_disk, y)
        for a, b in zip(got.weights_, expected.weights_, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
        probabilities = expected.predict_proba(stacks.astype(np.float32))
        np.testing.assert_allclose(got.predict_proba(on_disk), probabilities, atol=1e-5)

    def test_batches_alone_are_read(self, cnn2d, on_disk, y, speakers, reads, monkeypatch):
        monkeypatch.setattr(_clip_stacks, "_MOST_VALUES", 4 * N_LAYERS * N_FRAMES * DIM)
        model = cnn2d(epochs=2, batch_size=5, early_stopping=True)
        model.fit(on_disk, y, groups=speakers, sample_weight=np.arange(N_CLIPS) % 5 > 0)
        model.predict(on_disk)
        assert max(reads) == 5
        assert sum(reads) > 4 * N_CLIPS

    def test_no_array_of_its_size_is_made(self, cnn2d, tmp_path, monkeypatch):
        shape = (96, 4, 32, 128)
        stacks = np.memmap(tmp_path / "large", dtype=np.float16, mode="w+", shape=shape)
        stacks[:] = 1
        labels = np.arange(len(stacks)) % 2
        monkeypatch.setattr(_clip_stacks, "_MOST_VALUES", 4 * stacks[0].size)
        model = cnn2d(batch_size=4, pool_size=8).fit(stacks, labels)  # TensorFlow is warm now
        tracemalloc.start()
        try:
            model.fit(stacks, labels).predict(stacks)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < stacks.nbytes / 2

    def test_a_fit_does_not_keep_them(self, cnn2d, stacks, y):
        copies = stacks.copy()
        cnn2d().fit(copies, y)
        gc.collect()
        gc.disable()  # a cycle would keep them until the next collection
        try:
            before = sys.getrefcount(copies)
            cnn2d(random_state=1).fit(copies, y).predict(copies)
            assert sys.getrefcount(copies) == before
        finally:
            gc.enable()

    def test_a_view_of_every_other_clip(self, cnn2d, on_disk, stacks, y):
        expected = cnn2d().fit(stacks[::2].copy(), y[::2])
        assert_equal_weights(cnn2d().fit(on_disk[::2], y[::2]), expected)


class TestTraining:
    """What every network does, it does over stacks and over means as well."""

    @pytest.fixture(params=["cnn2d", "head"])
    def network(self, request):
        return request.getfixturevalue(request.param)

    @pytest.fixture
    def data(self, request, network, stacks, means):
        return means if isinstance(network(), LayerWeightedClassifier) else stacks

    def test_the_same_seed_gives_the_same_bits(self, network, data, y):
        assert_equal_weights(network(epochs=2).fit(data, y), network(epochs=2).fit(data, y))

    def test_clips_of_weight_zero_are_left_out(self, network, data, y):
        used = np.arange(N_CLIPS) % 4 != 0
        other = np.where(used.reshape(-1, *[1] * (data.ndim - 1)), data, 100).astype(data.dtype)
        expected = network().fit(data, y, sample_weight=used)
        assert_equal_weights(network().fit(other, y, sample_weight=used), expected)
        assert_equal_weights(network().fit(data[used], y[used]), network().fit(data[used], y[used]))

    def test_sample_weights_change_the_network(self, network, data, y):
        plain = network().fit(data, y).predict_proba(data)
        weighted = network().fit(data, y, sample_weight=np.where(y == "sad", 10.0, 0.1))
        assert weighted.predict_proba(data)[:, 2].mean() > plain[:, 2].mean()

    def test_a_warm_start_goes_on(self, network, data, y):
        model = network(warm_start=True, learning_rate=0.01, dropout=0.0)
        first = model.fit(data, y).layer_weights_
        model.fit(data, y)
        assert model.n_iter_ == 2
        assert (
            np.abs(model.layer_weights_ - 1 / N_LAYERS).max() > np.abs(first - 1 / N_LAYERS).max()
        )

    def test_a_warm_start_needs_the_same_layers(self, network, data, y):
        model = network(warm_start=True).fit(data, y)
        with pytest.raises(ValueError, match=r"input_shape was \(4, .* Set warm_start=False"):
            model.fit(data[:, :2], y)

    def test_early_stopping_holds_out_speakers(self, network, data, y, speakers):
        model = network(epochs=3, early_stopping=True).fit(data, y, groups=speakers)
        held = set(speakers[model.validation_indices_])
        assert held
        assert held.isdisjoint(np.delete(speakers, model.validation_indices_))
        assert len(model.history_["val_loss"]) == model.n_iter_

    def test_averaged_weights(self, network, data, y):
        model = network(epochs=3, ema_momentum=0.5, learning_rate=0.1).fit(data, y)
        assert model.layer_weights_.sum() == pytest.approx(1)

    def test_not_fitted(self, network, data):
        with pytest.raises(NotFittedError, match="instance is not fitted yet"):
            network().predict(data)

    def test_a_pickle(self, network, data, y):
        import pickle

        model = network().fit(data, y)
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.layer_weights_, model.layer_weights_)
        np.testing.assert_array_equal(copy.predict_proba(data), model.predict_proba(data))


FRESH = """
import json, sys
from pathlib import Path
import joblib
folder = Path(sys.argv[1])
loaded = {n: joblib.load(folder / f"{n}.joblib", mmap_mode="r") for n in ("stacks", "means")}
weights = {name: model.layer_weights_.tolist() for name, (model, _) in loaded.items()}
facts = {"imported by loading": "tensorflow" in sys.modules}
for name, (model, X) in loaded.items():
    facts[name] = {
        "weights": weights[name],
        "probabilities": model.predict_proba(X).tolist(),
        "fitted again": model.fit(X, [0, 1] * (len(X) // 2)).layer_weights_.sum(),
    }
print(json.dumps(facts))
"""


@pytest.fixture(scope="module")
def models(cnn2d, head, stacks, means, y):
    return {
        "stacks": (cnn2d().fit(stacks, y), stacks),
        "means": (head().fit(means, y), means),
    }


@pytest.fixture(scope="module")
def facts(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("application")
    for name, model_and_data in models.items():
        joblib.dump(model_and_data, folder / f"{name}.joblib")
    (folder / "application.py").write_text(FRESH)
    done = subprocess.run(
        [sys.executable, str(folder / "application.py"), str(folder)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(sklearn_ser.__file__).parents[1])},
    )
    return json.loads(done.stdout)


class TestFreshProcess:
    def test_weights_can_be_looked_at_without_tensorflow(self, facts):
        assert not facts["imported by loading"]

    @pytest.mark.parametrize("name", ["stacks", "means"])
    def test_a_file_predicts_the_same(self, name, facts, models):
        model, data = models[name]
        assert facts[name]["weights"] == model.layer_weights_.tolist()
        expected = model.predict_proba(data)
        np.testing.assert_allclose(facts[name]["probabilities"], expected, atol=1e-6)
        assert facts[name]["fitted again"] == pytest.approx(1)


class TestSearch:
    def test_whether_layers_are_normalised(self, head, means, y):
        uneven = means * np.array([1, 100, 1, 1000])[:, None]
        model = make_pipeline(FunctionTransformer(), head(epochs=30, learning_rate=0.01))
        grid = {"layerweightedclassifier__layer_norm": [False, True]}
        search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(uneven, y)
        assert search.best_params_ == {"layerweightedclassifier__layer_norm": True}
        assert search.best_estimator_[-1].layer_weights_.shape == (N_LAYERS,)

    def test_stacks_on_disk(self, cnn2d, on_disk, y):
        grid = {"filters": [(2,), (4,)]}
        search = GridSearchCV(cnn2d(), grid, cv=2, error_score="raise").fit(on_disk, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.best_estimator_.layer_weights_.shape == (N_LAYERS,)


class TestMeans:
    def test_it_learns_which_layer_tells(self, head, means, y):
        model = head(epochs=40, learning_rate=0.03).fit(means, y)
        assert model.score(means, y) > 0.9
        assert model.layer_weights_.argmax() == TELLING
        assert model.layer_weights_.sum() == pytest.approx(1, abs=1e-12)

    def test_float16_is_taken_as_float32(self, head, means, y):
        half = means.astype(np.float16)
        assert_equal_weights(head().fit(half, y), head().fit(half.astype(np.float32), y))

    def test_a_table_is_one_layer(self, head, means, y):
        table = means[:, TELLING]
        model = head(epochs=3).fit(table, y)
        dense = DenseClassifier(hidden_units=(8,), epochs=3, random_state=0).fit(table, y)
        assert model.layer_weights_.tolist() == [1.0]
        assert len(model.predict(table)) == N_CLIPS
        assert [array.shape for array in model.weights_[1:]] == [a.shape for a in dense.weights_]

    def test_a_data_frame_gives_its_names(self, head, means, y):
        table = pd.DataFrame(means[:, 0], columns=list("abcde"))
        assert head().fit(table, y).feature_names_in_.tolist() == list("abcde")

    def test_normalised_layers_have_one_scale(self, head, means, y):
        scales = np.array([0.01, 1, 10, 1000])[:, None]
        model = head(layer_norm=True, epochs=2)
        plain, scaled = (clone(model).fit(data, y) for data in (100 * means, 100 * means * scales))
        expected = plain.predict_proba(100 * means)
        np.testing.assert_allclose(scaled.predict_proba(100 * means * scales), expected, atol=1e-3)

    def test_the_defaults_are_those_of_the_dense_head(self):
        parameters = LayerWeightedClassifier().get_params()
        assert parameters.pop("layer_norm") is False
        assert parameters == DenseClassifier().get_params()


class TestBadInput:
    @pytest.mark.parametrize("shape", [(N_CLIPS, 9), (N_CLIPS, 6, 5)])
    def test_no_stacks(self, shape, cnn2d, y):
        message = (
            r"CNN2DClassifier\(layer_weights=True\) takes stacks of an encoder's layers, .*got X "
            rf"of shape {re.escape(str(shape))}\. Extract all layers without pooling, or set"
        )
        with pytest.raises(ValueError, match=message):
            cnn2d().fit(np.zeros(shape), y)

    def test_stacks_without_the_parameter(self, cnn2d, stacks, y):
        message = r"^Found array with dim 4: CNN2DClassifier takes .* with layer_weights=True, stac"
        with pytest.raises(ValueError, match=message):
            cnn2d(layer_weights=False).fit(stacks, y)

    def test_frames_where_means_are_wanted(self, head, stacks, y):
        message = (
            r"^Found array with dim 4: LayerWeightedClassifier takes layers averaged over time.*"
            r"Take the mean over the frames first; CNN2DClassifier\(layer_weights=True\) weighs"
        )
        with pytest.raises(ValueError, match=message):
            head().fit(stacks, y)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, value, cnn2d, stacks, y):
        bad = stacks.copy()
        bad[7, 1, 2, 3] = value
        message = r"Input X contains (NaN|infinity) in clip 7\."
        with pytest.raises(ValueError, match=message):
            cnn2d().fit(bad, y)
        with pytest.raises(ValueError, match=message):
            cnn2d().fit(stacks, y).predict(bad)

    def test_not_finite_means(self, head, means, y):
        bad = means.copy()
        bad[7, 1, 2] = np.nan
        with pytest.raises(ValueError, match="Input X contains NaN"):
            head().fit(bad, y)

    def test_words(self, cnn2d, y):
        with pytest.raises(ValueError, match="could not convert string to float"):
            cnn2d().fit(np.full((N_CLIPS, 2, 2, 2), "a"), y)

    def test_labels_of_another_length(self, cnn2d, stacks, y):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[48, 47\]"):
            cnn2d().fit(stacks, y[1:])

    @pytest.mark.parametrize("what", ["groups", "sample_weight"])
    def test_another_length(self, what, cnn2d, stacks, y):
        message = r"inconsistent numbers of samples: \[48, 47\]|shape == \(47,\), expected \(48,\)"
        with pytest.raises(ValueError, match=message):
            cnn2d().fit(stacks, y, **{what: np.ones(47)})

    def test_one_class(self, cnn2d, stacks):
        with pytest.raises(ValueError, match="needs clips of two classes at least, got one class"):
            cnn2d().fit(stacks, ["sad"] * N_CLIPS)

    @pytest.mark.parametrize("shape", [(3, 6, 5), (4, 7, 5), (4, 6, 4), (6, 5), (30,)])
    def test_other_clips_than_were_fitted(self, shape, fitted):
        message = f"clips of shape {shape}, but CNN2DClassifier was fitted on clips of shape (4, 6"
        with pytest.raises(ValueError, match=re.escape(message)):
            fitted.predict(np.zeros((2, *shape)))

    def test_other_clips_in_a_list(self, fitted):
        with pytest.raises(ValueError, match=r"got X of shape \(2, 4, 6\)\."):
            fitted.predict(np.zeros((2, 4, 6)).tolist())

    def test_other_layers_than_were_fitted(self, head, means, y):
        model = head().fit(means, y)
        message = r"clips of shape \(3, 5\), but LayerWeightedClassifier was fitted on .* \(4, 5\)"
        with pytest.raises(ValueError, match=message):
            model.predict(means[:, :3])

    @pytest.mark.parametrize("value", ["yes", None, 2])
    def test_no_switch(self, value, cnn2d, head, stacks, means, y):
        with pytest.raises(ValueError, match="The 'layer_weights' parameter of CNN2DClassifier"):
            cnn2d(layer_weights=value).fit(stacks, y)
        with pytest.raises(ValueError, match="The 'layer_norm' parameter of LayerWeighted"):
            head(layer_norm=value).fit(means, y)
