"""From one period of the voice to the next: how much its length and its amplitude differ."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sklearn_ser.utils._frames import frame_view, pad_signal

__all__ = ["vary_by_period"]

# How far a period may differ from the tracker's, as a share of it, and how alike two periods have
# to be (the correlation of their samples) to be compared.
_SEARCHED = 0.10
_ALIKE = 0.5
# The amplitude of a period is that under a Hann window of this half width around its pulse, as a
# share of the period; so Praat has it.
_PULSE = 0.2
_FRAMES_AT_ONCE = 1024
_FEWEST = 96
# What differs by more is the beginning or the end of a voice: a factor of 1.6, as in Praat.
_MOST_DECIBELS = 4.08
_TINY = np.finfo(np.float32).tiny


def vary_by_period(
    samples: np.ndarray, centres: np.ndarray, periods: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Compare the period around each centre with the one before and the one behind it.

    The pulse is the strongest sample within a period around the centre. One period of samples
    around it is shifted forwards and backwards to where it correlates best, to a fraction of a
    sample, which gives the lengths of two successive periods and the pulses at their ends.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        The clip.
    centres : ndarray of shape (n_frames,), int
        Samples in voiced speech.
    periods : ndarray of shape (n_frames,)
        The period that a tracker found there, in samples, at least 2.

    Returns
    -------
    jitter : ndarray of shape (n_frames,), float32
        Difference of the two lengths as a share of their mean.
    shimmer : ndarray of shape (n_frames,), float32
        Mean difference, without its sign, of the amplitude from those before and behind, in dB.

    Notes
    -----
    Frames whose neighbours are no periods of the same voice (a correlation below 0.5) take the
    values between those of the frames beside them, or 0 where there is none. So does the shimmer
    of frames whose amplitude differs by more than 4.08 dB, where a voice begins or ends.
    """
    if not len(centres):
        return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)
    found = np.zeros((3, len(centres)), dtype=np.float32)
    margin = 3 * int(np.max(periods)) + 8
    padded = pad_signal(samples, margin, margin)
    for members, length in _by_length(periods):
        for start in range(0, len(members), _FRAMES_AT_ONCE):
            some = members[start : start + _FRAMES_AT_ONCE]
            found[:, some] = _compare(padded, centres[some] + margin, periods[some], length)
    jitter, shimmer, likeness = found
    is_alike = likeness >= _ALIKE
    is_even = is_alike & (shimmer <= _MOST_DECIBELS)
    return _bridged(jitter, is_alike), _bridged(shimmer, is_even)


def _by_length(periods: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yield the frames of each octave of periods, and how many samples their periods need.

    Short periods would waste the room of long ones; a few of them are not worth a round of their
    own.
    """
    longest = float(np.max(periods))
    octaves = np.log2(longest / periods).astype(np.intp)
    for octave in range(octaves.max(), -1, -1):
        members = np.flatnonzero(octaves == octave)
        if octave and len(members) < _FEWEST:
            octaves[members] -= 1
        else:
            yield members, 2 * int(longest / 2 ** (octave + 1)) + 2


def _bridged(values: np.ndarray, is_known: np.ndarray) -> np.ndarray:
    known = np.flatnonzero(is_known)
    if not len(known):
        return np.zeros_like(values)
    if len(known) == len(values):
        return values
    return np.interp(np.arange(len(values)), known, values[known]).astype(np.float32)


def _compare(
    padded: np.ndarray, centres: np.ndarray, periods: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return jitter, shimmer and likeness of frames with periods of at most ``length`` samples."""
    offsets = np.arange(length) - length // 2
    inside = (np.abs(offsets) <= periods[:, None] / 2).astype(np.float32)
    around = np.abs(_windows(padded, centres + offsets[0], length)) * inside
    pulses = centres + offsets[around.argmax(axis=1)]
    own = _windows(padded, pulses + offsets[0], length) * inside
    distances, likeness = _neighbours(padded, pulses + offsets[0], own, periods)
    behind, before = distances
    jitter = 2 * np.abs(behind - before) / (behind + before)
    ends = np.rint(distances).astype(np.intp)
    places = np.stack([pulses, pulses + ends[0], pulses - ends[1]])
    own_level, *levels = _pulse_levels(padded, places, periods)
    shimmer = np.abs(np.stack(levels) - own_level).mean(axis=0)
    return jitter, shimmer, likeness


def _neighbours(
    padded: np.ndarray, starts: np.ndarray, own: np.ndarray, periods: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances to the next and the last period, (2, n_frames), and their likeness."""
    length = own.shape[1]
    span = int(_SEARCHED * length) + 1
    shifts = np.arange(-span, span + 1)
    nearest = np.rint(periods).astype(np.intp)
    nearest = np.stack([nearest, -nearest])
    stretch = _windows(padded, starts + nearest - span, length + 2 * span)
    likeness = np.einsum("is,kils->kil", own, _shifted(stretch, length))
    power = _powers(stretch, periods, length) * np.einsum("is,is->i", own, own)[:, None]
    likeness /= np.sqrt(np.maximum(power, _TINY))
    likeness[:, np.abs(shifts) > _SEARCHED * periods[:, None] + 1] = -1
    best = np.clip(likeness.argmax(axis=2), 1, 2 * span - 1)[..., None]
    low, top, high = np.moveaxis(
        np.take_along_axis(likeness, best + np.arange(-1, 2), axis=2), 2, 0
    )
    distances = np.abs(nearest + shifts[best[..., 0]] + _vertex(low, top, high))
    return distances, top.min(axis=0)


def _windows(padded: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    return frame_view(padded, length, 1, len(padded) - length + 1)[starts]


def _shifted(stretches: np.ndarray, length: int) -> np.ndarray:
    """Return all windows of a length in each row, as a view (2, n_frames, n_shifts, length)."""
    *rows, n_samples = stretches.shape
    strides = (*stretches.strides, stretches.itemsize)
    shape = (*rows, n_samples - length + 1, length)
    return np.ndarray(shape, stretches.dtype, stretches, 0, strides)


def _powers(stretches: np.ndarray, periods: np.ndarray, length: int) -> np.ndarray:
    """Return the power of the period within each window, (2, n_frames, n_shifts)."""
    sums = np.cumsum(np.square(stretches, dtype=np.float64), axis=2)
    n_shifts, half = stretches.shape[2] - length + 1, (periods / 2).astype(np.intp)
    rows = np.arange(sums.size // sums.shape[2]).reshape(sums.shape[:2]) * sums.shape[2]
    centres, flat = rows + length // 2, sums.ravel()
    return _windows(flat, centres + half, n_shifts) - _windows(flat, centres - half - 1, n_shifts)


def _vertex(low: np.ndarray, top: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where the parabola through three equidistant values is highest, -1 to 1."""
    bend = low - 2 * top + high
    vertex = np.zeros_like(top)
    np.divide(low - high, 2 * bend, out=vertex, where=bend < 0)
    return np.clip(vertex, -1, 1)


def _pulse_levels(padded: np.ndarray, pulses: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the level of the samples near each pulse in dB, (3, n_frames)."""
    widths = _PULSE * periods[:, None] + 1
    half = int(widths.max())
    phase = np.arange(-half, half + 1) / widths
    squares = np.square(0.5 + 0.5 * np.cos(np.pi * np.minimum(np.abs(phase), 1)))
    near = _windows(padded, pulses - half, 2 * half + 1)
    power = np.einsum("ij,kij,kij->ki", squares.astype(np.float32), near, near)
    return 10 * np.log10(np.maximum(power, _TINY))
