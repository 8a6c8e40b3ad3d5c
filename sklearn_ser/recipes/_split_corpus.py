"""A corpus that has been split: clips, labels and the part of every clip, checked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from sklearn_ser.audio import AudioClips, AudioLoader
from sklearn_ser.augmentation._growing import with_speakers
from sklearn_ser.exceptions import SpeakerWarning
from sklearn_ser.utils._names import did_you_mean, first_few

__all__ = ["PARTS", "SplitCorpus", "split_corpus"]

PARTS = ("train", "validation", "test")

_USUAL_RATE = 16000
_NO_SPLIT = (
    "augment_corpus works after the split only, and split is None: where copies are made first, "
    "clips that are tested have copies in training. Give split=, the part of every clip ('train', "
    "'validation' or 'test') or the name of the metadata's column that holds it; or give all that "
    "train_validation_test_split returns in place of the clips."
)


@dataclass(frozen=True)
class SplitCorpus:
    """Clips, and of each its label and its part: "train", "validation" or "test"."""

    clips: AudioClips
    labels: NDArray[Any]
    parts: NDArray[np.object_]

    @property
    def is_train(self) -> NDArray[np.bool_]:
        """Which clips are trained on."""
        is_train: NDArray[np.bool_] = self.parts == "train"
        return is_train


def split_corpus(clips: Any, y: Any, split: Any, sample_rate: int | None) -> SplitCorpus:
    """Check clips, labels and their split; or take all three from the parts of a split.

    Raises
    ------
    ValueError
        If it is not known of every clip which part it belongs to, none is trained on, or lengths
        differ.

    Warns
    -----
    SpeakerWarning
        If a voice stands in several parts, or nobody knows.
    """
    if y is None:
        corpus = _from_parts(clips, split, sample_rate)
    elif split is None:
        raise ValueError(_NO_SPLIT)
    else:
        audio = _as_clips(clips, sample_rate)
        labels = column_or_1d(y)
        check_consistent_length(audio, labels)
        corpus = SplitCorpus(audio, labels, _parts_of(split, audio))
    if not corpus.is_train.any():
        raise ValueError("No clip's split is 'train': there is nothing to augment.")
    _warn_of_shared_voices(corpus)
    return corpus


def _from_parts(parts: Any, split: Any, sample_rate: int | None) -> SplitCorpus:
    """Join what train_validation_test_split has taken apart."""
    if not isinstance(parts, list | tuple) or len(parts) not in (6, 9):
        raise ValueError(
            "y is None, and in place of the clips stands something else than the 6 or 9 things "
            "that train_validation_test_split returns. Give them all, or clips, y and split=."
        )
    if split is not None:
        raise ValueError("The parts of train_validation_test_split are the split: leave split out.")
    audio = [_as_clips(part, sample_rate) for part in parts[:3]]
    labels = [column_or_1d(part) for part in parts[3:6]]
    for some, their_labels in zip(audio, labels, strict=True):
        check_consistent_length(some, their_labels)
    if len(parts) == 9:
        audio = [with_speakers(*pair) for pair in zip(audio, parts[6:], strict=True)]
    names = np.repeat(np.array(PARTS, dtype=object), [len(some) for some in audio])
    return SplitCorpus(AudioClips.concatenate(audio), np.concatenate(labels), names)


def _as_clips(clips: Any, sample_rate: int | None) -> AudioClips:
    own = clips.sample_rate if isinstance(clips, AudioClips) else _USUAL_RATE
    loader = AudioLoader(own if sample_rate is None else sample_rate)
    audio: AudioClips = loader.fit_transform(clips)
    return audio


def _parts_of(split: Any, clips: AudioClips) -> NDArray[np.object_]:
    values = _column(split, clips) if isinstance(split, str) else list(split)
    if len(values) != len(clips):
        raise ValueError(
            f"split has {len(values)} names for {len(clips)} clips: give the part of every clip."
        )
    places = [i for i, value in enumerate(values) if not _is_part(value)]
    if places:
        value = values[places[0]]
        raise ValueError(
            f"split is {value!r} for {len(places)} clip(s), at {first_few(places)}."
            f"{did_you_mean(value, PARTS)}"
            " Every clip needs one of 'train', 'validation' and 'test', so that only training "
            "clips are augmented."
        )
    return np.array([str(value) for value in values], dtype=object)


def _is_part(value: Any) -> bool:
    return isinstance(value, str) and value in PARTS


def _column(name: str, clips: AudioClips) -> list[Any]:
    table = pd.DataFrame() if clips.metadata is None else clips.metadata
    if name not in table:
        known = ", ".join(map(str, table.columns)) or "none at all"
        raise ValueError(
            f"split={name!r} is no column of the clips' metadata.{did_you_mean(name, table)} "
            f"There are {known}. Give a column, or the part of every clip."
        )
    return list(table[name])


def _warn_of_shared_voices(corpus: SplitCorpus) -> None:
    speakers = corpus.clips.speakers
    if speakers is None:
        found = "It is not known who speaks, so the parts may share voices"
    else:
        table = pd.DataFrame({"speaker": speakers, "part": corpus.parts})
        n_parts = table.groupby("speaker")["part"].nunique()
        shared = list(n_parts.index[n_parts > 1])
        if not shared:
            return
        found = (
            f"{len(shared)} of {len(n_parts)} speakers stand in several parts ({first_few(shared)})"
        )
    warnings.warn(
        f"{found}: a score on the test part will be that of known voices. "
        "train_validation_test_split keeps every speaker in one part.",
        SpeakerWarning,
        stacklevel=4,
    )
