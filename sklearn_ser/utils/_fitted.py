"""Find what a fitted estimator holds: the parts inside pipelines, searches and ensembles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["fitted_parts"]


def fitted_parts(estimator: Any, is_wanted: Callable[[Any], bool]) -> dict[str, Any]:
    """Find the fitted parts of an estimator, itself among them, that are wanted.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    is_wanted : callable
        Tells whether a part is to be returned; what such a part holds is not looked at.

    Returns
    -------
    parts : dict of str to object
        Each part once, by the expression that leads to it, such as
        ``estimator.best_estimator_.steps[1][1]``.
    """
    return dict(_parts("estimator", estimator, is_wanted, set()))


def _parts(
    place: str, held: Any, is_wanted: Callable[[Any], bool], seen: set[int]
) -> Iterator[tuple[str, Any]]:
    if id(held) in seen:
        return
    seen.add(id(held))
    if isinstance(held, list | tuple):
        for number, part in enumerate(held):
            yield from _parts(f"{place}[{number}]", part, is_wanted, seen)
    elif is_wanted(held):
        yield place, held
    elif hasattr(held, "fit") or hasattr(held, "predict_proba"):
        for name in _where_fitted_parts_are(held):
            yield from _parts(f"{place}.{name}", getattr(held, name), is_wanted, seen)


def _where_fitted_parts_are(held: Any) -> list[str]:
    """Name what fit has set; a pipeline, or a wrapper that sets nothing, keeps what it was given.

    A search's own ``estimator`` must not be looked into: it is the one that was cloned.
    """
    names = list(getattr(held, "__dict__", ()))
    fitted = [name for name in names if name.endswith("_") and not name.startswith("_")]
    return [*fitted, "steps"] if hasattr(held, "steps") else fitted or _given(names)


def _given(names: list[str]) -> list[str]:
    return [name for name in names if name == "estimator"]
