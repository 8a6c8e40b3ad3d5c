"""How far the peak of the cepstrum stands out: the regularity of a voice's harmonics."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft

__all__ = ["cepstral_peak_prominence"]

# Where the line begins that the peak is measured from: shorter quefrencies are the vocal tract's.
_SHORTEST_SECONDS = 0.001
_FLOOR = np.float32(1e-6)  # dB squared, in which a cepstrum is counted; avoids the log of 0


class _Plan(NamedTuple):
    """Slices of the quefrencies, and the weights that fit a line to them."""

    line: slice
    n_before_peak: int
    slope_weights: np.ndarray
    offsets: np.ndarray


def cepstral_peak_prominence(
    levels: np.ndarray, rate: float, fmin: float, fmax: float
) -> np.ndarray:
    """Return how high the cepstral peak of each frame stands above the trend of its cepstrum.

    Parameters
    ----------
    levels : ndarray of shape (n_frames, n_bins)
        Spectra in dB, from 0 Hz to ``rate / 2``.
    rate : float
        Twice the frequency of the last bin, in Hz.
    fmin, fmax : float
        Range of pitch in which the peak is looked for, in Hz.

    Returns
    -------
    ndarray of shape (n_frames,)
        In dB, at least 0; 0 for a flat spectrum.
    """
    plan = _plan(levels.shape[1], rate, fmin, fmax)
    cepstrum = scipy.fft.irfft(levels, 2 * (levels.shape[1] - 1))[:, plan.line]
    height = np.square(cepstrum)
    height += _FLOOR
    np.log(height, out=height)
    peaks = height[:, plan.n_before_peak :]
    place = peaks.argmax(axis=1)
    peak = peaks[np.arange(len(peaks)), place]
    mean = np.einsum("ij->i", height) / np.float32(height.shape[1])
    slope = np.einsum("ij,j->i", height, plan.slope_weights)
    trend = mean + slope * plan.offsets[plan.n_before_peak + place]
    return np.maximum(peak - trend, 0) * np.float32(10 / np.log(10))


@lru_cache(maxsize=32)
def _plan(n_bins: int, rate: float, fmin: float, fmax: float) -> _Plan:
    longest = min(int(np.ceil(rate / fmin)), n_bins - 2)
    first = min(max(round(_SHORTEST_SECONDS * rate), 1), longest - 1)
    shortest_period = min(max(int(rate / fmax), first), longest)
    offsets = np.arange(first, longest + 1) - (first + longest) / 2
    weights = offsets / max(float(np.sum(np.square(offsets))), 1.0)
    return _Plan(
        slice(first, longest + 1),
        shortest_period - first,
        weights.astype(np.float32),
        offsets.astype(np.float32),
    )
