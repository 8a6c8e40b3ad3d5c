"""SequenceScaler: standardise every coefficient over the real frames of all clips."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklearn_ser.sequence._base import (
    BaseSequenceTransformer,
    fitted_on_table,
    is_table_like,
)
from sklearn_ser.utils._sequences import real_frames_mask

__all__ = ["SequenceScaler"]

_CLIPS_A_BLOCK = 64  # bounds the float64 copies


class SequenceScaler(BaseSequenceTransformer):
    """Standardise every coefficient of sequences to zero mean and unit variance.

    The statistics are taken over the real frames of all clips. Padding, that is a clip's
    trailing frames of zeros, is left out of them and stays zeros. A real frame of exact zeros at
    the end of a clip counts as padding; the first frame of a clip never does.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean.
    with_std : bool, default=True
        Divide by the standard deviation; coefficients that never change are only centred.

    Attributes
    ----------
    mean_ : ndarray of shape (n_coefs,)
        Mean over the real frames.
    scale_ : ndarray of shape (n_coefs,)
        Standard deviation over them; 1 where it is 0.
    n_frames_seen_ : int
        Number of real frames.
    n_features_in_ : int
        Number of coefficients.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : The same for tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SequenceScaler
    >>> padded = np.array([[[1.0], [3.0], [0.0]]])
    >>> SequenceScaler().fit_transform(padded).ravel().tolist()
    [-1.0, 1.0, 0.0]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "with_mean": ["boolean"],
        "with_std": ["boolean"],
    }

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        self.with_mean = with_mean
        self.with_std = with_std

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn mean and standard deviation of every coefficient.

        Parameters
        ----------
        X : ndarray of shape (n_clips, n_frames, n_coefs) or (n_clips, n_coefs)
            Sequences; a table is taken as one frame a clip.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceScaler
            Fitted.
        """
        self._validate_params()
        sequences = self._check_sequences(X, reset=True)
        real = real_frames_mask(sequences)
        self.n_frames_seen_ = int(real.sum())
        self.mean_ = _frame_sum(sequences, real, lambda frames: frames) / self.n_frames_seen_
        squares = _frame_sum(sequences, real, lambda frames: (frames - self.mean_) ** 2)
        self.scale_ = _safe_scale(np.sqrt(squares / self.n_frames_seen_), self.mean_)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Standardise; padding stays zeros.

        Parameters
        ----------
        X : ndarray of shape (n_clips, n_frames, n_coefs) or (n_clips, n_coefs)
            Sequences of any length.

        Returns
        -------
        scaled : ndarray of the shape and floating type of X
            Standardised.
        """
        offset, scale = self._used_statistics()
        return self._on_real_frames(X, lambda frames: (frames - offset) / scale)

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """Undo the scaling.

        Parameters
        ----------
        X : ndarray of shape (n_clips, n_frames, n_coefs) or (n_clips, n_coefs)
            Standardised sequences.

        Returns
        -------
        original : ndarray of the shape and floating type of X
            At the original scale.
        """
        offset, scale = self._used_statistics()
        return self._on_real_frames(X, lambda frames: frames * scale + offset)

    @available_if(fitted_on_table)
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns as they were (only where fitted on a table).

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns.

        Returns
        -------
        names : ndarray of str
            The same names.
        """
        check_is_fitted(self)
        names: NDArray[np.object_] = _check_feature_names_in(self, input_features)
        return names

    def _used_statistics(self) -> tuple[Any, Any]:
        check_is_fitted(self)
        return (self.mean_ if self.with_mean else 0.0), (self.scale_ if self.with_std else 1.0)

    def _on_real_frames(self, X: Any, change: Any) -> NDArray[Any]:
        sequences = self._check_sequences(X, reset=False)
        real = real_frames_mask(sequences)
        changed = np.zeros_like(sequences)
        for block in _blocks(len(sequences)):
            changed[block] = change(sequences[block])
        changed[~real] = 0
        return changed[:, 0, :] if is_table_like(X) else changed


def _blocks(n_clips: int) -> list[slice]:
    return [slice(i, i + _CLIPS_A_BLOCK) for i in range(0, n_clips, _CLIPS_A_BLOCK)]


def _frame_sum(sequences: NDArray[Any], real: NDArray[np.bool_], value: Any) -> NDArray[Any]:
    """Sum ``value(frames)`` over the real frames, in float64."""
    blocks = _blocks(len(sequences))
    sums = [value(sequences[b][real[b]].astype(np.float64)).sum(axis=0) for b in blocks]
    return np.sum(sums, axis=0)


def _safe_scale(deviation: NDArray[Any], mean: NDArray[Any]) -> NDArray[Any]:
    """Return 1 where a coefficient does not change beyond rounding."""
    is_constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean)
    return np.where(is_constant, 1.0, deviation)
