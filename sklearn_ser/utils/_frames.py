"""Framing: how many frames a signal has, and the frames themselves as a view."""

from __future__ import annotations

import numpy as np

PAD_MODES = ("constant", "edge", "reflect", "symmetric", "linear_ramp")


def count_signal_frames(n_samples: int, frame_length: int, hop_length: int, *, center: bool) -> int:
    """Count the frames of a signal; a signal shorter than one frame has one.

    Parameters
    ----------
    n_samples : int
        Length of the signal before any padding.
    frame_length, hop_length : int
        Samples in a frame, and from one frame's start to the next.
    center : bool
        Whether ``frame_length // 2`` samples are padded on either side.

    Returns
    -------
    int
        Number of frames, at least 1.
    """
    length = n_samples + 2 * (frame_length // 2) if center else n_samples
    return 1 + max(0, length - frame_length) // hop_length


def frame_view(signal: np.ndarray, frame_length: int, hop_length: int, n_frames: int) -> np.ndarray:
    """Return the frames of a contiguous signal as a read-only view, no sample copied.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        A contiguous signal of at least ``(n_frames - 1) * hop_length + frame_length`` samples.
    frame_length, hop_length, n_frames : int
        Samples in a frame, samples between frame starts, number of frames.

    Returns
    -------
    ndarray of shape (n_frames, frame_length)
        Overlapping frames that share the memory of ``signal``.
    """
    needed = (n_frames - 1) * hop_length + frame_length
    if signal.shape[0] < needed:
        raise ValueError(
            f"{n_frames} frames of {frame_length} samples every {hop_length} need {needed} "
            f"samples, but the signal has {signal.shape[0]}: pad it first"
        )
    # as_strided does the same at several times the cost, which counts at a clip a millisecond.
    step = signal.itemsize
    strides = (hop_length * step, step)
    view = np.ndarray((n_frames, frame_length), signal.dtype, signal, 0, strides)
    view.setflags(write=False)
    return view


def pad_signal(
    signal: np.ndarray, before: int, after: int, *, mode: str = "constant"
) -> np.ndarray:
    """Pad a signal on either side into a new contiguous array.

    ``"reflect"`` on a signal shorter than the padding goes back and forth over it, a single
    sample is repeated, and an empty signal is padded with zeros whatever the mode.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        The signal.
    before, after : int
        Samples to add in front and behind.
    mode : {"constant", "edge", "reflect", "symmetric", "linear_ramp"}, default="constant"
        What to add, as in :func:`numpy.pad`; ``"constant"`` adds zeros.

    Returns
    -------
    ndarray of shape (before + n_samples + after,)
        A new array.
    """
    n_samples = signal.shape[0]
    if mode not in ("constant", "edge") and n_samples:
        return np.pad(signal, (before, after), mode=mode)  # type: ignore[call-overload]
    # numpy.pad costs tens of microseconds a call, which is more than the copy itself.
    padded = np.empty(before + n_samples + after, dtype=signal.dtype)
    padded[before : before + n_samples] = signal
    use_edge = mode == "edge" and n_samples
    padded[:before] = signal[0] if use_edge else 0
    padded[before + n_samples :] = signal[-1] if use_edge else 0
    return padded
