"""The encoder's network in Keras: residual convolutions, attention, and a head for each task."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_ser.encoder_training._backend import load_any_keras
from sklearn_ser.encoder_training._known_clips import SEXES
from sklearn_ser.encoder_training._recipe import EncoderRecipe

__all__ = [
    "NORM_EPSILON",
    "PENULTIMATE_DIM",
    "Networks",
    "build_networks",
    "reach_and_hops",
    "weights_by_name",
]

_ATTENTION_DIM = 64
PENULTIMATE_DIM = 128
NORM_EPSILON = 1e-5
_VARIANCE_EPSILON = 1e-5  # below the root, so that its slope stays finite where nothing varies
_NORM_MOMENTUM = 0.9
# Uniform within 1 / sqrt(fan_in): with normalisation after them, smaller kernels learn faster.
_SCALE, _MODE, _DISTRIBUTION = 1 / 3, "fan_in", "uniform"


@dataclass(frozen=True)
class Networks:
    """One set of weights, seen in two ways.

    Attributes
    ----------
    model : keras.Model
        From bands (n, n_frames, n_bands, n_channels) to the logits of every head, by name.
    inside : keras.Model
        From the same to a dict of what lies between: "stage1", ... and "attention", "pooled",
        "penultimate".
    """

    model: Any
    inside: Any


def build_networks(recipe: EncoderRecipe, n_classes: int) -> Networks:
    """Build the network, not compiled.

    Parameters
    ----------
    recipe : EncoderRecipe
        Its form, precision and seed.
    n_classes : int
        Emotions.

    Returns
    -------
    Networks
        With random weights that depend on the seed alone.
    """
    return _Builder(recipe).build(n_classes)


def weights_by_name(model: Any) -> dict[str, Any]:
    """Return the network's variables by the names of layer and weight: ``"stem_conv/kernel"``.

    Parameters
    ----------
    model : keras.Model
        The network.

    Returns
    -------
    dict of keras.Variable
        All that is learned, and the moving statistics.
    """
    return {f"{layer.name}/{v.name}": v for layer in model.layers for v in layer.weights}


class _Builder:
    """Lays layers; each has a name that the export knows it by."""

    def __init__(self, recipe: EncoderRecipe) -> None:
        self.recipe = recipe
        self.keras = load_any_keras()
        self.ops = self.keras.ops
        policy = "mixed_bfloat16" if recipe.precision == "bfloat16" else "float32"
        self.policy = self.keras.DTypePolicy(policy)
        self.exact = self.keras.DTypePolicy("float32")
        self._seeds: Iterator[int] = (
            int(np.random.SeedSequence([recipe.seed, number]).generate_state(1)[0] >> 1)
            for number in itertools.count()
        )

    def build(self, n_classes: int) -> Networks:
        shape = (None, self.recipe.front_end.n_bands, self.recipe.front_end.n_channels)
        bands = self.keras.Input(shape, name="bands", dtype="float32")
        inside = self._stages(bands)
        frames = inside[f"stage{len(self.recipe.widths)}"]
        inside["attention"] = self._attention(frames)
        inside["pooled"] = self._pooled(frames, inside["attention"])
        inside["penultimate"] = self._penultimate(inside["pooled"])
        heads = self._heads(inside["penultimate"], n_classes)
        return Networks(self.keras.Model(bands, heads), self.keras.Model(bands, inside))

    def _stages(self, bands: Any) -> dict[str, Any]:
        recipe, frames = self.recipe, {}
        x = self._conv(bands, "stem", recipe.widths[0], recipe.stem_kernel, recipe.stem_stride)
        x = self._relu(self._norm(x, "stem"))
        for stage, (width, n_blocks) in enumerate(
            zip(recipe.widths, recipe.blocks, strict=True), start=1
        ):
            for block in range(1, n_blocks + 1):
                stride = 2 if stage > 1 and block == 1 else 1
                x = self._block(x, f"stage{stage}_block{block}", width, stride)
            exact = self.ops.cast(x, "float32")
            frames[f"stage{stage}"] = self.ops.mean(exact, axis=2)
        return frames

    def _block(self, x: Any, name: str, width: int, stride: int) -> Any:
        y = self._conv(x, f"{name}_first", width, (3, 3), (stride, stride))
        y = self._relu(self._norm(y, f"{name}_first"))
        y = self._norm(self._conv(y, f"{name}_second", width, (3, 3), (1, 1)), f"{name}_second")
        if stride > 1 or x.shape[-1] != width:
            x = self._shortcut(x, f"{name}_shortcut", width, stride)
        return self._relu(self.keras.layers.Add(dtype=self.policy)([x, y]))

    def _shortcut(self, x: Any, name: str, width: int, stride: int) -> Any:
        # First every second frame and band, then the convolution. With strides of its own, oneDNN
        # writes beyond its memory in training where there are fewer than 16 channels.
        if stride > 1:
            x = self.keras.layers.AveragePooling2D(1, stride, dtype=self.policy)(x)
        return self._conv(x, name, width, (1, 1), (1, 1))

    def _conv(
        self, x: Any, name: str, width: int, kernel: tuple[int, int], stride: tuple[int, int]
    ) -> Any:
        layers, padding = self.keras.layers, "same"
        if max(stride) > 1:
            # "same" would pad more at the end, or not, depending on the clip's length
            around = tuple(size // 2 for size in kernel)
            x, padding = layers.ZeroPadding2D(around, dtype=self.policy)(x), "valid"
        return layers.Conv2D(
            width,
            kernel,
            strides=stride,
            padding=padding,
            use_bias=False,
            kernel_initializer=self._initializer(),
            dtype=self.policy,
            name=f"{name}_conv",
        )(x)

    def _norm(self, x: Any, name: str, policy: Any = None) -> Any:
        return self.keras.layers.BatchNormalization(
            momentum=_NORM_MOMENTUM,
            epsilon=NORM_EPSILON,
            dtype=policy or self.policy,
            name=f"{name}_norm",
        )(x)

    def _relu(self, x: Any) -> Any:
        return self.keras.layers.ReLU(dtype=x.dtype)(x)

    def _dense(self, x: Any, name: str, width: int) -> Any:
        return self.keras.layers.Dense(
            width, kernel_initializer=self._initializer(), dtype=self.exact, name=name
        )(x)

    def _dropout(self, x: Any) -> Any:
        seed = next(self._seeds)
        return self.keras.layers.Dropout(self.recipe.dropout, seed=seed, dtype=self.exact)(x)

    def _initializer(self) -> Any:
        return self.keras.initializers.VarianceScaling(
            _SCALE, _MODE, _DISTRIBUTION, seed=next(self._seeds)
        )

    def _attention(self, frames: Any) -> Any:
        hidden = self.ops.tanh(self._dense(frames, "attention_hidden", _ATTENTION_DIM))
        return self.ops.squeeze(self._dense(hidden, "attention_logit", 1), axis=-1)

    def _pooled(self, frames: Any, attention: Any) -> Any:
        shares = self.ops.expand_dims(self.ops.softmax(attention, axis=1), axis=-1)
        mean = self.ops.mean(frames, axis=1, keepdims=True)
        variance = self.ops.mean(self.ops.square(frames - mean), axis=1)
        parts = [
            self.ops.sum(shares * frames, axis=1),
            self.ops.squeeze(mean, axis=1),
            self.ops.sqrt(variance + _VARIANCE_EPSILON),
        ]
        return self.ops.concatenate(parts, axis=-1)

    def _penultimate(self, pooled: Any) -> Any:
        x = self._dense(self._dropout(pooled), "penultimate_dense", PENULTIMATE_DIM)
        return self._relu(self._norm(x, "penultimate", self.exact))

    def _heads(self, penultimate: Any, n_classes: int) -> dict[str, Any]:
        return {
            "emotion": self._dense(self._dropout(penultimate), "emotion", n_classes),
            "votes": self._dense(penultimate, "votes", n_classes),
            "sex": self._dense(penultimate, "sex", len(SEXES)),
        }


def reach_and_hops(recipe: EncoderRecipe) -> tuple[int, list[int]]:
    """Return how far a frame of the last stage sees, and every stage's hop.

    Parameters
    ----------
    recipe : EncoderRecipe
        The network's form.

    Returns
    -------
    reach : int
        Frames of bands on each side.
    hops : list of int
        Frames of bands from one frame of a stage to the next.
    """
    hop = recipe.stem_stride[0]
    reach, hops = recipe.stem_kernel[0] // 2, []
    for stage, n_blocks in enumerate(recipe.blocks):
        for block in range(n_blocks):
            stride = 2 if stage and not block else 1
            reach += hop + hop * stride
            hop *= stride
        hops.append(hop)
    return reach, hops
