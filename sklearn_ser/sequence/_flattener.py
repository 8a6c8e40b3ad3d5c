"""SequenceFlattener: one row a clip from a sequence of frames."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sklearn_ser.sequence._base import BaseSequenceTransformer

__all__ = ["SequenceFlattener"]


class SequenceFlattener(BaseSequenceTransformer):
    """Lay the frames of every clip out in one row.

    Parameters
    ----------
    order : {"feature", "frame"}, default="feature"
        "feature" puts the whole course of the first coefficient first, then that of the second;
        "frame" puts the first frame first.

    Attributes
    ----------
    n_frames_in_ : int
        Frames a clip.
    n_features_in_ : int
        Coefficients a frame.

    See Also
    --------
    SequenceScaler : Standardise before.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser import SequenceFlattener
    >>> sequence = np.array([[[1, 10], [2, 20], [3, 30]]], dtype=float)
    >>> SequenceFlattener().fit_transform(sequence).tolist()
    [[1.0, 2.0, 3.0, 10.0, 20.0, 30.0]]
    >>> SequenceFlattener(order="frame").fit_transform(sequence).tolist()
    [[1.0, 10.0, 2.0, 20.0, 3.0, 30.0]]
    """

    _parameter_constraints: dict[str, list[Any]] = {"order": [StrOptions({"feature", "frame"})]}

    def __init__(self, order: str = "feature") -> None:
        self.order = order

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the shape.

        Parameters
        ----------
        X : ndarray of shape (n_clips, n_frames, n_coefs) or (n_clips, n_coefs)
            Sequences; a table passes unchanged.
        y : None
            Ignored.

        Returns
        -------
        self : SequenceFlattener
            Fitted.
        """
        self._validate_params()
        self.n_frames_in_ = self._check_sequences(X, reset=True).shape[1]
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Flatten.

        Parameters
        ----------
        X : ndarray of shape (n_clips, n_frames, n_coefs) or (n_clips, n_coefs)
            Sequences of the length seen in ``fit``.

        Returns
        -------
        rows : ndarray of shape (n_clips, n_frames * n_coefs)
            C-ordered.

        Raises
        ------
        ValueError
            The number of frames or of coefficients is not that of ``fit``.
        """
        check_is_fitted(self)
        sequences = self._check_sequences(X, reset=False)
        if sequences.shape[1] != self.n_frames_in_:
            raise ValueError(
                f"X has {sequences.shape[1]} frames a clip, but SequenceFlattener was fitted on "
                f"{self.n_frames_in_}. Give the extractor n_frames, so that all clips agree."
            )
        by_feature = sequences.transpose(0, 2, 1) if self.order == "feature" else sequences
        return np.ascontiguousarray(by_feature.reshape(len(sequences), -1))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Name the columns, such as ``mfcc_3_frame12``.

        Parameters
        ----------
        input_features : array-like of str of shape (n_coefs,), default=None
            Names of the coefficients, such as an extractor's ``coefficient_names_``.

        Returns
        -------
        names : ndarray of str of shape (n_frames * n_coefs,)
            One name a column.
        """
        check_is_fitted(self)
        names: NDArray[np.object_] = _check_feature_names_in(self, input_features)
        if self._fitted_on_table:
            return names
        grid = [[f"{name}_frame{t}" for t in range(self.n_frames_in_)] for name in names]
        by_feature = np.array(grid, dtype=object)
        return (by_feature if self.order == "feature" else by_feature.T).ravel()
