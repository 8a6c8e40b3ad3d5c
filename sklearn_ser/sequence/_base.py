"""What steps on sequences have in common: they take (n_clips, n_frames, n_coefs), or a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sklearn_ser.base import OwnFormMixin

_FLOATS = [np.float64, np.float32]


class BaseSequenceTransformer(OwnFormMixin, TransformerMixin, BaseEstimator):
    """Checks X; a 2-D array (n_clips, n_coefs) is taken as one frame a clip."""

    _fitted_on_table: bool

    def _check_sequences(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """Return X as (n_clips, n_frames, n_coefs)."""
        is_table = is_table_like(X)
        if is_table:
            checked = validate_data(self, X, reset=reset, dtype=_FLOATS)[:, None, :]
        else:
            checked = check_array(X, dtype=_FLOATS, allow_nd=True, estimator=self, order="C")
            self._check_coefficients(checked, reset=reset)
        if reset:
            self._fitted_on_table = is_table
        return checked

    def _check_coefficients(self, sequences: NDArray[Any], *, reset: bool) -> None:
        n_coefs = sequences.shape[2]
        if reset:
            self.n_features_in_ = n_coefs
        elif n_coefs != self.n_features_in_:
            raise ValueError(
                f"X has {n_coefs} coefficients a frame (shape {sequences.shape}), but "
                f"{type(self).__name__} was fitted on {self.n_features_in_}. Use the same "
                "feature extractor for both."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def fitted_on_table(step: BaseSequenceTransformer) -> bool:
    """Whether a step saw a table at fit, so that its output has columns to name."""
    return getattr(step, "_fitted_on_table", False)


def is_table_like(X: Any) -> bool:
    """Whether X is anything but a 3-D array."""
    n_dimensions = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    return bool(n_dimensions != 3)
