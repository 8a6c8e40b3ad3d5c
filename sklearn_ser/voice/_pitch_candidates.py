"""Candidates for the pitch of every frame: the peaks of its autocorrelation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from sklearn_ser.utils._frames import frame_view, pad_signal
from sklearn_ser.voice._pitch_settings import PitchSettings

__all__ = ["Candidates", "find_candidates"]

N_CANDIDATES = 4  # of a frame
_FAINTEST = 0.2  # autocorrelation of the weakest candidate
_PERIODS = 3  # of the lowest pitch in a window, as Boersma has it
_GUARD = 0.6  # periods of zeros, so that little of a window meets itself when it is wrapped around
_HIGHEST = 4000.0  # Hz: what lies above is noise rather than voice
_LOWEST_RATE = 8000  # Hz, twice the highest: below it no clip is decimated
_LAGS_PER_SECOND = 12000  # how finely the autocorrelation is sampled
_MARGIN = 2  # lags on either side of the range and of a peak, which refine it
_FLATTEST = 1e-9  # curvature of a peak
_BEYOND = 1.005  # how far outside the range a peak may lie by inaccuracy

# In noise, multiples of the period are as high as the period itself by chance, and they are many:
# short periods are therefore the first to become candidates, and weak ones pay more for octaves.
_OCTAVE_RANK = 0.05
_COST_OF_WEAKNESS = 2.0

# Frames that are searched together, and values of those that are transformed together: as much as
# stays in the processor's cache, whatever the length of the clip.
_SEARCHED_FRAMES = 1024
_TRANSFORMED_VALUES = 1 << 16

Array = NDArray[np.float32]


class Candidates(NamedTuple):
    """Candidates of every frame, and its level.

    Where a frame has fewer, strength is 0 and f0 any value.
    """

    f0: NDArray[np.float64]  # (n_candidates, n_frames), Hz
    strength: NDArray[np.float64]  # (n_candidates, n_frames), height of the autocorrelation
    score: NDArray[np.float64]  # (n_candidates, n_frames), less what it pays for octaves
    level: NDArray[np.float64]  # (n_frames,), relative to the loudest frame of the clip


@dataclass(frozen=True)
class _Plan:
    """Lengths and filters that follow from the settings; the lengths count decimated samples."""

    factor: int  # of decimation
    rate: float  # after it
    hop: int
    n_fft: int
    n_kept: int  # bins that are transformed back
    n_half: int  # half of the length of that transform
    lags: slice  # what is kept of its results
    window: Array  # (n_fft,)
    weights: Array  # (n_kept, 1), of bins
    gains: Array  # (n_lags, 1), which undo the window

    @property
    def lags_per_second(self) -> float:
        return 2 * self.n_half * self.rate / self.n_fft


@lru_cache(maxsize=16)
def _plan(sample_rate: int, hop_length: int, fmin: float, fmax: float) -> _Plan:
    factor = _decimation(sample_rate, hop_length)
    rate = sample_rate / factor
    n_fft = _even_length((_PERIODS + _GUARD) * rate / fmin)
    n_kept = min(n_fft // 2, math.ceil(_HIGHEST * n_fft / rate))
    finest = math.ceil(_LAGS_PER_SECOND * n_fft / rate / 2)
    n_half = scipy.fft.next_fast_len(max(n_kept, finest), real=True)
    per_second = 2 * n_half * rate / n_fft
    first = max(0, math.floor(per_second / fmax - 0.5) - _MARGIN)
    last = min(n_half - 1, math.ceil(per_second / fmin - 0.5) + _MARGIN)
    lags = slice(first, last + 1)
    window = _window(n_fft, math.ceil(_PERIODS * rate / fmin))
    weights = _band(np.arange(n_kept) * rate / n_fft, fmin, min(_HIGHEST, rate / 2))
    return _Plan(
        factor=factor,
        rate=rate,
        hop=hop_length // factor,
        n_fft=n_fft,
        n_kept=n_kept,
        n_half=n_half,
        lags=lags,
        window=window.astype(np.float32),
        weights=weights[:, None].astype(np.float32),
        gains=_gains(window, n_half, lags)[:, None].astype(np.float32),
    )


def _window(n_fft: int, length: int) -> NDArray[np.float64]:
    """Return a Hann window around sample ``n_fft // 2``, with zeros on either side."""
    window = np.zeros(n_fft)
    start = (n_fft - length) // 2
    length = 2 * (n_fft // 2 - start) + 1
    window[start : start + length] = scipy.signal.get_window("hann", length, fftbins=False)
    return window


def _decimation(sample_rate: int, hop_length: int) -> int:
    """Return the largest factor that keeps frames on whole samples, and the voice."""
    fits = [q for q in range(1, sample_rate // _LOWEST_RATE + 1) if hop_length % q == 0]
    return max(fits, default=1)


def _even_length(length: float) -> int:
    return 2 * scipy.fft.next_fast_len(math.ceil(length / 2), real=True)


def _band(frequencies: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Weigh power by frequency: nothing below half of ``low`` nor above ``high``, softly."""
    rise = np.clip((frequencies - 0.5 * low) / (0.4 * low), 0, 1)
    fall = np.clip((high - frequencies) / (0.15 * high), 0, 1)
    return np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2


def _gains(window: NDArray[np.float64], n_half: int, lags: slice) -> NDArray[np.float64]:
    """Return one over the window's own normalised autocorrelation at the lags."""
    n_fft = len(window)
    power = np.abs(scipy.fft.rfft(window, 2 * n_fft)) ** 2
    correlation = scipy.fft.irfft(power, 2 * n_fft)[:n_fft]
    samples = (np.arange(n_half)[lags] + 0.5) * n_fft / (2 * n_half)
    return correlation[0] / np.interp(samples, np.arange(n_fft), correlation)


def find_candidates(samples: Array, settings: PitchSettings, n_frames: int) -> Candidates:
    """Find the peaks of every frame's autocorrelation.

    The window's own autocorrelation is divided out, as in Boersma's method, so that a periodic
    sound has peaks of 1 whatever the period.
    """
    plan = _plan(settings.sample_rate, settings.hop_length, settings.fmin, settings.fmax)
    frames = _frames(samples, plan, n_frames)
    shape = (N_CANDIDATES, n_frames)
    found = Candidates(
        np.full(shape, settings.fmin), np.zeros(shape), np.zeros(shape), np.zeros(n_frames)
    )
    for start in range(0, n_frames, _SEARCHED_FRAMES):
        where = slice(start, min(start + _SEARCHED_FRAMES, n_frames))
        correlation, found.level[where] = _correlate(frames[where], plan)
        _fill_peaks(correlation, found, start, plan, settings)
    loudest = found.level.max()
    if loudest > 0:
        np.sqrt(found.level / loudest, out=found.level)
    return found


def _frames(samples: Array, plan: _Plan, n_frames: int) -> Array:
    """Return the frames of a clip at full scale, without its constant part."""
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32)
    peak = np.abs(samples).max()
    if peak > 0:
        samples /= peak
    if plan.factor > 1:
        samples = _decimated(samples, plan)
    half = plan.n_fft // 2
    missing = (n_frames - 1) * plan.hop + plan.n_fft - half - len(samples)
    return frame_view(pad_signal(samples, half, max(0, missing)), plan.n_fft, plan.hop, n_frames)


def _decimated(samples: Array, plan: _Plan) -> Array:
    taps = _low_pass(plan.factor, plan.rate)
    n_kept, delay = -(-len(samples) // plan.factor), len(taps) // 2
    padded = pad_signal(samples, delay, delay + plan.factor)
    # Half the time of scipy.signal.upfirdn.
    return np.einsum("ij,j->i", frame_view(padded, len(taps), plan.factor, n_kept), taps)


@lru_cache(maxsize=16)
def _low_pass(factor: int, rate: float) -> Array:
    """Return a filter that passes the voice's band and stops what would be folded into it."""
    high, stop = min(_HIGHEST, 0.4 * rate), rate - min(_HIGHEST, 0.4 * rate)
    n_taps, beta = scipy.signal.kaiserord(60, (stop - high) / (0.5 * rate * factor))
    n_taps = 2 * factor * math.ceil(n_taps / (2 * factor)) + 1  # a delay of whole samples
    taps = scipy.signal.firwin(n_taps, (high + stop) / 2, window=("kaiser", beta), fs=rate * factor)
    return taps.astype(np.float32)


def _correlate(frames: Array, plan: _Plan) -> tuple[Array, Array]:
    """Return the normalised autocorrelation (n_lags, n_frames) and the frames' energy."""
    n_frames, size = len(frames), max(1, _TRANSFORMED_VALUES // plan.n_fft)
    correlation = np.empty((len(plan.gains), n_frames), dtype=np.float32)
    energy = np.empty(n_frames, dtype=np.float32)
    windowed = np.empty((min(size, n_frames), plan.n_fft), dtype=np.float32)
    for start in range(0, n_frames, size):
        where = slice(start, min(start + size, n_frames))
        some = windowed[: where.stop - start]
        np.multiply(frames[where], plan.window, out=some)
        power = _power(some, plan)
        energy[where] = 2 * power.sum(axis=0)
        # At half the cost this gives the lags halfway between samples, which are as good.
        halfway = scipy.fft.dct(power, type=3, n=plan.n_half, axis=0)
        np.multiply(halfway[plan.lags], plan.gains, out=correlation[:, where])
    correlation /= np.maximum(energy, np.finfo(np.float32).tiny)
    return correlation, energy


def _power(windowed: Array, plan: _Plan) -> Array:
    """Return the weighted power spectrum (n_bins, n_frames)."""
    spectrum = scipy.fft.rfft(windowed.T, axis=0)[: plan.n_kept]
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    power *= plan.weights
    return power


def _fill_peaks(
    correlation: Array, found: Candidates, start: int, plan: _Plan, settings: PitchSettings
) -> None:
    """Write the strongest peaks of a block's frames."""
    middle = slice(_MARGIN, len(correlation) - _MARGIN)
    below, inner, above = (correlation[middle.start + k : middle.stop + k] for k in (-1, 0, 1))
    is_peak = (inner > below) & (inner >= above) & (inner > _FAINTEST)
    lag, frame = np.divmod(np.flatnonzero(is_peak), inner.shape[1])
    lag += _MARGIN
    offset, height = _refined(correlation, lag, frame)
    f0 = plan.lags_per_second / (lag + offset + (plan.lags.start + 0.5))
    height = np.where(height > 1, 1 / height, height)
    octaves = np.log2(f0 / settings.fmin)
    cost = settings.octave_cost * (1 + _COST_OF_WEAKNESS * (1 - height))
    in_range = (f0 * _BEYOND >= settings.fmin) & (f0 <= settings.fmax * _BEYOND)
    order = np.argsort(4.0 * frame - (height + _OCTAVE_RANK * octaves))
    order = order[in_range[order]]
    frame = frame[order]
    rank = np.arange(len(order)) - np.searchsorted(frame, frame)
    kept = rank < N_CANDIDATES
    order, place = order[kept], (rank[kept], frame[kept] + start)
    found.f0[place] = np.clip(f0[order], settings.fmin, settings.fmax)
    found.strength[place] = height[order]
    found.score[place] = (height + cost * octaves)[order]


def _refined(
    correlation: Array, lag: NDArray[np.intp], frame: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far from its sample each peak is, and its height.

    The polynomial through five samples is climbed from the top of the parabola through three,
    which is too low for short periods.
    """
    width = correlation.shape[1]
    place, flat = lag * width + frame, correlation.ravel()
    at = {k: flat[place + k * width].astype(np.float64) for k in range(-2, 3)}
    near_sum, far_sum = (0.5 * (at[k] + at[-k]) - at[0] for k in (1, 2))
    near, far = (0.5 * (at[k] - at[-k]) for k in (1, 2))
    first, second = (8 * near - far) / 6, (16 * near_sum - far_sum) / 12
    third, fourth = (far - 2 * near) / 6, (far_sum - 4 * near_sum) / 12
    x = -0.5 * near / np.minimum(near_sum, -_FLATTEST)
    for _ in range(2):
        slope = first + x * (2 * second + x * (3 * third + x * 4 * fourth))
        curvature = 2 * second + x * (6 * third + x * 12 * fourth)
        x = np.clip(x - slope / np.minimum(curvature, -_FLATTEST), -1, 1)
    return x, at[0] + x * (first + x * (second + x * (third + x * fourth)))
