"""Chroma filter banks, and the tuning that they are made for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.sparse

# Weights below this share of their bin's largest are left out: they change no chroma by more
# than 1e-6, and they are more than half of all.
_NEGLIGIBLE = 1e-7
_CENTRE_OCTAVE, _OCTAVE_WIDTH = 5.0, 2.0
_A0 = 27.5

# Where pitches are looked for, in Hz, and how far below a frame's peak in power.
_LOWEST_PITCH, _HIGHEST_PITCH = 150.0, 4000.0
_PITCH_THRESHOLD = np.float32(0.1)
_RESOLUTION = 0.01


@lru_cache(maxsize=128)
def chroma_filters(
    sample_rate: int, n_fft: int, n_chroma: int, tuning: float
) -> scipy.sparse.csr_array:
    """Return the weight of every bin of the spectrum in every pitch class, C first.

    The bumps of Ellis (2007) as librosa has them, of unit Euclidean length a bin, and weighted by
    a Gaussian of two octaves around the fifth.

    Parameters
    ----------
    sample_rate, n_fft, n_chroma : int
        As in :class:`~sklearn_ser.features._settings.FrameSettings`.
    tuning : float
        Deviation from A = 440 Hz in parts of a pitch class.

    Returns
    -------
    sparse array of shape (n_chroma, 1 + n_fft // 2)
        Float32 weights.

    References
    ----------
    .. [1] Ellis (2007). Chroma feature analysis and synthesis. LabROSA, Columbia University.
    """
    position = _positions(sample_rate, n_fft, n_chroma, tuning)
    width = np.append(np.maximum(np.diff(position), 1.0), 1.0)
    half = np.round(n_chroma / 2)
    distance = np.subtract.outer(np.arange(n_chroma), position)
    distance = np.remainder(-distance + half + 10 * n_chroma, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.linalg.norm(weights, axis=0)
    octave = (position / n_chroma - _CENTRE_OCTAVE) / _OCTAVE_WIDTH
    weights *= np.exp(-0.5 * octave**2)
    weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)[:, : 1 + n_fft // 2]
    weights[weights < _NEGLIGIBLE * weights.max(axis=0)] = 0
    return scipy.sparse.csr_array(weights.astype(np.float32))


def _positions(sample_rate: int, n_fft: int, n_chroma: int, tuning: float) -> np.ndarray:
    """Return where the bins lie, in pitch classes above A0; bin 0 at 1.5 octaves below bin 1."""
    frequencies = np.linspace(0, sample_rate, n_fft, endpoint=False)[1:]
    position = n_chroma * np.log2(frequencies / (_A0 * 2.0 ** (tuning / n_chroma)))
    return np.concatenate(([position[0] - 1.5 * n_chroma], position))


def find_pitches(power: np.ndarray, sample_rate: int, n_fft: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the peaks of the power spectrum between the bins, as ``librosa.piptrack`` does.

    Parameters
    ----------
    power : ndarray of shape (n_bins, n_frames)
        Float32.
    sample_rate, n_fft : int
        What the bins' frequencies follow from.

    Returns
    -------
    frequencies, powers : ndarray of shape (n_peaks,)
        Of all frames together.
    """
    threshold = _PITCH_THRESHOLD * power.max(axis=0)
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    within = (bins >= _LOWEST_PITCH) & (bins < min(_HIGHEST_PITCH, sample_rate / 2))
    within[[0, -1]] = False
    rows = np.flatnonzero(within)
    if not len(rows):
        return np.empty(0, np.float32), np.empty(0, np.float32)
    near = power[rows[0] - 1 : rows[-1] + 2]
    loud = near * (near > threshold)
    is_peak = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:])
    row, column = np.nonzero(is_peak)
    before, at, after = (near[row + i, column] for i in range(3))
    slope, bend = (after - before) / 2, after + before - 2 * at
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(np.abs(slope) >= np.abs(bend), np.float32(0), -slope / bend)
    frequencies = (row + rows[0] + shift) * float(sample_rate) / n_fft
    # In float32 as in librosa, since a histogram tells the last digit.
    return frequencies.astype(np.float32), at + np.float32(0.5) * slope * shift


def tuning_of(frequencies: np.ndarray, powers: np.ndarray, n_chroma: int) -> float:
    """Return the commonest deviation of the louder half of all pitches.

    Parameters
    ----------
    frequencies, powers : ndarray of shape (n_peaks,)
        What :func:`find_pitches` found.
    n_chroma : int
        Pitch classes in an octave.

    Returns
    -------
    float
        In parts of a pitch class, -0.5 to 0.5 in steps of 0.01; 0 where there is no pitch.
    """
    if not len(frequencies):
        return 0.0
    frequencies = frequencies[powers >= np.median(powers)]
    residual = np.mod(n_chroma * np.log2(frequencies / _A0), 1.0)
    residual[residual >= 0.5] -= 1.0
    edges = np.linspace(-0.5, 0.5, round(1 / _RESOLUTION) + 1)
    counts, _ = np.histogram(residual, edges)
    return float(edges[np.argmax(counts)])
