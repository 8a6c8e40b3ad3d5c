"""Mel filter banks, computed once a process for each set of parameters.

The filters are librosa's triangles, whose scales are Slaney's Auditory Toolbox (1998) and that of
HTK (Young et al., The HTK Book, 2006).
"""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np

from sklearn_ser.exceptions import AudioWarning

# Slaney's scale: linear up to 1 kHz, 200/3 Hz a mel, then 27 mels a factor of 6.4.
_HZ_PER_MEL = 200.0 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequency: float, *, htk: bool = False) -> float:
    """Convert Hz to mel on Slaney's scale, or HTK's."""
    if htk:
        return float(2595.0 * np.log10(1.0 + frequency / 700.0))
    if frequency < _LOG_FROM_HZ:
        return float(frequency / _HZ_PER_MEL)
    return float(_LOG_FROM_MEL + np.log(frequency / _LOG_FROM_HZ) / _LOG_STEP)


def mel_to_hz(mels: np.ndarray, *, htk: bool = False) -> np.ndarray:
    """Convert mel to Hz on Slaney's scale, or HTK's."""
    if htk:
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    above = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mels - _LOG_FROM_MEL))
    return np.where(mels < _LOG_FROM_MEL, mels * _HZ_PER_MEL, above)


@lru_cache(maxsize=32)
def mel_filter_bank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    *,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | float | None = "slaney",
    may_be_empty: bool = False,
) -> np.ndarray:
    """Return the triangular mel filters.

    Parameters
    ----------
    sample_rate, n_fft, n_mels, fmin, fmax, htk, norm
        As in :class:`~sklearn_ser.features._settings.FrameSettings`.
    may_be_empty : bool, default=False
        Whether filters without any bin are meant, and not worth a warning.

    Returns
    -------
    ndarray of shape (n_mels, 1 + n_fft // 2)
        Read-only float32 weights.

    Warns
    -----
    AudioWarning
        If a filter lies between two bins of the spectrum, or above them, and so is empty. As
        filters are kept, this is said once a process.
    """
    highest = sample_rate / 2 if fmax is None else fmax
    mels = np.linspace(hz_to_mel(fmin, htk=htk), hz_to_mel(highest, htk=htk), n_mels + 2)
    edges = mel_to_hz(mels, htk=htk)
    weights = _triangles(edges, np.fft.rfftfreq(n_fft, 1.0 / sample_rate))
    if not may_be_empty:
        _warn_if_empty(weights, edges, n_fft)
    weights = _normalise(weights, edges, norm).astype(np.float32)
    weights.setflags(write=False)
    return weights


def _triangles(edges: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Rise from one edge to the next and fall to the one after, by bin."""
    distance = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    rising = -distance[:-2] / widths[:-1]
    falling = distance[2:] / widths[1:]
    return np.maximum(0.0, np.minimum(rising, falling))


def _normalise(weights: np.ndarray, edges: np.ndarray, norm: str | float | None) -> np.ndarray:
    if norm is None:
        return weights
    if norm == "slaney":
        return weights * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    length = np.linalg.norm(weights, ord=norm, axis=1, keepdims=True)  # type: ignore[arg-type]
    return weights / np.where(length < np.finfo(np.float32).tiny, 1.0, length)


def _warn_if_empty(weights: np.ndarray, edges: np.ndarray, n_fft: int) -> None:
    n_empty = int(np.sum((edges[:-2] > 0) & (weights.max(axis=1) == 0)))
    if n_empty:
        warnings.warn(
            f"{n_empty} of {len(weights)} mel bands are always silent, since no bin of the "
            f"spectrum falls into them: lower n_mels, raise n_fft above {n_fft}, or keep fmax "
            "within half the sample rate",
            AudioWarning,
            stacklevel=2,
        )
