"""The spectral features of one clip from one transform: mel spectrum, cepstrum and the rest."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.sparse

from sklearn_ser.features._blocks import Block, blocks_of, reduce_blocks
from sklearn_ser.features._chroma_filters import find_pitches, tuning_of
from sklearn_ser.features._mel import mel_filter_bank
from sklearn_ser.features._reducers import Reducer, make_reducers
from sklearn_ser.features._settings import FrameSettings, is_sampled
from sklearn_ser.utils._windows import get_window

# A band whose power is less than this share of the frame's mean power a bin may be more than
# 1e-3 dB off in float32. Such frames, a few in a hundred of clean speech, are transformed again
# in float64.
_DOUBT = 2e-5
_STRICTER = 50


class _SpectralPlan(NamedTuple):
    """The window of shape (n_fft,), in float32 and float64."""

    window: np.ndarray
    exact_window: np.ndarray


class _MelPlan(NamedTuple):
    """What the mel spectrum needs, the same for every clip.

    Attributes
    ----------
    filters : sparse array of shape (n_mels + 1, n_bins)
        The mel filters, and a last row of ones.
    limits : ndarray of shape (n_mels, 1)
        The power of a band, relative to that of all bins, under which float32 is in doubt.
    """

    filters: scipy.sparse.csr_array
    limits: np.ndarray


def spectral_features(frames: np.ndarray, settings: FrameSettings) -> dict[str, np.ndarray]:
    """Compute the spectral features of all frames of one clip from one Fourier transform.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_fft)
        Float32 samples, not yet windowed; the view of overlapping frames will do.
    settings : FrameSettings
        What to compute.

    Returns
    -------
    dict of str to ndarray of shape (n_coefs, n_frames)
        By feature, and maybe "mel" besides; in the order of no settings.
    """
    plan = _spectral_plan(settings)
    tuning = _tuning(frames, plan.exact_window, settings) if "chroma" in settings.features else None
    reducers: dict[str, Reducer] = make_reducers(settings, tuning)
    if settings.needs_mel:
        # First, since a power other than 2 takes the memory of the others.
        reducers = {"mel": _Mel(settings), **reducers}
    # In decibels of anything but power, 80 dB reach further down than float32 does.
    in_float64 = settings.needs_mel and settings.power != 2
    window = plan.exact_window if in_float64 else plan.window
    rows = reduce_blocks(frames, window, reducers)
    if settings.exact and not in_float64:
        for name, reducer in reducers.items():
            _make_exact(frames, plan.exact_window, reducer, rows[name])
    found = {name: reducer.finish(rows[name]) for name, reducer in reducers.items()}
    return _with_mel(found, settings) if settings.needs_mel else found


def _make_exact(frames: np.ndarray, window: np.ndarray, reducer: Reducer, rows: np.ndarray) -> None:
    """Compute again in float64 the frames that float32 leaves too far off."""
    chosen = reducer.doubtful(rows)
    for where in blocks_of(len(chosen), len(window)):
        columns = chosen[where]
        rows[:, columns] = reducer(Block(frames[columns], window))


def _with_mel(found: dict[str, np.ndarray], settings: FrameSettings) -> dict[str, np.ndarray]:
    """Add what is derived from the mel spectrum.

    Frames that shorter features will have cut off are still there, as the loudest of all sets
    where ``top_db`` begins.
    """
    if "mfcc" not in settings.features and not settings.to_db:
        return found
    levels = decibels(found["mel"], settings)
    if settings.to_db:
        found["mel"] = levels
    if "mfcc" in settings.features:
        found["mfcc"] = cepstrum(levels, settings)
    return found


def _tuning(frames: np.ndarray, window: np.ndarray, settings: FrameSettings) -> float:
    """Return the tuning that is given, or else that of the clip, in a pass of its own.

    The spectrum is librosa's, in float64 and then rounded, since the estimate is the fullest
    class of a histogram, which may leap with the last digit.
    """
    if settings.tuning is not None:
        return settings.tuning
    found = []
    for where in blocks_of(*frames.shape):
        spectrum = Block(frames[where], window).spectrum.astype(np.complex64)
        power = np.square(np.abs(spectrum))
        found.append(find_pitches(power, settings.sample_rate, settings.n_fft))
    frequencies, powers = zip(*found, strict=True)
    return tuning_of(np.concatenate(frequencies), np.concatenate(powers), settings.n_chroma)


class _Mel(Reducer):
    """The mel bands and, in a last row, the sum of all bins.

    The sparse product costs a fifth of the dense one and, unlike BLAS, rounds alike whatever the
    number of threads.
    """

    def __init__(self, settings: FrameSettings) -> None:
        self.settings = settings
        self._plan = _mel_plan(settings)

    def __call__(self, block: Block) -> np.ndarray:
        power = self.settings.power
        return self._plan.filters @ (block.power if power == 2 else block.raised(power))

    def doubtful(self, rows: np.ndarray) -> np.ndarray:
        return _frames_in_doubt(rows[:-1], self._plan.limits, rows[-1], self.settings)

    def finish(self, rows: np.ndarray) -> np.ndarray:
        return rows[:-1].astype(np.float32, copy=False)


def _frames_in_doubt(
    mel: np.ndarray, limits: np.ndarray, energy: np.ndarray, settings: FrameSettings
) -> np.ndarray:
    """Return the frames with a band under its limit that is loud enough to count."""
    loudest = float(mel.max())
    if float(limits.max()) * float(energy.max()) * _STRICTER > loudest:
        # The clip's energy lies outside of all bands, so that even the loudest is not exact.
        limits = limits * np.float32(_STRICTER)
    doubtful = mel < limits * energy
    if not doubtful.any():
        return np.empty(0, dtype=np.intp)
    depth = 80.0 if settings.top_db is None else max(settings.top_db, 80.0)
    least = loudest * 10 ** (-depth / 10)
    if settings.top_db is None:
        least = min(least, settings.amin)
    doubtful &= mel > np.float32(least)
    return np.flatnonzero(doubtful.any(axis=0))


def decibels(mel: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """Return the decibels over ``ref``, cut off ``top_db`` below the clip's largest value.

    Parameters
    ----------
    mel : ndarray of shape (n_mels, n_frames)
        All frames of one clip.
    settings : FrameSettings
        Read are ``ref``, ``amin`` and ``top_db``.

    Returns
    -------
    ndarray of shape (n_mels, n_frames)
        A new array, finite also for silence.
    """
    levels = np.maximum(mel, np.float32(settings.amin))
    np.log10(levels, out=levels)
    levels *= np.float32(10)
    reference = 10 * math.log10(max(settings.amin, abs(settings.ref)))
    if reference:
        levels -= np.float32(reference)
    if settings.top_db is not None:
        np.maximum(levels, levels.max() - np.float32(settings.top_db), out=levels)
    return levels


def cepstrum(levels: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """Return the cosine transform over the mel bands, liftered where that is asked for.

    Parameters
    ----------
    levels : ndarray of shape (n_mels, n_frames)
        Decibels.
    settings : FrameSettings
        Read are ``n_mfcc``, ``dct_type``, ``dct_norm`` and ``lifter``.

    Returns
    -------
    ndarray of shape (n_mfcc, n_frames)
        Cepstral coefficients.
    """
    kind, norm = settings.dct_type, settings.dct_norm
    coefficients = scipy.fft.dct(levels, type=kind, norm=norm, axis=0)  # type: ignore[call-overload]
    coefficients = coefficients[: settings.n_mfcc]
    if settings.lifter:
        # In float32 as in librosa: large coefficients show even the rounding of the lift.
        quefrency = np.arange(1, 1 + settings.n_mfcc, dtype=np.float32)
        lift = 1 + settings.lifter / 2 * np.sin(np.pi * quefrency / settings.lifter)
        coefficients *= lift[:, None]
    return coefficients


@lru_cache(maxsize=32)
def _mel_plan(settings: FrameSettings) -> _MelPlan:
    bank = mel_filter_bank(
        settings.sample_rate,
        settings.n_fft,
        settings.n_mels,
        fmin=settings.fmin,
        fmax=settings.fmax,
        htk=settings.htk,
        norm=settings.norm,
    )
    n_bins = bank.shape[1]
    # A lifter magnifies every error as much as the coefficients.
    doubt = _DOUBT * (1 + settings.lifter / 2)
    limits = doubt / n_bins * bank.max(axis=1, keepdims=True)
    return _MelPlan(
        filters=scipy.sparse.csr_array(np.vstack([bank, np.ones((1, n_bins), np.float32)])),
        limits=_read_only(limits.astype(np.float32)),
    )


@lru_cache(maxsize=32)
def _spectral_plan(settings: FrameSettings) -> _SpectralPlan:
    exact_window = _window(settings)
    return _SpectralPlan(
        window=_read_only(exact_window.astype(np.float32)),
        exact_window=_read_only(exact_window),
    )


def _window(settings: FrameSettings) -> np.ndarray:
    """Return the window centred in ``n_fft`` samples."""
    shape, length = settings.window, settings.win_length
    if is_sampled(shape):
        samples = np.asarray(shape, dtype=np.float64)
    else:
        samples = get_window(shape, length)
    before = (settings.n_fft - length) // 2
    return np.pad(samples, (before, settings.n_fft - length - before))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
