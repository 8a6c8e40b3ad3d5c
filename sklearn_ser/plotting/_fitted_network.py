"""Find the network inside a fitted pipeline, search or other estimator, by its ``history_``."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from sklearn_ser.utils._fitted import fitted_parts
from sklearn_ser.utils._names import first_few

__all__ = ["find_network"]


def find_network(estimator: Any) -> Any:
    """Find the one fitted network that an estimator is or holds.

    Parameters
    ----------
    estimator : estimator
        A network, or a pipeline, search or other estimator that holds one.

    Returns
    -------
    network : estimator
        Which has a ``history_``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    ValueError
        If it holds no network with a history, or more than one.
    """
    check_is_fitted(estimator)
    found = fitted_parts(estimator, lambda part: hasattr(part, "history_"))
    if len(found) == 1:
        return next(iter(found.values()))
    name = type(estimator).__name__
    if not found:
        raise ValueError(
            f"{name} holds no fitted network with a history_; give a fitted network, or a "
            "pipeline or search (with refit=True) that ends in one."
        )
    raise ValueError(f"{name} holds {len(found)} networks; give one of them: {first_few(found)}.")
