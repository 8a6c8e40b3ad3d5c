"""Short-time spectra and back: Hann windows that overlap by three quarters, in float32."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from sklearn_ser.utils._frames import frame_view, pad_signal
from sklearn_ser.utils._parallel import chunk_slices

__all__ = ["frame_blocks", "from_spectra", "to_spectra"]

Waveform = NDArray[np.float32]
Spectra = NDArray[np.complex64]  # (n_frames, n_fft // 2 + 1)

_HOPS = 4  # in a frame
_SAMPLES_A_BLOCK = 2**15


def to_spectra(waveform: Waveform, n_fft: int) -> Spectra:
    """Transform a waveform; zeros around it let a clip shorter than a frame pass.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
        The samples.
    n_fft : int
        Length of a frame, divisible by four.

    Returns
    -------
    ndarray of shape (1 + n_samples // (n_fft // 4), 1 + n_fft // 2), complex64
        Those of ``librosa.stft`` with ``hop_length=n_fft // 4``, time first.
    """
    hop = n_fft // _HOPS
    padded = pad_signal(waveform, n_fft // 2, n_fft // 2)
    frames = frame_view(padded, n_fft, hop, 1 + len(waveform) // hop)
    spectra = np.empty((len(frames), n_fft // 2 + 1), np.complex64)
    for block in frame_blocks(len(frames), n_fft):
        spectra[block] = scipy.fft.rfft(frames[block] * _window(n_fft), axis=1, overwrite_x=True)
    return spectra


def from_spectra(blocks: Iterable[Spectra], n_frames: int, n_fft: int, n_samples: int) -> Waveform:
    """Transform back by overlapping and adding, as ``librosa.istft`` does.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_frames_of_the_block, 1 + n_fft // 2), complex64
        Spectra in order of time; one block after the other is asked for.
    n_frames : int
        How many they are together.
    n_fft : int
        Length of a frame.
    n_samples : int
        How many samples to return; what the frames do not reach is zero.

    Returns
    -------
    ndarray of shape (n_samples,), float32
    """
    hop = n_fft // _HOPS
    window = _window(n_fft)
    added = np.zeros((n_frames + _HOPS - 1, hop), np.float32)
    first = 0
    for block in blocks:
        frames = scipy.fft.irfft(block, n=n_fft, axis=1, overwrite_x=True)
        frames *= window
        _overlap_add(frames.reshape(-1, _HOPS, hop), added[first:])
        first += len(frames)
    weight = np.zeros_like(added)
    squares = np.square(window).reshape(1, _HOPS, hop)
    _overlap_add(np.broadcast_to(squares, (n_frames, _HOPS, hop)), weight)
    weight[weight <= np.finfo(np.float32).tiny] = 1
    added /= weight
    inner = added.reshape(-1)[n_fft // 2 : n_fft // 2 + n_samples]
    return pad_signal(inner, 0, n_samples - len(inner))


def frame_blocks(n_frames: int, n_fft: int) -> list[slice]:
    """Cut frames into blocks that stay in the cache: fresh memory costs as much as the work."""
    return chunk_slices(n_frames, chunk_size=max(_SAMPLES_A_BLOCK // n_fft, 1))


def _overlap_add(parts: NDArray[np.float32], added: NDArray[np.float32]) -> None:
    """Add frames, given as (n_frames, hops, hop), each a hop after the one before."""
    n_frames, n_hops, _ = parts.shape
    for place in range(n_hops):
        added[place : place + n_frames] += parts[:, place]


@lru_cache(maxsize=32)
def _window(n_fft: int) -> Waveform:
    window: Waveform = scipy.signal.get_window("hann", n_fft, fftbins=True).astype(np.float32)
    window.setflags(write=False)
    return window
