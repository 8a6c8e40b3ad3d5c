"""The published networks, layer by layer."""

from __future__ import annotations

from importlib.util import find_spec
from inspect import signature
from itertools import pairwise

import pytest

from sklearn_ser.neural_network._architectures import build_cnn1d, build_cnn2d, smallest_input
from sklearn_ser.neural_network._presets import PRESETS, preset

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="needs the extra keras")

BUILDERS = {"CNN1DClassifier": build_cnn1d, "CNN2DClassifier": build_cnn2d}
TRAINING = {"optimizer", "early_stopping", "learning_rate_schedule"}


def architecture_of(name):
    """Builder of a preset and what of it the builder takes."""
    class_name, parameters = PRESETS[name]
    return BUILDERS[class_name], {k: v for k, v in parameters.items() if k not in TRAINING}


def build(name, input_shape, n_classes):
    builder, architecture = architecture_of(name)
    return builder(input_shape, n_classes, **architecture)


def layers_of(model):
    """Name, kind and output shape without the batch of every layer."""
    return [
        (layer.name, type(layer).__name__, tuple(layer.output.shape[1:])) for layer in model.layers
    ]


def settings_of(model, start):
    """Kernel or pool, strides and padding of the layers whose names start so."""
    layers = [layer for layer in model.layers if layer.name.startswith(start)]
    size = "kernel_size" if start == "conv" else "pool_size"
    return [(getattr(layer, size), layer.strides, layer.padding) for layer in layers]


def rates_of(model):
    return {layer.name: layer.rate for layer in model.layers if "dropout" in layer.name}


def activations_of(model):
    return {layer.name: layer.activation.__name__ for layer in model.layers if is_active(layer)}


def is_active(layer):
    return type(layer).__name__ in ("Activation", "Dense")


class TestMfccCnn2d:
    def test_layers(self):
        model = build("mfcc-cnn2d", (216, 30), 14)
        assert layers_of(model) == [
            ("input", "InputLayer", (216, 30)),
            ("coefficients_first", "Permute", (30, 216)),
            ("picture", "Reshape", (30, 216, 1)),
            ("conv_1", "Conv2D", (30, 216, 32)),
            ("norm_1", "BatchNormalization", (30, 216, 32)),
            ("activation_1", "Activation", (30, 216, 32)),
            ("pool_1", "MaxPooling2D", (15, 108, 32)),
            ("dropout_1", "Dropout", (15, 108, 32)),
            ("conv_2", "Conv2D", (15, 108, 32)),
            ("norm_2", "BatchNormalization", (15, 108, 32)),
            ("activation_2", "Activation", (15, 108, 32)),
            ("pool_2", "MaxPooling2D", (7, 54, 32)),
            ("dropout_2", "Dropout", (7, 54, 32)),
            ("conv_3", "Conv2D", (7, 54, 32)),
            ("norm_3", "BatchNormalization", (7, 54, 32)),
            ("activation_3", "Activation", (7, 54, 32)),
            ("pool_3", "MaxPooling2D", (3, 27, 32)),
            ("dropout_3", "Dropout", (3, 27, 32)),
            ("conv_4", "Conv2D", (3, 27, 32)),
            ("norm_4", "BatchNormalization", (3, 27, 32)),
            ("activation_4", "Activation", (3, 27, 32)),
            ("pool_4", "MaxPooling2D", (1, 13, 32)),
            ("dropout_4", "Dropout", (1, 13, 32)),
            ("flatten", "Flatten", (416,)),
            ("dense_1", "Dense", (64,)),
            ("probabilities", "Dense", (14,)),
        ]

    def test_sizes_and_parameters(self):
        model = build("mfcc-cnn2d", (216, 30), 14)
        assert settings_of(model, "conv") == [((4, 10), (1, 1), "same")] * 4
        assert settings_of(model, "pool") == [((2, 2), (2, 2), "valid")] * 4
        assert rates_of(model) == {f"dropout_{block}": 0.2 for block in (1, 2, 3, 4)}
        assert activations_of(model) == {
            **{f"activation_{block}": "relu" for block in (1, 2, 3, 4)},
            "dense_1": "relu",
            "probabilities": "softmax",
        }
        convolutions = (40 * 1 * 32 + 32) + 3 * (40 * 32 * 32 + 32)
        dense = (416 * 64 + 64) + (64 * 14 + 14)
        assert model.count_params() == convolutions + 4 * 4 * 32 + dense == 152_398

    def test_smallest(self):
        builder, architecture = architecture_of("mfcc-cnn2d")
        assert smallest_input(builder, **architecture) == (16, 16)

    def test_too_few_frames_or_coefficients(self):
        for shape in [(15, 30), (216, 13)]:
            with pytest.raises(ValueError, match=r"at least 16 frames of 16 coefficients"):
                build("mfcc-cnn2d", shape, 14)


class TestMelCnn2d:
    def test_layers(self):
        model = build("mel-cnn2d", (157, 128), 6)
        assert layers_of(model) == [
            ("input", "InputLayer", (157, 128)),
            ("picture", "Reshape", (157, 128, 1)),
            ("conv_1", "Conv2D", (157, 128, 16)),
            ("activation_1", "Activation", (157, 128, 16)),
            ("pool_1", "MaxPooling2D", (78, 64, 16)),
            ("conv_2", "Conv2D", (78, 64, 32)),
            ("activation_2", "Activation", (78, 64, 32)),
            ("pool_2", "MaxPooling2D", (39, 32, 32)),
            ("conv_3", "Conv2D", (39, 32, 64)),
            ("activation_3", "Activation", (39, 32, 64)),
            ("pool_3", "MaxPooling2D", (19, 16, 64)),
            ("conv_4", "Conv2D", (19, 16, 64)),
            ("activation_4", "Activation", (19, 16, 64)),
            ("pool_4", "MaxPooling2D", (9, 8, 64)),
            ("conv_5", "Conv2D", (9, 8, 128)),
            ("activation_5", "Activation", (9, 8, 128)),
            ("pool_5", "MaxPooling2D", (4, 4, 128)),
            ("conv_6", "Conv2D", (4, 4, 128)),
            ("activation_6", "Activation", (4, 4, 128)),
            ("pool_6", "MaxPooling2D", (2, 2, 128)),
            ("flatten", "Flatten", (512,)),
            ("dense_1", "Dense", (128,)),
            ("dense_2", "Dense", (64,)),
            ("probabilities", "Dense", (6,)),
        ]

    def test_sizes_and_parameters(self):
        model = build("mel-cnn2d", (157, 128), 6)
        kernels = (3, 3, 5, 5, 7, 7)
        assert settings_of(model, "conv") == [((k, k), (1, 1), "same") for k in kernels]
        assert settings_of(model, "pool") == [((2, 2), (2, 2), "valid")] * 6
        assert rates_of(model) == {}
        assert set(activations_of(model).values()) == {"relu", "softmax"}
        channels = (1, 16, 32, 64, 64, 128, 128)
        convolutions = sum(
            k * k * before * after + after
            for k, (before, after) in zip(kernels, pairwise(channels), strict=True)
        )
        dense = (512 * 128 + 128) + (128 * 64 + 64) + (64 * 6 + 6)
        assert model.count_params() == convolutions + dense == 1_437_318

    def test_too_few_mel_bands(self):
        with pytest.raises(ValueError, match=r"^157 frames of 40 .* 64 frames of 64 coefficients"):
            build("mel-cnn2d", (157, 40), 6)

    def test_kernels_without_padding_would_need_406_bands(self):
        builder, architecture = architecture_of("mel-cnn2d")
        assert smallest_input(builder, **{**architecture, "padding": "valid"}) == (406, 406)


class TestWav2vec2Cnn2d:
    def test_layers(self):
        model = build("wav2vec2-cnn2d", (12, 124, 768), 14)
        assert layers_of(model) == [
            ("input", "InputLayer", (12, 124, 768)),
            ("layer_weights", "WeighLayers", (124, 768)),
            ("picture", "Reshape", (124, 768, 1)),
            ("conv_1", "Conv2D", (124, 768, 32)),
            ("norm_1", "BatchNormalization", (124, 768, 32)),
            ("activation_1", "Activation", (124, 768, 32)),
            ("pool_1", "MaxPooling2D", (62, 384, 32)),
            ("dropout_1", "Dropout", (62, 384, 32)),
            ("conv_2", "Conv2D", (62, 384, 32)),
            ("norm_2", "BatchNormalization", (62, 384, 32)),
            ("activation_2", "Activation", (62, 384, 32)),
            ("pool_2", "MaxPooling2D", (31, 192, 32)),
            ("dropout_2", "Dropout", (31, 192, 32)),
            ("conv_3", "Conv2D", (31, 192, 32)),
            ("norm_3", "BatchNormalization", (31, 192, 32)),
            ("activation_3", "Activation", (31, 192, 32)),
            ("pool_3", "MaxPooling2D", (15, 96, 32)),
            ("dropout_3", "Dropout", (15, 96, 32)),
            ("conv_4", "Conv2D", (15, 96, 32)),
            ("norm_4", "BatchNormalization", (15, 96, 32)),
            ("activation_4", "Activation", (15, 96, 32)),
            ("pool_4", "MaxPooling2D", (7, 48, 32)),
            ("dropout_4", "Dropout", (7, 48, 32)),
            ("flatten", "Flatten", (10_752,)),
            ("dense_1", "Dense", (64,)),
            ("probabilities", "Dense", (14,)),
        ]

    def test_sizes_and_parameters(self):
        model = build("wav2vec2-cnn2d", (12, 124, 768), 14)
        assert settings_of(model, "conv") == [((4, 10), (1, 1), "same")] * 4
        assert settings_of(model, "pool") == [((2, 2), (2, 2), "valid")] * 4
        assert rates_of(model) == {f"dropout_{block}": 0.2 for block in (1, 2, 3, 4)}
        convolutions = (40 * 1 * 32 + 32) + 3 * (40 * 32 * 32 + 32)
        dense = (10_752 * 64 + 64) + (64 * 14 + 14)
        assert model.count_params() == 12 + convolutions + 4 * 4 * 32 + dense == 813_914

    def test_it_differs_from_the_network_over_mfccs_by_its_input_alone(self):
        ours, theirs = PRESETS["wav2vec2-cnn2d"][1], PRESETS["mfcc-cnn2d"][1]
        changed = {name for name in ours if ours[name] != theirs.get(name)}
        assert changed == {"input_layout", "layer_weights"}

    def test_any_number_of_layers(self):
        assert build("wav2vec2-cnn2d", (24, 16, 16), 2).count_params() > 24

    def test_too_few_frames_or_dimensions(self):
        for shape in [(12, 15, 768), (12, 124, 15)]:
            with pytest.raises(ValueError, match=r"at least 16 frames of 16 coefficients"):
                build("wav2vec2-cnn2d", shape, 14)

    def test_one_layer_alone(self):
        with pytest.raises(ValueError, match=r"\(n_layers, n_frames, dim\), got \(124, 768\)"):
            build("wav2vec2-cnn2d", (124, 768), 14)


class TestZcrRmsMfccCnn1d:
    @pytest.mark.parametrize("shape", [(880, 1), (880,)])
    def test_layers(self, shape):
        model = build("zcr-rms-mfcc-cnn1d", shape, 7)
        expected, length = [], 880
        for block, filters in enumerate((256, 512, 256, 256, 128), start=1):
            after = {880: 440, 440: 220, 220: 110, 110: 55, 55: 28}[length]
            expected += [
                (f"conv_{block}", "Conv1D", (length, filters)),
                (f"activation_{block}", "Activation", (length, filters)),
                (f"norm_{block}", "BatchNormalization", (length, filters)),
                (f"dropout_{block}", "Dropout", (length, filters)),
                (f"pool_{block}", "MaxPooling1D", (after, filters)),
            ]
            length = after
        expected += [
            ("flatten", "Flatten", (3584,)),
            ("dense_1", "Dense", (256,)),
            ("dense_norm_1", "BatchNormalization", (256,)),
            ("dense_dropout_1", "Dropout", (256,)),
            ("probabilities", "Dense", (7,)),
        ]
        layers = layers_of(model)
        assert layers[0] == ("input", "InputLayer", shape)
        assert layers[-len(expected) :] == expected
        assert layers[1 : -len(expected)] == (
            [] if len(shape) == 2 else [("sequence", "Reshape", (880, 1))]
        )

    def test_sizes_and_parameters(self):
        model = build("zcr-rms-mfcc-cnn1d", (880, 1), 7)
        assert settings_of(model, "conv") == [((5,), (1,), "same")] * 5
        assert settings_of(model, "pool") == [((5,), (2,), "same")] * 5
        blocks = {f"dropout_{block}": 0.2 for block in (1, 2, 3, 4, 5)}
        assert rates_of(model) == {**blocks, "dense_dropout_1": 0.5}
        channels = (1, 256, 512, 256, 256, 128)
        convolutions = sum(5 * before * after + after for before, after in pairwise(channels))
        norms = 4 * (sum(channels[1:]) + 256)
        dense = (3584 * 256 + 256) + (256 * 7 + 7)
        assert model.count_params() == convolutions + norms + dense == 2_731_143

    def test_training_is_what_the_authors_state(self):
        parameters = preset("zcr-rms-mfcc-cnn1d", "CNN1DClassifier")
        assert {name: parameters[name] for name in TRAINING} == {
            "optimizer": "adam",
            "early_stopping": True,
            "learning_rate_schedule": "plateau",
        }

    def test_any_length_fits(self):
        builder, architecture = architecture_of("zcr-rms-mfcc-cnn1d")
        assert smallest_input(builder, **architecture) == (1, 1)


class TestZcrRmsCnn1d:
    def test_layers(self):
        model = build("zcr-rms-cnn1d", (251, 2), 6)
        assert layers_of(model) == [
            ("input", "InputLayer", (251, 2)),
            ("conv_1", "Conv1D", (251, 16)),
            ("activation_1", "Activation", (251, 16)),
            ("pool_1", "MaxPooling1D", (125, 16)),
            ("conv_2", "Conv1D", (125, 32)),
            ("activation_2", "Activation", (125, 32)),
            ("pool_2", "MaxPooling1D", (62, 32)),
            ("conv_3", "Conv1D", (62, 32)),
            ("activation_3", "Activation", (62, 32)),
            ("pool_3", "MaxPooling1D", (31, 32)),
            ("conv_4", "Conv1D", (31, 64)),
            ("activation_4", "Activation", (31, 64)),
            ("pool_4", "MaxPooling1D", (15, 64)),
            ("flatten", "Flatten", (960,)),
            ("dense_1", "Dense", (64,)),
            ("dense_2", "Dense", (32,)),
            ("probabilities", "Dense", (6,)),
        ]

    def test_sizes_and_parameters(self):
        model = build("zcr-rms-cnn1d", (251, 2), 6)
        assert settings_of(model, "conv") == [((k,), (1,), "same") for k in (3, 3, 5, 7)]
        assert settings_of(model, "pool") == [((2,), (2,), "valid")] * 4
        assert rates_of(model) == {}
        convolutions = (3 * 2 * 16 + 16) + (3 * 16 * 32 + 32) + (5 * 32 * 32 + 32)
        convolutions += 7 * 32 * 64 + 64
        dense = (960 * 64 + 64) + (64 * 32 + 32) + (32 * 6 + 6)
        assert model.count_params() == convolutions + dense == 85_014

    def test_too_few_frames(self):
        with pytest.raises(ValueError, match=r"^15 frames of 2 .* at least 16 frames of 1 coef"):
            build("zcr-rms-cnn1d", (15, 2), 6)


class TestByName:
    def test_every_preset_sets_all_of_its_architecture_but_defaults(self):
        unset = {"activation", "global_pooling", "strides", "pool_strides", "layer_weights"}
        for name in PRESETS:
            builder, architecture = architecture_of(name)
            options = {*signature(builder).parameters} - {"input_shape", "n_classes"}
            assert options - architecture.keys() <= unset
            assert architecture.keys() <= options

    def test_changes_of_a_preset_stay_with_the_caller(self):
        preset("mel-cnn2d", "CNN2DClassifier")["kernel_size"].append(9)
        assert preset("mel-cnn2d", "CNN2DClassifier")["kernel_size"] == [3, 3, 5, 5, 7, 7]

    def test_unknown_name(self):
        with pytest.raises(
            ValueError,
            match=r"^preset 'mfcc_cnn2d' is not known\. Did you mean 'mfcc-cnn2d'\? "
            r"CNN2DClassifier has \['mfcc-cnn2d', 'mel-cnn2d', 'wav2vec2-cnn2d'\]\.$",
        ):
            preset("mfcc_cnn2d", "CNN2DClassifier")

    @pytest.mark.parametrize("name", [3, None, ["mel-cnn2d"]])
    def test_no_name_at_all(self, name):
        with pytest.raises(ValueError, match=r"is not known\."):
            preset(name, "CNN1DClassifier")

    def test_class_without_presets(self):
        with pytest.raises(ValueError, match=r"DenseClassifier has none; others have 'mfcc-cnn2d'"):
            preset("x", "DenseClassifier")

    def test_preset_of_another_class(self):
        with pytest.raises(ValueError, match=r"write CNN2DClassifier.from_preset\('mel-cnn2d'\)$"):
            preset("mel-cnn2d", "CNN1DClassifier")
