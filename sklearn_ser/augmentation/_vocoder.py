"""Tempo and pitch by the phase vocoder: several variants of a clip from one transform.

librosa's phase vocoder advances every bin's phase from frame to frame by the unwrapped difference
between two neighbouring frames of the clip. Phases count modulo a full turn only, so that the
unwrapping cancels, and a running product of unit phasors gives the same spectra without an angle,
a sine or a cosine, and without the rounding of float32 phases that grow for the whole clip.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio._io import resample
from sklearn_ser.augmentation._fourier import (
    Spectra,
    Waveform,
    frame_blocks,
    from_spectra,
    to_spectra,
)
from sklearn_ser.utils._frames import pad_signal

__all__ = ["pitch_shift", "pitch_shifts", "time_stretch", "time_stretches"]

_N_FFT = 2048  # librosa's


def time_stretch(waveform: Waveform, rate: float, *, n_fft: int = _N_FFT) -> Waveform:
    """Change the tempo of a waveform and keep its pitch: :func:`time_stretches` for one rate."""
    return time_stretches(waveform, [rate], n_fft=n_fft)[0]


def pitch_shift(waveform: Waveform, semitones: float, *, n_fft: int = _N_FFT) -> Waveform:
    """Change the pitch of a waveform and keep its length: :func:`pitch_shifts` for one shift."""
    return pitch_shifts(waveform, [semitones], n_fft=n_fft)[0]


def time_stretches(
    waveform: Waveform, rates: Sequence[float], *, n_fft: int = _N_FFT
) -> list[Waveform]:
    """Change the tempo of one waveform to several rates, from one transform.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    rates : sequence of float
        Above 1 is faster, hence shorter; all positive.
    n_fft : int, default=2048
        Length of a frame, divisible by four.

    Returns
    -------
    list of ndarray of shape (max(round(n_samples / rate), 1),), float32
        One a rate: a copy of the clip where the rate is 1, else the numbers of
        ``librosa.effects.time_stretch``.
    """
    lengths = [max(round(len(waveform) / rate), 1) for rate in rates]
    return _stretched(waveform, list(zip(rates, lengths, strict=True)), n_fft)


def pitch_shifts(
    waveform: Waveform, semitones: Sequence[float], *, n_fft: int = _N_FFT
) -> list[Waveform]:
    """Change the pitch of one waveform by several shifts, from one transform.

    A stretch to the length at which resampling back to the clip's gives the pitch.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The clip.
    semitones : sequence of float
        Twelve are an octave up.
    n_fft : int, default=2048
        Length of a frame, divisible by four.

    Returns
    -------
    list of ndarray of shape (n_samples,), float32
        One a shift: a copy of the clip where it is 0, else the numbers of
        ``librosa.effects.pitch_shift``.
    """
    rates = [2.0 ** (-shift / 12) for shift in semitones]
    stretched = time_stretches(waveform, rates, n_fft=n_fft)
    return [
        _fitted(resample(longer, 1 / rate, 1.0), len(waveform))
        for longer, rate in zip(stretched, rates, strict=True)
    ]


@dataclass(frozen=True)
class _Analysis:
    """What all stretches of a clip share: each row is a frame, each column a bin.

    Attributes
    ----------
    magnitudes : ndarray of shape (n_frames + 1, n_bins), float32
        The last row is zeros: what follows the clip.
    start : ndarray of shape (n_bins,), complex64
        Phasors of the first frame.
    turns : ndarray of shape (n_frames, n_bins), complex64
        Phasors of the advance from each frame to the next.
    """

    magnitudes: NDArray[np.float32]
    start: NDArray[np.complex64]
    turns: NDArray[np.complex64]


def _stretched(waveform: Waveform, plans: list[tuple[float, int]], n_fft: int) -> list[Waveform]:
    if all(rate == 1 for rate, _ in plans):
        return [waveform.copy() for _ in plans]
    analysis = _analyse(to_spectra(waveform, n_fft))
    return [
        waveform.copy() if rate == 1 else _at_rate(rate, length, analysis, n_fft)
        for rate, length in plans
    ]


def _analyse(spectra: Spectra) -> _Analysis:
    """Take spectra apart; their memory is used again."""
    n_frames, n_bins = spectra.shape
    magnitudes = np.zeros((n_frames + 1, n_bins), np.float32)
    np.abs(spectra, out=magnitudes[:-1])
    phasors = np.ones_like(spectra)
    np.divide(spectra, magnitudes[:-1], out=phasors, where=magnitudes[:-1] > 0)
    turns = np.conj(phasors, out=spectra)
    turns[:-1] *= phasors[1:]
    return _Analysis(magnitudes, phasors[0], turns)


def _at_rate(rate: float, n_samples: int, analysis: _Analysis, n_fft: int) -> Waveform:
    n_needed = math.ceil((n_samples + n_fft) / (n_fft // 4))
    steps = np.arange(0, len(analysis.turns), rate)[:n_needed]
    return from_spectra(_spectra_at(steps, analysis, n_fft), len(steps), n_fft, n_samples)


def _spectra_at(
    steps: NDArray[np.float64], analysis: _Analysis, n_fft: int
) -> Iterator[NDArray[np.complex64]]:
    """Yield spectra between the clip's frames: levels by straight lines, phases by all advances."""
    phasors = analysis.start.copy()
    for block in frame_blocks(len(steps), n_fft):
        before = steps[block].astype(np.intp)
        share = (steps[block] - before).astype(np.float32)[:, None]
        spectra = np.empty((len(before), len(phasors)), np.complex64)
        for row, place in zip(spectra, before, strict=True):
            row[:] = phasors
            phasors *= analysis.turns[place]
        magnitudes = analysis.magnitudes[before]
        magnitudes += share * (analysis.magnitudes[before + 1] - magnitudes)
        spectra *= magnitudes
        yield spectra


def _fitted(waveform: Waveform, n_samples: int) -> Waveform:
    """Cut a waveform, or pad it with zeros, to a length; a new array."""
    kept = waveform[:n_samples]
    return pad_signal(kept, 0, n_samples - len(kept))
