"""The Fourier transform of a clip, a block of frames at a time, and what is made of each block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import pairwise

import numpy as np
import scipy.fft

# Values in a block of windowed frames: 1 MB of float32, whatever the length of the clip, so that
# the work on a block stays in the processor's cache.
_BLOCK_VALUES = 1 << 18

_thread = threading.local()


class Block:
    """The spectrum of some successive frames.

    All arrays are of shape (n_bins, n_frames) and lie in scratch memory: they are to be used
    before the next block is made. Bins come first because the transform can write them so at no
    cost, and because filters then add up whole rows.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_fft)
        Samples, not yet windowed.
    window : ndarray of shape (n_fft,)
        Its dtype is the precision.
    """

    def __init__(self, frames: np.ndarray, window: np.ndarray) -> None:
        n_frames, n_fft = frames.shape
        n_bins = n_fft // 2 + 1
        scratch = _scratch(3 * n_bins * n_frames, window.dtype)
        windowed = scratch[: frames.size].reshape(frames.shape)
        np.multiply(frames, window, out=windowed)
        # scipy.fft transforms float32 in single precision, several frames at a time.
        self.spectrum = scipy.fft.rfft(windowed.T, axis=0)
        self._slots = scratch.reshape(3, n_bins, n_frames)
        self.spare = self._slots[2]

    def raised(self, power: float) -> np.ndarray:
        """Return the magnitude to this power, which ends what was returned before."""
        magnitude, spare = self._slots[:2]
        if power == 2:
            np.square(self.spectrum.real, out=magnitude)
            magnitude += np.square(self.spectrum.imag, out=spare)
        else:
            np.abs(self.spectrum, out=magnitude)
            if power != 1:
                np.power(magnitude, power, out=magnitude)
        return magnitude

    @cached_property
    def power(self) -> np.ndarray:
        """The squared magnitude, after which :attr:`spectrum` is gone.

        The memory is given back at once, since fresh memory costs more than the arithmetic.
        """
        power = self.raised(2)
        del self.spectrum
        return power

    @cached_property
    def magnitude(self) -> np.ndarray:
        """The magnitude, beside :attr:`power`."""
        return np.sqrt(self.power, out=self._slots[1])


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


def blocks_of(n_frames: int, n_fft: int) -> list[slice]:
    """Cut the frames of a clip into blocks that fit the cache.

    A few frames at the end join the block before them, as a block costs something of itself.
    """
    size = max(1, _BLOCK_VALUES // n_fft)
    starts = list(range(0, n_frames, size))
    if len(starts) > 1 and n_frames - starts[-1] < size // 8:
        starts.pop()
    return [slice(*ends) for ends in pairwise([*starts, n_frames])]


def reduce_blocks(
    frames: np.ndarray,
    window: np.ndarray,
    reducers: Mapping[str, Callable[[Block], np.ndarray]],
) -> dict[str, np.ndarray]:
    """Transform every frame once and hand each block to all reducers in turn.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_fft)
        Float32 samples; the view of overlapping frames will do.
    window : ndarray of shape (n_fft,)
        Its dtype is the precision.
    reducers : mapping of str to callable
        From a block to an array of shape (n_rows, n_frames of the block). One that needs
        another power than 2 comes first.

    Returns
    -------
    dict of str to ndarray of shape (n_rows, n_frames)
        By the reducers' names.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in reducers}
    for where in blocks_of(*frames.shape):
        block = Block(frames[where], window)
        for name, reducer in reducers.items():
            parts[name].append(reducer(block))
        del block  # its memory serves the next one
    return {
        name: found[0] if len(found) == 1 else np.concatenate(found, axis=1)
        for name, found in parts.items()
    }
