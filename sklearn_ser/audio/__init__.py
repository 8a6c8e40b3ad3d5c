"""Audio in: clips, reading and writing files, and steps from waveform to waveform.

The estimators stand on :mod:`sklearn_ser.base`, which stands on the clips of this package, so
their names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sklearn_ser.audio._check import check_clips
from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._io import read_audio, resample, write_audio

if TYPE_CHECKING:
    from sklearn_ser.audio._loader import AudioLoader
    from sklearn_ser.audio._noise_reducer import NoiseReducer
    from sklearn_ser.audio._preprocessing import (
        PeakNormalizer,
        PreEmphasis,
        SilenceTrimmer,
        WaveformCropper,
    )

_ESTIMATORS = {
    "AudioLoader": "_loader",
    "NoiseReducer": "_noise_reducer",
    "PeakNormalizer": "_preprocessing",
    "PreEmphasis": "_preprocessing",
    "SilenceTrimmer": "_preprocessing",
    "WaveformCropper": "_preprocessing",
}

__all__ = [
    "AudioClips",
    "AudioLoader",
    "NoiseReducer",
    "PeakNormalizer",
    "PreEmphasis",
    "SilenceTrimmer",
    "WaveformCropper",
    "check_clips",
    "read_audio",
    "resample",
    "write_audio",
]


def __getattr__(name: str) -> Any:
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ESTIMATORS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ESTIMATORS})
