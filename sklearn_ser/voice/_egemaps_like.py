"""The 88 functionals of the Geneva minimalistic set, extended, from this package's descriptors.

What is summed up, and how, is that of Eyben et al. (2016); pitch, quality, formants and spectra
are this package's own, so the values correlate with openSMILE's and are not equal to them.
Deviations are not divided by the mean, which for what passes through zero is no measure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.features._functionals import pool_frames, pooled_names
from sklearn_ser.voice._base import pool_voiced
from sklearn_ser.voice._descriptors import EVERY, ClipDescriptors, FunctionalSettings
from sklearn_ser.voice._segments import count_peaks, runs

__all__ = ["egemaps_like", "egemaps_like_names"]

_CONTOUR = ("mean", "std", "p20", "median", "p80")
_TWO = ("mean", "std")
_BALANCE = ("alpha_ratio", "hammarberg", "slope_0_500", "slope_500_1500")
_PERIODS = ("jitter", "shimmer", "hnr", "h1_h2", "h1_a3")
_N_MFCC = 4

Values = NDArray[np.floating]


def _slope_names(name: str) -> list[str]:
    return [f"{name}_{side}_slope_{what}" for side in ("rising", "falling") for what in _TWO]


_MFCC = [f"mfcc_{i}" for i in range(1, _N_MFCC + 1)]
_FORMANTS = [f"f{i}_{what}" for i in (1, 2, 3) for what in ("frequency", "bandwidth", "level")]
_SEGMENTS = [
    "loudness_peak_rate",
    "voiced_rate",
    "voiced_seconds_mean",
    "voiced_seconds_std",
    "unvoiced_seconds_mean",
    "unvoiced_seconds_std",
    "equivalent_level",
]


def egemaps_like_names(settings: FunctionalSettings) -> list[str]:
    """Name the values of :func:`egemaps_like`.

    Parameters
    ----------
    settings : FunctionalSettings
        Not read: the names are always the same 88.

    Returns
    -------
    list of str
        Names.
    """
    voiced = [*_PERIODS, *_FORMANTS, *_BALANCE, "flux", *_MFCC]
    return [
        *(f"f0_semitone_{what}" for what in (*_CONTOUR, "p20_p80_range")),
        *_slope_names("f0_semitone"),
        *(f"loudness_{what}" for what in (*_CONTOUR, "p20_p80_range")),
        *_slope_names("loudness"),
        *pooled_names(["flux", *_MFCC], _TWO),
        *pooled_names([f"voiced_{name}" for name in voiced], _TWO),
        *(f"unvoiced_{name}_mean" for name in (*_BALANCE, "flux")),
        *_SEGMENTS,
    ]


def egemaps_like(clip: ClipDescriptors) -> Values:
    """Sum up one clip.

    Parameters
    ----------
    clip : ClipDescriptors
        Its descriptors.

    Returns
    -------
    ndarray of shape (88,)
        As :func:`egemaps_like_names` names them; what is of voiced frames is 0 where there are
        none.
    """
    rate, voiced = clip.settings.frames_per_second, clip.is_voiced
    loudness = _loudness(clip)
    spectrum = np.column_stack([clip.flux, clip.mfcc[:, 1 : _N_MFCC + 1]])
    quality, is_voice = clip.quality_with_formants, clip.voice.is_voiced
    formants = np.stack(clip.formants, axis=2).reshape(len(is_voice), -1)
    balance = np.column_stack([quality[name] for name in _BALANCE])
    periods = np.column_stack([quality[name] for name in _PERIODS])
    of_voice = np.hstack([periods, formants, balance, spectrum[::EVERY]])
    unvoiced = np.column_stack([balance, spectrum[::EVERY, 0]])
    seldom = clip.settings.voice_frames_per_second
    return np.concatenate(
        [
            _contour(clip.semitones, voiced, rate),
            _contour(loudness, np.ones_like(voiced), rate),
            pool_frames(spectrum, _TWO, rate),
            pool_voiced(of_voice, is_voice, _TWO, seldom).ravel(),
            pool_voiced(unvoiced, ~is_voice, ("mean",), seldom).ravel(),
            _segments(clip, loudness),
        ]
    )


def _loudness(clip: ClipDescriptors) -> NDArray[np.float32]:
    """Return the sum over the mel bands of the auditory pressure, power to the .3."""
    bands = clip.bands + np.float32(clip.gain_db)
    return np.exp(bands * np.float32(0.03 * np.log(10))).sum(axis=1)


def _contour(values: NDArray[np.float32], chosen: NDArray[np.bool_], rate: float) -> Values:
    pooled = pool_voiced(values[:, None], chosen, _CONTOUR, rate).ravel()
    return np.concatenate([pooled, [pooled[4] - pooled[2]], _slopes(values, chosen, rate)])


def _slopes(values: NDArray[np.float32], chosen: NDArray[np.bool_], rate: float) -> Values:
    """Return mean and deviation of the slopes a second of the stretches that rise or fall."""
    joined = chosen[1:] & chosen[:-1]
    steps = np.where(joined, np.diff(values), 0)
    found: list[float] = []
    for moves in (steps > 0, steps < 0):
        starts, ends = runs(moves)
        slopes = (values[ends] - values[starts]) * rate / np.maximum(ends - starts, 1)
        found += [slopes.mean(), slopes.std()] if len(slopes) else [0.0, 0.0]
    return np.array(found)


def _segments(clip: ClipDescriptors, loudness: NDArray[np.float32]) -> Values:
    rate = clip.settings.frames_per_second
    lengths = _lengths(clip.is_voiced), _lengths(~clip.is_voiced)
    seconds = len(loudness) / rate
    power = np.mean(10 ** (clip.level.astype(np.float64) / 10))
    return np.array(
        [
            count_peaks(np.diff(loudness)) / seconds,
            np.count_nonzero(lengths[0]) / seconds,
            *(what / rate for found in lengths for what in (found.mean(), found.std())),
            10 * np.log10(power),
        ]
    )


def _lengths(flags: NDArray[np.bool_]) -> Values:
    """Return the lengths of the runs of set flags in frames; one of 0 where there is none."""
    starts, ends = runs(flags)
    return (ends - starts).astype(float) if len(starts) else np.zeros(1)
