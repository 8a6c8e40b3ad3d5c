"""Vocal tract length perturbation on a waveform: formants move, the pitch stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sklearn_ser.augmentation._fourier import (
    Spectra,
    Waveform,
    frame_blocks,
    from_spectra,
    to_spectra,
)

__all__ = ["warp_vocal_tract"]

_FRAME_SECONDS = 0.032
_LONGEST_QUEFRENCY = 0.002  # seconds: below the period of any voice under 500 Hz
_BOUNDARY_HZ = 4800.0  # where the straight warp ends
_BOUNDARY_SHARE = 0.8  # of Nyquist at most
_FLOOR = np.float32(1e-5)  # of the clip's largest magnitude


def warp_vocal_tract(waveform: Waveform, sample_rate: float, factor: float) -> Waveform:
    """Scale the frequencies of the formants, as a shorter or longer vocal tract would.

    The warp is the piecewise linear one of Jaitly and Hinton [1]_, which fixes zero and Nyquist.
    Theirs acts on mel filters, too wide to see single harmonics; here the smooth envelope of
    every short-time spectrum (its cepstrum up to 2 ms) is warped, and the harmonics below it stay.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    sample_rate : float
        Samples a second.
    factor : float
        Above 1 formants move up, as of a shorter tract.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        A copy of the clip where the factor is 1 or the clip is silent.

    References
    ----------
    .. [1] Jaitly, N. and Hinton, G. E. (2013). Vocal tract length perturbation (VTLP) improves
       speech recognition. ICML Workshop on Deep Learning for Audio, Speech and Language.
    """
    if factor == 1 or not waveform.any():
        return waveform.copy()
    n_fft = 1 << max(round(np.log2(_FRAME_SECONDS * sample_rate)), 3)
    spectra = to_spectra(waveform, n_fft)
    sources = _sources(spectra.shape[1], sample_rate / 2, factor)
    blocks = _warped(spectra, sources, round(_LONGEST_QUEFRENCY * sample_rate), n_fft)
    return from_spectra(blocks, len(spectra), n_fft, len(waveform))


def _warped(
    spectra: Spectra, sources: NDArray[np.float64], n_kept: int, n_fft: int
) -> Iterator[Spectra]:
    """Yield the spectra with the envelope that each bin finds at its source."""
    floor = _FLOOR * np.abs(spectra).max()
    for block in frame_blocks(len(spectra), n_fft):
        envelopes = _log_envelopes(np.abs(spectra[block]) + floor, n_kept)
        yield spectra[block] * np.exp(_at_places(envelopes, sources) - envelopes)


def _log_envelopes(magnitudes: NDArray[np.float32], n_kept: int) -> NDArray[np.float32]:
    """Smooth the logarithm of every frame: a cosine transform cut after ``n_kept`` terms."""
    levels = np.log(magnitudes)
    cepstra = scipy.fft.dct(levels, type=1, axis=1, overwrite_x=True)
    cepstra[:, max(n_kept, 2) :] = 0
    smooth = scipy.fft.idct(cepstra, type=1, axis=1, overwrite_x=True)
    return np.asarray(smooth, dtype=np.float32)


def _sources(n_bins: int, nyquist: float, factor: float) -> NDArray[np.float64]:
    """Return the place, in bins, from which each bin takes its level: the warp's inverse."""
    boundary = min(_BOUNDARY_HZ, _BOUNDARY_SHARE * nyquist) / nyquist * min(factor, 1.0)
    places = np.linspace(0, 1, n_bins)
    return np.interp(places, [0, boundary, 1], [0, boundary / factor, 1]) * (n_bins - 1)


def _at_places(rows: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Read every row between its columns, by straight lines."""
    before = np.minimum(places.astype(np.intp), rows.shape[1] - 2)
    share = (places - before).astype(np.float32)
    found = rows[:, before]
    found += share * (rows[:, before + 1] - found)
    return found
