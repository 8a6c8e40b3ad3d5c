"""Three parts of a corpus: to train on, to stop by, and to score."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.validation import _num_samples

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.model_selection._split import encode_speakers
from sklearn_ser.utils._names import did_you_mean

__all__ = ["train_validation_test_split"]

_WAYS = ("speaker", "clips")
_PARTS = ("training", "validation", "test")
_DRAWS = 200

Indices = NDArray[np.intp]


def train_validation_test_split(
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    test_size: float = 0.2,
    validation_size: float = 0.2,
    by: str = "speaker",
    random_state: Any = None,
) -> list[Any]:
    """Split clips into a training, a validation and a test part.

    By speaker, nobody is heard in two parts: of 200 random draws of whole speakers the one is
    taken whose parts come nearest to the sizes asked for, in clips and in clips of every class. By
    clips, each part gets its share of every class whoever speaks, as in many published systems:
    what is scored then are voices that the model knows, and a warning says of how many.

    Split before you augment: copies of a clip must not stand in two parts.

    Parameters
    ----------
    X : AudioClips or array-like of length n_clips
        The clips; their ``speakers`` are used where `groups` is None.
    y : array-like of shape (n_clips,)
        The labels.
    groups : array-like of shape (n_clips,), default=None
        The speaker of each clip, for an X that does not carry them.
    test_size, validation_size : float, default=0.2
        Shares of all clips.
    by : {"speaker", "clips"}, default="speaker"
        What is drawn.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Returns
    -------
    parts : list of length 6 or 9
        ``X_train, X_validation, X_test, y_train, y_validation, y_test``, each as X and y are, the
        clips in their order; with `groups` given, ``groups_train, groups_validation,
        groups_test`` too.

    Raises
    ------
    ValueError
        If a size is not between 0 and 1 or nothing is left to train on, `by` is not known, no
        speakers are known or there are fewer than three of them, or a class has fewer than three
        clips to spread.

    Warns
    -----
    SpeakerWarning
        By clips: if voices stand in several parts, or nobody knows whether they do. By speaker: if
        a class is missing from some part.

    See Also
    --------
    augment_corpus : Augments the training part, and writes all three.

    Examples
    --------
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.recipes import train_validation_test_split
    >>> speech = make_emotional_speech(n_speakers=5, n_repetitions=1, random_state=0)
    >>> parts = train_validation_test_split(speech.data, speech.target, random_state=0)
    >>> X_train, X_validation, X_test, y_train, y_validation, y_test = parts
    >>> [len(set(part.speakers)) for part in (X_train, X_validation, X_test)]
    [3, 1, 1]
    """
    check_consistent_length(X, y, groups)
    _check_sizes(test_size, validation_size)
    if by not in _WAYS:
        raise ValueError(f"by={by!r} is not known.{did_you_mean(by, _WAYS)} Choose among {_WAYS}.")
    labels = column_or_1d(y)
    random = check_random_state(random_state)
    sizes = np.array([1 - test_size - validation_size, validation_size, test_size])
    draw = _by_speaker if by == "speaker" else _by_clips
    parts = draw(X, labels, groups, sizes, random)
    arrays = (X, y) if groups is None else (X, y, groups)
    return [_safe_indexing(array, part) for array in arrays for part in parts]


def _check_sizes(test_size: float, validation_size: float) -> None:
    for name, size in (("test_size", test_size), ("validation_size", validation_size)):
        if not 0 < size < 1:
            raise ValueError(f"{name} must be a share between 0 and 1, got {size!r}.")
    if test_size + validation_size >= 1:
        raise ValueError(
            f"test_size={test_size} and validation_size={validation_size} leave nothing to train "
            "on: together they must stay below 1."
        )


def _by_speaker(
    X: Any, y: NDArray[Any], groups: Any, sizes: NDArray[Any], random: np.random.RandomState
) -> list[Indices]:
    names, speaker_of_clip = encode_speakers(X, groups, "train_validation_test_split")
    if len(names) < len(sizes):
        raise ValueError(
            f"Three parts that share no speaker need at least 3 speakers, and there are "
            f"{len(names)}. Add recordings of other people, or accept shared voices: by='clips'."
        )
    counts = _clips_by_speaker_and_class(speaker_of_clip, y)
    draws = (_draw(counts.sum(axis=1), sizes, random) for _ in range(_DRAWS))
    part_of_speaker = min(draws, key=lambda parts: _distance(counts, parts, sizes))
    part_of_clip = part_of_speaker[speaker_of_clip]
    _warn_of_missing_classes(y, part_of_clip)
    return [np.flatnonzero(part_of_clip == part) for part in range(len(sizes))]


def _clips_by_speaker_and_class(speaker_of_clip: Indices, y: NDArray[Any]) -> NDArray[Any]:
    classes, codes = np.unique(y, return_inverse=True)
    counts = np.zeros((speaker_of_clip.max() + 1, len(classes)))
    np.add.at(counts, (speaker_of_clip, codes), 1)
    return counts


def _draw(
    clips: NDArray[Any], sizes: NDArray[Any], random: np.random.RandomState
) -> NDArray[np.intp]:
    """Deal speakers out in random order; each part gets one speaker at least."""
    order = random.permutation(len(clips))
    heard = np.cumsum(clips[order]) / clips.sum()
    first = int(np.clip(np.argmin(np.abs(heard - sizes[0])) + 1, 1, len(clips) - 2))
    nearest = int(np.argmin(np.abs(heard - sizes[:2].sum()))) + 1
    second = int(np.clip(nearest, first + 1, len(clips) - 1))
    parts = np.zeros(len(clips), dtype=np.intp)
    parts[order[first:second]] = 1
    parts[order[second:]] = 2
    return parts


def _distance(counts: NDArray[Any], parts: NDArray[np.intp], sizes: NDArray[Any]) -> float:
    """Tell how far every class' shares of the parts are from the sizes, on average."""
    shares = [counts[parts == part].sum(axis=0) for part in range(len(sizes))] / counts.sum(axis=0)
    n_missing = np.sum(np.asarray(shares) == 0)
    return float(n_missing + np.abs(shares - sizes[:, None]).mean())


def _warn_of_missing_classes(y: NDArray[Any], part_of_clip: NDArray[np.intp]) -> None:
    classes = np.unique(y)
    missing = [
        f"{name} part has no '{label}'"
        for part, name in enumerate(_PARTS)
        for label in np.setdiff1d(classes, y[part_of_clip == part])
    ]
    if missing:
        warnings.warn(
            "However the speakers are dealt out, some class is missing: the "
            f"{', the '.join(missing)}. Add speakers who say it, or use other sizes.",
            SpeakerWarning,
            stacklevel=4,
        )


def _by_clips(
    X: Any, y: NDArray[Any], groups: Any, sizes: NDArray[Any], random: np.random.RandomState
) -> list[Indices]:
    label, fewest = _rarest(y)
    if fewest < len(sizes):
        raise ValueError(
            f"Three parts with every class need at least 3 clips of each; '{label}' has {fewest}."
        )
    places = np.arange(_num_samples(X))
    rest, test = train_test_split(places, test_size=sizes[2], stratify=y, random_state=random)
    train, validation = train_test_split(
        rest, test_size=sizes[1] / sizes[:2].sum(), stratify=y[rest], random_state=random
    )
    parts = [np.sort(part) for part in (train, validation, test)]
    _warn_of_shared_voices(getattr(X, "speakers", None) if groups is None else groups, parts)
    return parts


def _rarest(y: NDArray[Any]) -> tuple[Any, int]:
    classes, counts = np.unique(y, return_counts=True)
    return classes[counts.argmin()], int(counts.min())


def _warn_of_shared_voices(speakers: Any, parts: list[Indices]) -> None:
    if speakers is None:
        found = "nobody knows who speaks, so the test part may hold voices that were trained on"
    else:
        train, validation, test = (np.unique(np.asarray(speakers)[part]) for part in parts)
        shared = np.intersect1d(test, np.union1d(train, validation))
        if not len(shared):
            return
        found = f"{len(shared)} of the {len(test)} voices of the test part are trained on as well"
    warnings.warn(
        f"The clips are split at random: {found}. The score will be that of known voices; "
        "by='speaker' keeps them apart.",
        SpeakerWarning,
        stacklevel=4,
    )
