"""How strongly a voice repeats itself at each of many periods: its pitch, before any decision."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sklearn_ser.audio import resample

__all__ = ["pitch_salience"]

_RATE = 4000  # harmonics up to 1.8 kHz are all that is asked for
_WINDOW_SECONDS = 0.064  # four periods of a deep voice
_LOWEST_PITCH, _HIGHEST_PITCH = 62.0, 500.0
_LOWEST_HARMONIC, _HIGHEST_HARMONIC = 60.0, 1800.0
_ENVELOPE_HZ = 516.0  # width that a frequency's magnitude is compared over
_LEAST_POWER = 1e-12  # of a clip whose peak is 1
_FRAMES_A_BLOCK = 4096

Array = NDArray[np.float32]


def pitch_salience(waveform: Array, sample_rate: int, hop_length: int, n_pitches: int) -> Array:
    """Return the salience of every pitch, every ``hop_length`` samples.

    It is a generalised autocorrelation: magnitudes are compressed to their square root, so that
    no formant speaks for all harmonics, and divided by their mean over the neighbouring
    frequencies, so that neither gain nor room is heard; then each period is asked how well it
    fits what is left.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        The clip, finite; its gain and its mean do not count.
    sample_rate : int
        In Hz.
    hop_length : int
        Samples from the centre of one frame to the next.
    n_pitches : int
        From 62 to 500 Hz, in equal steps of a logarithm.

    Returns
    -------
    ndarray of shape (1 + n_samples // hop_length, n_pitches), float32
        About 1 for a clear voice at its pitch, about 0 for noise; 0 in silence.

    References
    ----------
    Tolonen, T. & Karjalainen, M. (2000). A computationally efficient multipitch analysis model.
    IEEE Transactions on Speech and Audio Processing 8(6).
    """
    n_frames = 1 + len(waveform) // hop_length
    peak = float(np.max(np.abs(waveform), initial=0.0))
    if peak == 0.0:
        return np.zeros((n_frames, n_pitches), dtype=np.float32)
    samples = np.asarray(waveform, dtype=np.float32) / np.float32(peak)
    samples = np.asarray(resample(samples - samples.mean(), sample_rate, _RATE), np.float32)
    window, harmonics, envelope, periods = _plan(n_pitches)
    places = np.round(np.arange(n_frames) * (hop_length * _RATE / sample_rate)).astype(np.intp)
    padded = np.pad(samples, (len(window) // 2, len(window)))
    framed = np.lib.stride_tricks.sliding_window_view(padded, len(window))
    found = np.empty((n_frames, n_pitches), dtype=np.float32)
    for start in range(0, n_frames, _FRAMES_A_BLOCK):
        block = slice(start, start + _FRAMES_A_BLOCK)
        spectrum = scipy.fft.rfft(framed[places[block]] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2 + np.float32(_LEAST_POWER)
        magnitude = np.sqrt(np.sqrt(power))
        found[block] = (magnitude[:, harmonics] / (magnitude @ envelope) - 1) @ periods
    return found


@lru_cache(maxsize=4)
def _plan(n_pitches: int) -> tuple[Array, slice, Array, Array]:
    """Return the window, which frequencies count, their neighbours' mean, and the periods."""
    length = round(_WINDOW_SECONDS * _RATE)
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    step = _RATE / length
    frequencies = np.arange(length // 2 + 1) * step
    harmonics = slice(
        int(np.searchsorted(frequencies, _LOWEST_HARMONIC)),
        int(np.searchsorted(frequencies, _HIGHEST_HARMONIC, side="right")),
    )
    harmonic = frequencies[harmonics]
    near = np.abs(frequencies[:, None] - harmonic) <= _ENVELOPE_HZ / 2
    envelope = near / near.sum(axis=0)
    pitches = np.geomspace(_LOWEST_PITCH, _HIGHEST_PITCH, n_pitches)
    # twice the mean over the harmonics: 1 is where the even spectrum of a pulse train comes near
    periods = np.cos(2 * np.pi * harmonic[:, None] / pitches) * (2 / len(harmonic))
    return window, harmonics, envelope.astype(np.float32), periods.astype(np.float32)
