"""Batches of clips for TensorFlow, in an order that a seed decides."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.neural_network._clip_stacks import ClipStack

__all__ = ["batches"]


def batches(
    X: NDArray[np.float32] | ClipStack,
    targets: NDArray[np.float32],
    weights: NDArray[np.float32] | None,
    *,
    batch_size: int,
    shuffle_seed: int | None = None,
    repeat: bool = False,
) -> Any:
    """Make a dataset of batches.

    Keras' own, from arrays, has a thread that tunes it and sleeps for 10, 20, 40 ms and so on;
    each epoch's end waits until it wakes, which makes some epochs twice as long. In TensorFlow's
    deterministic mode it prints an error message on every fit as well.

    Parameters
    ----------
    X : ndarray of shape (n_clips, ...) or ClipStack
        Clips; of a stack, which must outlive the dataset, each batch is read when its turn comes.
    targets : ndarray of shape (n_clips, n_classes)
        Rows with a one.
    weights : ndarray of shape (n_clips,) or None
        Weights of the clips.
    batch_size : int
        Clips a batch; the last may have fewer.
    shuffle_seed : int, default=None
        The clips are in another order in every pass; None leaves them as they are.
    repeat : bool, default=False
        Begin anew after every pass, without end: making an iterator costs 5 ms.

    Returns
    -------
    dataset : tf.data.Dataset
        Of (clips, targets) or (clips, targets, weights).
    """
    import tensorflow as tf

    arrays = (targets, weights) if isinstance(X, ClipStack) else (X, targets, weights)
    parts = tuple(tf.convert_to_tensor(array) for array in arrays if array is not None)
    rows = tf.data.Dataset.range(len(X))
    if shuffle_seed is not None:
        rows = rows.shuffle(len(X), seed=shuffle_seed, reshuffle_each_iteration=True)
    rows = rows.batch(batch_size)
    if repeat:
        rows = rows.repeat()
    # Handed over beside the rows: a function that captures the clips is a cycle, which keeps a
    # copy of them after the fit, until Python looks for cycles.
    whole = tf.data.Dataset.from_tensors(parts).repeat()
    read = _reader(tf, X) if isinstance(X, ClipStack) else _read_nothing
    picked = tf.data.Dataset.zip(rows, whole).map(
        lambda rows, parts: (*read(rows), *(tf.gather(part, rows) for part in parts))
    )
    return picked.prefetch(1).with_options(_without_tuning(tf))


def _read_nothing(_: Any) -> tuple[()]:
    return ()


def _reader(tf: Any, stack: ClipStack) -> Callable[[Any], tuple[Any]]:
    """Return what reads a batch of a stack; the function is part of that same cycle."""
    dtype, clip_shape, held = stack.dtype, stack.shape[1:], weakref.ref(stack)

    def clips_of(rows: NDArray[np.int64]) -> NDArray[Any]:
        still_there = held()
        if still_there is None:  # training is over, and nobody waits for what is read ahead
            return np.zeros((0, *clip_shape), dtype)
        return still_there.read(rows)

    def read(rows: Any) -> tuple[Any]:
        clips = tf.numpy_function(clips_of, [rows], dtype, stateful=False)
        # TensorFlow casts float16 nine times as fast as NumPy.
        return (tf.cast(tf.ensure_shape(clips, (None, *clip_shape)), tf.float32),)

    return read


def _without_tuning(tf: Any) -> Any:
    """Leave out the thread that tunes a dataset: every end of a pass waits for its sleep."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
