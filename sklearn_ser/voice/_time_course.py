"""How descriptors move: modulation spectrum, autocorrelation, covariance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = [
    "LAGS",
    "MODULATION_HZ",
    "autocorrelation",
    "log_covariance",
    "modulation_spectrum",
    "pair_names",
]

# Syllables come at 2 to 6 Hz, a trembling voice moves at 4 to 12, roughness is faster.
MODULATION_HZ = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 25.0, 40.0)
LAGS = (1, 2, 4, 8, 12, 20, 30)  # frames

_SHORTEST_TRANSFORM = 1024  # frames: bins of .1 Hz
_LEAST_POWER = 1e-3  # of values in dB or semitones: no movement

Values = NDArray[np.float64]


def modulation_spectrum(frames: NDArray[np.float32], frames_per_second: float) -> Values:
    """Return how strongly each coefficient moves, by the rate at which it does.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients.
    frames_per_second : float
        Frames a second.

    Returns
    -------
    ndarray of shape (n_coefs * 10,)
        Coefficient by coefficient, the natural logarithm of the mean power density between each
        two of ``MODULATION_HZ``, under a Hann window over the whole clip.
    """
    n_frames = len(frames)
    window = _hann(n_frames)
    centred = frames - frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    length = max(_SHORTEST_TRANSFORM, 1 << (n_frames - 1).bit_length())
    spectrum = scipy.fft.rfft((centred * window[:, None]).T, n=length, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    edges = _edges(length, frames_per_second)
    sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1, dtype=np.float64)
    density = sums / np.diff(edges) / np.sum(np.square(window, dtype=np.float64))
    return np.log(density + _LEAST_POWER).ravel()


@lru_cache(maxsize=64)
def _hann(n_frames: int) -> NDArray[np.float32]:
    window = np.hanning(n_frames + 2)[1:-1].astype(np.float32)
    window.setflags(write=False)
    return window


@lru_cache(maxsize=64)
def _edges(length: int, frames_per_second: float) -> NDArray[np.intp]:
    """Return the first bin of every band, and the one behind the last."""
    bins = np.ceil(np.array(MODULATION_HZ) * length / frames_per_second).astype(np.intp)
    return np.minimum(bins, length // 2 + 1)


def autocorrelation(frames: NDArray[np.float32], softness: float) -> Values:
    """Return how much each coefficient is what it was some frames ago.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients.
    softness : float
        Added to their standard deviation, so that a constant has none.

    Returns
    -------
    ndarray of shape (n_coefs * 7,)
        Coefficient by coefficient, at each of ``LAGS``; 0 where the clip is shorter.
    """
    centred = frames - frames.mean(axis=0, dtype=np.float64).astype(np.float32)
    scaled = centred / (centred.std(axis=0, dtype=np.float64).astype(np.float32) + softness)
    found = np.zeros((frames.shape[1], len(LAGS)))
    for column, lag in enumerate(LAGS):
        if lag < len(scaled):
            products = np.einsum("ij,ij->j", scaled[lag:], scaled[:-lag])
            found[:, column] = products / (len(scaled) - lag)
    return found.ravel()


def log_covariance(frames: NDArray[np.float32], softness: float) -> Values:
    """Return the matrix logarithm of a clip's covariance, which makes it flat.

    Covariance matrices lie on a curved cone; between their logarithms, distances and means are
    those of ordinary vectors (Arsigny et al., 2006).

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients.
    softness : float
        Added to every variance, so that the logarithm exists.

    Returns
    -------
    ndarray of shape (n_coefs * (n_coefs + 1) / 2,)
        The upper triangle, as :func:`pair_names` names it; what lies off the diagonal is weighed
        by the root of 2, so that the vector is as long as the matrix.
    """
    centred = (frames - frames.mean(axis=0, dtype=np.float64)).T.astype(np.float32, order="C")
    covariance = np.einsum("ji,ki->jk", centred, centred).astype(np.float64) / len(frames)
    covariance.flat[:: len(covariance) + 1] += softness
    variances, axes = np.linalg.eigh(covariance)
    logarithm = (axes * np.log(np.maximum(variances, softness / 2))) @ axes.T
    places, weights = _upper_triangle(len(logarithm))
    return logarithm.ravel()[places] * weights


@lru_cache(maxsize=16)
def _upper_triangle(size: int) -> tuple[NDArray[np.intp], Values]:
    """Return the places of the upper triangle of a square matrix, and their weights."""
    rows, columns = np.triu_indices(size)
    places, weights = rows * size + columns, np.where(rows == columns, 1, np.sqrt(2))
    for table in (places, weights):
        table.setflags(write=False)
    return places, weights


def pair_names(names: Sequence[str]) -> list[str]:
    """Name the values of :func:`log_covariance`.

    Examples
    --------
    >>> pair_names(["f0", "level"])
    ['f0_log_variance', 'f0_by_level_log_covariance', 'level_log_variance']
    """
    pairs = combinations_with_replacement(names, 2)
    return [
        f"{one}_log_variance" if one == other else f"{one}_by_{other}_log_covariance"
        for one, other in pairs
    ]
