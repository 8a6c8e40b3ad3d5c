"""Spectral gating: a pure function that lowers stationary noise, and a picklable step of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from sklearn_ser.audio._store import Waveform, WaveformStep
from sklearn_ser.utils._frames import frame_view, pad_signal
from sklearn_ser.utils._windows import get_window

__all__ = ["GateSettings", "gate_step", "reduce_noise"]

_NOTHING = np.float32(1e-20)  # power, of a clip whose peak is 1, that no float32 sample reaches

Spectra = NDArray[np.float32]  # (n_frames, n_bins)


@dataclass(frozen=True)
class GateSettings:
    """All that the gate does, in samples, frames and bins.

    Parameters
    ----------
    n_fft, hop_length : int
        Length of a frame, and the step to the next: at most half of it.
    noise_samples : int or None
        Samples at the start that hold noise only; None finds the quietest frames.
    quantile : float
        The share of the frames that counts as noise where ``noise_samples`` is None.
    threshold_db : float
        How far above the noise floor the gate stands.
    reduction_db : float
        The most that is taken away.
    n_frames_smoothed, n_bins_smoothed : int
        Odd widths of the smoothing.
    """

    n_fft: int
    hop_length: int
    noise_samples: int | None
    quantile: float
    threshold_db: float
    reduction_db: float
    n_frames_smoothed: int
    n_bins_smoothed: int


def gate_step(settings: GateSettings) -> WaveformStep:
    """Return a function that reduces a waveform's noise, for :meth:`AudioClips.map`."""
    return partial(reduce_noise, settings=settings)


def reduce_noise(waveform: Waveform, *, settings: GateSettings) -> Waveform:
    """Lower what does not rise above the noise floor of its frequency.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        The samples.
    settings : GateSettings
        What to do.

    Returns
    -------
    ndarray of shape (n_samples,)
        Float32; the waveform itself where it is silent or shorter than one frame.
    """
    peak = float(np.abs(waveform).max())
    if peak == 0 or len(waveform) < settings.n_fft:
        return waveform
    spectra = _transform((waveform / np.float64(peak)).astype(np.float32), settings)
    power = np.square(spectra.real) + np.square(spectra.imag)
    spectra *= _gains(power, _noise_frames(len(waveform), settings), settings)
    quieter = _transform_back(spectra, len(waveform), settings)
    with np.errstate(over="ignore"):  # told by whoever reads the clip
        quieter *= np.float32(peak)
    return quieter


def _gains(power: Spectra, noise_frames: slice, settings: GateSettings) -> Spectra:
    """Gain of every bin: one minus the noise's share of its power, smoothed, with a floor."""
    noise = _noise_floor(power[noise_frames], settings)
    noise *= np.float32(10 ** (settings.threshold_db / 10))
    gains = _smooth(power, settings)
    np.maximum(gains, _NOTHING, out=gains)
    np.divide(noise, gains, out=gains)
    np.minimum(gains, 1, out=gains)
    gains = _smooth(gains, settings)  # of the noise's share, which is one minus the gain
    gains *= np.float32(10 ** (-settings.reduction_db / 20) - 1)
    gains += 1
    return gains


def _noise_floor(power: Spectra, settings: GateSettings) -> Spectra:
    """Mean power of each bin over the frames that hold noise: all, or the quietest."""
    if settings.noise_samples is None:
        # By the mean logarithm, so that a few strong frequencies do not decide alone.
        level = np.log(power + _NOTHING).mean(axis=1)
        n_quiet = max(round(settings.quantile * len(level)), 1)
        power = power[np.argpartition(level, n_quiet - 1)[:n_quiet]]
    return power.mean(axis=0)


def _smooth(values: Spectra, settings: GateSettings) -> Spectra:
    for axis, width in enumerate((settings.n_frames_smoothed, settings.n_bins_smoothed)):
        width = min(width, 2 * values.shape[axis] - 1)  # a wider one would only cost memory
        values = uniform_filter1d(values, width, axis=axis, mode="nearest")
    return values


def _noise_frames(n_samples: int, settings: GateSettings) -> slice:
    """Frames to learn the noise from: those that lie within the clip, or within its start."""
    before, hop = _padding(settings), settings.hop_length
    first = -(-before // hop)
    until = n_samples if settings.noise_samples is None else settings.noise_samples
    last = (before + min(until, n_samples) - settings.n_fft) // hop
    return slice(first, max(last, first) + 1)


def _padding(settings: GateSettings) -> int:
    """Return how many samples to put in front, so that all lie in equally many frames."""
    return settings.n_fft - settings.hop_length


def _transform(waveform: Waveform, settings: GateSettings) -> NDArray[np.complex64]:
    before, hop, n_fft = _padding(settings), settings.hop_length, settings.n_fft
    n_frames = -(-(before + len(waveform)) // hop)
    after = (n_frames - 1) * hop + n_fft - before - len(waveform)
    padded = pad_signal(waveform, before, after, mode="reflect")
    frames = frame_view(padded, n_fft, hop, n_frames) * _window(n_fft)
    return scipy.fft.rfft(frames, axis=1, overwrite_x=True)


def _transform_back(
    spectra: NDArray[np.complex64], n_samples: int, settings: GateSettings
) -> Waveform:
    """Overlap and add windowed frames, over the sum of the squared windows at each place."""
    window = _window(settings.n_fft)
    frames = scipy.fft.irfft(spectra, n=settings.n_fft, axis=1, overwrite_x=True)
    frames *= window
    added = _overlap_add(frames, settings.hop_length)
    added /= _in_hops(np.square(window)[None], settings.hop_length).sum(axis=1)
    before = _padding(settings)
    return added.reshape(-1)[before : before + n_samples]


def _overlap_add(frames: Spectra, hop_length: int) -> Spectra:
    """Add frames up, each a hop after the one before, as an array of hops."""
    parts = _in_hops(frames, hop_length)
    n_frames, n_parts, _ = parts.shape
    added = np.zeros((n_frames + n_parts - 1, hop_length), np.float32)
    for place in range(n_parts):
        added[place : place + n_frames] += parts[:, place]
    return added


def _in_hops(frames: Spectra, hop_length: int) -> Spectra:
    """Cut frames into parts of one hop, zeros after the last: (n_frames, n_parts, hop)."""
    lacking = -frames.shape[1] % hop_length
    if lacking:
        frames = np.pad(frames, ((0, 0), (0, lacking)))
    return frames.reshape(len(frames), -1, hop_length)


@lru_cache(maxsize=32)
def _window(n_fft: int) -> Waveform:
    window = get_window("hann", n_fft).astype(np.float32)
    window.setflags(write=False)
    return window
