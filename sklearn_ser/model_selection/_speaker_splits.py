"""Splitters for the protocols of the field: single speakers, and published folds of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from sklearn_ser.model_selection._split import (
    encode_speakers,
)
from sklearn_ser.utils._names import did_you_mean

__all__ = ["LeaveOneSpeakerOut", "PredefinedSpeakerFolds"]

Pair = tuple[np.ndarray, np.ndarray]


class ProtocolSplitter(BaseCrossValidator):
    """What these splitters share: the number of folds is counted, notes are for reports."""

    # With metadata routing on, meta-estimators then hand `groups` to the splitter unasked.
    __metadata_request__split = {"groups": True}

    # Whether every clip is tested by one of the folds.
    _tests_every_clip = True

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds, which depends on the clips.

        Parameters
        ----------
        X, y, groups : object
            What :meth:`split` is given.

        Returns
        -------
        int
            The number of folds.
        """
        if X is None:
            raise ValueError(f"{self!r} has as many folds as the clips ask for: give X.")
        return sum(1 for _ in self.split(X, y, groups))

    def _notes(self, X: Any, y: Any, groups: Any) -> list[str]:
        """Say what a reader of scores on these folds has to know."""
        return []


class LeaveOneSpeakerOut(ProtocolSplitter):
    """One fold for each speaker: all the others train, this one is tested.

    The speakers are taken from `groups`, or else from ``X.speakers``, so nested searches need
    nothing routed. With two speakers this trains on one and tests on the other, both ways. The
    folds come in the natural order of the speakers' names.

    See Also
    --------
    SpeakerKFold : Fewer folds, several speakers in each.
    SpeakerSentenceSplit : Keeps what is said apart, too.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.model_selection import LeaveOneSpeakerOut
    >>> speakers = np.array(["ann", "ann", "bob", "eve"])
    >>> for train, test in LeaveOneSpeakerOut().split(np.zeros((4, 2)), groups=speakers):
    ...     print(speakers[train], speakers[test])
    ['bob' 'eve'] ['ann' 'ann']
    ['ann' 'ann' 'eve'] ['bob']
    ['ann' 'ann' 'bob'] ['eve']
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Pair]:
        """Yield the clips to train on and those to test on, speaker by speaker.

        Parameters
        ----------
        X : AudioClips or array-like of length n_clips
            The clips; their ``speakers`` are used where `groups` is None.
        y : object
            Ignored, present for scikit-learn's interface.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip; takes precedence over ``X.speakers``.

        Yields
        ------
        train : ndarray of int
            Positions of the clips of all other speakers.
        test : ndarray of int
            Positions of the clips of one speaker.

        Raises
        ------
        ValueError
            If no speakers are known, some are missing, or there is only one.
        """
        names, speaker_of_clip = encode_speakers(X, groups, type(self).__name__)
        refuse_single(names, self)
        yield from pairs(speaker_of_clip, len(names))


class PredefinedSpeakerFolds(ProtocolSplitter):
    """Folds of speakers as a publication lists them, so that its scores can be compared.

    Parameters
    ----------
    folds : sequence of sequences
        For each fold the names of its test speakers. Speakers who are not in the data are
        skipped, and so are folds of which nobody is there; a benchmark's notes say so.

    See Also
    --------
    SpeakerKFold : Makes balanced folds of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_ser.model_selection import PredefinedSpeakerFolds
    >>> speakers = np.array(["ann", "bob", "eve", "eve"])
    >>> splitter = PredefinedSpeakerFolds([["ann", "eve"], ["bob", "zoe"]])
    >>> for train, test in splitter.split(np.zeros((4, 2)), groups=speakers):
    ...     print(speakers[train], speakers[test])
    ['bob'] ['ann' 'eve' 'eve']
    ['ann' 'eve' 'eve'] ['bob']
    """

    def __init__(self, folds: Sequence[Sequence[Any]]) -> None:
        named = [speaker for fold in folds for speaker in fold]
        if len(folds) < 2:
            raise ValueError(f"folds must list the speakers of at least 2 folds, got {folds!r}.")
        twice = [speaker for speaker in named if named.count(speaker) > 1]
        if twice:
            raise ValueError(f"folds name {twice[0]!r} twice; a speaker belongs to one fold.")
        self.folds = folds

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Pair]:
        """Yield the clips to train on and those to test on, fold by fold.

        Parameters
        ----------
        X : AudioClips or array-like of length n_clips
            The clips; their ``speakers`` are used where `groups` is None.
        y : object
            Ignored, present for scikit-learn's interface.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip; takes precedence over ``X.speakers``.

        Yields
        ------
        train : ndarray of int
            Positions of the clips of all other folds.
        test : ndarray of int
            Positions of the clips of the fold's speakers.

        Raises
        ------
        ValueError
            If no speakers are known, one is in no fold, or fewer than two folds have any clips.
        """
        names, speaker_of_clip = encode_speakers(X, groups, type(self).__name__)
        fold_of_name = self._fold_of_each(names)
        fold_of_clip = fold_of_name[speaker_of_clip]
        present = np.unique(fold_of_clip)
        if len(present) < 2:
            raise ValueError(
                f"All speakers of these clips stand in one of the {len(self.folds)} folds: there "
                "is nobody left to train on. Use SpeakerKFold, or load more of the corpus."
            )
        for fold in present:
            yield np.flatnonzero(fold_of_clip != fold), np.flatnonzero(fold_of_clip == fold)

    def _notes(self, X: Any, y: Any, groups: Any) -> list[str]:
        """Say who of the listed speakers is not in the data."""
        names, _ = encode_speakers(X, groups, type(self).__name__)
        absent = [str(name) for fold in self.folds for name in fold if name not in set(names)]
        if not absent:
            return []
        return [
            f"{len(absent)} speakers of the published folds are not in the data and were skipped: "
            f"{', '.join(sorted(absent))}."
        ]

    def _fold_of_each(self, names: np.ndarray) -> np.ndarray:
        fold_of = {speaker: fold for fold, listed in enumerate(self.folds) for speaker in listed}
        strangers = [name for name in names if name not in fold_of]
        if strangers:
            hint = did_you_mean(strangers[0], fold_of)
            raise ValueError(
                f"{len(strangers)} of {len(names)} speakers are in no fold, such as "
                f"{str(strangers[0])!r}.{hint} Published folds fit only their own corpus, with "
                f"the speakers named as its loader does ({next(iter(fold_of))!r}, ...)."
            )
        return np.array([fold_of[name] for name in names])


def pairs(fold_of_clip: np.ndarray, n_folds: int) -> Iterator[Pair]:
    """Yield training and test clips of each fold."""
    for fold in range(n_folds):
        in_test = fold_of_clip == fold
        yield np.flatnonzero(~in_test), np.flatnonzero(in_test)


def refuse_single(names: np.ndarray, splitter: Any) -> None:
    """Raise if all clips are by one speaker."""
    if len(names) == 1:
        raise ValueError(
            f"{splitter!r}: all clips are by one speaker, '{names[0]}', and a score for unseen "
            "voices needs at least 2. Add recordings of other people."
        )
