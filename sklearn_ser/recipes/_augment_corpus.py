"""An augmented corpus on disk, or its features: after the split, and of training clips only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from sklearn_ser.audio import AudioClips, write_audio
from sklearn_ser.exceptions import AudioError
from sklearn_ser.recipes._corpus_copies import ORIGINAL, Copy, make_copies
from sklearn_ser.recipes._corpus_target import SUBTYPES, TABLE, check_form, check_free
from sklearn_ser.recipes._csv import extract, sources_of, write_table
from sklearn_ser.recipes._split_corpus import SplitCorpus, split_corpus
from sklearn_ser.utils._files import atomic_folder, check_output_folder
from sklearn_ser.utils._parallel import chunk_slices, parallel_map

__all__ = ["augment_corpus"]

_CLIPS_A_TASK = 16


def augment_corpus(
    path: str | os.PathLike[str],
    augmenter: Any,
    clips: Any,
    y: Any = None,
    *,
    split: Any = None,
    n_copies: int = 1,
    pipeline: Pipeline | None = None,
    sample_rate: int | None = None,
    audio_format: str = "wav",
    overwrite: bool = False,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> Path:
    """Write a corpus with augmented copies of its training clips, or the features of all that.

    It works after the split only: of every clip it must be known whether it is trained on, and
    copies are made of those clips alone. Every row says its part, the clip it came from, and what
    was done to it. Files appear whole or not at all.

    Within Python :class:`~sklearn_ser.AugmentedClassifier` needs no files, and augments anew in
    every fold. This is for other programs, and for looking and listening.

    Parameters
    ----------
    path : str or path-like
        A folder, which gets sound files and the table ``clips.csv``; or a file that ends in
        ``.csv`` or ``.parquet``, which gets features.
    augmenter : augmenter, callable, list of these, or mapping of str to these
        What makes the copies. Of several each makes its own; a mapping names them.
    clips : AudioClips, list of paths, list of waveforms, or list of length 6 or 9
        The clips; or all that :func:`train_validation_test_split` returns, without y and split.
    y : array-like of shape (n_clips,), default=None
        The labels.
    split : str or array-like of shape (n_clips,), default=None
        The part of every clip, "train", "validation" or "test"; or the name of the column of the
        clips' metadata that holds it.
    n_copies : int, default=1
        Copies of every training clip that each augmenter makes.
    pipeline : SpeechPipeline, default=None
        For features: a recipe's, whose extractor is used, as in :func:`to_csv`. Clips are
        augmented as they are given; its loader cuts and resamples them after that.
    sample_rate : int, default=None
        Rate in Hz at which clips are augmented and written; None takes that of AudioClips, and
        16000 for paths and arrays.
    audio_format : {"wav", "flac"}, default="wav"
        WAV of 32-bit floats, which hold a copy exactly, or FLAC of 24 bits, which is smaller.
    overwrite : bool, default=False
        Replace what is there; of folders only those that hold nothing else.
    n_jobs : int, default=None
        Processes that augment; features are extracted in those of the pipeline.
    random_state : int, RandomState instance or None, default=None
        Seed of the copies. They depend on what is heard, not on a clip's place; of one augmenter
        they are those on which `AugmentedClassifier` with this seed is fitted at the same rate.
    verbose : int, default=0
        Show a progress bar.

    Returns
    -------
    table : Path
        The table, a clip's own row before those of its copies. Its columns: "path" (of sound
        files, relative to the folder), "source" (the clip's file, else its position), "label",
        "speaker" where known, "split", "copy" (0 for the clip itself), "augmenter" ("original"
        for the clip itself), "parameters" (what was drawn, as JSON), then the features.
        :func:`~sklearn_ser.datasets.load_clips` reads the folder's.

    Raises
    ------
    ValueError
        If it is not known of every clip which part it belongs to, no clip is trained on, an
        augmenter is not one of waveforms, or file and pipeline do not go together.
    FileExistsError
        If there is something already, and `overwrite` is False; or a folder holds other files.
    MissingExtraError
        If Parquet is asked for without pyarrow.
    AudioError
        If a clip cannot be read or augmented, or a copy is too loud for FLAC.

    Warns
    -----
    SpeakerWarning
        If a speaker stands in several parts, or nobody knows who speaks.

    See Also
    --------
    train_validation_test_split : Splits, first of all.
    to_csv : Writes features of clips as they are.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from sklearn_ser import NoiseAugmenter, TimeShiftAugmenter
    >>> from sklearn_ser.datasets import make_emotional_speech
    >>> from sklearn_ser.recipes import augment_corpus, train_validation_test_split
    >>> speech = make_emotional_speech(n_speakers=3, n_repetitions=1, random_state=0)
    >>> parts = train_validation_test_split(speech.data, speech.target, random_state=0)
    >>> effects = {"noise": NoiseAugmenter(20.0), "shift": TimeShiftAugmenter()}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "augmented")
    ...     table = pd.read_csv(augment_corpus(path, effects, parts, random_state=0))
    >>> table.groupby("split").size().to_dict()
    {'test': 21, 'train': 63, 'validation': 21}
    >>> table.loc[1, ["path", "augmenter"]].tolist()
    ['train/00000-noise-1.wav', 'noise']
    """
    target = Path(os.path.abspath(path))
    makes_table = check_form(target, pipeline, audio_format)
    corpus = split_corpus(clips, y, split, sample_rate)
    copies = make_copies(augmenter, n_copies, corpus.clips.sample_rate, random_state)
    check_free(target, overwrite, makes_table, corpus.clips)
    check_output_folder(target.parent)
    work = _Work(corpus, copies, n_jobs, verbose)
    if makes_table:
        return _write_features(target, work, pipeline)
    return _write_folder(target, work, audio_format)


@dataclass(frozen=True)
class _Writer:
    """Writes a waveform to a file below a folder."""

    folder: Path
    audio_format: str
    sample_rate: int

    def __call__(self, name: str, waveform: NDArray[np.float32]) -> None:
        peak = float(np.abs(waveform).max(initial=0.0))
        if self.audio_format == "flac" and peak > 1:
            raise AudioError(
                f"the peak is {peak:.3g}, and FLAC would clip it. Take audio_format='wav', which "
                "keeps it, or a GainAugmenter with negative decibels in a ChainAugmenter."
            )
        file = self.folder / f"{name}.{self.audio_format}"
        write_audio(file, waveform, self.sample_rate, subtype=SUBTYPES[self.audio_format])


@dataclass(frozen=True)
class _Work:
    """A corpus and the copies it is to have; rows are a clip, then its copies."""

    corpus: SplitCorpus
    copies: list[Copy]
    n_jobs: int | None
    verbose: int

    def rows(self) -> Iterator[tuple[int, int]]:
        """Yield the place of a clip, and the number of a copy or 0."""
        for place, is_train in enumerate(self.corpus.is_train):
            yield place, 0
            for number in range(1, 1 + len(self.copies) * is_train):
                yield place, number

    def table(self, parameters: list[str]) -> pd.DataFrame:
        """Say of every row what it is."""
        places, numbers = np.array(list(self.rows())).T
        clips = self.corpus.clips
        columns = {
            "source": np.asarray(_sources(clips))[places],
            "label": self.corpus.labels[places],
            "split": self.corpus.parts[places],
            "copy": numbers,
            "augmenter": np.array([ORIGINAL, *(copy.name for copy in self.copies)])[numbers],
            "parameters": parameters,
        }
        table = pd.DataFrame(columns)
        if clips.speakers is not None:
            table.insert(2, "speaker", clips.speakers[places])
        return table

    def file_names(self) -> list[str]:
        """Name the sound file of every row, without its ending."""
        names = [ORIGINAL, *(copy.file_name for copy in self.copies)]
        parts = self.corpus.parts
        return [f"{parts[place]}/{place:05d}-{names[number]}" for place, number in self.rows()]

    def run(self, writer: _Writer | None = None) -> list[str]:
        """Draw the parameters of every row, and write its sound where it is asked for."""
        names = iter(self.file_names())
        per_clip = [
            [next(names) for _ in range(1 + len(self.copies) * is_train)]
            for is_train in self.corpus.is_train
        ]
        tasks = [
            (self.corpus.clips[chunk], per_clip[chunk], self.copies, writer, chunk.start)
            for chunk in chunk_slices(len(self.corpus.clips), chunk_size=_CLIPS_A_TASK)
        ]
        done = parallel_map(
            _run_chunk, tasks, n_jobs=self.n_jobs, label="augmenting", verbose=self.verbose
        )
        return [parameters for chunk in done for parameters in chunk]


def _run_chunk(
    clips: AudioClips,
    file_names: list[list[str]],
    copies: list[Copy],
    writer: _Writer | None,
    start: int,
) -> list[str]:
    parameters: list[str] = []
    for place, (clip, names) in enumerate(zip(clips, file_names, strict=True), start):
        try:
            parameters += _run_clip(clip, names, copies, writer)
        except AudioError as error:
            raise AudioError(f"Clip {place}: {error}") from error
    return parameters


def _run_clip(
    clip: NDArray[np.float32], names: list[str], copies: list[Copy], writer: _Writer | None
) -> Iterator[str]:
    yield "{}"
    if writer is not None:
        writer(names[0], clip)
    for name, copy in zip(names[1:], copies, strict=False):  # a clip not trained on has no names
        yield copy.parameters(clip)
        if writer is not None:
            writer(name, copy.change(clip))


def _sources(clips: AudioClips) -> list[Any]:
    sources = sources_of(clips, len(clips))
    return [place if source is None else source for place, source in enumerate(sources)]


def _write_folder(target: Path, work: _Work, audio_format: str) -> Path:
    with atomic_folder(target) as unfinished:
        for part in set(work.corpus.parts):
            (unfinished / part).mkdir()
        writer = _Writer(unfinished, audio_format, work.corpus.clips.sample_rate)
        table = work.table(work.run(writer))
        table.insert(0, "path", [f"{name}.{audio_format}" for name in work.file_names()])
        table.to_csv(unfinished / TABLE, index=False, encoding="utf-8")
    return target / TABLE


def _write_features(target: Path, work: _Work, pipeline: Any) -> Path:
    about = work.table(work.run())
    places, numbers = np.array(list(work.rows())).T
    clips = work.corpus.clips
    changed = [clips.map(copy.change) for copy in work.copies]
    every = AudioClips.concatenate([clips, *changed])[numbers * len(clips) + places]
    is_train = work.corpus.is_train[places]
    features = extract(pipeline, every, np.flatnonzero(is_train))
    return write_table(target, pd.concat([about, features], axis=1))
