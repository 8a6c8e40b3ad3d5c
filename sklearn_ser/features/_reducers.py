"""What is made of each block of the spectrum beyond mel: chroma and the shape of the spectrum."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy.sparse

from sklearn_ser.features._blocks import Block
from sklearn_ser.features._chroma_filters import chroma_filters
from sklearn_ser.features._settings import FrameSettings

_TINY = np.finfo(np.float32).tiny

# A transform in float32 leaves every bin this share of the frame's root mean square off, at most
# about twice as much.
_ROUNDING = 5e-8
# What may come of it: in a centroid, a bandwidth or a flatness, as a share of the clip's largest;
# in a contrast, as a share of the magnitude (a thousandth of a decibel is 2.3e-4).
_MOMENT_ERROR, _FLATNESS_ERROR = 5e-6, 1e-6
_CONTRAST_ERROR = 4e-5

# librosa's spectral_contrast takes decibels with these, whatever is asked for.
_CONTRAST_AMIN, _CONTRAST_TOP_DB = 1e-10, 80.0

# Rows that are added up in float32; sums of more would show the rounding.
_ROWS_A_SUM = 8


class Reducer:
    """One feature: rows of numbers from each block, and what is made of all of them at the end."""

    def __init__(self, settings: FrameSettings) -> None:
        self.settings = settings
        self.bins = _bins(settings.sample_rate, settings.n_fft)

    def __call__(self, block: Block) -> np.ndarray:
        """Return the rows of a block: (n_rows, n_frames)."""
        raise NotImplementedError

    def doubtful(self, rows: np.ndarray) -> np.ndarray:
        """Return the frames whose rows float32 leaves too far off."""
        return np.empty(0, dtype=np.intp)

    def finish(self, rows: np.ndarray) -> np.ndarray:
        """Return the feature of the whole clip: (n_coefs, n_frames)."""
        return rows


class Chroma(Reducer):
    """Power by pitch class. No bin's weight is so small that float32 would show."""

    def __init__(self, settings: FrameSettings, tuning: float) -> None:
        super().__init__(settings)
        s = settings
        self._filters = chroma_filters(s.sample_rate, s.n_fft, s.n_chroma, tuning)

    def __call__(self, block: Block) -> np.ndarray:
        return self._filters @ block.power

    def finish(self, rows: np.ndarray) -> np.ndarray:
        if self.settings.chroma_norm is None:
            return rows
        length = np.linalg.norm(rows.astype(np.float64), ord=self.settings.chroma_norm, axis=0)
        length[length < _TINY] = 1
        return rows / length


class Centroid(Reducer):
    """Mean frequency, weighted by magnitude, and in a second row how far off that may be."""

    def __call__(self, block: Block) -> np.ndarray:
        centroid, lost = self._centroid(block)
        return np.vstack([centroid, lost * self.bins.nyquist / 2])

    def _centroid(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Return the centroid and the share of magnitude that rounding may have added."""
        total = np.maximum(self.bins.sum(block.magnitude), _TINY)
        added = _ROUNDING * np.sqrt(len(block.power) * self.bins.sum(block.power))
        return self.bins.moment(block.magnitude) / total, added / total

    def doubtful(self, rows: np.ndarray) -> np.ndarray:
        return np.flatnonzero(rows[1] > _MOMENT_ERROR * rows[0].max())

    def finish(self, rows: np.ndarray) -> np.ndarray:
        return rows[:1]


class Bandwidth(Centroid):
    """Standard deviation of frequency around the centroid, weighted by magnitude."""

    def __call__(self, block: Block) -> np.ndarray:
        centroid, lost = self._centroid(block)
        spread = np.subtract(self.bins.frequencies, centroid, out=block.spare)
        np.square(spread, out=spread)
        spread *= block.magnitude
        total = np.maximum(self.bins.sum(block.magnitude), _TINY)
        width = np.sqrt(self.bins.sum(spread) / total)
        added = lost * self.bins.nyquist**2 / 3
        return np.vstack([width, added / np.maximum(2 * width, np.sqrt(added) + _TINY)])


class Rolloff(Reducer):
    """Frequency below which a share of the magnitude lies."""

    def __call__(self, block: Block) -> np.ndarray:
        # First the run of bins that it lies in, then the bin: adding up all bins costs ten times
        # as much.
        magnitude = block.magnitude
        below = np.cumsum(self.bins.runs(magnitude), axis=0, dtype=np.float64)
        wanted = self.settings.roll_percent * below[-1]
        run = np.count_nonzero(below < wanted, axis=0)
        columns = np.arange(len(wanted))
        before = np.where(run > 0, below[run - 1, columns], 0.0)
        bins = run * _ROWS_A_SUM + np.arange(_ROWS_A_SUM)[:, None]
        within = magnitude[np.minimum(bins, len(magnitude) - 1), columns]
        n_below = np.count_nonzero(before + np.cumsum(within, axis=0) < wanted, axis=0)
        index = np.minimum(bins[0] + n_below, len(magnitude) - 1)
        return self.bins.frequencies[index].T


class Flatness(Reducer):
    """Geometric over arithmetic mean of power, and in a second row how far off that may be."""

    def __call__(self, block: Block) -> np.ndarray:
        n_bins = len(block.power)
        power = np.maximum(block.power, self.settings.amin, out=block.spare)
        mean = self.bins.sum(power) / n_bins
        inverse = np.reciprocal(power, out=power)
        hollowness = mean * self.bins.sum(inverse) / n_bins
        logarithm = -self.bins.sum(np.log(inverse, out=inverse)) / n_bins
        # Bins are off at random and, to second order, upwards.
        error = _ROUNDING * np.sqrt(hollowness / n_bins) + _ROUNDING**2 * hollowness
        flatness = np.exp(logarithm) / mean
        return np.vstack([flatness, 16 * error * flatness])

    def doubtful(self, rows: np.ndarray) -> np.ndarray:
        return np.flatnonzero(rows[1] > _FLATNESS_ERROR * rows[0].max())

    def finish(self, rows: np.ndarray) -> np.ndarray:
        return rows[:1]


class Contrast(Reducer):
    """Valleys, then peaks, of each octave, then the root mean square of the frame."""

    def __call__(self, block: Block) -> np.ndarray:
        bands = [_extremes(block.magnitude[rows], n) for rows, n in _octaves(self.settings)]
        valleys, peaks = zip(*bands, strict=True)
        level = np.sqrt(self.bins.sum(block.power) / len(block.power))
        return np.vstack([*valleys, *peaks, level])

    def doubtful(self, rows: np.ndarray) -> np.ndarray:
        n_bands = self.settings.contrast_bands + 1
        valleys, level = rows[:n_bands], rows[-1]
        least = _floor(valleys)
        doubted = valleys < _ROUNDING / _CONTRAST_ERROR * level
        doubted &= valleys + 4 * _ROUNDING * level > least
        return np.flatnonzero(doubted.any(axis=0))

    def finish(self, rows: np.ndarray) -> np.ndarray:
        valleys, peaks = rows[:-1].reshape(2, self.settings.contrast_bands + 1, -1)
        return _decibels(peaks) - _decibels(valleys)


class Flux(Reducer):
    """Distance between successive spectra of unit length; keeps the last one of a block."""

    def __init__(self, settings: FrameSettings) -> None:
        super().__init__(settings)
        self._last: np.ndarray | None = None

    def __call__(self, block: Block) -> np.ndarray:
        length = np.sqrt(self.bins.sum(block.power)).astype(block.power.dtype)
        unit = np.divide(block.magnitude, np.maximum(length, _TINY), out=block.spare)
        before = unit[:, :1] if self._last is None else self._last
        first = self.bins.sum(np.square(unit[:, :1] - before))
        self._last = unit[:, -1:].copy()
        steps = np.square(np.diff(unit, axis=1))
        return np.sqrt(np.hstack([first, self.bins.sum(steps)]))


_REDUCERS = {
    "centroid": Centroid,
    "bandwidth": Bandwidth,
    "rolloff": Rolloff,
    "flatness": Flatness,
    "contrast": Contrast,
    "flux": Flux,
}


def make_reducers(settings: FrameSettings, tuning: float | None) -> dict[str, Reducer]:
    """Return a new reducer for every spectral feature but the mel spectrum and what it gives.

    Parameters
    ----------
    settings : FrameSettings
        What to compute.
    tuning : float or None
        That of this clip, which only chroma needs.

    Returns
    -------
    dict of str to Reducer
        By feature, for the blocks of one clip.
    """
    found: dict[str, Reducer] = {}
    if "chroma" in settings.features:
        found["chroma"] = Chroma(settings, tuning or 0.0)
    shapes = [name for name in settings.features if name in _REDUCERS]
    found.update({name: _REDUCERS[name](settings) for name in shapes})
    return found


class _Bins:
    """Frequencies of the bins in Hz, of shape (n_bins, 1), and sums over the bins.

    Sums are taken in short runs and then in float64, by sparse products, whose rounding depends
    neither on threads nor on the number of frames.
    """

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        hertz = np.fft.rfftfreq(n_fft, 1 / sample_rate).astype(np.float32)
        self.frequencies, self.nyquist = hertz[:, None], sample_rate / 2
        n_bins = len(hertz)
        where = (np.arange(n_bins) // _ROWS_A_SUM, np.arange(n_bins))
        self._parts = scipy.sparse.csr_array((np.ones_like(hertz), where))
        self._weighted = scipy.sparse.csr_array((hertz, where))
        self._total = scipy.sparse.csr_array(np.ones((1, self._parts.shape[0])))

    def runs(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of short runs of bins, (n_runs, n_frames)."""
        return self._parts @ values

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over all bins, (1, n_frames) in float64."""
        return self._total @ self.runs(values)

    def moment(self, values: np.ndarray) -> np.ndarray:
        """Return the sum of frequency times value over all bins, (1, n_frames) in float64."""
        return self._total @ (self._weighted @ values)


@lru_cache(maxsize=32)
def _bins(sample_rate: int, n_fft: int) -> _Bins:
    return _Bins(sample_rate, n_fft)


@lru_cache(maxsize=32)
def _octaves(settings: FrameSettings) -> list[tuple[slice, int]]:
    """Return the bins of each band and how many of them make its peak, with librosa's edges.

    A band above the first begins one bin early, all but the last lose their last bin, and the
    count is that before the loss.
    """
    n_bands, hertz = settings.contrast_bands, _exact_frequencies(settings)
    edges = np.concatenate(([0.0], settings.contrast_fmin * 2.0 ** np.arange(n_bands + 1)))
    bands = []
    for k, (low, high) in enumerate(pairwise(edges)):
        inside = np.flatnonzero((hertz >= low) & (hertz <= high))
        start = inside[0] - (k > 0)
        stop = len(hertz) if k == n_bands else inside[-1] + 1
        count = max(1, round(settings.contrast_quantile * (stop - start)))
        bands.append((slice(start, stop if k == n_bands else stop - 1), count))
    return bands


def _exact_frequencies(settings: FrameSettings) -> np.ndarray:
    return np.fft.rfftfreq(settings.n_fft, 1 / settings.sample_rate)


def _extremes(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of the smallest and of the largest values of each column."""
    if count == 1:
        return values.min(axis=0), values.max(axis=0)
    ordered = np.sort(values, axis=0)
    lowest, highest = ordered[:count], ordered[-count:]
    return lowest.mean(axis=0, dtype=np.float64), highest.mean(axis=0, dtype=np.float64)


def _floor(values: np.ndarray) -> float:
    return max(_CONTRAST_AMIN, float(values.max()) * 10 ** (-_CONTRAST_TOP_DB / 10))


def _decibels(values: np.ndarray) -> np.ndarray:
    levels = 10 * np.log10(np.maximum(values, _CONTRAST_AMIN, dtype=np.float64))
    return np.maximum(levels, levels.max() - _CONTRAST_TOP_DB)
