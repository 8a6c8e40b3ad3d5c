"""Sequences of frames in one array (n_clips, n_frames, n_coefs), padded with frames of zeros."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_real_frames", "real_frames_mask", "stack_sequences"]


def stack_sequences(
    sequences: Iterator[NDArray[np.float32]], n_clips: int, n_frames: int
) -> NDArray[np.float32]:
    """Stack frames of different lengths: longer ones are cut, shorter ones padded with zeros.

    Parameters
    ----------
    sequences : iterator of ndarray of shape (n_frames_of_the_clip, n_coefs)
        One a clip; they are let go one by one.
    n_clips : int
        How many there are.
    n_frames : int
        The length of the result.

    Returns
    -------
    ndarray of shape (n_clips, n_frames, n_coefs), float32
    """
    first = next(sequences)
    stacked = np.zeros((n_clips, n_frames, first.shape[1]), dtype=np.float32)
    stacked[0, : len(first)] = first[:n_frames]
    for row, frames in zip(stacked[1:], sequences, strict=True):
        row[: len(frames)] = frames[:n_frames]
    return stacked


def count_real_frames(sequences: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count every clip's frames before the trailing run of all-zero ones; at least one.

    Parameters
    ----------
    sequences : ndarray of shape (n_clips, n_frames, n_coefs)
        Padded sequences.

    Returns
    -------
    ndarray of shape (n_clips,), int64
    """
    n_frames = sequences.shape[1]
    is_filled = (sequences != 0).any(axis=2)
    trailing = np.argmax(is_filled[:, ::-1], axis=1)
    counts = np.where(is_filled.any(axis=1), n_frames - trailing, 1)
    return counts.astype(np.int64)


def real_frames_mask(sequences: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Mark the frames that are no padding.

    Parameters
    ----------
    sequences : ndarray of shape (n_clips, n_frames, n_coefs)
        Padded sequences.

    Returns
    -------
    ndarray of shape (n_clips, n_frames), bool
    """
    return np.arange(sequences.shape[1]) < count_real_frames(sequences)[:, None]
