"""RAVDESS: emotional speech and song of 24 actors, told apart by the names of its files."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import soundfile

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._io import read_audio
from sklearn_ser.datasets._base import (
    check_choice,
    check_column,
    check_sample_rate,
    load_descr,
    make_bunch,
)
from sklearn_ser.datasets._files import (
    check_folder,
    find_recordings,
    looks_like,
    shorten,
)
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.exceptions import AudioReadError, CorpusNotFoundError, CorpusWarning

if TYPE_CHECKING:
    import numpy as np
    from sklearn.utils import Bunch

__all__ = ["load_ravdess"]

HOW_TO_GET = (
    "RAVDESS is had from Zenodo, record 1188976 (https://zenodo.org/record/1188976): the file "
    "Audio_Speech_Actors_01-24.zip, 208,468,073 bytes, md5 bc696df654c87fed845eb13823edef8a, "
    "licence CC BY-NC-SA 4.0. Unpack it and give the folder."
)

# modality-channel-emotion-intensity-statement-repetition-actor, two digits each
_NAME = re.compile(r"\d{2}(?:-\d{2}){6}")
_AUDIO_ONLY = 3
_CHANNELS = ("speech", "song")
_INTENSITIES = ("normal", "strong")
# One word tells the two statements apart, and no other corpus says either of them.
_SENTENCES = ("kids", "dogs")
_REPETITIONS = (1, 2)
_SEXES = ("female", "male")
_N_ACTORS = 24

# The second file of this pair is the first once more, byte for byte, in every distribution.
_IDENTICAL_PAIR = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")

# Seconds at the end of a file that are decoded to see whether it is whole.
_A_MOMENT = 0.01


class _Recording(NamedTuple):
    """What the name of one file tells; the fields are the columns of `frame`."""

    path: str
    corpus: str
    emotion: str
    speaker: str
    sex: str
    intensity: str
    sentence: str
    repetition: int
    channel: str

    @property
    def stem(self) -> str:
        return Path(self.path).stem


def load_ravdess(
    path: str | os.PathLike[str],
    *,
    sample_rate: int = 16000,
    in_memory: bool = True,
    channel: str = "speech",
    target: str = "emotion",
    clean: bool = False,
    return_X_y: bool = False,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load RAVDESS, emotional speech (and song) of 24 professional actors.

    Speech has 1,440 clips of eight emotions: 60 from each actor, who says two sentences. Read the
    whole description, with licence, known defects and citation, in `DESCR`.

    Parameters
    ----------
    path : path-like
        The folder as unpacked. Clips are found by their names at any depth (``Actor_07/...``), in
        any format that libsndfile decodes (WAV, FLAC, Ogg, ...); part of the corpus is welcome.
    sample_rate : int, default=16000
        Rate in Hz that the clips are brought to; the original files have 48,000.
    in_memory : bool, default=True
        Decode everything now, into one buffer. False decodes a clip when it is touched and opens
        no file here (with `clean=True` each one's header and last hundredth of a second).
    channel : {"speech", "song", "both"}, default="speech"
        Song is distributed in an archive of its own and has no disgust and no surprise.
    target : str, default="emotion"
        The column of `frame` to predict: "emotion", "sex", "intensity", "sentence", "speaker",
        "channel", "repetition", ...
    clean : bool, default=False
        Leave out what is known to be broken: the second clip of the byte-identical pair, and files
        that cannot be opened or hold less sound than their header declares. One `CorpusWarning`
        names them.
    return_X_y : bool, default=False
        Give ``(data, target)`` instead of a Bunch.
    n_jobs : int, default=None
        Threads that decode; None is one, -1 all cores.
    verbose : int, default=0
        Show a progress bar while decoding where it is not 0.

    Returns
    -------
    Bunch
        data : AudioClips of n clips
            Ordered by actor, then by file name.
        target : ndarray of shape (n,)
            Object array of `str`.
        groups : ndarray of shape (n,)
            The speaker of every clip, ``"ravdess-07"``; equal to ``data.speakers``.
        frame : DataFrame of n rows
            path, corpus, emotion, speaker, sex, intensity, sentence, repetition, channel.
        filenames : ndarray of shape (n,)
            Absolute paths.
        target_names : list of str
            The classes, sorted.
        sample_rate : int
            In Hz.
        DESCR : str
            Licence, size, known defects, citation.

        With `return_X_y=True` the pair ``(data, target)``.

    Raises
    ------
    CorpusNotFoundError
        The folder does not exist, is a file, holds no RAVDESS names or no clip of `channel`.
    CorpusError
        `target` is no column of `frame`.
    AudioReadError
        A file cannot be decoded (`in_memory=True`).

    Warns
    -----
    CorpusWarning
        Clips were found twice (the archive on Kaggle holds each in two folders), or have a known
        defect.

    See Also
    --------
    load_clips : Load your own recordings.

    References
    ----------
    .. [1] Livingstone, S. R., and Russo, F. A. (2018). The Ryerson Audio-Visual Database of
       Emotional Speech and Song (RAVDESS). PLoS ONE 13(5): e0196391.
       https://doi.org/10.1371/journal.pone.0196391

    Examples
    --------
    A folder with one clip in it, named as RAVDESS names it:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_ravdess
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.mkdir(os.path.join(folder, "Actor_07"))
    ...     name = os.path.join(folder, "Actor_07", "03-01-05-02-01-01-07.wav")
    ...     soundfile.write(name, np.zeros(4800), 48000)
    ...     bunch = load_ravdess(folder)
    >>> bunch.target.tolist(), bunch.groups.tolist(), bunch.data[0].shape
    (['angry'], ['ravdess-07'], (1600,))
    """
    check_choice("channel", channel, (*_CHANNELS, "both"))
    check_sample_rate(sample_rate)
    folder = check_folder(path, "RAVDESS", HOW_TO_GET)
    recordings = _choose_channel(_find(folder), channel, folder)
    check_column("target", target, _Recording._fields, "the table of RAVDESS")
    recordings = _report_defects(_keep_first_copies(recordings), clean=clean)
    frame = pd.DataFrame(recordings, columns=list(_Recording._fields))
    data = AudioClips.from_files(frame["path"].tolist(), sample_rate, metadata=frame)
    if in_memory:
        data = _load(data, n_jobs, verbose, clean=clean)
    return make_bunch(data, frame[target], descr=load_descr("ravdess"), return_X_y=return_X_y)


def _parse(path: Path) -> _Recording | None:
    """Read a file's name; None where it is not the name of an audio-only clip of RAVDESS."""
    if not _NAME.fullmatch(path.stem):
        return None
    modality, *codes, actor = (int(part) for part in path.stem.split("-"))
    lists = (_CHANNELS, EMOTIONS, _INTENSITIES, _SENTENCES, _REPETITIONS, range(_N_ACTORS))
    in_range = (1 <= c <= len(known) for c, known in zip((*codes, actor), lists, strict=True))
    if modality != _AUDIO_ONLY or not all(in_range):
        return None
    channel, emotion, intensity, sentence, repetition = codes
    return _Recording(
        path=str(path),
        corpus="ravdess",
        emotion=EMOTIONS[emotion - 1],
        speaker=f"ravdess-{actor:02d}",
        sex=_SEXES[actor % 2],
        intensity=_INTENSITIES[intensity - 1],
        sentence=_SENTENCES[sentence - 1],
        repetition=repetition,
        channel=_CHANNELS[channel - 1],
    )


def _find(folder: Path) -> list[_Recording]:
    """Find the clips under a folder, ordered by actor, then by name, then by depth."""
    files = find_recordings(folder)
    recordings = [recording for file in files if (recording := _parse(file)) is not None]
    if not recordings:
        raise CorpusNotFoundError(_say_what_is_there(folder, files))
    return sorted(recordings, key=lambda r: (r.speaker, r.stem, r.path.count(os.sep), r.path))


def _say_what_is_there(folder: Path, files: list[Path]) -> str:
    start = f"no RAVDESS file names were found under {folder}"
    if not files:
        return f"{start}; it holds no audio file at all. {HOW_TO_GET}"
    names = [file.name for file in files]
    found = f"{len(files)} audio files such as {names[0]!r}"
    corpus = looks_like(names)
    if corpus is None or corpus == "RAVDESS":
        return (
            f"{start}, only {found}; names are like 03-01-06-01-02-01-12.wav, beginning with 03 "
            f"(audio only). For recordings of your own use load_clips. {HOW_TO_GET}"
        )
    return f"{start}; its {found} look like {corpus}."


def _choose_channel(recordings: list[_Recording], channel: str, folder: Path) -> list[_Recording]:
    """Keep speech, song or both; an error says which of them is there where it is the other."""
    if channel == "both":
        return recordings
    chosen = [recording for recording in recordings if recording.channel == channel]
    if not chosen:
        other = recordings[0].channel
        raise CorpusNotFoundError(
            f"{folder} holds {len(recordings)} clips of {other} and none of {channel}; "
            f"choose channel={other!r}, or get Audio_{channel.title()}_Actors_01-24.zip from "
            "https://zenodo.org/record/1188976."
        )
    return chosen


def _keep_first_copies(recordings: list[_Recording]) -> list[_Recording]:
    """Keep one file of each name, the one least deep, and warn where there were more."""
    first: dict[str, _Recording] = {}
    for recording in recordings:
        first.setdefault(recording.stem, recording)
    n_copies = len(recordings) - len(first)
    if n_copies:
        _warn(
            f"RAVDESS: {n_copies} of {len(recordings)} files were left out, since a file of the "
            "same name was found in another folder (the archive on Kaggle holds every clip twice)."
        )
    return list(first.values())


def _report_defects(recordings: list[_Recording], *, clean: bool) -> list[_Recording]:
    """Leave out what is broken where `clean`; otherwise only warn of the identical pair."""
    first, second = _IDENTICAL_PAIR
    has_pair = _has_identical_pair(recordings)
    if not clean:
        if has_pair:
            _warn(f"RAVDESS: {first} and {second} are one recording; clean=True leaves out one.")
        return recordings
    reasons = _find_broken(recordings)
    if has_pair:
        reasons.setdefault(second, f"{second} is byte-identical with {first}.")
    if len(reasons) == len(recordings):
        raise CorpusNotFoundError(f"every clip found is broken: {shorten(reasons.values(), 3)}")
    if reasons:
        _warn(
            f"RAVDESS: clean=True left out {len(reasons)} of {len(recordings)} clips: "
            f"{shorten(reasons.values(), 10, ' ')}"
        )
    return [recording for recording in recordings if recording.stem not in reasons]


def _has_identical_pair(recordings: list[_Recording]) -> bool:
    """Find the pair by name and size, without opening a file."""
    pair = [Path(r.path) for r in recordings if r.stem in _IDENTICAL_PAIR]
    return len(pair) == len(_IDENTICAL_PAIR) and len({file.stat().st_size for file in pair}) == 1


def _find_broken(recordings: list[_Recording]) -> dict[str, str]:
    """Say, by name, which files cannot be opened or end before they should."""
    broken = {}
    for recording in recordings:
        try:
            _read_end(recording.path)
        except AudioReadError as error:
            broken[recording.stem] = str(error)
    return broken


def _read_end(path: str) -> None:
    """Read the last moment of a file, which a file that was cut off does not have."""
    try:
        start = soundfile.info(path).duration - _A_MOMENT
    except soundfile.SoundFileError:
        start = 0.0  # read_audio finds words for what is wrong
    read_audio(path, offset=max(start, 0.0))


def _warn(message: str) -> None:
    # Point at the line that called load_ravdess: _warn, who reports, load_ravdess, its caller.
    warnings.warn(message, CorpusWarning, stacklevel=4)


def _load(data: AudioClips, n_jobs: int | None, verbose: int, *, clean: bool) -> AudioClips:
    try:
        return data.load(n_jobs=n_jobs, verbose=verbose)
    except AudioReadError as error:
        if clean:
            raise
        raise AudioReadError(
            f"{error} Or leave broken files out: load_ravdess(..., clean=True)."
        ) from error
