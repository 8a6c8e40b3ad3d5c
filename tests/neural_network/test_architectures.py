"""Networks: what the builders build, and what any shape gives."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from sklearn_ser import CNN1DClassifier, CNN2DClassifier
from sklearn_ser.exceptions import MissingExtraError
from sklearn_ser.neural_network._architectures import (
    build_cnn1d,
    build_cnn2d,
    build_dense,
)
from sklearn_ser.neural_network._block_plan import BLOCK_LAYERS
from sklearn_ser.neural_network._layer_weighted_architecture import build_layer_weighted

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

CONVOLUTIONAL = [build_cnn1d, build_cnn2d]
ALL = [*CONVOLUTIONAL, build_dense, build_layer_weighted]
ODD_SHAPES = [(1,), (3,), (40,), (1, 1), (7, 1), (1, 64), (5, 40)]


def layers_of(model):
    """Name, kind and output shape without the batch of every layer."""
    return [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:])) for layer in model.layers
    ]


def names_of(model):
    return [layer.name for layer in model.layers]


def shape_after(model, name):
    return tuple(model.get_layer(name).output.shape[1:])


class TestEveryBuilder:
    @pytest.mark.parametrize("builder", ALL)
    def test_any_shape_fits_the_defaults(self, builder):
        for shape in ODD_SHAPES:
            probabilities = builder(shape, 3)(np.ones((2, *shape), dtype=np.float32)).numpy()
            assert probabilities.shape == (2, 3)
            np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)

    @pytest.mark.parametrize("builder", ALL)
    def test_one_value_a_clip_trains(self, builder):
        model = builder((1,), 2)
        model.compile("adam", "sparse_categorical_crossentropy")
        loss = model.train_on_batch(np.arange(4, dtype=np.float32)[:, None], np.array([0, 1, 0, 1]))
        assert np.isfinite(loss)

    @pytest.mark.parametrize("builder", ALL)
    def test_model_is_not_compiled(self, builder):
        assert not builder((5, 4), 3).compiled

    @pytest.mark.parametrize("builder", ALL)
    def test_probabilities_are_float32_under_mixed_precision(self, builder):
        import keras

        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            assert builder((5, 4), 3).output.dtype == "float32"
        finally:
            keras.config.set_dtype_policy(before)

    @pytest.mark.parametrize("builder", ALL)
    def test_without_keras_the_extra_is_named(self, builder, monkeypatch):
        monkeypatch.setitem(sys.modules, "keras", None)
        with pytest.raises(MissingExtraError, match=r'pip install "sklearn-ser\[keras\]"'):
            builder((5, 4), 3)

    @pytest.mark.parametrize("builder", ALL)
    def test_two_builds_are_the_same_network(self, builder):
        first, second = builder((9, 4), 3), builder((9, 4), 3)
        assert layers_of(first) == layers_of(second)
        assert [w.path for w in first.weights] == [w.path for w in second.weights]
        assert first.name == second.name

    @pytest.mark.parametrize("builder", ALL)
    def test_numpy_sizes_are_sizes(self, builder):
        shape = (np.int64(5), np.int64(4))
        assert shape_after(builder(shape, np.int64(3)), "input") == (5, 4)

    @pytest.mark.parametrize("builder", ALL)
    @pytest.mark.parametrize("shape", [(), (0,), (3, 4, 5), [3, 4], (None, 4), "34"])
    def test_other_shapes_are_refused(self, builder, shape):
        with pytest.raises(ValueError, match=r"\(n_frames, n_coefs\) or \(n_features,\), got"):
            builder(shape, 2)

    @pytest.mark.parametrize("builder", ALL)
    @pytest.mark.parametrize("n_classes", [1, 0, 2.5])
    def test_one_class_is_refused(self, builder, n_classes):
        with pytest.raises(ValueError, match=r"n_classes must be an int of at least 2, got"):
            builder((5, 4), n_classes)

    @pytest.mark.parametrize("builder", ALL)
    def test_unknown_activation(self, builder):
        with pytest.raises(ValueError, match=r"activation='rellu' is not known. Did you mean 'r"):
            builder((5, 4), 2, activation="rellu")

    @pytest.mark.parametrize("builder", ALL)
    @pytest.mark.parametrize("rate", [1, -0.1, "half", True, float("nan")])
    def test_dropout_is_a_share(self, builder, rate):
        with pytest.raises(ValueError, match=r"dropout must be a number from 0 to below 1, got"):
            builder((5, 4), 2, dropout=rate)

    def test_channels_first_in_keras_json_changes_nothing(self):
        import keras

        usual = {builder: layers_of(builder((9, 4), 2)) for builder in ALL}
        before = keras.config.image_data_format()
        keras.config.set_image_data_format("channels_first")
        try:
            assert {builder: layers_of(builder((9, 4), 2)) for builder in ALL} == usual
        finally:
            keras.config.set_image_data_format(before)


class TestDense:
    def test_hidden_layers_of_a_table(self):
        model = build_dense((768,), 8)
        assert layers_of(model) == [
            ("input", "InputLayer", (768,)),
            ("dense_1", "Dense", (256,)),
            ("dense_dropout_1", "Dropout", (256,)),
            ("probabilities", "Dense", (8,)),
        ]
        assert model.count_params() == 768 * 256 + 256 + 256 * 8 + 8
        assert model.get_layer("dense_dropout_1").rate == 0.3
        assert model.get_layer("dense_1").activation.__name__ == "relu"

    def test_sequences_are_flattened_and_norms_follow(self):
        model = build_dense((5, 4), 2, hidden_units=[6, 3], batch_norm=True, dropout=0)
        assert names_of(model)[1:] == [
            "flatten",
            "dense_1",
            "dense_norm_1",
            "dense_2",
            "dense_norm_2",
            "probabilities",
        ]

    def test_no_hidden_layer_is_a_softmax_alone(self):
        assert names_of(build_dense((4,), 2, hidden_units=())) == ["input", "probabilities"]

    @pytest.mark.parametrize("units", [(0,), (2.5,), "64", (64, None), None])
    def test_units_are_positive_ints(self, units):
        with pytest.raises(ValueError, match=r"hidden_units must be a tuple of positive ints"):
            build_dense((4,), 2, hidden_units=units)

    def test_one_number_is_no_row(self):
        with pytest.raises(ValueError, match=r"hidden_units=64 is one number: write \(64,\)"):
            build_dense((4,), 2, hidden_units=64)


class TestBlocks:
    def test_default_blocks(self):
        model = build_cnn1d((40, 20), 4)
        assert names_of(model) == [
            "input",
            *(f"{layer}_{block}" for block in (1, 2, 3) for layer in BLOCK_LAYERS),
            "flatten",
            "dense_1",
            "dense_dropout_1",
            "probabilities",
        ]
        assert shape_after(model, "flatten") == (5 * 128,)

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    def test_order_is_the_callers(self, builder):
        order = ("pool", "conv", "dropout", "activation", "norm")
        model = builder((8, 4), 2, filters=(3, 3), block_order=order, dense_units=())
        blocks = [f"{layer}_{block}" for block in (1, 2) for layer in order]
        assert [name for name in names_of(model) if name[-1].isdigit()] == blocks

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    def test_what_is_off_is_left_out(self, builder):
        model = builder(
            (8, 4), 2, filters=(3, 3), batch_norm=False, dropout=0, pool_size=[1, 2], dense_units=()
        )
        blocks = ["conv_1", "activation_1", "conv_2", "activation_2", "pool_2"]
        assert [name for name in names_of(model) if name[-1].isdigit()] == blocks

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    def test_layers_that_are_not_named_are_left_out(self, builder):
        model = builder((8, 4), 2, filters=(3,), block_order=["conv"], dense_units=())
        assert [name for name in names_of(model) if name[-1].isdigit()] == ["conv_1"]

    def test_rates_norms_and_activation_reach_their_layers(self):
        model = build_cnn1d(
            (8, 4),
            2,
            filters=(3,),
            dropout=0.1,
            activation="elu",
            dense_units=(6, 5),
            dense_batch_norm=True,
            dense_dropout=0.4,
        )
        assert model.get_layer("dropout_1").rate == 0.1
        assert model.get_layer("dense_dropout_2").rate == 0.4
        assert model.get_layer("activation_1").activation.__name__ == "elu"
        assert model.get_layer("dense_2").activation.__name__ == "elu"
        assert names_of(model).index("dense_norm_1") == names_of(model).index("dense_1") + 1

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    @pytest.mark.parametrize(("pooling", "kind"), [("average", "Average"), ("max", "Max")])
    def test_global_pooling(self, builder, pooling, kind):
        model = builder((9, 4), 2, filters=(3, 7), global_pooling=pooling)
        layer = model.get_layer("global_pooling")
        assert type(layer).__name__.startswith(f"Global{kind}Pooling")
        assert shape_after(model, "global_pooling") == (7,)
        assert "flatten" not in names_of(model)

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    def test_unknown_layer(self, builder):
        with pytest.raises(ValueError, match=r"entry='pooling' is not known. Did you mean 'pool'"):
            builder((8, 4), 2, block_order=("conv", "pooling"))

    @pytest.mark.parametrize("order", [(), ("norm",), ("conv", "norm", "norm")])
    def test_convolution_once(self, order):
        with pytest.raises(ValueError, match=r"must name 'conv' and each layer at most once, got"):
            build_cnn1d((8, 4), 2, block_order=order)

    @pytest.mark.parametrize("order", ["conv", None])
    def test_order_is_a_sequence(self, order):
        with pytest.raises(ValueError, match=r"block_order must be a tuple such as \('conv', 'n"):
            build_cnn1d((8, 4), 2, block_order=order)

    @pytest.mark.parametrize("name", ["padding", "pool_padding"])
    def test_unknown_padding(self, name):
        with pytest.raises(ValueError, match=rf"^{name}='vaild' .* Did you mean 'valid'\?"):
            build_cnn1d((8, 4), 2, **{name: "vaild"})

    @pytest.mark.parametrize("builder", CONVOLUTIONAL)
    def test_unknown_global_pooling(self, builder):
        with pytest.raises(ValueError, match=r"global_pooling='avg' is not known"):
            builder((8, 4), 2, global_pooling="avg")

    @pytest.mark.parametrize("filters", [(), (0, 3), ("a",), None, (True,)])
    def test_filters_are_positive_ints(self, filters):
        with pytest.raises(ValueError, match=r"filters must be a tuple of at least 1 positive int"):
            build_cnn1d((8, 4), 2, filters=filters)

    def test_one_number_of_filters(self):
        with pytest.raises(ValueError, match=r"filters=32 is one number: write \(32,\), one numb"):
            build_cnn1d((8, 4), 2, filters=32)

    def test_dense_units_in_an_error(self):
        with pytest.raises(ValueError, match=r"dense_units must be a tuple of positive ints or"):
            build_cnn1d((8, 4), 2, dense_units=(64, -1))

    def test_dense_dropout_in_an_error(self):
        with pytest.raises(ValueError, match=r"^dense_dropout must be a number from 0"):
            build_cnn2d((8, 4), 2, dense_dropout=1.0)


class TestSizesWithOneAxis:
    @pytest.mark.parametrize("kernels", [(1, 3, 7), [1, 3, 7]])
    def test_one_entry_a_block(self, kernels):
        model = build_cnn1d((40, 6), 2, filters=(2, 2, 2), kernel_size=kernels)
        assert [model.get_layer(f"conv_{i}").kernel_size for i in (1, 2, 3)] == [(1,), (3,), (7,)]

    def test_strides_of_kernels_and_pools(self):
        model = build_cnn1d(
            (40, 6), 2, filters=(2, 2), strides=(2, 1), pool_size=[5, 4], pool_strides=[2, 3]
        )
        assert shape_after(model, "conv_1") == (20, 2)
        assert shape_after(model, "pool_1") == (10, 2)
        assert shape_after(model, "conv_2") == (10, 2)
        assert shape_after(model, "pool_2") == (4, 2)

    def test_pools_move_on_by_their_size(self):
        model = build_cnn1d((40, 6), 2, filters=(2, 2), pool_size=(4, 5))
        assert model.get_layer("pool_2").strides == (5,)

    @pytest.mark.parametrize("name", ["kernel_size", "strides", "pool_size", "pool_strides"])
    def test_wrong_number_of_entries(self, name):
        with pytest.raises(ValueError, match=rf"^{name}=\[3, 3\] has 2 entries for 3 blocks: give"):
            build_cnn1d((40, 6), 2, **{name: [3, 3]})

    @pytest.mark.parametrize("size", [0, -2, 2.0, "3", None, True, {3}])
    def test_no_size(self, size):
        with pytest.raises(ValueError, match=r"kernel_size=.* is no size: give one positive int"):
            build_cnn1d((40, 6), 2, kernel_size=size)

    @pytest.mark.parametrize("entry", [0, 2.5, (3, 3), True])
    def test_no_size_for_one_block(self, entry):
        with pytest.raises(ValueError, match=r"has .* for block 2: give one positive int"):
            build_cnn1d((40, 6), 2, filters=(2, 2), kernel_size=[3, entry])

    def test_table_is_a_sequence_of_single_values(self):
        model = build_cnn1d((12,), 2, filters=(3,))
        assert shape_after(model, "sequence") == (12, 1)
        assert shape_after(model, "conv_1") == (12, 3)


class TestSizesWithTwoAxes:
    def kernels(self, kernel_size, n_blocks=2):
        model = build_cnn2d((16, 8), 2, filters=(2,) * n_blocks, kernel_size=kernel_size)
        return [model.get_layer(f"conv_{i + 1}").kernel_size for i in range(n_blocks)]

    def test_forms(self):
        assert self.kernels(3) == [(3, 3), (3, 3)]
        assert self.kernels((4, 5)) == [(4, 5), (4, 5)]
        assert self.kernels([4, 5]) == [(4, 4), (5, 5)]
        assert self.kernels([4, (5, 1)]) == [(4, 4), (5, 1)]
        assert self.kernels(((4, 2), (5, 1))) == [(4, 2), (5, 1)]
        assert self.kernels([[4, 2], 5]) == [(4, 2), (5, 5)]

    @pytest.mark.parametrize("kernel_size", [(3, 3, 5), (3,), (3, 0), (3, (3, 3))])
    def test_tuple_of_numbers_is_one_pair_whatever_the_blocks(self, kernel_size):
        with pytest.raises(ValueError, match=r"is no size: .* a tuple of two as the one pair for"):
            self.kernels(kernel_size, n_blocks=len(kernel_size))

    @pytest.mark.parametrize("name", ["kernel_size", "strides", "pool_size", "pool_strides"])
    def test_wrong_number_of_entries(self, name):
        with pytest.raises(ValueError, match=rf"^{name}=\[4, 10\] has 2 entries for 3 blocks: "):
            build_cnn2d((40, 6), 2, **{name: [4, 10]})

    @pytest.mark.parametrize("entry", [0, (3,), (3, 3, 3), (3, 0), None])
    def test_no_size_for_one_block(self, entry):
        with pytest.raises(ValueError, match=r"has .* for block 2: .* ints or pairs"):
            self.kernels([3, entry])

    def test_pool_along_one_axis(self):
        model = build_cnn2d((16, 8), 2, filters=(2, 2), pool_size=(4, 1))
        assert shape_after(model, "pool_2") == (1, 8, 2)

    def test_strides(self):
        model = build_cnn2d((16, 9), 2, filters=(2,), strides=(2, 3), pool_size=1)
        assert shape_after(model, "conv_1") == (8, 3, 2)

    def test_frames_first(self):
        model = build_cnn2d((16, 8), 2, filters=(3,), pool_size=(2, 4))
        assert shape_after(model, "picture") == (16, 8, 1)
        assert shape_after(model, "pool_1") == (8, 2, 3)

    def test_coefficients_first(self):
        model = build_cnn2d(
            (16, 8), 2, input_layout="coefficients_first", filters=(3,), pool_size=(2, 4)
        )
        assert shape_after(model, "coefficients_first") == (8, 16)
        assert shape_after(model, "picture") == (8, 16, 1)
        assert shape_after(model, "pool_1") == (4, 4, 3)

    def test_coefficients_first_turns_the_values_too(self):
        import keras

        model = build_cnn2d((3, 2), 2, input_layout="coefficients_first")
        picture = keras.Model(model.input, model.get_layer("picture").output)
        X = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
        np.testing.assert_array_equal(picture(X)[0, ..., 0], [[0, 2, 4], [1, 3, 5]])

    @pytest.mark.parametrize(
        ("layout", "shape"), [("frames_first", (12, 1, 1)), ("coefficients_first", (1, 12, 1))]
    )
    def test_table_is_a_picture_of_one_coefficient(self, layout, shape):
        model = build_cnn2d((12,), 2, input_layout=layout, filters=(3,))
        assert shape_after(model, "picture") == shape

    def test_unknown_layout(self):
        with pytest.raises(ValueError, match=r"input_layout='frame_first' .* Did you mean 'frames"):
            build_cnn2d((16, 8), 2, input_layout="frame_first")


@pytest.mark.parametrize("network", [CNN1DClassifier, CNN2DClassifier])
def test_a_short_training_settles_batch_normalisation(network):
    labels = np.arange(60) % 2
    X = np.random.default_rng(0).normal(2, 1, size=(60, 12, 10)).astype(np.float32)
    X[labels == 1, :, :5] += 1
    easy = {"filters": (8, 8), "dense_batch_norm": True, "dropout": 0.0, "dense_dropout": 0.0}
    settings = {"batch_size": 8, "learning_rate": 0.003, "epochs": 8, "random_state": 0}
    fitted = network(**easy, **settings).fit(X, labels)
    assert fitted.history_["accuracy"][-1] == 1
    assert fitted.score(X, labels) > 0.95  # .63 and .50 with Keras' own momentum
