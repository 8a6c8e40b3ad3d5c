"""Trim silence off both ends of a waveform: a pure function, and a picklable step of it."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio._store import Waveform, WaveformStep
from sklearn_ser.utils._frames import count_signal_frames

__all__ = ["sounding_span", "trim_step"]

_LEAST_POWER = 1e-10  # librosa's: an amplitude of 1e-5 and anything below it are alike


def trim_step(
    *, top_db: float, ref: float | None, frame_length: int, hop_length: int, margin: int
) -> WaveformStep:
    """Return a function that trims a waveform, for :meth:`AudioClips.map`."""
    return partial(
        _trim,
        top_db=top_db,
        ref=ref,
        frame_length=frame_length,
        hop_length=hop_length,
        margin=margin,
    )


def _trim(
    waveform: Waveform,
    *,
    top_db: float,
    ref: float | None,
    frame_length: int,
    hop_length: int,
    margin: int,
) -> Waveform:
    start, stop = sounding_span(
        waveform, top_db=top_db, ref=ref, frame_length=frame_length, hop_length=hop_length
    )
    if start >= stop:
        return waveform  # nothing sounds, and a clip must not vanish
    return waveform[max(start - margin, 0) : stop + margin]


def sounding_span(
    waveform: Waveform, *, top_db: float, ref: float | None, frame_length: int, hop_length: int
) -> tuple[int, int]:
    """Find where a waveform begins and ends to sound.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        The samples.
    top_db : float
        Frames at least so many decibels below ``ref`` are silent.
    ref : float or None
        The amplitude that is 0 dB; None is the loudest frame's.
    frame_length, hop_length : int
        Samples in a frame, and from one frame to the next.

    Returns
    -------
    start, stop : int
        ``waveform[start:stop]`` sounds; nothing does where ``start >= stop``.
    """
    power = np.maximum(_frame_power(waveform, frame_length, hop_length), _LEAST_POWER)
    loudest = power.max() if ref is None else max(ref**2, _LEAST_POWER)
    sounding = np.flatnonzero(10 * np.log10(power) - 10 * np.log10(loudest) > -top_db)
    if not len(sounding):
        return 0, 0
    return int(sounding[0]) * hop_length, min(int(sounding[-1] + 1) * hop_length, len(waveform))


def _frame_power(waveform: Waveform, frame_length: int, hop_length: int) -> NDArray[np.float64]:
    """Mean square of every centred frame, zeros beyond the ends.

    A running sum needs no frames in memory, and stays exactly still in digital silence.
    """
    n_samples = len(waveform)
    running = np.zeros(n_samples + 1)
    np.cumsum(np.square(waveform, dtype=np.float64), out=running[1:])
    n_frames = count_signal_frames(n_samples, frame_length, hop_length, center=True)
    starts = np.arange(n_frames) * hop_length - frame_length // 2
    stops = np.clip(starts + frame_length, 0, n_samples)
    return (running[stops] - running[np.clip(starts, 0, n_samples)]) / frame_length
