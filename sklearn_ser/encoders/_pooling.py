"""What is kept of a clip: the mean and deviation of its frames, or the frames themselves."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sklearn_ser.encoders._batches import Piece
from sklearn_ser.encoders._stacks import as_float16

__all__ = ["Collector", "Frames", "Statistics"]

Array = NDArray[np.float32]


class Collector(Protocol):
    """Takes the pieces of one clip in any order."""

    def add(self, states: Array, piece: Piece) -> None:
        """Take the states (n_layers, n_frames, dim) of a piece, context and all."""

    def result(self) -> NDArray[np.floating]:
        """Return what is kept of the whole clip."""


class Statistics:
    """Mean and standard deviation over time, merged from piece to piece.

    Deviations are those of the frames there are (``ddof=0``), in the accuracy of float64: Chan,
    Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances,
    1979.
    """

    def __init__(self) -> None:
        self._n = 0
        self._mean: NDArray[np.float64] = np.zeros(())
        self._squares: NDArray[np.float64] = np.zeros(())

    def add(self, states: Array, piece: Piece) -> None:
        """Take a piece."""
        kept = states[:, piece.first : piece.first + piece.n_kept]
        mean = kept.mean(axis=1, dtype=np.float64)
        squares = kept.var(axis=1, dtype=np.float64) * piece.n_kept
        total = self._n + piece.n_kept
        away = mean - self._mean
        self._mean = self._mean + away * (piece.n_kept / total)
        self._squares = self._squares + squares + away**2 * (self._n * piece.n_kept / total)
        self._n = total

    def result(self) -> Array:
        """Return the means and the deviations.

        Returns
        -------
        ndarray of shape (2, n_layers, dim), float32
        """
        deviation = np.sqrt(self._squares / self._n)
        return np.stack([self._mean, deviation]).astype(np.float32)


class Frames:
    """All frames.

    Parameters
    ----------
    shape : tuple (n_layers, n_frames, dim)
        Of the whole clip.
    dtype : {float16, float32}
        In which they are kept.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: type[np.floating]) -> None:
        self._frames = np.empty(shape, dtype=dtype)

    def add(self, states: Array, piece: Piece) -> None:
        """Take a piece."""
        kept = states[:, piece.first : piece.first + piece.n_kept]
        is_half = self._frames.dtype == np.float16
        where = slice(piece.at, piece.at + piece.n_kept)
        self._frames[:, where] = as_float16(kept) if is_half else kept

    def result(self) -> NDArray[np.floating]:
        """Return the frames.

        Returns
        -------
        ndarray of shape (n_layers, n_frames, dim)
        """
        return self._frames
