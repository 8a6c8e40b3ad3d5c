"""Stretches of frames: voiced and unvoiced, speech and pauses, and how a voice moves in them."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTOUR", "RHYTHM", "contour", "count_peaks", "rhythm", "runs"]

_SHORTEST = 4  # frames of a contour that a line is fitted to

CONTOUR = (
    "slope_mean",
    "slope_std",
    "rising_share",
    "rising_slope",
    "falling_slope",
    "segment_mean_std",
    "segment_range_mean",
    "segment_range_max",
    "last_slope",
)
_STRETCHES = ("voiced", "unvoiced", "speech", "pause")
RHYTHM = (
    "speech_seconds",
    *(
        f"{kind}_{what}"
        for kind in _STRETCHES
        for what in ("rate", "seconds_mean", "seconds_std", "seconds_max", "share")
    ),
)

Flags = NDArray[np.bool_]
Values = NDArray[np.float64]


def runs(flags: Flags) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each run of set flags begins, and where it has ended.

    Examples
    --------
    >>> starts, ends = runs(np.array([True, True, False, True]))
    >>> starts.tolist(), ends.tolist()
    ([0, 3], [2, 4])
    """
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return edges[::2], edges[1::2]


def count_peaks(steps: NDArray[np.float32]) -> int:
    """Count the places where a course that rose falls, by its steps from value to value.

    Examples
    --------
    >>> count_peaks(np.diff([0, 2, 1, 1, 3, 0]))
    2
    """
    return int(np.count_nonzero((steps[1:] < 0) & (steps[:-1] > 0)))


def contour(values: NDArray[np.float32], is_voiced: Flags, frames_per_second: float) -> Values:
    """Describe how a contour rises and falls within each run of voiced frames.

    Parameters
    ----------
    values : ndarray of shape (n_frames,)
        The contour, such as pitch in semitones.
    is_voiced : ndarray of shape (n_frames,), bool
        Runs of fewer than four frames are left out.
    frames_per_second : float
        Frames a second.

    Returns
    -------
    ndarray of shape (9,)
        As ``CONTOUR`` names them: slopes per second, of lines fitted to each run; all 0 where there
        is no run.
    """
    starts, ends = runs(is_voiced)
    is_long = ends - starts >= _SHORTEST
    starts, lengths = starts[is_long], (ends - starts)[is_long]
    if not len(starts):
        return np.zeros(len(CONTOUR))
    slopes, means, ranges = _lines(values, starts, lengths)
    slopes *= frames_per_second
    rising, number = slopes[slopes > 0], len(slopes)
    return np.array(
        [
            slopes.sum() / number,
            slopes.std(),
            len(rising) / number,
            rising.sum() / number,
            (slopes.sum() - rising.sum()) / number,
            means.std(),
            ranges.sum() / number,
            ranges.max(),
            slopes[-1],
        ]
    )


def _lines(
    values: NDArray[np.float32], starts: NDArray[np.intp], lengths: NDArray[np.intp]
) -> tuple[Values, Values, Values]:
    """Return slope per frame, mean and range of each run, all runs at once."""
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    place = np.arange(lengths.sum()) - np.repeat(first, lengths)
    inside = values[np.repeat(starts, lengths) + place].astype(np.float64)
    means = np.add.reduceat(inside, first) / lengths
    times = place - np.repeat((lengths - 1) / 2, lengths)
    slopes = np.add.reduceat(times * inside, first) / np.add.reduceat(times**2, first)
    ranges = np.maximum.reduceat(inside, first) - np.minimum.reduceat(inside, first)
    return slopes, means, ranges


def rhythm(is_voiced: Flags, is_active: Flags, frames_per_second: float) -> Values:
    """Describe how a clip's speech is cut into stretches.

    Parameters
    ----------
    is_voiced, is_active : ndarray of shape (n_frames,), bool
        Frames with voice; frames loud enough to be speech, of which there is one at least.
    frames_per_second : float
        Frames a second.

    Returns
    -------
    ndarray of shape (21,)
        As ``RHYTHM`` names them, all from the first to the last active frame: its length in
        seconds, and then of voiced, unvoiced, active and other stretches: how many there are a
        second; mean, deviation and maximum of their lengths in seconds; their share of the time.
    """
    loud = np.flatnonzero(is_active)
    inside = slice(loud[0], loud[-1] + 1)
    voiced, active = is_voiced[inside], is_active[inside]
    seconds = len(voiced) / frames_per_second
    kinds = (voiced, ~voiced, active, ~active)
    stretches = [_stretches(kind, frames_per_second) for kind in kinds]
    return np.array([seconds, *itertools.chain.from_iterable(stretches)])


def _stretches(flags: Flags, frames_per_second: float) -> list[float]:
    starts, ends = runs(flags)
    if not len(starts):
        return [0.0] * 5
    lengths = (ends - starts).tolist()  # a handful: plain numbers are faster than arrays
    mean = sum(lengths) / len(lengths)
    deviation = math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))
    seconds = [frames / frames_per_second for frames in (mean, deviation, max(lengths))]
    rate = len(lengths) * frames_per_second / len(flags)
    return [rate, *seconds, sum(lengths) / len(flags)]
