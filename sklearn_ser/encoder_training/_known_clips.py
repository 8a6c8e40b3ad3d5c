"""Training clips with what is known of them: emotions, the raters' votes, speakers, their sex."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sklearn_ser.utils._names import first_few

__all__ = ["SEXES", "KnownClips", "make_known_clips"]

SEXES = ("female", "male")
_TIE = ":"

Array = NDArray[np.float32]


@dataclass(frozen=True)
class KnownClips:
    """What is known of each of n clips.

    Attributes
    ----------
    classes : tuple of str
        The emotions, sorted.
    codes : ndarray of shape (n,)
        The emotions' places among the classes.
    votes : ndarray of shape (n, n_classes)
        Shares of the raters' winners; zeros where they are not known.
    sex : ndarray of shape (n, 2)
        One-hot, of :data:`SEXES`; zeros where it is not known.
    speakers : ndarray of shape (n,), str
    """

    classes: tuple[str, ...]
    codes: NDArray[np.intp]
    votes: Array
    sex: Array
    speakers: NDArray[np.object_]

    def take(self, places: NDArray[np.intp]) -> KnownClips:
        """Return what is known of some of the clips; classes without a clip are left out."""
        labels = np.asarray(self.classes, dtype=object)[self.codes[places]]
        left = np.unique(labels)
        columns = np.flatnonzero(np.isin(self.classes, left))
        votes = self.votes[places][:, columns]
        return KnownClips(
            tuple(map(str, left)),
            np.searchsorted(left, labels),
            votes / np.maximum(votes.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny),
            self.sex[places],
            self.speakers[places],
        )

    def fingerprint(self) -> str:
        """Return a text that is equal for equal labels, votes, sexes and speakers."""
        found = hashlib.sha256(repr((self.classes, self.speakers.tolist())).encode())
        for values in (self.codes.astype(np.int64), self.votes, self.sex):
            found.update(np.ascontiguousarray(values).tobytes())
        return found.hexdigest()


def make_known_clips(
    y: ArrayLike,
    speakers: Sequence[Any] | NDArray[Any],
    votes: Sequence[Any] | None,
    sex: Sequence[Any] | None,
) -> KnownClips:
    """Check and encode what is known of clips.

    Parameters
    ----------
    y : array-like of shape (n,)
        The emotion of each clip.
    speakers : array-like of shape (n,)
        Who speaks.
    votes : array-like of shape (n,) of str, default=None
        Emotions that most raters heard, ties as ``"angry:disgust"``; missing where not known.
    sex : array-like of shape (n,) of str, default=None
        "female" or "male"; missing where not known.

    Returns
    -------
    KnownClips

    Raises
    ------
    ValueError
        If lengths differ, a label is missing, there are fewer than two classes, or no vote names
        a class, or a sex is another word.
    """
    labels = np.asarray(y, dtype=object)
    _check_lengths(len(labels), speakers=speakers, votes=votes, sex=sex)
    if pd.isna(labels).any():
        raise ValueError(f"y: the label of clip {np.flatnonzero(pd.isna(labels))[0]} is missing.")
    classes, codes = np.unique(labels.astype(str), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {str(classes[0])!r}; an encoder is trained to tell two at least "
            "apart."
        )
    names = tuple(map(str, classes))
    return KnownClips(
        names,
        codes,
        _shares_of_votes(votes, names, len(labels)),
        _one_hot_sex(sex, len(labels)),
        np.asarray([str(speaker) for speaker in speakers], dtype=object),
    )


def _check_lengths(n_clips: int, **columns: Any) -> None:
    for name, values in columns.items():
        if values is not None and len(values) != n_clips:
            raise ValueError(f"{name} has {len(values)} entries for {n_clips} clips.")


def _shares_of_votes(votes: Sequence[Any] | None, classes: tuple[str, ...], n: int) -> Array:
    shares = np.zeros((n, len(classes)), dtype=np.float32)
    if votes is None:
        return shares
    unknown = {}
    for clip, entry in enumerate(votes):
        for name in [] if pd.isna(entry) else str(entry).split(_TIE):
            if name in classes:
                shares[clip, classes.index(name)] += 1
            elif name:
                unknown[name] = clip
    if unknown and not shares.any():
        raise ValueError(
            f"votes name no class of y, which are {', '.join(classes)}, but "
            f"{first_few(sorted(unknown))}. Give votes in the words of y, or None."
        )
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


def _one_hot_sex(sex: Sequence[Any] | None, n: int) -> Array:
    known = np.zeros((n, len(SEXES)), dtype=np.float32)
    for clip, entry in enumerate(() if sex is None else sex):
        if pd.isna(entry):
            continue
        if entry not in SEXES:
            raise ValueError(
                f"sex[{clip}] is {entry!r}; it has to be one of {SEXES}, or missing (None)."
            )
        known[clip, SEXES.index(entry)] = 1
    return known
