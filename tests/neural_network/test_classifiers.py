"""Networks as classifiers: labels, weights, shapes, presets and the errors of bad input."""

from __future__ import annotations

import re
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

from sklearn_ser import CNN1DClassifier, CNN2DClassifier, DenseClassifier
from sklearn_ser.neural_network import __all__ as NETWORKS  # noqa: N812

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

LABELS = {
    "str": ["sad", "angry", "calm"],
    "object": np.array(["sad", "angry", "calm"], dtype=object),
    "negative int": [-7, 30, -1],
    "uint8": np.array([200, 3, 9], dtype=np.uint8),
    "float": [2.0, -1.0, 0.0],
    "bool": [True, False, True],
}


@pytest.fixture(scope="module")
def fitted(clips, dense):
    return dense(epochs=2).fit(clips.X, clips.y)


@pytest.fixture(scope="module")
def fitted_on_a_table(clips, dense):
    return dense().fit(clips.X[:, 0], clips.y)


def test_every_network_is_public() -> None:
    assert {"CNN1DClassifier", "CNN2DClassifier", "DenseClassifier"} <= set(NETWORKS)


def test_importing_leaves_the_configuration_alone():
    assert get_config()["enable_metadata_routing"] is False


class TestFitAndPredict:
    def test_it_learns(self, clips, cnn):
        model = cnn(epochs=25, learning_rate=0.01).fit(clips.X, clips.y)
        assert model.score(clips.X, clips.y) > 0.9
        assert model.history_["loss"][-1] < model.history_["loss"][0]

    def test_probabilities_sum_to_one(self, clips, fitted):
        probabilities = fitted.predict_proba(clips.X)
        assert probabilities.shape == (48, 3)
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)

    def test_prediction_is_the_most_probable_class(self, clips, fitted):
        best = fitted.predict_proba(clips.X).argmax(axis=1)
        np.testing.assert_array_equal(fitted.predict(clips.X), fitted.classes_[best])

    def test_clips_are_predicted_one_by_one_as_together(self, clips, fitted):
        one_by_one = [fitted.predict_proba(clip[None])[0] for clip in clips.X[:5]]
        np.testing.assert_allclose(one_by_one, fitted.predict_proba(clips.X)[:5], atol=1e-6)

    @pytest.mark.parametrize("kind", LABELS)
    def test_labels_of_any_type(self, kind, clips, dense):
        y = np.asarray(LABELS[kind])[np.arange(48) % 3]
        model = dense().fit(clips.X, y)
        np.testing.assert_array_equal(model.classes_, np.unique(y))
        assert model.predict(clips.X).dtype == y.dtype

    def test_a_list_and_a_series_of_labels(self, clips, dense):
        from_list = dense().fit(clips.X, clips.y.tolist())
        from_series = dense().fit(clips.X, pd.Series(clips.y, index=range(100, 148)))
        for a, b in zip(from_list.weights_, from_series.weights_, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_float64_is_taken_as_float32(self, clips, dense):
        model = dense().fit(clips.X.astype(np.float64), clips.y)
        expected = dense().fit(clips.X, clips.y).predict_proba(clips.X)
        np.testing.assert_array_equal(model.predict_proba(clips.X.astype(np.float64)), expected)

    def test_a_data_frame_gives_its_names(self, clips, dense):
        table = pd.DataFrame(clips.X[:, 0], columns=["zcr", "rms", "f0"])
        model = dense().fit(table, clips.y)
        assert model.feature_names_in_.tolist() == ["zcr", "rms", "f0"]
        assert model.n_features_in_ == 3

    @pytest.mark.parametrize("network", [CNN1DClassifier, CNN2DClassifier])
    def test_convolutions_take_a_table_too(self, network, clips):
        model = network(filters=(2,), dense_units=(), epochs=1).fit(clips.X[:, 0], clips.y)
        assert model.input_shape_ == (3,)
        assert model.predict_proba(clips.X[:, 0]).shape == (48, 3)

    def test_build_model_gives_the_same_probabilities(self, clips, fitted):
        probabilities = fitted.build_model().predict(clips.X, verbose=0)
        np.testing.assert_allclose(probabilities, fitted.predict_proba(clips.X), atol=1e-6)

    def test_a_built_model_is_a_copy(self, clips, fitted):
        before = fitted.predict_proba(clips.X)
        model = fitted.build_model()
        model.set_weights([np.zeros_like(array) for array in model.get_weights()])
        np.testing.assert_array_equal(fitted.predict_proba(clips.X), before)

    def test_fitted_weights_cannot_be_written_to(self, fitted):
        with pytest.raises(ValueError, match="read-only"):
            fitted.weights_[0][:] = 0


class TestParameters:
    def test_clone_keeps_all_of_them(self, cnn):
        model = cnn(kernel_size=(3,), class_weight={"a": 2.0}, callbacks=[], learning_rate=0.5)
        assert clone(model).get_params() == model.get_params()

    @pytest.mark.parametrize("name", NETWORKS)
    def test_all_can_be_set(self, name):
        import sklearn_ser

        model = getattr(sklearn_ser, name)()
        parameters = model.get_params()
        assert model.set_params(**parameters).get_params() == parameters
        assert is_classifier(model)

    def test_setting_them_after_fit_does_not_change_predictions(self, clips, dense):
        model = dense().fit(clips.X, clips.y)
        before = model.predict_proba(clips.X)
        model.set_params(hidden_units=(3, 2), dropout=0.9, optimizer="sgd", label_smoothing=0.5)
        np.testing.assert_array_equal(model.predict_proba(clips.X), before)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("optimizer", "adan"), ("epochs", 0), ("validation_fraction", 1.0), ("filters", 4)],
    )
    def test_a_bad_value_is_named(self, name, value, clips, cnn):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of CNN1DClassifier must be"):
            cnn(**{name: value}).fit(clips.X, clips.y)


class TestWeights:
    def test_balanced_classes_change_the_network(self, clips, dense):
        few = np.flatnonzero((clips.y != "sad") | (np.arange(48) > 40))
        X, y = clips.X[few] / 10, clips.y[few]
        model = dense(epochs=10, learning_rate=0.03)
        plain = model.fit(X, y).predict_proba(X)
        balanced = model.set_params(class_weight="balanced").fit(X, y).predict_proba(X)
        assert balanced[:, 2].mean() > plain[:, 2].mean() + 0.05

    def test_weights_by_class(self, clips, dense):
        weights = {"angry": 0.001, "calm": 10.0, "sad": 0.001}
        model = dense(epochs=10, learning_rate=0.05, class_weight=weights)
        assert (model.fit(clips.X, clips.y).predict(clips.X) == "calm").all()

    def test_class_weight_is_sample_weight(self, clips, dense):
        by_class = dense(class_weight={"angry": 3.0, "calm": 1.0, "sad": 0.5})
        by_sample = np.array([{"angry": 3.0, "calm": 1.0, "sad": 0.5}[label] for label in clips.y])
        expected = dense().fit(clips.X, clips.y, sample_weight=by_sample).predict_proba(clips.X)
        got = by_class.fit(clips.X, clips.y).predict_proba(clips.X)
        np.testing.assert_allclose(got, expected, atol=1e-6)

    def test_equal_weights_are_no_weights(self, clips, dense):
        plain = dense(epochs=2).fit(clips.X, clips.y).predict_proba(clips.X)
        weighted = dense(epochs=2).fit(clips.X, clips.y, sample_weight=np.ones(48))
        np.testing.assert_allclose(weighted.predict_proba(clips.X), plain, atol=1e-6)

    def test_clips_of_weight_zero_are_left_out(self, clips, cnn):
        """Batch normalisation would see them still, were they only weighed."""
        used = np.arange(48) % 4 != 0
        other = np.where(used[:, None, None], clips.X, 1e3).astype(np.float32)
        expected = cnn().fit(clips.X, clips.y, sample_weight=used)
        got = cnn().fit(other, clips.y, sample_weight=used)
        for a, b in zip(got.weights_, expected.weights_, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_leaving_out_is_the_same_as_weight_zero(self, clips, cnn):
        used = np.arange(48) % 4 != 0
        expected = cnn().fit(clips.X[used], clips.y[used]).predict_proba(clips.X)
        got = cnn().fit(clips.X, clips.y, sample_weight=used).predict_proba(clips.X)
        np.testing.assert_allclose(got, expected, atol=1e-6)

    def test_clips_of_weight_zero_are_not_judged_by(self, clips, dense):
        used = np.arange(48) % 4 != 0
        model = dense(early_stopping=True)
        model.fit(clips.X, clips.y, groups=clips.speakers, sample_weight=used)
        assert used[model.validation_indices_].all()


class TestPresets:
    def test_changes_go_on_top(self):
        model = CNN2DClassifier.from_preset("mfcc-cnn2d", epochs=3, dense_units=(8,))
        assert model.filters == (32, 32, 32, 32)
        assert (model.epochs, model.dense_units) == (3, (8,))

    def test_unknown_name(self):
        with pytest.raises(ValueError, match=r"'mfcc-cnn2' is not known.*mean 'mfcc-cnn2d'\?"):
            CNN2DClassifier.from_preset("mfcc-cnn2")

    def test_preset_of_another_class(self):
        with pytest.raises(ValueError, match=r"belongs to CNN1DClassifier, not to CNN2DClassifier"):
            CNN2DClassifier.from_preset("zcr-rms-cnn1d")

    def test_too_few_frames(self, clips):
        model = CNN2DClassifier.from_preset("mfcc-cnn2d", epochs=1)
        message = "6 frames of 3 coefficients are too few.* at least 16 frames of 16 coefficients"
        with pytest.raises(ValueError, match=message):
            model.fit(clips.X, clips.y)


class TestBadTraining:
    def test_one_class(self, clips, dense):
        message = "DenseClassifier needs clips of two classes at least, got one class: 'sad'"
        with pytest.raises(ValueError, match=message):
            dense().fit(clips.X, ["sad"] * 48)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, value, clips, dense):
        X = clips.X.copy()
        X[3, 2, 1] = value
        with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
            dense().fit(X, clips.y)

    def test_four_dimensions(self, clips, dense):
        message = r"Found array with dim 4: DenseClassifier takes sequences .*or tables of shape"
        with pytest.raises(ValueError, match=message):
            dense().fit(clips.X[..., None], clips.y)

    @pytest.mark.parametrize("what", ["groups", "sample_weight"])
    def test_another_length(self, what, clips, dense):
        message = r"inconsistent numbers of samples: \[48, 47\]|shape == \(47,\), expected \(48,\)"
        with pytest.raises(ValueError, match=message):
            dense().fit(clips.X, clips.y, **{what: np.ones(47)})

    def test_labels_of_another_length(self, clips, dense):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[48, 47\]"):
            dense().fit(clips.X, clips.y[1:])

    def test_missing_label(self, clips, dense):
        with pytest.raises(ValueError, match="Input contains NaN"):
            dense().fit(clips.X, pd.Series(["sad", "calm", None] * 16))

    def test_continuous_labels(self, clips, dense):
        with pytest.raises(ValueError, match="Unknown label type: continuous"):
            dense().fit(clips.X, np.linspace(0, 1, 48))

    def test_class_weight_of_an_unknown_label(self, clips, dense):
        with pytest.raises(ValueError, match=r"'sad'\], are not in class_weight"):
            dense(class_weight={"angry": 1, "sat": 2}).fit(clips.X, clips.y)

    def test_all_weights_zero(self, clips, dense):
        with pytest.raises(ValueError, match="must contain at least one non-zero number"):
            dense().fit(clips.X, clips.y, sample_weight=np.zeros(48))

    def test_sequences_of_several_lengths(self, clips, dense):
        ragged = [clip[: 3 + i % 2] for i, clip in enumerate(clips.X)]
        with pytest.raises(ValueError, match="inhomogeneous shape"):
            dense().fit(ragged, clips.y)


class TestBadPrediction:
    @pytest.mark.parametrize("method", ["predict", "predict_proba", "build_model"])
    def test_not_fitted(self, method, clips, dense):
        arguments = () if method == "build_model" else (clips.X,)
        with pytest.raises(NotFittedError, match="DenseClassifier instance is not fitted yet"):
            getattr(dense(), method)(*arguments)

    @pytest.mark.parametrize("shape", [(5, 3), (6, 2), (6, 3, 1), (18,)])
    def test_another_shape_than_the_sequences_fitted(self, shape, fitted):
        message = f"clips of shape {shape}, but DenseClassifier was fitted on clips of shape (6, 3)"
        with pytest.raises(ValueError, match=re.escape(message)):
            fitted.predict(np.zeros((2, *shape)))

    def test_sequences_where_a_table_was_fitted(self, clips, fitted_on_a_table):
        message = r"clips of shape \(6, 3\), but .* was fitted on clips of shape \(3,\)"
        with pytest.raises(ValueError, match=message):
            fitted_on_a_table.predict(clips.X)

    def test_other_columns_than_the_table_fitted(self, clips, fitted_on_a_table):
        with pytest.raises(ValueError, match=r"X has 2 features, .* is expecting 3 features"):
            fitted_on_a_table.predict(clips.X[:, 0, :2])

    def test_the_error_says_what_to_do(self, fitted):
        with pytest.raises(ValueError, match="Give the extractor a fixed n_frames"):
            fitted.predict(np.zeros((2, 5, 3)))

    def test_not_finite(self, fitted):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            fitted.predict(np.full((2, 6, 3), np.nan))

    def test_labels_never_trained_score_nothing(self, clips, fitted):
        assert fitted.score(clips.X, ["surprised"] * 48) == 0.0


def test_a_dense_network_without_hidden_layers(clips):
    model = DenseClassifier(hidden_units=(), epochs=1).fit(clips.X, clips.y)
    assert [array.shape for array in model.weights_] == [(18, 3), (3,)]
