"""The families of functionals: which descriptors, over which frames, summed up how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.features._delta import time_derivative
from sklearn_ser.features._functionals import pooled_names
from sklearn_ser.voice._base import pool_voiced
from sklearn_ser.voice._descriptors import (
    COURSE_STATISTICS,
    EVERY,
    N_COARSE_BANDS,
    N_MFCC,
    STATISTICS,
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

_FEW = ("mean", "std", "p25", "median", "p75")
_BELOW_DB = (3, 6, 10, 15, 20, 25, 30)
_SPEED_WIDTHS = (5, 25)  # frames that a derivative is fitted over
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


def _of_voice(clip: ClipDescriptors, frames: Values, statistics: Sequence[str]) -> Values:
    """Sum up what is described in every second frame, where these are voiced, and its steps."""
    is_voiced, rate = clip.voice.is_voiced, clip.settings.voice_frames_per_second
    pooled = pool_voiced(frames, is_voiced, statistics, rate).ravel()
    return np.concatenate([pooled, _steps(frames, is_voiced)])


def _steps(frames: Values, is_voiced: NDArray[np.bool_]) -> Values:
    """Return mean size and deviation of the steps from one voiced frame to the next."""
    both = is_voiced[1:] & is_voiced[:-1]
    if not both.any():
        return np.zeros(2 * frames.shape[1])
    steps = np.diff(frames, axis=0)[both]
    return np.concatenate([np.abs(steps).mean(axis=0), steps.std(axis=0)])


def _step_names(names: Sequence[str]) -> list[str]:
    return [*(f"{name}_step_mean" for name in names), *(f"{name}_step_std" for name in names)]


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}_{i}" for i in range(count)]


# --- Spectrum over the active frames ----------------------------------------------------------


def _names_with_delta(names: Sequence[str]) -> list[str]:
    deltas = [f"{name}_delta" for name in names]
    return pooled_names(names, STATISTICS) + pooled_names(deltas, ("mean", "std"))


def _of_spectrum(clip: ClipDescriptors, columns: slice) -> Values:
    """Return what is pooled of some columns; mfcc and mel are pooled in one go."""
    both = clip.pooled_spectrum[:, columns], clip.pooled_spectrum_delta[:, columns]
    return np.concatenate([pooled.ravel() for pooled in both])


def _mfcc(clip: ClipDescriptors) -> Values:
    return _of_spectrum(clip, slice(N_MFCC))


def _mel(clip: ClipDescriptors) -> Values:
    return _of_spectrum(clip, slice(N_MFCC, None))


def _shape(clip: ClipDescriptors) -> Values:
    delta = time_derivative(clip.shape, width=_DELTA_WIDTH)
    both = (clip.shape, STATISTICS), (delta, ("mean", "std"))
    return np.concatenate([clip.pooled(f[clip.is_active], names).ravel() for f, names in both])


# --- Level -------------------------------------------------------------------------------------


def _level_names(settings: FunctionalSettings) -> list[str]:
    return [
        *pooled_names(["level"], COURSE_STATISTICS),
        *pooled_names(["level_step"], STATISTICS),
        *(f"level_within_{below}_db" for below in _BELOW_DB),
        "level_peak_rate",
    ]


def _level(clip: ClipDescriptors) -> Values:
    level, steps = clip.course[:, 0], clip.course[1:, 1]
    below = level.max() - level
    pooled = clip.pooled_course
    return np.concatenate(
        [
            pooled[:, 0],
            pooled[:-1, 1],
            [np.count_nonzero(below < most) / len(below) for most in _BELOW_DB],
            [count_peaks(steps) * clip.settings.frames_per_second / len(level)],
        ]
    )


# --- Voice -------------------------------------------------------------------------------------


def _pitch_names(settings: FunctionalSettings) -> list[str]:
    return [
        *pooled_names(["f0_semitone"], COURSE_STATISTICS),
        *_step_names(["f0_semitone"]),
        *(f"f0_semitone_{what}" for what in CONTOUR),
    ]


def _pitch(clip: ClipDescriptors) -> Values:
    column, rate = clip.semitones[:, None], clip.settings.frames_per_second
    return np.concatenate(
        [
            pool_voiced(column, clip.is_voiced, COURSE_STATISTICS, rate).ravel(),
            _steps(column, clip.is_voiced),
            contour(clip.semitones, clip.is_voiced, rate),
        ]
    )


def _quality(clip: ClipDescriptors) -> Values:
    return _of_voice(clip, np.column_stack([clip.quality[name] for name in VOICE]), STATISTICS)


_FORMANTS = [f"f{i}_{what}" for what in ("frequency", "bandwidth", "level") for i in (1, 2, 3)]


def _formants(clip: ClipDescriptors) -> Values:
    return _of_voice(clip, np.hstack(clip.formants), _FEW)


def _voicing(clip: ClipDescriptors) -> Values:
    return clip.pooled_course[:-1, 2:].ravel()


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
    bend = time_derivative(clip.mfcc, order=2, width=_DELTA_WIDTH)[clip.is_active]
    course = clip.mfcc[clip.speech, :_N_AUTOCORRELATED]
    return np.concatenate([autocorrelation(course, 1.0), *speeds, bend.std(axis=0)])


# --- What moves together -----------------------------------------------------------------------

_TOGETHER = ("hnr", "cpp", "alpha_ratio", "slope_500_1500")
_N_TOGETHER, _N_CEPSTRA = 10, 7  # cepstra among each other, and with the voice's descriptors
_FEWEST = 6  # voiced frames; with fewer, all active ones are taken
_VOICE_DELTA_WIDTH = 5  # frames, 100 ms


def _covariance_names(settings: FunctionalSettings) -> list[str]:
    cepstra = _numbered("mfcc", _N_TOGETHER)
    voice = ["f0_semitone", "level", *_numbered("mfcc", _N_CEPSTRA + 1)[1:], *_TOGETHER]
    return [
        *pair_names([*cepstra, *(f"{name}_delta" for name in cepstra)]),
        *pair_names([*(f"voiced_{n}" for n in voice), *(f"voiced_{n}_delta" for n in voice)]),
    ]


def _covariance(clip: ClipDescriptors) -> Values:
    cepstra = [frames[clip.speech, :_N_TOGETHER] for frames in (clip.mfcc, clip.spectrum_delta)]
    # Scaled so that each varies by some units, as softness is the same for all.
    voice = np.column_stack(
        [
            clip.semitones[::EVERY],
            clip.level[::EVERY],
            clip.mfcc[::EVERY, 1 : _N_CEPSTRA + 1] / 4,
            *(clip.quality[name] for name in _TOGETHER),
        ]
    )
    slope = time_derivative(voice, width=_VOICE_DELTA_WIDTH)
    voice = np.hstack([voice, 3 / EVERY * slope])
    is_active = clip.is_active[::EVERY]
    chosen = clip.voice.is_voiced & is_active
    if np.count_nonzero(chosen) < _FEWEST:
        chosen = is_active if is_active.any() else np.ones_like(is_active)
    together = log_covariance(np.hstack(cepstra), 1.0)
    return np.concatenate([together, log_covariance(voice[chosen], 0.3)])


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

# Chosen by inner folds. Without the shape of the spectrum and the formants RAVDESS has 58.6 for
# 58.3 % with either, and CREMA-D 57.6 for 57.5 and 57.3; together they take 40 % of the time.
FULL = tuple(name for name in FAMILIES if name not in ("shape", "formants"))
