"""Augmenters of waveforms: level, place, room, line and vocal tract."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_ser.augmentation._base import Array, BaseAugmenter, Parameters
from sklearn_ser.augmentation._functional import (
    change_gain,
    reverberate,
    room_response,
    telephone,
    time_shift,
)
from sklearn_ser.augmentation._ranges import Strength, draw_between
from sklearn_ser.augmentation._vocal_tract import warp_vocal_tract
from sklearn_ser.utils._names import did_you_mean

__all__ = [
    "GainAugmenter",
    "ReverbAugmenter",
    "TelephoneAugmenter",
    "TimeShiftAugmenter",
    "VocalTractAugmenter",
]

_SEEDS = 2**32
_FILLS = ("wrap", "zeros")


class GainAugmenter(BaseAugmenter):
    """Change the level of a clip.

    The level of a voice tells anger from sadness, so a wide range may cost accuracy where all
    recordings were made alike. Nothing is clipped: samples may leave [-1, 1].

    Parameters
    ----------
    gain_db : float or (float, float), default=(-6.0, 6.0)
        Gain in decibels, or the range that it is drawn from, between -120 and 120.
    probability : float, default=1.0
        Share of the copies that are changed.

    See Also
    --------
    PeakNormalizer : Takes the level out of all clips.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import GainAugmenter
    >>> GainAugmenter(20.0).augment(np.array([0.01, -0.02]), 16000).round(4)
    array([ 0.1, -0.2], dtype=float32)
    """

    def __init__(self, gain_db: Strength = (-6.0, 6.0), *, probability: float = 1.0) -> None:
        self.gain_db = gain_db
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        ends = self._strength("gain_db", low=-120, high=120)
        return {"gain_db": draw_between(ends, random_state)}

    def _apply(self, waveform: Array, sample_rate: Any, *, gain_db: float) -> Array:
        return change_gain(waveform, gain_db)


class TimeShiftAugmenter(BaseAugmenter):
    """Move a clip in time; its length stays.

    Parameters
    ----------
    seconds : float or (float, float), default=(-0.25, 0.25)
        By how much later (earlier where negative), or the range that it is drawn from.
    fill : {"wrap", "zeros"}, default="wrap"
        "wrap" brings in at one end what leaves at the other, as ``numpy.roll``; "zeros" brings in
        silence, and then moves a clip by half its length at most, so that speech is left.
    probability : float, default=1.0
        Share of the copies that are changed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import TimeShiftAugmenter
    >>> TimeShiftAugmenter(0.5).augment(np.arange(4.0), sample_rate=2)
    array([3., 0., 1., 2.], dtype=float32)
    """

    def __init__(
        self,
        seconds: Strength = (-0.25, 0.25),
        *,
        fill: str = "wrap",
        probability: float = 1.0,
    ) -> None:
        self.seconds = seconds
        self.fill = fill
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        if self.fill not in _FILLS:
            hint = did_you_mean(self.fill, _FILLS)
            raise ValueError(f"{self._name}: fill={self.fill!r} is not one of {_FILLS}.{hint}")
        seconds = draw_between(self._strength("seconds"), random_state)
        if self.fill == "zeros":
            most = len(waveform) / 2 / sample_rate
            seconds = min(max(seconds, -most), most)
        return {"seconds": seconds}

    def _apply(self, waveform: Array, sample_rate: Any, *, seconds: float) -> Array:
        return time_shift(waveform, round(seconds * sample_rate), wrap=self.fill == "wrap")


class ReverbAugmenter(BaseAugmenter):
    """Put a clip into a synthetic room.

    The impulse response is the direct sound followed by Gaussian noise that decays exponentially,
    the usual model of a diffuse field (Polack): 60 dB in ``rt60`` seconds, at a chosen energy
    below the direct sound. It has no early reflections and one decay for all frequencies. The
    result begins with the direct sound, is cut to the clip's length and has its level.

    Parameters
    ----------
    rt60 : float or (float, float), default=(0.2, 0.8)
        Seconds in which the tail falls by 60 dB, or the range to draw from, between 0.01 and 20.
        Living rooms have about 0.4, lecture halls 1.
    direct_db : float or (float, float), default=(0.0, 12.0)
        Energy of the direct sound over that of the tail in decibels, or the range to draw from,
        between -30 and 60; less is a speaker farther away.
    probability : float, default=1.0
        Share of the copies that are changed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import ReverbAugmenter
    >>> click = np.zeros(1000)
    >>> click[0] = 1.0
    >>> room = ReverbAugmenter(rt60=0.05).augment(click, 16000, random_state=0)
    >>> bool(np.abs(room[:100]).mean() > 10 * np.abs(room[600:700]).mean())
    True
    """

    def __init__(
        self,
        rt60: Strength = (0.2, 0.8),
        direct_db: Strength = (0.0, 12.0),
        *,
        probability: float = 1.0,
    ) -> None:
        self.rt60 = rt60
        self.direct_db = direct_db
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        times = self._strength("rt60", low=0.01, high=20)
        levels = self._strength("direct_db", low=-30, high=60)
        return {
            "rt60": draw_between(times, random_state),
            "direct_db": draw_between(levels, random_state),
            "seed": int(random_state.integers(_SEEDS)),
        }

    def _apply(
        self, waveform: Array, sample_rate: Any, *, rt60: float, direct_db: float, seed: int
    ) -> Array:
        response = room_response(rt60, direct_db, sample_rate, np.random.default_rng(seed))
        return reverberate(waveform, response)


class TelephoneAugmenter(BaseAugmenter):
    """Send a clip through a telephone line.

    A band-pass (Butterworth, 24 dB an octave on either side), then 8 bits with the mu-law of
    G.711, at the clip's own rate. An end of the band that the rate does not reach is left out.

    Parameters
    ----------
    low_hz : float or (float, float), default=300.0
        Lower end of the band in Hz, or the range that it is drawn from.
    high_hz : float or (float, float), default=3400.0
        Upper end of the band.
    probability : float, default=1.0
        Share of the copies that are changed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import TelephoneAugmenter
    >>> hum = np.sin(2 * np.pi * 50 * np.arange(16000) / 16000)
    >>> bool(np.abs(TelephoneAugmenter().augment(hum, 16000)[8000:]).max() < 0.01)
    True
    """

    def __init__(
        self,
        low_hz: Strength = 300.0,
        high_hz: Strength = 3400.0,
        *,
        probability: float = 1.0,
    ) -> None:
        self.low_hz = low_hz
        self.high_hz = high_hz
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        return {
            "low_hz": draw_between(self._strength("low_hz", low=1), random_state),
            "high_hz": draw_between(self._strength("high_hz", low=1), random_state),
        }

    def _apply(self, waveform: Array, sample_rate: Any, *, low_hz: float, high_hz: float) -> Array:
        return telephone(waveform, sample_rate, low_hz=low_hz, high_hz=high_hz)


class VocalTractAugmenter(BaseAugmenter):
    """Make a clip's vocal tract shorter or longer: its formants move, its pitch stays.

    The piecewise linear warp of vocal tract length perturbation (VTLP) [1]_, which is straight up
    to 4.8 kHz (lower at rates under 12 kHz) and fixes the Nyquist frequency. VTLP bends the mel
    filters, which are too wide to see the pitch; here the smooth envelope of every short-time
    spectrum is bent, so that the result is a waveform for any features.

    Parameters
    ----------
    factor : float or (float, float), default=(0.9, 1.1)
        By what the formants' frequencies are multiplied, or the range that it is drawn from,
        between 0.5 and 2. Grown women's lie some 1.15 times above men's.
    probability : float, default=1.0
        Share of the copies that are changed.

    See Also
    --------
    PitchShiftAugmenter : Moves pitch and formants together.

    References
    ----------
    .. [1] Jaitly, N. and Hinton, G. E. (2013). Vocal tract length perturbation (VTLP) improves
       speech recognition. ICML Workshop on Deep Learning for Audio, Speech and Language.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import VocalTractAugmenter
    >>> VocalTractAugmenter(1.1).augment(np.sin(np.arange(16000) * 0.1), 16000).shape
    (16000,)
    """

    def __init__(self, factor: Strength = (0.9, 1.1), *, probability: float = 1.0) -> None:
        self.factor = factor
        self.probability = probability

    def _draw(
        self, waveform: Array, sample_rate: Any, random_state: np.random.Generator
    ) -> Parameters:
        hint = "1 is the clip's own vocal tract; give a factor or a pair such as (0.9, 1.1)."
        ends = self._strength("factor", low=0.5, high=2, hint=hint)
        return {"factor": draw_between(ends, random_state)}

    def _apply(self, waveform: Array, sample_rate: Any, *, factor: float) -> Array:
        return warp_vocal_tract(waveform, sample_rate, factor)
