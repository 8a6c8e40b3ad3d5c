"""Stacks of an encoder's layers, which may lie on disk: never read but some clips at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

__all__ = ["ClipStack", "clips_at_once", "validate_stack"]

_MOST_CLIPS = 256
_MOST_VALUES = 2**24  # 64 MB of float32, beside which the network's own values lie
_EXPONENT_OF_FLOAT16 = np.uint16(0x7C00)  # all its bits are set in infinity and NaN alone


class ClipStack:
    """Clips with all layers of an encoder; slicing picks clips and reads none.

    Parameters
    ----------
    array : ndarray of shape (n, n_layers, n_frames, dim)
        Float16 or float32, perhaps memory-mapped.
    rows : ndarray of int, default=None
        Which of its clips; None is all.
    """

    def __init__(self, array: NDArray[Any], rows: NDArray[np.intp] | None = None) -> None:
        self.array = array
        self.rows = np.arange(len(array)) if rows is None else rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of clips, layers, frames and dimensions."""
        return (len(self.rows), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers as they lie there."""
        return self.array.dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> ClipStack:
        return ClipStack(self.array, self.rows[rows])

    def read(self, rows: Any = slice(None)) -> NDArray[Any]:
        """Return some clips, in the type they are kept in."""
        clips: NDArray[Any] = self.array[self.rows[rows]]
        return clips


def clips_at_once(clip_shape: tuple[int, ...]) -> int:
    """Count the clips that may be in memory together where no gradient is wanted.

    Parameters
    ----------
    clip_shape : tuple of int
        Shape of one clip.

    Returns
    -------
    int
        One at least.
    """
    return max(1, min(_MOST_CLIPS, _MOST_VALUES // max(1, math.prod(clip_shape))))


def validate_stack(estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
    """Check a stack for an estimator as scikit-learn does, without a copy of it.

    Float16 and float32 stay where they lie; other numbers become float32 in memory.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` is set or compared.
    X : array of shape (n_clips, n_layers, n_frames, dim)
        The stack.
    y : array-like of shape (n_clips,), default="no_validation"
        Labels, if there are any.
    reset : bool
        Whether this is a fit.

    Returns
    -------
    stack : ClipStack
        The stack; with labels, a pair of both.

    Raises
    ------
    ValueError
        If X has other axes, or values that are not finite.
    """
    has_labels = not (isinstance(y, str) and y == "no_validation")
    checked = validate_data(
        estimator,
        X,
        y,
        reset=reset,
        dtype=[np.float32, np.float16],
        allow_nd=True,
        ensure_all_finite=False,
    )
    array, labels = checked if has_labels else (checked, None)
    _check_axes(array, type(estimator).__name__)
    stack = ClipStack(array)
    _check_finite(stack)
    return (stack, labels) if has_labels else stack


def _check_axes(array: NDArray[Any], name: str) -> None:
    if array.ndim == 4:
        return
    raise ValueError(
        f"{name}(layer_weights=True) takes stacks of an encoder's layers, of shape (n_clips, "
        f"n_layers, n_frames, dim), got X of shape {array.shape}. Extract all layers without "
        "pooling, or set layer_weights=False."
    )


def _check_finite(stack: ClipStack) -> None:
    for start, clips in _chunks(stack):
        if _is_finite(clips):
            continue
        is_bad = ~np.isfinite(clips).all(axis=(1, 2, 3))
        what = "NaN" if np.isnan(clips).any() else "infinity"
        hint = " Float16 ends at 65,504: keep such layers as float32." if what != "NaN" else ""
        raise ValueError(f"Input X contains {what} in clip {start + is_bad.argmax()}.{hint}")


def _chunks(stack: ClipStack) -> Iterator[tuple[int, NDArray[Any]]]:
    step = clips_at_once(stack.shape[1:])
    for start in range(0, len(stack), step):
        yield start, stack.read(slice(start, start + step))


def _is_finite(clips: NDArray[Any]) -> bool:
    if clips.dtype != np.float16:
        return bool(np.isfinite(clips).all())
    # NumPy looks at float16 one by one; at their bits it looks many at a time.
    exponents = clips.view(np.uint16) & _EXPONENT_OF_FLOAT16
    return bool((exponents != _EXPONENT_OF_FLOAT16).all())
