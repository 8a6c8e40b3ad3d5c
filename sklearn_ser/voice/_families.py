"""The families of functionals: which descriptors, over which frames, summed up how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.features._delta import time_derivative
from sklearn_ser.features._functionals import pool_frames, pooled_names
from sklearn_ser.voice._base import pool_voiced
from sklearn_ser.voice._descriptors import (
    N_COARSE_BANDS,
    N_MFCC,
    VOICE,
    ClipDescriptors,
    FunctionalSettings,
)
from sklearn_ser.voice._segments import CONTOUR, RHYTHM, contour, count_peaks, rhythm
from sklearn_ser.voice._time_course import (
    LAGS,
    MODULATION_HZ,
    autocorrelation,
    log_covariance,
    modulation_spectrum,
    pair_names,
)

__all__ = ["FAMILIES", "FULL", "Family"]

STATISTICS = ("mean", "std", "skew", "slope", "p05", "p25", "median", "p75", "p95")
_FEW = ("mean", "std", "p25", "median", "p75")
_BELOW_DB = (3, 6, 10, 15, 20, 25, 30)
_SPEED_WIDTHS = (5, 17, 33)  # frames that a derivative is fitted over
_N_AUTOCORRELATED = 12
_DELTA_WIDTH = 9

Values = NDArray[np.floating]


class Family(NamedTuple):
    """Functionals that belong together.

    Attributes
    ----------
    names : callable
        From the settings to the names of the values.
    values : callable
        From a clip's descriptors to its values, as many as there are names.
    """

    names: Callable[[FunctionalSettings], list[str]]
    values: Callable[[ClipDescriptors], Values]


def _active(clip: ClipDescriptors, frames: Values, statistics: Sequence[str]) -> Values:
    return pool_frames(frames[clip.is_active], statistics, clip.settings.frames_per_second)


def _voiced(clip: ClipDescriptors, frames: Values, statistics: Sequence[str]) -> Values:
    rate = clip.settings.frames_per_second
    return pool_voiced(frames, clip.is_voiced, statistics, rate).ravel()


def _steps(clip: ClipDescriptors, frames: Values) -> Values:
    """Return mean size and deviation of the steps from one voiced frame to the next."""
    both = clip.is_voiced[1:] & clip.is_voiced[:-1]
    if not both.any():
        return np.zeros(2 * frames.shape[1])
    steps = np.diff(frames, axis=0)[both]
    return np.concatenate([np.abs(steps).mean(axis=0), steps.std(axis=0)])


def _step_names(names: Sequence[str]) -> list[str]:
    return [*(f"{name}_step_mean" for name in names), *(f"{name}_step_std" for name in names)]


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}_{i}" for i in range(count)]


# --- Spectrum over the active frames ----------------------------------------------------------


def _with_delta(clip: ClipDescriptors, frames: Values, delta: Values) -> Values:
    pooled = _active(clip, frames, STATISTICS)
    return np.concatenate([pooled, _active(clip, delta, ("mean", "std"))])


def _names_with_delta(names: Sequence[str]) -> list[str]:
    deltas = [f"{name}_delta" for name in names]
    return pooled_names(names, STATISTICS) + pooled_names(deltas, ("mean", "std"))


def _mfcc(clip: ClipDescriptors) -> Values:
    return _with_delta(clip, clip.mfcc, clip.mfcc_delta)


def _mel(clip: ClipDescriptors) -> Values:
    bands = clip.coarse_bands + np.float32(clip.gain_db)
    return _with_delta(clip, bands, time_derivative(bands, width=_DELTA_WIDTH))


def _shape(clip: ClipDescriptors) -> Values:
    return _with_delta(clip, clip.shape, time_derivative(clip.shape, width=_DELTA_WIDTH))


# --- Level -------------------------------------------------------------------------------------

_LEVEL_STATISTICS = (*STATISTICS, "kurtosis")


def _level_names(settings: FunctionalSettings) -> list[str]:
    return [
        *pooled_names(["level"], _LEVEL_STATISTICS),
        *pooled_names(["level_step"], STATISTICS),
        *(f"level_within_{below}_db" for below in _BELOW_DB),
        "level_peak_rate",
    ]


def _level(clip: ClipDescriptors) -> Values:
    rate, level = clip.settings.frames_per_second, clip.level[clip.speech]
    steps = np.diff(level) if len(level) > 1 else np.zeros(1, dtype=np.float32)
    below = level.max() - level
    return np.concatenate(
        [
            pool_frames(level[:, None], _LEVEL_STATISTICS, rate),
            pool_frames(steps[:, None], STATISTICS, rate),
            [(below < most).mean() for most in _BELOW_DB],
            [count_peaks(steps) * rate / len(level)],
        ]
    )


# --- Voice -------------------------------------------------------------------------------------


def _pitch_names(settings: FunctionalSettings) -> list[str]:
    return [
        *pooled_names(["f0_semitone"], _LEVEL_STATISTICS),
        *_step_names(["f0_semitone"]),
        *(f"f0_semitone_{what}" for what in CONTOUR),
    ]


def _pitch(clip: ClipDescriptors) -> Values:
    column = clip.semitones[:, None]
    return np.concatenate(
        [
            _voiced(clip, column, _LEVEL_STATISTICS),
            _steps(clip, column),
            contour(clip.semitones, clip.is_voiced, clip.settings.frames_per_second),
        ]
    )


def _quality(clip: ClipDescriptors) -> Values:
    frames = np.column_stack([clip.quality[name] for name in VOICE])
    return np.concatenate([_voiced(clip, frames, STATISTICS), _steps(clip, frames)])


_FORMANTS = [f"f{i}_{what}" for what in ("frequency", "bandwidth", "level") for i in (1, 2, 3)]


def _formants(clip: ClipDescriptors) -> Values:
    frames = np.hstack(clip.formants)
    return np.concatenate([_voiced(clip, frames, _FEW), _steps(clip, frames)])


def _voicing(clip: ClipDescriptors) -> Values:
    frames = np.column_stack([clip.pitch.voicing, clip.pitch.strength])
    return pool_frames(frames, STATISTICS, clip.settings.frames_per_second)


def _rhythm(clip: ClipDescriptors) -> Values:
    return rhythm(clip.is_voiced, clip.is_active, clip.settings.frames_per_second)


# --- Movement ----------------------------------------------------------------------------------

_MOVING = ("level", "f0_semitone", "voicing")


def _modulation_names(settings: FunctionalSettings) -> list[str]:
    rates = [f"{low:g}_{high:g}_hz" for low, high in pairwise(MODULATION_HZ)]
    names = (*_numbered("mel", N_COARSE_BANDS), *_MOVING)
    return [f"{name}_modulation_{rate}" for name in names for rate in rates]


def _modulation(clip: ClipDescriptors) -> Values:
    voicing = clip.pitch.voicing
    moving = np.column_stack([clip.level, clip.semitones * voicing, 10 * voicing])
    frames = np.hstack([clip.coarse_bands, moving])[clip.speech]
    return modulation_spectrum(frames, clip.settings.frames_per_second)


def _dynamics_names(settings: FunctionalSettings) -> list[str]:
    names = _numbered("mfcc", N_MFCC)
    lags = [f"autocorrelation_{10 * lag}_ms" for lag in LAGS]
    return [
        *(f"{name}_{lag}" for name in names[:_N_AUTOCORRELATED] for lag in lags),
        *(f"{name}_speed_{10 * width}_ms" for width in _SPEED_WIDTHS for name in names),
        *(f"{name}_delta2_std" for name in names),
    ]


def _dynamics(clip: ClipDescriptors) -> Values:
    speeds = [
        np.abs(time_derivative(clip.mfcc, width=width)[clip.is_active]).mean(axis=0)
        for width in _SPEED_WIDTHS
    ]
    bend = time_derivative(clip.mfcc, order=2, width=_DELTA_WIDTH)
    return np.concatenate(
        [
            autocorrelation(clip.mfcc[clip.speech, :_N_AUTOCORRELATED], 1.0),
            *speeds,
            _active(clip, bend, ("std",)),
        ]
    )


# --- What moves together -----------------------------------------------------------------------

_TOGETHER = ("hnr", "cpp", "alpha_ratio", "slope_500_1500")
_N_CEPSTRA = 7
_FEWEST = 12  # voiced frames; with fewer, all active ones are taken


def _covariance_names(settings: FunctionalSettings) -> list[str]:
    cepstra = _numbered("mfcc", N_MFCC)
    voice = ["f0_semitone", "level", *_numbered("mfcc", _N_CEPSTRA + 1)[1:], *_TOGETHER]
    return [
        *pair_names([*cepstra, *(f"{name}_delta" for name in cepstra)]),
        *pair_names([*(f"voiced_{n}" for n in voice), *(f"voiced_{n}_delta" for n in voice)]),
    ]


def _covariance(clip: ClipDescriptors) -> Values:
    cepstra = np.hstack([clip.mfcc, clip.mfcc_delta])[clip.speech]
    # Scaled so that each varies by some units, as softness is the same for all.
    voice = np.column_stack(
        [
            clip.semitones,
            clip.level,
            clip.mfcc[:, 1 : _N_CEPSTRA + 1] / 4,
            *(clip.quality[name] for name in _TOGETHER),
        ]
    )
    voice = np.hstack([voice, 3 * time_derivative(voice, width=_DELTA_WIDTH)])
    chosen = clip.is_voiced & clip.is_active
    chosen = chosen if np.count_nonzero(chosen) >= _FEWEST else clip.is_active
    return np.concatenate([log_covariance(cepstra, 1.0), log_covariance(voice[chosen], 0.3)])


FAMILIES: dict[str, Family] = {
    "level": Family(_level_names, _level),
    "pitch": Family(_pitch_names, _pitch),
    "voicing": Family(lambda _: pooled_names(["voicing", "periodicity"], STATISTICS), _voicing),
    "rhythm": Family(lambda _: [f"rhythm_{name}" for name in RHYTHM], _rhythm),
    "quality": Family(lambda _: pooled_names(VOICE, STATISTICS) + _step_names(VOICE), _quality),
    "formants": Family(lambda _: pooled_names(_FORMANTS, _FEW) + _step_names(_FORMANTS), _formants),
    "mfcc": Family(lambda _: _names_with_delta(_numbered("mfcc", N_MFCC)), _mfcc),
    "mel": Family(lambda _: _names_with_delta(_numbered("mel", N_COARSE_BANDS)), _mel),
    "shape": Family(lambda settings: _names_with_delta(settings.shape_names), _shape),
    "modulation": Family(_modulation_names, _modulation),
    "dynamics": Family(_dynamics_names, _dynamics),
    "covariance": Family(_covariance_names, _covariance),
}

# All but the shape of the spectrum, which adds nothing to its bands and takes a fifth of the time:
# without it inner folds had 59.1 for 59.2 % on RAVDESS, and 56.2 for 55.9 % on CREMA-D.
FULL = tuple(name for name in FAMILIES if name != "shape")
