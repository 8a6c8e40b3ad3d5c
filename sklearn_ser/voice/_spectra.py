"""The power spectrum below 5.5 kHz that formants and voice quality share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.signal

from sklearn_ser.utils._frames import frame_view, pad_signal
from sklearn_ser.voice._pitch import PitchSettings

__all__ = ["VoiceSpectra", "normalise_level"]

# Above it speech has no formant of interest here, and a telephone or a codec no sound.
CEILING_HZ = 5500.0
_WINDOW_SECONDS = 0.040

# Samples in the frames of one transform: half a megabyte, so that the work stays in the processor's
# cache and its memory is given from hand to hand. Larger ones take three times as long.
_TRANSFORM_VALUES = 1 << 17
# Transforms of a block: ten seconds of speech at 16 kHz.
_TRANSFORMS = 5

# What is left of a constant signal without its mean is rounding, and no voice.
_ROUNDING = 1e-6


class _Plan(NamedTuple):
    """Window of shape (win_length,), and the number of bins that are kept."""

    window: np.ndarray
    n_bins: int


class VoiceSpectra:
    """The power spectra of a clip's frames, from 0 Hz to 5.5 kHz, a block at a time.

    Frame t is centred on sample ``t * hop_length`` under a Hann window of 40 ms. The clip is taken
    without its mean and at a peak of 1, so that nothing depends on the gain. The spectra of a few
    seconds are kept, those of a longer clip computed again at every use.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        The clip.
    settings : PitchSettings
        Read are ``sample_rate`` and ``hop_length``.

    Attributes
    ----------
    samples : ndarray of shape (n_samples,), float32
        The clip without its mean, at a peak of 1; zeros where it was constant.
    n_frames : int
        Number of frames.
    hz_per_bin : float
        From one bin to the next.
    n_bins : int
        Number of bins, the first at 0 Hz and the last at ``ceiling_hz``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.voice import PitchSettings, VoiceSpectra
    >>> spectra = VoiceSpectra(np.ones(800, np.float32), PitchSettings(16000, hop_length=160))
    >>> [power.shape for _, power in spectra.blocks()]
    [(6, 221)]
    """

    def __init__(self, samples: np.ndarray, settings: PitchSettings) -> None:
        self._plan = _plan(settings.sample_rate)
        self.settings = settings
        self.samples, _ = normalise_level(samples)
        self.n_frames = settings.count_frames(len(samples))
        self.hz_per_bin = settings.sample_rate / len(self._plan.window)
        self.n_bins = self._plan.n_bins
        self._kept: list[tuple[slice, np.ndarray]] = []

    @property
    def ceiling_hz(self) -> float:
        """The frequency of the last bin: 5.5 kHz, or half the sample rate where that is lower."""
        return (self.n_bins - 1) * self.hz_per_bin

    def bins(self, low_hz: float, high_hz: float) -> slice:
        """Return the bins from one frequency to another.

        Parameters
        ----------
        low_hz, high_hz : float
            Both are included.

        Returns
        -------
        slice
            Of the bins of a power spectrum; it ends at the last bin that there is.
        """
        last = min(int(high_hz / self.hz_per_bin), self.n_bins - 1)
        return slice(int(np.ceil(low_hz / self.hz_per_bin)), last + 1)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the frames of each block as a slice, and their power, (n_frames, n_bins)."""
        if self._kept:
            yield from self._kept
            return
        frames = self._frames()
        size = _TRANSFORMS * max(1, _TRANSFORM_VALUES // len(self._plan.window))
        for start in range(0, self.n_frames, size):
            where = slice(start, min(start + size, self.n_frames))
            block = where, self._power(frames[where])
            yield block
            if self.n_frames <= size:
                self._kept.append(block)

    def _frames(self) -> np.ndarray:
        length, hop = len(self._plan.window), self.settings.hop_length
        needed = (self.n_frames - 1) * hop + length
        before = length // 2
        behind = max(needed - before - len(self.samples), 0)
        padded = pad_signal(self.samples, before, behind)
        return frame_view(padded, length, hop, self.n_frames)

    def _power(self, frames: np.ndarray) -> np.ndarray:
        power = np.empty((len(frames), self.n_bins), dtype=np.float32)
        size = max(1, _TRANSFORM_VALUES // len(self._plan.window))
        for start in range(0, len(frames), size):
            some = slice(start, start + size)
            spectrum = scipy.fft.rfft(frames[some] * self._plan.window)[:, : self.n_bins]
            np.square(spectrum.real, out=power[some])
            power[some] += np.square(spectrum.imag)
        return power


def normalise_level(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a clip without its mean and at a peak of 1, and what that peak was.

    A constant clip gives zeros and 0.
    """
    if not len(samples):
        return np.zeros(0, dtype=np.float32), 0.0
    largest = max(float(samples.max()), -float(samples.min()))
    centred = samples - np.float32(samples.mean(dtype=np.float64))
    peak = max(float(centred.max()), -float(centred.min()))
    if peak <= _ROUNDING * largest:
        return np.zeros_like(centred), 0.0
    centred /= np.float32(peak)
    return centred, peak


@lru_cache(maxsize=32)
def _plan(sample_rate: int) -> _Plan:
    # The transform is no longer than the window: autocorrelations of a few lags wrap around it
    # only where the window is next to nothing.
    length = 2 * scipy.fft.next_fast_len(max(round(_WINDOW_SECONDS * sample_rate / 2), 1))
    window = scipy.signal.get_window("hann", length).astype(np.float32)
    window.setflags(write=False)
    n_bins = int(min(CEILING_HZ, sample_rate / 2) * length / sample_rate) + 1
    return _Plan(window, n_bins)
