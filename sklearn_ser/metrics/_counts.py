"""Checked labels, and confusion counts as arrays: what all scores here are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

__all__ = ["Answers", "check_answers", "check_speakers", "confusion_counts"]


@dataclass(frozen=True)
class Answers:
    """True and predicted labels of the same clips, as codes into `labels`."""

    labels: NDArray[Any]
    """All labels that occur in either, sorted."""
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]


def check_answers(y_true: Any, y_pred: Any) -> Answers:
    """Check that two lists of labels belong together, and encode them.

    Raises
    ------
    ValueError
        They differ in length or kind, are empty, not 1-D, not classes, or a label is missing.
    """
    true, predicted = check_labels(y_true, "y_true"), check_labels(y_pred, "y_pred")
    if len(true) != len(predicted):
        raise ValueError(f"y_true has {len(true)} labels and y_pred has {len(predicted)}.")
    if _has_words(true) != _has_words(predicted):
        raise ValueError(
            "y_true and y_pred mix words and numbers: "
            f"{true.tolist()[0]!r} and {predicted.tolist()[0]!r}."
        )
    labels, codes = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    return Answers(labels, codes[: len(true)], codes[len(true) :])


def check_labels(y: Any, name: str) -> NDArray[Any]:
    """Give class labels as a 1-D array, or raise a ValueError that names what is wrong."""
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"{name} has shape {labels.shape}; give one label a clip, in 1-D.")
    if not len(labels):
        raise ValueError(f"{name} is empty; there is nothing to score.")
    missing = np.flatnonzero(pd.isna(labels))
    if len(missing):
        raise ValueError(f"{name}[{missing[0]}] is missing ({len(missing)} such clips).")
    kind = type_of_target(labels, input_name=name)
    if kind not in ("binary", "multiclass"):
        raise ValueError(f"{name} holds no classes ({kind}); give labels, such as 'angry'.")
    return labels


def _has_words(labels: NDArray[Any]) -> bool:
    return labels.dtype.kind in "OUST"


def check_speakers(speakers: Any, n_clips: int) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Give the names of the speakers, sorted, and the speaker of each clip as a code into them.

    Raises
    ------
    ValueError
        Speakers are None, not one a clip, or missing.
    """
    if speakers is None:
        raise ValueError("speakers is None; give one a clip, such as bunch.groups.")
    names = np.asarray(speakers)
    if names.shape != (n_clips,):
        raise ValueError(f"speakers has shape {names.shape} for {n_clips} clips.")
    missing = np.flatnonzero(pd.isna(names))
    if len(missing):
        raise ValueError(f"speakers[{missing[0]}] is missing ({len(missing)} such clips).")
    return np.unique(names, return_inverse=True)


def confusion_counts(
    answers: Answers, *, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Count clips, or add their weights, by true (row) and predicted (column) class."""
    size = len(answers.labels)
    cells = answers.true * size + answers.predicted
    counts = np.bincount(cells, weights=weights, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)
