"""What kinds of encoders are known, and what their configuration says before any weight is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.exceptions import EncoderError
from sklearn_ser.utils._names import did_you_mean
from sklearn_ser.utils._optional import import_extra

__all__ = ["FAMILIES", "Architecture", "normalise", "read_architecture"]

FAMILIES = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "whisper")

_WHISPER_HOP = 320  # samples a frame of Whisper's encoder: two steps of its mel spectrum
_LONGEST_SECONDS = 30.0


@dataclass(frozen=True)
class Architecture:
    """The form of an encoder.

    Attributes
    ----------
    model_type : str
        One of ``FAMILIES``.
    n_layers, dim : int
        Transformer blocks, and numbers a frame.
    sample_rate : int
        The rate in Hz that the encoder was trained on.
    normalises : bool
        Whether each clip is brought to mean 0 and variance 1 first.
    kernels, strides : tuple of int
        Of the convolutions over samples; empty for Whisper.
    n_mels : int
        Mel bands of Whisper's input, else 0.
    longest : int
        Frames that the encoder is given at once; longer clips are cut into chunks.
    """

    model_type: str
    n_layers: int
    dim: int
    sample_rate: int
    normalises: bool
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    n_mels: int
    longest: int

    @property
    def is_whisper(self) -> bool:
        """Whether the encoder hears mel spectra and not samples."""
        return self.model_type == "whisper"

    @property
    def prefix(self) -> str:
        """First part of the names of its features."""
        return self.model_type.replace("-", "_")

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return _WHISPER_HOP if self.is_whisper else int(np.prod(self.strides))

    @property
    def reach(self) -> int:
        """Samples that one frame is computed from."""
        return _WHISPER_HOP if self.is_whisper else _reach(self.kernels, self.strides)

    def count_frames(self, n_samples: int) -> int:
        """Count the frames of a clip; one shorter than a frame has one.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        int
            At least 1.
        """
        if self.is_whisper:
            return max(-(-n_samples // _WHISPER_HOP), 1)
        length = max(n_samples, self.reach)
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            length = (length - kernel) // stride + 1
        return length


def _reach(kernels: tuple[int, ...], strides: tuple[int, ...]) -> int:
    length = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        length = (length - 1) * stride + kernel
    return length


def normalise(waveform: NDArray[np.float32], architecture: Architecture) -> NDArray[np.float32]:
    """Bring a clip to mean 0 and variance 1 where the encoder wants it so.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The whole clip.
    architecture : Architecture
        Of the encoder.

    Returns
    -------
    ndarray of shape (n_samples,), float32
    """
    if not architecture.normalises:
        return waveform
    mean = np.float32(waveform.mean(dtype=np.float64))
    centred = waveform - mean
    centred /= np.float32(np.sqrt(centred.var(dtype=np.float64) + 1e-7))
    return centred


def read_architecture(folder: Path, name: str) -> Architecture:
    """Read what kind of encoder lies in a folder.

    Parameters
    ----------
    folder : Path
        A folder of the hub's format: ``config.json`` and maybe ``preprocessor_config.json``.
    name : str
        The model's name, for errors.

    Returns
    -------
    Architecture

    Raises
    ------
    EncoderError
        The configuration cannot be read, or names a model of another kind.
    """
    _check_type(_read_json(folder / "config.json", name), name)
    config = _config_of(folder, name)
    speech = folder / "preprocessor_config.json"
    settings = _read_json(speech, name) if speech.exists() else {}
    rate = int(settings.get("sampling_rate", 16000))
    if config.model_type == "whisper":
        return _whisper(config, rate)
    return _convolutional(config, rate, normalises=bool(settings.get("do_normalize", True)))


def _config_of(folder: Path, name: str) -> Any:
    configs = import_extra("transformers", "wav2vec2", "Wav2Vec2Transformer")
    try:
        return configs.AutoConfig.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # each value of the configuration has its own
        raise EncoderError(
            f"The configuration of the model {name!r}, '{folder / 'config.json'}', cannot be "
            f"used: {error}. Fetch the model anew."
        ) from error


def _whisper(config: Any, rate: int) -> Architecture:
    return Architecture(
        model_type="whisper",
        n_layers=int(config.encoder_layers),
        dim=int(config.d_model),
        sample_rate=rate,
        normalises=False,
        kernels=(),
        strides=(),
        n_mels=int(config.num_mel_bins),
        longest=int(config.max_source_positions),
    )


def _convolutional(config: Any, rate: int, *, normalises: bool) -> Architecture:
    strides = tuple(map(int, config.conv_stride))
    return Architecture(
        model_type=config.model_type,
        n_layers=int(config.num_hidden_layers),
        dim=int(config.hidden_size),
        sample_rate=rate,
        normalises=normalises,
        kernels=tuple(map(int, config.conv_kernel)),
        strides=strides,
        n_mels=0,
        longest=max(int(_LONGEST_SECONDS * rate / np.prod(strides)), 1),
    )


def _check_type(config: dict[str, Any], name: str) -> None:
    model_type = config.get("model_type")
    if model_type in FAMILIES:
        return
    known = ", ".join(FAMILIES)
    raise EncoderError(
        f"The model {name!r} is of type {model_type!r}, which is no speech encoder that "
        f"Wav2Vec2Transformer knows. Known are {known} (XLS-R and MMS are of type wav2vec2)."
        f"{did_you_mean(model_type, FAMILIES)}"
    )


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"The model {name!r} has a file that cannot be read, '{path}': {error}. Fetch the "
            "model anew."
        ) from error
    if not isinstance(content, dict):
        raise EncoderError(f"'{path}' of the model {name!r} holds no JSON object.")
    return content
