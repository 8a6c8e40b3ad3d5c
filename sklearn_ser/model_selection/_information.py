"""What the pipelines of a benchmark are told about a speaker, and how to keep the kinds apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from sklearn_ser.model_selection._tasks import clone_params
from sklearn_ser.speakers._information import INFORMATION, NONE, speaker_information

__all__ = ["apart", "information_used", "notes_on_information", "of_kind"]


def information_used(name: str, estimator: Any, grid: Any) -> str:
    """Say what a pipeline uses of an unseen speaker, whichever candidate is chosen.

    A grid that leaves that open is refused: its inner scores could not be compared.
    """
    kinds = {speaker_information(estimator)}
    if _holds_estimators(grid):
        candidates = (clone(estimator).set_params(**clone_params(c)) for c in ParameterGrid(grid))
        kinds = {speaker_information(candidate) for candidate in candidates}
    if len(kinds) > 1:
        raise ValueError(
            f"The grid of pipeline {name!r} holds candidates that standardise speakers by their "
            "own clips and others that do not: their scores are for different tasks, and must "
            "not compete. Make two pipelines of it."
        )
    return kinds.pop()


def _holds_estimators(grid: Any) -> bool:
    grids = [grid] if isinstance(grid, Mapping) else grid or []
    return any(hasattr(v, "get_params") for each in grids for vs in each.values() for v in vs)


def notes_on_information(information: Mapping[str, str]) -> list[str]:
    """Say which pipelines' scores are transductive."""
    told = [name for name, kind in information.items() if kind != NONE]
    if not told:
        return []
    return [
        f"{', '.join(told)}: each speaker's features are standardised by this speaker's own clips "
        "of the fold, without labels (transductive). Such scores are for people of whom many "
        "clips are there at once."
    ]


def of_kind(information: Mapping[str, str], kind: str) -> list[str]:
    """Name the pipelines of a kind."""
    return [name for name, its in information.items() if its == kind]


def apart(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the rows of each kind of information that occurs, the least first."""
    for kind in INFORMATION:
        rows = table[table["speaker_information"] == kind]
        if len(rows):
            yield kind, rows
