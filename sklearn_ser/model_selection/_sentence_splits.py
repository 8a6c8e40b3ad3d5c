"""Splitters that keep what is said apart: by a column of the table, and with the speaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from sklearn_ser.model_selection._speaker_splits import (
    Pair,
    ProtocolSplitter,
    pairs,
    refuse_single,
)
from sklearn_ser.model_selection._split import (
    _assign_folds,
    _counts_to_balance,
    _unique,
    encode_speakers,
)
from sklearn_ser.utils._names import did_you_mean

__all__ = ["MetadataKFold", "SpeakerSentenceSplit"]


class MetadataKFold(ProtocolSplitter):
    """K folds in which no value of a column of the clips' table stands on both sides.

    With ``column="sentence"`` no sentence that is tested was trained on. Values are spread over
    the folds as :class:`SpeakerKFold` spreads speakers: clips and classes as even as may be.

    Parameters
    ----------
    column : str, default="sentence"
        Column of ``X.metadata``.
    n_splits : int, default=5
        Number of folds, at least 2; at most the number of values in the column.

    See Also
    --------
    SpeakerKFold : The same for speakers, which a claim about new voices needs.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn_ser import AudioClips
    >>> from sklearn_ser.model_selection import MetadataKFold
    >>> words = pd.DataFrame({"sentence": ["dog", "dog", "cat", "cat"]})
    >>> clips = AudioClips(np.zeros((4, 8), dtype="float32"), metadata=words)
    >>> for train, test in MetadataKFold("sentence", n_splits=2).split(clips):
    ...     print(train, test)
    [0 1] [2 3]
    [2 3] [0 1]
    """

    def __init__(self, column: str = "sentence", *, n_splits: int = 5) -> None:
        _check_number(n_splits, "n_splits")
        self.column = column
        self.n_splits = int(n_splits)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored, present for scikit-learn's interface.

        Returns
        -------
        int
            The number of folds.
        """
        return self.n_splits

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Pair]:
        """Yield the clips to train on and those to test on, fold by fold.

        Parameters
        ----------
        X : AudioClips of n_clips
            The clips, with their table.
        y : array-like of shape (n_clips,), default=None
            The labels; classes are spread evenly over the folds.
        groups : object
            Ignored, present for scikit-learn's interface.

        Yields
        ------
        train : ndarray of int
            Positions of the clips to train on.
        test : ndarray of int
            Positions of the clips to test on.

        Raises
        ------
        ValueError
            If the clips have no such column, values of it are missing, or there are fewer values
            than folds.
        """
        codes, n_values = _encode_column(X, self.column, type(self).__name__)
        yield from pairs(_spread(codes, n_values, y, self.n_splits, self), self.n_splits)


class SpeakerSentenceSplit(ProtocolSplitter):
    """Test a speaker on sentences that nobody in training says.

    Where sentences belong to emotions, a model can recognise the words instead of the feeling.
    Here both speaker and sentence are new: training has the other speakers' other sentences only.

    Parameters
    ----------
    sentences : "common", int or sequence, default="common"
        Sentences to test on: those said in every class ("common": as SAVEE's first three; the
        other clips are trained on and never tested), or those listed. A number divides all
        sentences into so many folds, each tested in turn, so that every clip is tested once.
    n_speaker_folds : int, default=None
        Number of folds of speakers; None leaves out one speaker at a time.
    column : str, default="sentence"
        Column of ``X.metadata`` that tells what is said.

    See Also
    --------
    LeaveOneSpeakerOut : Lets training hear the test sentences.
    MetadataKFold : Keeps sentences apart and not speakers.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn_ser import AudioClips
    >>> from sklearn_ser.model_selection import SpeakerSentenceSplit
    >>> table = pd.DataFrame(
    ...     {
    ...         "speaker": ["ann"] * 4 + ["bob"] * 4,
    ...         "sentence": ["both", "mad", "both", "low"] * 2,
    ...     }
    ... )
    >>> clips = AudioClips(np.zeros((8, 8), dtype="float32"), metadata=table)
    >>> y = np.array(["angry", "angry", "sad", "sad"] * 2)
    >>> for train, test in SpeakerSentenceSplit().split(clips, y):
    ...     print(train, test)
    [5 7] [0 2]
    [1 3] [4 6]
    """

    def __init__(
        self,
        sentences: str | int | Sequence[Any] = "common",
        *,
        n_speaker_folds: int | None = None,
        column: str = "sentence",
    ) -> None:
        if isinstance(sentences, Integral):
            _check_number(sentences, "sentences")
        elif isinstance(sentences, str) and sentences != "common":
            raise ValueError(
                f"sentences must be 'common', a number of folds or a list of sentences, got "
                f"{sentences!r}. For a single sentence write [{sentences!r}]."
            )
        if n_speaker_folds is not None:
            _check_number(n_speaker_folds, "n_speaker_folds")
        self.sentences = sentences
        self.n_speaker_folds = n_speaker_folds
        self.column = column

    @property
    def _tests_every_clip(self) -> bool:  # type: ignore[override]
        """Whether every clip is tested by one of the folds."""
        return isinstance(self.sentences, Integral)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Pair]:
        """Yield the clips to train on and those to test on, fold by fold.

        Parameters
        ----------
        X : AudioClips of n_clips
            The clips, with their table; their ``speakers`` are used where `groups` is None.
        y : array-like of shape (n_clips,), default=None
            The labels; needed for ``sentences="common"``.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip; takes precedence over ``X.speakers``.

        Yields
        ------
        train : ndarray of int
            Positions of the other speakers' clips of other sentences.
        test : ndarray of int
            Positions of the speaker's clips of the test sentences.

        Raises
        ------
        ValueError
            If speakers or sentences are not known, no sentence is said in every class, all are,
            or there are fewer of them than folds.
        """
        names, speaker_of_clip = encode_speakers(X, groups, type(self).__name__)
        refuse_single(names, self)
        speaker_fold, n_speaker_folds = speaker_of_clip, len(names)
        if self.n_speaker_folds is not None:
            n_speaker_folds = min(self.n_speaker_folds, len(names))
            speaker_fold = _spread(speaker_of_clip, len(names), y, n_speaker_folds, self)
        sentence_fold = self._sentence_folds(X, y)
        for fold in range(n_speaker_folds):
            for held_out in range(sentence_fold.max() + 1):
                here, said = speaker_fold == fold, sentence_fold == held_out
                if np.any(here & said):
                    yield np.flatnonzero(~here & ~said), np.flatnonzero(here & said)

    def _notes(self, X: Any, y: Any, groups: Any) -> list[str]:
        """Say which sentences are tested, and how many clips that is."""
        if self._tests_every_clip:
            return []
        tested = self._sentence_folds(X, y) == 0
        said = sorted({str(value) for value in np.asarray(X.metadata[self.column])[tested]})
        return [
            f"Scores are over {tested.sum()} of {len(tested)} clips: those of the "
            f"{len(said)} test sentences ({', '.join(said[:6])}{', ...' if len(said) > 6 else ''})"
            ", which nobody says in training."
        ]

    def _sentence_folds(self, X: Any, y: Any) -> np.ndarray:
        """For each clip the fold of its sentence; -1 where that is never tested."""
        codes, n_values = _encode_column(X, self.column, type(self).__name__)
        if isinstance(self.sentences, Integral):
            return _spread(codes, n_values, y, int(self.sentences), self)
        listed: Any = self.sentences
        if isinstance(listed, str):
            tested = _said_in_every_class(codes, n_values, y)[codes]
        else:
            tested = np.isin(np.asarray(X.metadata[self.column]), list(listed))
        self._refuse_none_or_all(tested, n_values)
        return np.where(tested, 0, -1)

    def _refuse_none_or_all(self, tested: np.ndarray, n_values: int) -> None:
        if tested.any() and not tested.all():
            return
        what = "said in every class" if isinstance(self.sentences, str) else "listed in sentences"
        if tested.all():
            raise ValueError(
                f"All {n_values} sentences are {what}, so none is left to train on. Divide them "
                "into folds: SpeakerSentenceSplit(2), or the protocol 'speakers-sentences'."
            )
        raise ValueError(
            f"None of the {n_values} sentences is {what}: name those to test on, or use "
            "LeaveOneSpeakerOut."
        )


def _said_in_every_class(codes: np.ndarray, n_values: int, y: Any) -> np.ndarray:
    if y is None:
        raise ValueError("SpeakerSentenceSplit needs y to see which sentences every class has.")
    classes, class_of_clip = np.unique(np.asarray(y), return_inverse=True)
    said = np.zeros((n_values, len(classes)), dtype=bool)
    said[codes, class_of_clip] = True
    return np.asarray(said.all(axis=1))


def _spread(codes: np.ndarray, n_values: int, y: Any, n_splits: int, splitter: Any) -> np.ndarray:
    """For each clip the fold of its value, clips and classes spread evenly over the folds."""
    if n_values < n_splits:
        raise ValueError(
            f"{splitter!r}: {n_splits} folds need at least {n_splits} different values, and there "
            f"are {n_values}. Ask for fewer folds."
        )
    counts = _counts_to_balance(codes, y, n_values)
    order = np.argsort(-counts[:, 0], kind="stable")
    spread: np.ndarray = _assign_folds(counts, order, n_splits)[codes]
    return spread


def _encode_column(X: Any, column: str, user: str) -> tuple[np.ndarray, int]:
    """For each clip the number of its value in a column of the table, and how many there are."""
    table = getattr(X, "metadata", None)
    if table is None:
        raise ValueError(
            f"{user} needs the column '{column}' of the clips' table, and {type(X).__name__} "
            "carries none: load the clips with their metadata."
        )
    if column not in table:
        columns = [str(name) for name in table.columns]
        raise ValueError(
            f"{user} needs the column '{column}', which the clips' table has not."
            f"{did_you_mean(column, columns)} It has {', '.join(columns)}."
        )
    values = np.asarray(table[column], dtype=object)
    missing = np.flatnonzero(pd.isna(values))
    if len(missing):
        raise ValueError(
            f"{user} needs a value of '{column}' for every clip: {len(missing)} of {len(values)} "
            f"are missing, the first that of clip {missing[0]}."
        )
    names, codes = _unique(values, user)
    return codes, len(names)


def _check_number(number: Any, name: str) -> None:
    if not isinstance(number, Integral) or isinstance(number, bool) or number < 2:
        raise ValueError(f"{name} must be an int of at least 2, got {number!r}.")
