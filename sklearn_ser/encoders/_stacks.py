"""Arrays of all layers of all clips, on disk where they would fill the memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["STACK_IN_MEMORY", "as_float16", "new_stack", "stack_layers"]

STACK_IN_MEMORY = 2**30  # bytes; larger stacks are memory-mapped
_LARGEST = float(np.finfo(np.float16).max)


def as_float16(states: NDArray[np.floating]) -> NDArray[np.float16]:
    """Round to half precision; what is too large for it becomes its largest number.

    Parameters
    ----------
    states : ndarray of float16 or float32
        Finite numbers.

    Returns
    -------
    ndarray, float16
    """
    if states.dtype == np.float16:
        return states
    return np.clip(states, -_LARGEST, _LARGEST).astype(np.float16)


def new_stack(shape: Sequence[int]) -> NDArray[np.float16]:
    """Make an array of zeros, in memory or in a file of its own.

    Parameters
    ----------
    shape : sequence of int
        Usually ``(n_clips, n_layers, n_frames, dim)``.

    Returns
    -------
    ndarray or memmap, float16
        Of more than ``STACK_IN_MEMORY`` bytes (1 GiB), a memory map of a file in the folder for
        temporary files (``TMPDIR``). joblib hands its name, not its content, to workers. The file
        goes when the last array that looks into it does, and at the latest with the process.

    Raises
    ------
    OSError
        The disk has no room for it; the message says how much is needed.
    """
    n_bytes = int(np.prod(shape, dtype=np.int64)) * 2
    if n_bytes <= STACK_IN_MEMORY:
        return np.zeros(shape, dtype=np.float16)
    _check_room(n_bytes)
    folder = tempfile.mkdtemp(prefix="sklearn-ser-stack-")
    stack = np.memmap(Path(folder, "stack.dat"), dtype=np.float16, mode="w+", shape=tuple(shape))
    weakref.finalize(stack._mmap, _remove, folder, os.getpid())  # type: ignore[attr-defined]
    return stack


def _check_room(n_bytes: int) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise OSError(
            f"All layers of all clips take {n_bytes / 1e9:.1f} GB as float16, and '{folder}' has "
            f"{free / 1e9:.1f} GB left. Set the environment variable TMPDIR to a larger disk, "
            "choose fewer layers or n_frames, or average over time (pooling='mean')."
        )


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # a forked child must not take the file away
        shutil.rmtree(folder, ignore_errors=True)


def stack_layers(
    states: Iterable[NDArray[np.float16]], shape: tuple[int, int, int, int]
) -> NDArray[np.float16]:
    """Stack the layers of clips of different lengths.

    Parameters
    ----------
    states : iterable of ndarray of shape (n_layers, n_frames_of_the_clip, dim)
        One a clip; they are let go one by one.
    shape : tuple (n_clips, n_layers, n_frames, dim)
        Of the result.

    Returns
    -------
    ndarray or memmap of that shape, float16
        Shorter clips are followed by frames of zeros, longer ones are cut.
    """
    stack = new_stack(shape)
    n_frames = shape[2]
    for row, clip in zip(stack, states, strict=True):
        row[:, : clip.shape[1]] = clip[:, :n_frames]
    return stack
