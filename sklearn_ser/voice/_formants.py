"""Formants: the first three resonances of the vocal tract, frame by frame."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sklearn_ser.voice._linear_prediction import autocorrelation, find_poles, predict
from sklearn_ser.voice._pitch import PitchSettings
from sklearn_ser.voice._spectra import VoiceSpectra

__all__ = ["Formants", "track_formants"]

N_FORMANTS = 3
# A tract of 17.5 cm with the tongue at rest has one resonance in every 1000 Hz; a shorter one,
# which the ceiling has room for, in every 1100.
NEUTRAL_HZ = (500.0, 1500.0, 2500.0)
NEUTRAL_BANDWIDTH_HZ = (80.0, 100.0, 150.0)
_HZ_PER_FORMANT = 1100.0
# Poles nearer than this to 0 Hz or to the ceiling shape the spectrum as a whole.
_MARGIN_HZ = 50.0
_PRE_EMPHASIS_HZ = 50.0
_FRAMES_AT_ONCE = 4096
_TINY = np.finfo(np.float32).tiny


class Formants(NamedTuple):
    """The first three formants of every frame.

    Parameters
    ----------
    frequency, bandwidth : ndarray of shape (n_frames, 3), float32
        In Hz.
    level : ndarray of shape (n_frames, 3), float32
        Of the spectral envelope at the formant, in dB over the mean of the frame's power spectrum.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchSettings, track_formants
    >>> silence = np.zeros(320, dtype=np.float32)
    >>> frequency, bandwidth, level = track_formants(silence, PitchSettings(16000, 160))
    >>> frequency[0].tolist()
    [500.0, 1500.0, 2500.0]
    """

    frequency: np.ndarray
    bandwidth: np.ndarray
    level: np.ndarray


def track_formants(
    samples: np.ndarray,
    settings: PitchSettings,
    *,
    is_voiced: np.ndarray | None = None,
    spectra: VoiceSpectra | None = None,
) -> Formants:
    """Find the formants of one clip.

    Linear prediction from the power spectrum below 5.5 kHz under a Hann window of 40 ms, with
    pre-emphasis from 50 Hz and one pair of poles in every 1100 Hz; the formants are the three
    lowest pairs above 50 Hz, as Praat has it.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        Finite samples.
    settings : PitchSettings
        Read are ``sample_rate`` and ``hop_length``.
    is_voiced : ndarray of shape (n_frames,), bool, default=None
        Frames in which formants are looked for; None is all.
    spectra : VoiceSpectra, default=None
        Those of this clip, where they are there already.

    Returns
    -------
    Formants
        Finite everywhere: frames without a formant, and those not asked for, hold the value
        between their neighbours', and a clip without any the neutral vowel's, 500, 1500 and 2500
        Hz, with bandwidths of 80, 100 and 150 Hz and a level of 0 dB.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchSettings, track_formants
    >>> waveform = np.random.default_rng(0).normal(size=16000).astype(np.float32)
    >>> track_formants(waveform, PitchSettings(16000, hop_length=160)).frequency.shape
    (101, 3)
    """
    spectra = VoiceSpectra(samples, settings) if spectra is None else spectra
    everywhere = np.arange(spectra.n_frames)
    frames = everywhere if is_voiced is None else everywhere[is_voiced]
    found = np.full((3, N_FORMANTS, spectra.n_frames), np.nan)
    if len(frames):
        correlations, mean_power = _autocorrelations(spectra, frames)
        for start in range(0, len(frames), _FRAMES_AT_ONCE):
            some = slice(start, start + _FRAMES_AT_ONCE)
            found[:, :, frames[some]] = _find_formants(
                correlations[some], mean_power[some], 2 * spectra.ceiling_hz
            )
    neutral = (NEUTRAL_HZ, NEUTRAL_BANDWIDTH_HZ, (0.0,) * N_FORMANTS)
    for rows, values in zip(found, neutral, strict=True):
        _fill_gaps(rows, values)
    return Formants(*(np.ascontiguousarray(rows.T, dtype=np.float32) for rows in found))


def _autocorrelations(spectra: VoiceSpectra, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return those of the emphasised signal, (n_frames, order + 1), and the mean power before."""
    order = 2 * max(round(spectra.ceiling_hz / _HZ_PER_FORMANT), 1)
    emphasis = _pre_emphasis(np.linspace(0, np.pi, spectra.n_bins), 2 * spectra.ceiling_hz)
    emphasis = emphasis.astype(np.float32)
    correlations = np.empty((len(frames), order + 1), dtype=np.float32)
    mean_power = np.empty(len(frames), dtype=np.float32)
    for where, power in spectra.blocks():
        some = slice(*np.searchsorted(frames, (where.start, where.stop)))
        chosen = power[frames[some] - where.start]
        mean_power[some] = np.einsum("ij->i", chosen) / np.float32(spectra.n_bins)
        chosen *= emphasis
        correlations[some] = autocorrelation(chosen, order + 1)
    return correlations, mean_power


def _pre_emphasis(angle: np.ndarray, sample_rate: float) -> np.ndarray:
    """Return the gain in power of a first difference that begins to rise at 50 Hz."""
    a = np.exp(-2 * np.pi * _PRE_EMPHASIS_HZ / sample_rate)
    return 1 + a * a - 2 * a * np.cos(angle)


def _find_formants(
    correlations: np.ndarray, mean_power: np.ndarray, sample_rate: float
) -> np.ndarray:
    """Return frequency, bandwidth and level, (3, N_FORMANTS, n_frames); NaN where there is none."""
    coefficients, error = predict(correlations)
    frame, frequency, bandwidth = find_poles(coefficients, sample_rate)
    inside = (frequency > _MARGIN_HZ) & (frequency < sample_rate / 2 - _MARGIN_HZ)
    inside &= bandwidth > 0
    frame, frequency, bandwidth = frame[inside], frequency[inside], bandwidth[inside]
    place = np.arange(len(frame)) - np.searchsorted(frame, frame)
    low = place < N_FORMANTS
    frame, place, frequency = frame[low], place[low], frequency[low]
    power = _envelope(coefficients[:, frame], 2 * np.pi / sample_rate * frequency)
    power /= _pre_emphasis(2 * np.pi / sample_rate * frequency, sample_rate)
    power *= error[frame] * correlations[frame, 0] / np.maximum(mean_power[frame], _TINY)
    table = np.full((3, N_FORMANTS, len(correlations)), np.nan)
    table[0, place, frame] = frequency
    table[1, place, frame] = bandwidth[low]
    table[2, place, frame] = 10 * np.log10(np.maximum(power, _TINY))
    return table


def _envelope(coefficients: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return the gain in power of each column's all-pole filter."""
    unit = np.exp(-1j * angle)
    value = np.full(len(angle), coefficients[-1], dtype=np.complex128)
    for row in coefficients[-2::-1]:
        value *= unit
        value += row
    return 1 / np.square(np.abs(value))


def _fill_gaps(rows: np.ndarray, neutral: tuple[float, ...]) -> None:
    """Put what is missing between its neighbours, or at the neutral value where there are none."""
    for row, value in zip(rows, neutral, strict=True):
        known = np.flatnonzero(~np.isnan(row))
        if not len(known):
            row[:] = value
        elif len(known) < len(row):
            row[:] = np.interp(np.arange(len(row)), known, row[known])
