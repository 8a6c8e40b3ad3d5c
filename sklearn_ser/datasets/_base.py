"""What all loaders share: the Bunch that they return and the checks of what goes into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_ser.exceptions import CorpusError
from sklearn_ser.utils._names import nearest

if TYPE_CHECKING:
    import pandas as pd

    from sklearn_ser.audio._clips import AudioClips

__all__ = [
    "as_labels",
    "check_choice",
    "check_column",
    "check_sample_rate",
    "did_you_mean",
    "is_empty",
    "load_descr",
    "make_bunch",
]


def did_you_mean(name: object, options: Iterable[object]) -> str:
    """Give `` (did you mean 'x'?)`` for the nearest option, or an empty string."""
    near = nearest(name, options)
    return "" if near is None else f" (did you mean {near!r}?)"


def check_choice(parameter: str, value: object, options: Sequence[str]) -> None:
    """Raise a ValueError with the options where a parameter's value is none of them."""
    if not isinstance(value, str) or value not in options:
        listed = ", ".join(repr(option) for option in options)
        hint = did_you_mean(value, options)
        raise ValueError(f"{parameter}={value!r} is not known{hint}; choose one of {listed}.")


def check_column(parameter: str, column: object, columns: Iterable[object], where: str) -> None:
    """Raise a CorpusError with the columns there are where the one asked for is not among them."""
    columns = list(columns)
    if column not in columns:
        listed = ", ".join(repr(name) for name in columns)
        hint = did_you_mean(column, columns)
        raise CorpusError(f"{where} has no column {column!r} ({parameter}){hint}; it has {listed}.")


def check_sample_rate(sample_rate: object) -> None:
    """Raise a ValueError where a rate is no positive whole number of Hz."""
    if not isinstance(sample_rate, Integral) or isinstance(sample_rate, bool) or sample_rate < 1:
        raise ValueError(f"sample_rate={sample_rate!r} is no rate; give a whole number of Hz.")


def load_descr(name: str) -> str:
    """Read the description of a corpus, ``descr/{name}.rst``."""
    return resources.files(__package__).joinpath("descr", f"{name}.rst").read_text("utf-8")


def as_labels(values: Iterable[Any]) -> np.ndarray:
    """Give labels in the form that scikit-learn takes.

    Parameters
    ----------
    values : iterable of str, int, float or bool
        One label a clip, all of one kind.

    Returns
    -------
    ndarray of shape (n_clips,)
        Object array of `str` for words, an array of numbers for numbers.

    Raises
    ------
    CorpusError
        A label is missing, or words and numbers are mixed (scikit-learn refuses such labels).
    """
    values = list(values)
    missing = [i for i, value in enumerate(values) if is_empty(value)]
    if missing:
        raise CorpusError(f"clip {missing[0]} has no label ({len(missing)} such clips).")
    words = [isinstance(value, str) for value in values]
    if all(words):
        return np.array([str(value) for value in values], dtype=object)
    if any(words):
        word, number = values[words.index(True)], values[words.index(False)]
        raise CorpusError(
            f"labels mix words and numbers ({word!r} and {number!r}); make them all words."
        )
    return np.asarray(values)


def is_empty(value: object) -> bool:
    """Tell whether a table's cell says nothing: None, NaN, NaT or white space."""
    if isinstance(value, str):
        return not value.strip()
    # NaN and NaT are the values that differ from themselves; pandas' NA answers neither.
    return value is None or type(value).__name__ == "NAType" or value != value


def make_bunch(
    data: AudioClips,
    target: Iterable[Any],
    *,
    frame: pd.DataFrame | None = None,
    descr: str = "",
    return_X_y: bool = False,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Put clips, labels and what is known of them into the one form that all loaders return.

    Parameters
    ----------
    data : AudioClips
        The clips.
    target : array-like of shape (n_clips,)
        Their labels.
    frame : DataFrame of n_clips rows, default=None
        The table that the clips carry from now on; None leaves the one that they have.
    descr : str, default=""
        The corpus' description; a line that counts what was loaded is added.
    return_X_y : bool, default=False
        Give ``(data, target)`` only.

    Returns
    -------
    Bunch
        With `data`, `target`, `groups` (speakers, or None), `frame`, `filenames` (or None),
        `target_names`, `sample_rate` and `DESCR`; or the pair ``(data, target)``.

    Raises
    ------
    CorpusError
        There is no clip, a label is missing, or the lengths differ.
    """
    labels = as_labels(target)
    if frame is not None:
        _check_lengths(data, frame=frame, target=labels)
        data = data.with_metadata(frame)
    _check_lengths(data, target=labels)
    if return_X_y:
        return data, labels
    return Bunch(
        data=data,
        target=labels,
        groups=data.speakers,
        frame=data.metadata,
        filenames=data.paths,
        target_names=sorted(set(labels.tolist())),
        sample_rate=data.sample_rate,
        DESCR=f"{descr.rstrip()}\n\n{_count(labels, data.speakers)}\n".lstrip(),
    )


def _check_lengths(data: AudioClips, **others: Any) -> None:
    """Refuse an empty corpus and anything that is not as long as the clips."""
    if len(data) == 0:
        raise CorpusError("there is no clip to load.")
    for name, values in others.items():
        if len(values) != len(data):
            raise CorpusError(f"{name} has {len(values)} rows for {len(data)} clips.")


def _count(labels: np.ndarray, speakers: np.ndarray | None) -> str:
    """Count what was loaded, for DESCR: ``1080 clips of 18 speakers: angry 144, calm 144, ...``."""
    voices = "unknown speakers" if speakers is None else _plural(len(set(speakers)), "speaker")
    head = f"Loaded here: {_plural(len(labels), 'clip')} of {voices}"
    names, counts = np.unique(labels, return_counts=True)
    if len(names) > _MOST_COUNTED_LABELS:
        return f"{head}, {len(names)} different labels."
    return f"{head}: {', '.join(f'{name} {n}' for name, n in zip(names, counts, strict=True))}."


_MOST_COUNTED_LABELS = 30


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
