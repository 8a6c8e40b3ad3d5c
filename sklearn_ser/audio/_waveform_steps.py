"""Peak normalisation and pre-emphasis: pure functions, and picklable steps of them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.audio._store import Waveform, WaveformStep

__all__ = ["peak_step", "pre_emphasis_step"]


def peak_step(peak: float) -> WaveformStep:
    """Return a function that scales a waveform to a peak, for :meth:`AudioClips.map`."""
    return partial(_scale_to_peak, peak=peak)


def _scale_to_peak(waveform: Waveform, *, peak: float) -> NDArray[np.floating]:
    largest = float(np.abs(waveform).max())
    if largest == 0:
        return waveform
    # In float64: whoever reads the clip rounds each sample once, and the largest to the peak.
    return waveform * (np.float64(peak) / largest)


def pre_emphasis_step(coef: float) -> WaveformStep:
    """Return a function that raises the high frequencies, for :meth:`AudioClips.map`."""
    return partial(_pre_emphasise, coef=coef)


def _pre_emphasise(waveform: Waveform, *, coef: float) -> Waveform:
    emphasised = waveform.copy()
    with np.errstate(over="ignore"):  # what float32 cannot hold is told by whoever reads the clip
        emphasised[1:] -= np.float32(coef) * waveform[:-1]
        # librosa's state before the first sample: the line through the first two, going back.
        emphasised[0] += 2 * waveform[0] - waveform[min(1, len(waveform) - 1)]
    return emphasised
