"""Find the network inside a fitted pipeline, search or other estimator, by its ``history_``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.utils.validation import check_is_fitted

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
    found = dict(_networks("estimator", estimator, set()))
    if len(found) == 1:
        return next(iter(found.values()))
    name = type(estimator).__name__
    if not found:
        raise ValueError(
            f"{name} holds no fitted network with a history_; give a fitted network, or a "
            "pipeline or search (with refit=True) that ends in one."
        )
    raise ValueError(f"{name} holds {len(found)} networks; give one of them: {first_few(found)}.")


def _networks(place: str, held: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield each network below an object once, with the expression that leads to it."""
    if id(held) in seen:
        return
    seen.add(id(held))
    if hasattr(held, "history_"):
        yield place, held
    elif isinstance(held, list | tuple):
        for number, part in enumerate(held):
            yield from _networks(f"{place}[{number}]", part, seen)
    elif hasattr(held, "fit") or hasattr(held, "predict_proba"):
        for name in _where_fitted_parts_are(held):
            yield from _networks(f"{place}.{name}", getattr(held, name), seen)


def _where_fitted_parts_are(held: Any) -> list[str]:
    """Name what fit has set; a pipeline, or a wrapper that sets nothing, keeps what it was given.

    A search's own ``estimator`` must not be looked into: it is the one that was cloned.
    """
    names = list(getattr(held, "__dict__", ()))
    fitted = [name for name in names if name.endswith("_") and not name.startswith("_")]
    return [*fitted, "steps"] if hasattr(held, "steps") else fitted or _given(names)


def _given(names: list[str]) -> list[str]:
    return [name for name in names if name == "estimator"]
