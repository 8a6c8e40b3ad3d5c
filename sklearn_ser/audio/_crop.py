"""Crop a waveform to a part given in seconds: a pure function, and a picklable step of it."""

from __future__ import annotations

from functools import partial

import numpy as np

from sklearn_ser.audio._store import Waveform, WaveformStep

__all__ = ["crop_step"]


def crop_step(
    sample_rate: int, offset: float, duration: float | None, *, pad: bool
) -> WaveformStep:
    """Return a function that crops a waveform, for :meth:`AudioClips.map`."""
    first = round(offset * sample_rate)
    length = None if duration is None else max(round(duration * sample_rate), 1)
    return partial(_crop, first=first, length=length, pad=pad)


def _crop(waveform: Waveform, *, first: int, length: int | None, pad: bool) -> Waveform:
    part = waveform[first:] if length is None else waveform[first : first + length]
    if pad and length is not None and len(part) < length:
        return np.pad(part, (0, length - len(part)))
    return part
