"""Splitters that keep every speaker on one side."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.speakers._names import refuse_missing

__all__ = ["SpeakerKFold"]


class SpeakerKFold(BaseCrossValidator):
    """K folds in which no speaker stands on both sides.

    The speakers are taken from `groups`, or else from ``X.speakers``, which
    :class:`~sklearn_ser.AudioClips` carry through every slice. Nested searches, stacking and
    calibration therefore split by speaker at every level with nothing to route.

    The largest speaker is placed first, each in the fold that so far has least of what the
    speaker brings: clips in all and, where `y` holds classes, clips of each class. Folds that are
    equally good are filled back and forth (first to last, then last to first), so that names which
    alternate (odd numbers for men, even ones for women, as in RAVDESS) do not end in folds of one
    sex. The folds depend neither on the order of the clips nor on chance, and on the speakers'
    names only by their natural order ("actor 7" before "actor 10").

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of speakers.
    shuffle : bool, default=False
        Place the speakers in random order instead of the largest first, for repeated
        cross-validation. The folds are then somewhat less equal.
    random_state : int, RandomState instance or None, default=None
        Seed of that order; only with `shuffle`. An int gives the same folds at each call.
    allow_fewer : bool, default=False
        With fewer speakers than folds make a fold for each of them, and warn, rather than raise an
        error. For splits inside others (stacking within a search), where nobody can say how many
        speakers will be left.

    See Also
    --------
    sklearn.model_selection.GroupKFold : Balances the clips alone and always needs `groups`.
    sklearn.model_selection.StratifiedGroupKFold : Balances the classes alone and always needs
        `groups`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.model_selection import SpeakerKFold
    >>> X = np.zeros((6, 2))
    >>> y = np.array(["angry", "sad"] * 3)
    >>> speakers = np.array(["ann", "ann", "bob", "bob", "eve", "eve"])
    >>> for train, test in SpeakerKFold(3).split(X, y, groups=speakers):
    ...     print(speakers[train], speakers[test])
    ['bob' 'bob' 'eve' 'eve'] ['ann' 'ann']
    ['ann' 'ann' 'eve' 'eve'] ['bob' 'bob']
    ['ann' 'ann' 'bob' 'bob'] ['eve' 'eve']
    """

    n_splits: int
    shuffle: bool
    random_state: int | np.random.RandomState | None
    allow_fewer: bool

    # With metadata routing on, meta-estimators then hand `groups` to the splitter unasked.
    __metadata_request__split = {"groups": True}

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
        allow_fewer: bool = False,
    ) -> None:
        if not isinstance(n_splits, Integral) or isinstance(n_splits, bool) or n_splits < 2:
            raise ValueError(f"n_splits must be an int of at least 2, got {n_splits!r}.")
        if not shuffle and random_state is not None:
            raise ValueError(
                "random_state has no effect without shuffle=True: set shuffle=True, or leave "
                "random_state at None."
            )
        self.n_splits = int(n_splits)
        self.shuffle = shuffle
        self.random_state = random_state
        self.allow_fewer = allow_fewer

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            What :meth:`split` is given; it matters with `allow_fewer` only.

        Returns
        -------
        int
            The number of folds.
        """
        if X is None or not self.allow_fewer:
            return self.n_splits
        return self._n_folds(encode_speakers(X, groups, type(self).__name__)[0])

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the clips to train on and those to test on, fold by fold.

        Parameters
        ----------
        X : AudioClips or array-like of length n_clips
            The clips; their ``speakers`` are used where `groups` is None.
        y : array-like of shape (n_clips,), default=None
            The labels; classes are spread evenly over the folds. Continuous targets are ignored.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip; takes precedence over ``X.speakers``.

        Yields
        ------
        train : ndarray of int
            Positions of the clips to train on.
        test : ndarray of int
            Positions of the clips to test on, all those of the fold's speakers.

        Raises
        ------
        ValueError
            If no speakers are known, some are missing, their number is not that of the clips, or
            there are fewer of them than folds (without `allow_fewer`), or only one.

        Warns
        -----
        SpeakerWarning
            If there are fewer speakers than folds, with `allow_fewer`.
        """
        names, speaker_of_clip = encode_speakers(X, groups, type(self).__name__)
        _check_enough_speakers(names, self)
        n_folds = self._n_folds(names)
        if n_folds < self.n_splits:
            warnings.warn(
                f"{self.n_splits} folds by speaker were asked for; with {n_folds} speakers there "
                f"are {n_folds}, one for each.",
                SpeakerWarning,
                stacklevel=2,
            )
        counts = _counts_to_balance(speaker_of_clip, y, len(names))
        fold_of_clip = _assign_folds(counts, self._order(counts), n_folds)[speaker_of_clip]
        for fold in range(n_folds):
            in_test = fold_of_clip == fold
            yield np.flatnonzero(~in_test), np.flatnonzero(in_test)

    def _n_folds(self, names: np.ndarray) -> int:
        return min(self.n_splits, len(names)) if self.allow_fewer else self.n_splits

    def _order(self, counts: np.ndarray) -> np.ndarray:
        if self.shuffle:
            return check_random_state(self.random_state).permutation(len(counts))
        return np.argsort(-counts[:, 0], kind="stable")


def encode_speakers(X: Any, groups: Any, user: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the speakers' names in natural order, and for each clip the place of its speaker."""
    speakers = getattr(X, "speakers", None) if groups is None else groups
    if speakers is None:
        raise ValueError(
            f"{user} does not know who speaks: {type(X).__name__} carries no speakers and groups "
            "is None. Load the clips with their speakers (a column 'speaker' in their table), or "
            "give groups=, one speaker for each clip."
        )
    speakers = column_or_1d(speakers)
    if len(speakers) != _num_samples(X):
        raise ValueError(
            f"{user} got {len(speakers)} speakers for {_num_samples(X)} clips: give one speaker "
            "for each clip."
        )
    refuse_missing(speakers, user)
    names, speaker_of_clip = _unique(speakers, user)
    # Natural order ("7" before "10", as "07" is), so that folds do not depend on leading zeros.
    order = np.array(sorted(range(len(names)), key=lambda place: _natural_key(names[place])))
    return names[order], np.argsort(order)[speaker_of_clip]


def _natural_key(name: Any) -> list[str | int]:
    parts = re.split(r"([0-9]+)", str(name))
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _unique(speakers: np.ndarray, user: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        return np.unique(speakers, return_inverse=True)
    except TypeError as error:
        kinds = sorted({type(speaker).__name__ for speaker in speakers})
        raise ValueError(
            f"{user} cannot put the speakers in order, they are of several types "
            f"({', '.join(kinds)}): make all of them strings."
        ) from error


def _check_enough_speakers(names: np.ndarray, splitter: SpeakerKFold) -> None:
    n_splits = splitter.n_splits
    if len(names) == 1:
        raise ValueError(
            f"{splitter!r}: all clips are by one speaker, '{names[0]}', and a score for unseen "
            "voices needs at least 2. Add recordings of other people, or use a splitter that is "
            "not about speakers, such as StratifiedKFold."
        )
    if len(names) < n_splits and not splitter.allow_fewer:
        raise ValueError(
            f"{splitter!r}: {n_splits} folds need at least {n_splits} speakers, and there are "
            f"{len(names)}. Use n_splits={len(names)} or fewer, or allow_fewer=True."
        )


def _counts_to_balance(speaker_of_clip: np.ndarray, y: Any, n_speakers: int) -> np.ndarray:
    """For each speaker the number of clips, then of each class the number of clips."""
    columns = [np.bincount(speaker_of_clip, minlength=n_speakers)]
    if y is not None and type_of_target(y) in ("binary", "multiclass"):
        classes, class_of_clip = np.unique(np.asarray(y), return_inverse=True)
        of_class = np.zeros((n_speakers, len(classes)), dtype=int)
        np.add.at(of_class, (speaker_of_clip, class_of_clip.ravel()), 1)
        columns.extend(of_class.T)
    return np.stack(columns, axis=1)


def _assign_folds(counts: np.ndarray, order: np.ndarray, n_splits: int) -> np.ndarray:
    """Give each speaker, in this order, the fold which the speaker fills up least.

    A fold's sum of squared shares grows by twice its overlap with the speaker's shares, plus a
    term that is the same for every fold: the least overlap is the most even next step. An empty
    fold has none, hence no fold stays empty.
    """
    folds = np.zeros((n_splits, counts.shape[1]))
    last_filled = -1 - np.arange(n_splits)
    weights = 1 / counts.sum(axis=0) ** 2
    assigned = np.empty(len(counts), dtype=int)
    for step, speaker in enumerate(order):
        overlap = np.round(folds @ (counts[speaker] * weights), 12)
        # Ties go to the fold with fewest clips, then to the one filled last: back and forth.
        best = np.lexsort((-last_filled, folds[:, 0], overlap))[0]
        folds[best] += counts[speaker]
        last_filled[best] = step
        assigned[speaker] = best
    return assigned
