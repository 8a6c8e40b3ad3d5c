"""How a voice's power is spread over frequency, and how its first harmonics compare."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sklearn_ser.voice._spectra import VoiceSpectra

__all__ = ["alpha_ratio", "decibels", "hammarberg_index", "harmonic_levels", "slope", "tilt"]

_DECIBELS = np.float32(10 / np.log(10))
# What lies further below a frame's mean power is rounding rather than sound.
_FLOOR = np.float32(1e-10)
_TINY = np.finfo(np.float32).tiny

# Where the bands begin, meet and end, in Hz, as GeMAPS has them.
_ALPHA_HZ = (50.0, 1000.0, 5000.0)
_HAMMARBERG_HZ = (0.0, 2000.0, 5000.0)
_TILT_HZ = (50.0, 5500.0)


def decibels(power: np.ndarray) -> np.ndarray:
    """Return spectra in dB, none more than 100 dB below its mean power; a silent one is flat."""
    floor = np.einsum("ij->i", power) * (_FLOOR / np.float32(power.shape[1]))
    levels = np.maximum(power, np.maximum(floor, _TINY)[:, None])
    np.log(levels, out=levels)
    levels *= _DECIBELS
    return levels


def alpha_ratio(power: np.ndarray, spectra: VoiceSpectra) -> np.ndarray:
    """Return the power from 50 Hz to 1 kHz over that from 1 to 5 kHz, in dB."""
    below, above = (np.einsum("ij->i", power[:, bins]) for bins in _parted(spectra, *_ALPHA_HZ))
    return _ratio(below, above)


def hammarberg_index(power: np.ndarray, spectra: VoiceSpectra) -> np.ndarray:
    """Return the strongest bin up to 2 kHz over the strongest one from there to 5 kHz, in dB."""
    below, above = (power[:, bins].max(axis=1) for bins in _parted(spectra, *_HAMMARBERG_HZ))
    return _ratio(below, above)


def _parted(spectra: VoiceSpectra, low: float, middle: float, high: float) -> tuple[slice, slice]:
    below = spectra.bins(low, middle)
    return below, slice(below.stop, spectra.bins(low, high).stop)


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the ratio of two powers in dB, -100 to 100, and 0 where there is no power."""
    least = np.maximum(_FLOOR * np.maximum(one, other), _TINY)
    return _DECIBELS * np.log(np.maximum(one, least) / np.maximum(other, least))


def slope(levels: np.ndarray, spectra: VoiceSpectra, low: float, high: float) -> np.ndarray:
    """Return the slope of a line through the levels from one frequency to another, dB by kHz."""
    bins = spectra.bins(low, high)
    weights = _line_weights(bins.start, bins.stop, spectra.hz_per_bin)
    return np.einsum("ij,j->i", levels[:, bins], weights)


def tilt(levels: np.ndarray, spectra: VoiceSpectra) -> np.ndarray:
    """Return the slope of a line through the levels by octave, from 50 Hz on, dB by octave."""
    bins = spectra.bins(*_TILT_HZ)
    return np.einsum("ij,j->i", levels[:, bins], _octave_weights(bins.start, bins.stop))


def harmonic_levels(levels: np.ndarray, frequencies: np.ndarray, reaches: np.ndarray) -> np.ndarray:
    """Return the highest level near one frequency of each frame.

    Parameters
    ----------
    levels : ndarray of shape (n_frames, n_bins)
        Spectra in dB.
    frequencies : ndarray of shape (n_frames,)
        In bins.
    reaches : ndarray of shape (n_frames,)
        How far around them is looked, in bins; one bin at least.

    Returns
    -------
    ndarray of shape (n_frames,)
        In dB.
    """
    reaches = np.maximum(np.rint(reaches), 1)
    offsets = np.arange(-int(reaches.max()), int(reaches.max()) + 1)
    offsets = np.clip(offsets, -reaches[:, None], reaches[:, None])
    places = np.rint(frequencies)[:, None] + offsets
    places = np.clip(places, 0, levels.shape[1] - 1).astype(np.intp)
    return np.take_along_axis(levels, places, axis=1).max(axis=1)


@lru_cache(maxsize=64)
def _line_weights(start: int, stop: int, hz_per_bin: float) -> np.ndarray:
    """Weigh bins so that their sum is the slope of a line through them, by kHz."""
    kilohertz = np.arange(start, stop) * hz_per_bin / 1000
    centred = kilohertz - kilohertz.mean()
    return _read_only(centred / np.sum(np.square(centred)))


@lru_cache(maxsize=64)
def _octave_weights(start: int, stop: int) -> np.ndarray:
    """Weigh bins so that their sum is the slope of a line by octave, every octave alike."""
    octaves, share = np.log2(np.arange(start, stop)), 1 / np.arange(start, stop)
    centred = octaves - np.average(octaves, weights=share)
    weighted = centred * share
    return _read_only(weighted / np.sum(weighted * centred))


def _read_only(weights: np.ndarray) -> np.ndarray:
    weights = weights.astype(np.float32)
    weights.setflags(write=False)
    return weights
