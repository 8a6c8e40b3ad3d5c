"""What Whisper hears: its log-mel spectrum, from the engine of the other features.

Source: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, ICML 2023.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._families import Architecture
from sklearn_ser.features._engine import FrameSettings, extract_frames

__all__ = ["log_mel"]

_N_FFT = 400
_HOP = 160
_FLOOR = 1e-10
_RANGE = 8.0  # powers of ten below the loudest band that are told apart


def log_mel(samples: NDArray[np.float32], architecture: Architecture) -> NDArray[np.float32]:
    """Compute the spectrum of a clip of at most 30 seconds, as far as its encoder needs it.

    The values are those of Whisper's own front end, which pads every clip with silence to 30
    seconds, up to the clip's end.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        At 16 kHz, no longer than the encoder takes.
    architecture : Architecture
        Of the encoder.

    Returns
    -------
    ndarray of shape (n_mels, 2 * n_frames + 1), float32
        Two columns a frame, and one more, on which the convolutions' last value depends:
        what comes after the clip, or zeros after a full 30 seconds.
    """
    n_columns = 2 * architecture.count_frames(len(samples))
    whole = 2 * architecture.longest * _HOP
    heard = min(n_columns * _HOP + _N_FFT, whole)
    padded = np.pad(samples, (0, heard - len(samples)))
    power = extract_frames(padded, _settings(architecture.sample_rate, architecture.n_mels))
    levels = np.log10(np.maximum(power, np.float32(_FLOOR)))
    if n_columns == 2 * architecture.longest:
        levels = levels[:n_columns]  # after them the signal is over, also for Whisper
    scaled = (np.maximum(levels, levels.max() - np.float32(_RANGE)) + 4) / 4
    spectrum = np.zeros((architecture.n_mels, n_columns + 1), dtype=np.float32)
    kept = scaled[: n_columns + 1]
    spectrum[:, : len(kept)] = kept.T
    return spectrum


@lru_cache(maxsize=8)
def _settings(sample_rate: int, n_mels: int) -> FrameSettings:
    return FrameSettings(
        ("mel",),
        sample_rate,
        n_fft=_N_FFT,
        hop_length=_HOP,
        win_length=_N_FFT,
        frame_length=_N_FFT,
        pad_mode="reflect",
        n_mels=n_mels,
        fmax=8000.0,
    )
