"""Refuse to score on voices that something in a pipeline has learned from before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from sklearn_ser.model_selection._tasks import clone_params

__all__ = ["refuse_heard"]

_HOOK = "refuse_heard_speakers"


def refuse_heard(candidates: Mapping[str, tuple[Any, Any]], speakers: Any, purpose: str) -> None:
    """Ask all parts of pipelines whether they know one of the speakers already.

    What a network has learned from a person makes this person's clips easier than a stranger's,
    and no split of the clips that are here can undo it. A transformer that holds learned weights
    has a method ``refuse_heard_speakers(speakers, purpose)``, which raises the error.

    Parameters
    ----------
    candidates : dict of str to (estimator, param_grid)
        As :func:`benchmark` takes them; weights may be in the grid, too.
    speakers : array-like of str
        Who speaks in the clips.
    purpose : str
        What is to be done, for the error's text: "it cannot ...".

    Raises
    ------
    EncoderError
        If weights were trained on one of the speakers.
    """
    names = sorted(set(map(str, speakers)))
    for name, (estimator, grid) in candidates.items():
        for part in _parts(estimator, grid):
            try:
                getattr(part, _HOOK)(names, purpose)
            except Exception as error:
                if len(candidates) > 1:
                    error.add_note(f"This happened in pipeline {name!r}.")
                raise


def _parts(estimator: Any, grid: Any) -> Iterator[Any]:
    """Yield all parts that can have heard somebody, whichever candidate is chosen."""
    yield from _listeners(estimator)
    values = [v for each in _grids(grid) for found in each.values() for v in found]
    if any(_listeners(estimator)) or any(_listeners(value) for value in values):
        for candidate in ParameterGrid(grid or {}):
            yield from _listeners(clone(estimator).set_params(**clone_params(candidate)))


def _grids(grid: Any) -> list[Any]:
    return [grid] if isinstance(grid, Mapping) else list(grid or [])


def _listeners(estimator: Any) -> list[Any]:
    parts = [estimator]
    if hasattr(estimator, "get_params") and not isinstance(estimator, type):
        parts += estimator.get_params(deep=True).values()
    return [part for part in parts if hasattr(part, _HOOK)]
