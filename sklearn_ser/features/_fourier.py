"""The spectral features of one clip: mel spectrum, decibels, cepstrum."""

from __future__ import annotations

import math
import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.signal
import scipy.sparse

from sklearn_ser.features._mel import mel_filter_bank
from sklearn_ser.features._settings import FrameSettings, is_sampled

# Values in a block of windowed frames: 1 MB of float32, whatever the length of the clip, so that
# the work on a block stays in the processor's cache.
_BLOCK_VALUES = 1 << 18

# A band whose power is less than this share of the frame's mean power a bin may be more than
# 1e-3 dB off in float32. Such frames, a few in a hundred of clean speech, are transformed again
# in float64.
_DOUBT = 2e-5
_STRICTER = 50

_thread = threading.local()


class _SpectralPlan(NamedTuple):
    """What the spectrum needs, the same for every clip.

    Attributes
    ----------
    window, exact_window : ndarray of shape (n_fft,)
        The window in float32 and float64.
    filters : sparse array of shape (n_mels + 1, n_bins)
        The mel filters, and a last row of ones.
    limits : ndarray of shape (n_mels, 1)
        The power of a band, relative to that of all bins, under which float32 is in doubt.
    """

    window: np.ndarray
    exact_window: np.ndarray
    filters: scipy.sparse.csr_array
    limits: np.ndarray


def mel_spectrum(frames: np.ndarray, settings: FrameSettings) -> np.ndarray:
    """Compute the mel spectrum of all frames of one clip.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_fft)
        Float32 samples, not yet windowed; the view of overlapping frames will do.
    settings : FrameSettings
        What to compute.

    Returns
    -------
    ndarray of shape (n_mels, n_frames)
        Float32.
    """
    plan = _spectral_plan(settings)
    if settings.power != 2:
        # In decibels of anything but power, 80 dB reach further down than float32 does.
        return _bands(frames, plan.exact_window, plan, settings.power)[:-1].astype(np.float32)
    bands = _bands(frames, plan.window, plan, settings.power)
    mel, energy = bands[:-1], bands[-1]
    chosen = _frames_in_doubt(mel, plan.limits, energy, settings)
    for block in _blocks(len(chosen), settings.n_fft):
        columns = chosen[block]
        exact = _bands(frames[columns], plan.exact_window, plan, settings.power)
        mel[:, columns] = exact[:-1]
    return mel


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


def _bands(frames: np.ndarray, window: np.ndarray, plan: _SpectralPlan, power: float) -> np.ndarray:
    """Return the mel bands and, in the last row, the sum of all bins: (n_mels + 1, n_frames).

    The sparse product costs a fifth of the dense one and, unlike BLAS, rounds alike whatever the
    number of threads.
    """
    blocks = _blocks(*frames.shape)
    parts = [plan.filters @ _spectrum(frames[block], window, power) for block in blocks]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def _blocks(n_frames: int, n_fft: int) -> list[slice]:
    size = max(1, _BLOCK_VALUES // n_fft)
    return [slice(start, start + size) for start in range(0, n_frames, size)]


def _spectrum(frames: np.ndarray, window: np.ndarray, power: float) -> np.ndarray:
    """Return the magnitude of the windowed frames to the given power, (n_bins, n_frames).

    The window's dtype is the precision. Bins come first because the transform can write them so
    at no cost, and because the filters then add up whole rows. The result lies in scratch memory:
    use it before the next call.
    """
    n_frames, n_fft = frames.shape
    n_bins = n_fft // 2 + 1
    scratch = _scratch(2 * n_bins * n_frames, window.dtype)
    windowed = scratch[: frames.size].reshape(frames.shape)
    np.multiply(frames, window, out=windowed)
    # scipy.fft transforms float32 in single precision, several frames at a time.
    spectrum = scipy.fft.rfft(windowed.T, axis=0)
    magnitude, spare = scratch.reshape(2, n_bins, n_frames)
    if power == 2:
        np.square(spectrum.real, out=magnitude)
        magnitude += np.square(spectrum.imag, out=spare)
    else:
        np.abs(spectrum, out=magnitude)
        if power != 1:
            np.power(magnitude, power, out=magnitude)
    return magnitude


def _scratch(size: int, dtype: np.dtype) -> np.ndarray:
    """Return this thread's memory for a block, which is used again for the next one.

    Fresh memory for every clip would cost more than the arithmetic: the system hands it out page
    by page, zeroed.
    """
    n_bytes = size * dtype.itemsize
    buffer = getattr(_thread, "buffer", None)
    if buffer is None or buffer.size < n_bytes:
        buffer = _thread.buffer = np.empty(n_bytes, dtype=np.uint8)
    return buffer[:n_bytes].view(dtype)


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
def _spectral_plan(settings: FrameSettings) -> _SpectralPlan:
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
    exact_window = _window(settings)
    # A lifter magnifies every error as much as the coefficients.
    doubt = _DOUBT * (1 + settings.lifter / 2)
    limits = doubt / n_bins * bank.max(axis=1, keepdims=True)
    return _SpectralPlan(
        window=_read_only(exact_window.astype(np.float32)),
        exact_window=_read_only(exact_window),
        filters=scipy.sparse.csr_array(np.vstack([bank, np.ones((1, n_bins), np.float32)])),
        limits=_read_only(limits.astype(np.float32)),
    )


def _window(settings: FrameSettings) -> np.ndarray:
    """Return the window centred in ``n_fft`` samples."""
    shape, length = settings.window, settings.win_length
    if is_sampled(shape):
        samples = np.asarray(shape, dtype=np.float64)
    else:
        samples = scipy.signal.get_window(shape, length, fftbins=True)
    before = (settings.n_fft - length) // 2
    return np.pad(samples, (before, settings.n_fft - length - before))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
