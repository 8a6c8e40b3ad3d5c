"""Time derivatives of frame features by a local polynomial fit (Savitzky & Golay, 1964)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def delta_width_for(n_frames: int, width: int) -> int:
    """Return the largest odd width up to ``width`` that fits; under 3 frames none does: 0."""
    fitting = min(width, n_frames)
    fitting -= fitting % 2 == 0
    return fitting if fitting >= 3 else 0


def time_derivative(frames: np.ndarray, *, order: int = 1, width: int = 9) -> np.ndarray:
    """Estimate the derivative of every coefficient, per frame.

    Equals :func:`librosa.feature.delta` with ``mode="interp"``. Clips of fewer frames than the
    width are fitted over the largest odd number of frames that they have; under 3 frames the
    derivative is 0.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefs)
        The coefficients.
    order : {1, 2}, default=1
        Order of the derivative, and of the polynomial.
    width : int, default=9
        Frames of a fit: odd, at least 3.

    Returns
    -------
    ndarray of shape (n_frames, n_coefs)
        Same dtype as ``frames``.
    """
    derivative = np.zeros_like(frames)
    fitted = delta_width_for(len(frames), width)
    if not fitted:
        return derivative
    weights = _delta_matrix(fitted, order).astype(frames.dtype, copy=False)
    half = fitted // 2
    _correlate(frames, weights[half], derivative[half : len(frames) - half])
    # einsum, as a BLAS product may round otherwise with another number of threads.
    derivative[:half] = np.einsum("ij,jk->ik", weights[:half], frames[:fitted])
    derivative[len(frames) - half :] = np.einsum("ij,jk->ik", weights[half + 1 :], frames[-fitted:])
    return derivative


@lru_cache(maxsize=16)
def _delta_matrix(width: int, order: int) -> np.ndarray:
    """Map ``width`` frames to their derivatives: edges in the outer rows, the filter amid."""
    import scipy.signal  # late, as it takes half a second

    matrix = scipy.signal.savgol_filter(
        np.eye(width), width, polyorder=order, deriv=order, axis=0, mode="interp"
    ).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def _correlate(frames: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    for offset, weight in enumerate(weights):
        out += weight * frames[offset : offset + len(out)]
