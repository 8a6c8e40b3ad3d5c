"""Parameters of networks that others have published, by name.

Only what an architecture and its authors' text demand is set; all else keeps the defaults of the
class. Comments tell what the authors state from what is inferred here.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sklearn_ser.utils._names import did_you_mean

__all__ = ["PRESETS", "preset"]

# Stated: 30 x 216 MFCCs; four blocks of Conv2D with 32 filters and kernels (4, 10), batch
# normalisation, ReLU, MaxPooling (2, 2) and dropout .2; fully connected layers of 64; softmax.
# Inferred: the axes are (coefficients, frames); convolutions pad, since no input of this size
# survives four of them without; pools do not pad, as is Keras' default; one dense layer, with
# ReLU and without dropout. The authors do not say how they trained.
_MFCC_CNN2D: dict[str, Any] = {
    "input_layout": "coefficients_first",
    "filters": (32, 32, 32, 32),
    "kernel_size": (4, 10),
    "padding": "same",
    "pool_size": (2, 2),
    "pool_padding": "valid",
    "block_order": ("conv", "norm", "activation", "pool", "dropout"),
    "batch_norm": True,
    "dropout": 0.2,
    "dense_units": (64,),
    "dense_batch_norm": False,
    "dense_dropout": 0.0,
}

# Stated: input (880, 1); Conv1D with 256, 512, 256, 256 and 128 filters; in the first block kernel
# 5, stride 1, "same" padding, ReLU, then batch normalisation, dropout .2, and a pool of 5 with
# stride 2; Dense 256 with ReLU, batch normalisation, dropout .5; Adam, categorical cross-entropy,
# early stopping, and a learning rate reduced on plateaus.
# Inferred: the later blocks are like the first (their kernels and strides vary, but how is not
# said); pools pad. Learning rate, batch size, epochs and patience are not stated.
_ZCR_RMS_MFCC_CNN1D: dict[str, Any] = {
    "filters": (256, 512, 256, 256, 128),
    "kernel_size": 5,
    "strides": 1,
    "padding": "same",
    "pool_size": 5,
    "pool_strides": 2,
    "pool_padding": "same",
    "block_order": ("conv", "activation", "norm", "dropout", "pool"),
    "batch_norm": True,
    "dropout": 0.2,
    "dense_units": (256,),
    "dense_batch_norm": True,
    "dense_dropout": 0.5,
    "optimizer": "adam",
    "early_stopping": True,
    "learning_rate_schedule": "plateau",
}

# Stated: Conv1D with 16, 32, 32 and 64 filters and kernels 3, 3, 5 and 7; pools of 2; dense layers
# of 64 and 32; softmax.
# Inferred: a pool after each convolution; ReLU; convolutions pad, as those of the same authors'
# network on mel spectrograms must; pools do not. Neither dropout nor batch normalisation is
# mentioned, so there is none, and nothing is said of the training.
_ZCR_RMS_CNN1D: dict[str, Any] = {
    "filters": (16, 32, 32, 64),
    "kernel_size": (3, 3, 5, 7),
    "padding": "same",
    "pool_size": 2,
    "pool_padding": "valid",
    "block_order": ("conv", "activation", "pool"),
    "batch_norm": False,
    "dropout": 0.0,
    "dense_units": (64, 32),
    "dense_batch_norm": False,
    "dense_dropout": 0.0,
}

# Stated: Conv2D with 16, 32, 64, 64, 128 and 128 filters, kernels 3, 3, 5, 5 and 7; pools of 2;
# dense layers of 128 and 64; softmax.
# Inferred: the sixth kernel, of which nothing is said, is 7; kernels and pools are square; a pool
# after each convolution; ReLU; convolutions pad, since without it 406 mel bands would be needed;
# pools do not. Which axis comes first is not said and, with square kernels, does not matter.
# Neither dropout nor batch normalisation is mentioned, so there is none, and nothing is said of
# the training.
_MEL_CNN2D: dict[str, Any] = {
    "input_layout": "frames_first",
    "filters": (16, 32, 64, 64, 128, 128),
    "kernel_size": [3, 3, 5, 5, 7, 7],
    "padding": "same",
    "pool_size": 2,
    "pool_padding": "valid",
    "block_order": ("conv", "activation", "pool"),
    "batch_norm": False,
    "dropout": 0.0,
    "dense_units": (128, 64),
    "dense_batch_norm": False,
    "dense_dropout": 0.0,
}

# Stated: wav2vec 2.0, whose 12 transformer blocks are averaged with trainable weights; input
# 124 x 768; the same blocks and layers as over MFCCs, where the picture is 30 x 216.
# Inferred: the axes are (frames, dimensions), 2.5 seconds at 16 kHz being 124 frames, so that a
# kernel (4, 10) spans 4 frames and 10 dimensions; the weights are a softmax over the blocks,
# equal at first, without the projection below the first block. The rest as over MFCCs.
_WAV2VEC2_CNN2D: dict[str, Any] = {
    **_MFCC_CNN2D,
    "input_layout": "frames_first",
    "layer_weights": True,
}

PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "mfcc-cnn2d": ("CNN2DClassifier", _MFCC_CNN2D),
    "mel-cnn2d": ("CNN2DClassifier", _MEL_CNN2D),
    "wav2vec2-cnn2d": ("CNN2DClassifier", _WAV2VEC2_CNN2D),
    "zcr-rms-mfcc-cnn1d": ("CNN1DClassifier", _ZCR_RMS_MFCC_CNN1D),
    "zcr-rms-cnn1d": ("CNN1DClassifier", _ZCR_RMS_CNN1D),
}


def preset(name: str, class_name: str) -> dict[str, Any]:
    """Return the parameters of a published network.

    Parameters
    ----------
    name : str
        Name of the preset.
    class_name : str
        The class that is to be built with it.

    Returns
    -------
    dict
        Parameters by name, a copy.

    Raises
    ------
    ValueError
        If there is no such preset, or if it belongs to another class.

    Examples
    --------
    >>> from sklearn_ser.neural_network._presets import preset
    >>> preset("zcr-rms-cnn1d", "CNN1DClassifier")["kernel_size"]
    (3, 3, 5, 7)
    """
    if not isinstance(name, str) or name not in PRESETS:
        own = [known for known, (owner, _) in PRESETS.items() if owner == class_name]
        choices = f"has {own}" if own else f"has none; others have {_owners()}"
        raise ValueError(
            f"preset {name!r} is not known.{did_you_mean(name, PRESETS)} {class_name} {choices}."
        )
    owner, parameters = PRESETS[name]
    if owner != class_name:
        raise ValueError(
            f"preset {name!r} belongs to {owner}, not to {class_name}: "
            f"write {owner}.from_preset({name!r})"
        )
    return deepcopy(parameters)


def _owners() -> str:
    """All presets with their classes."""
    return ", ".join(f"{name!r} ({owner})" for name, (owner, _) in PRESETS.items())
