"""RAVDESS: emotional speech and song of 24 actors, told apart by the names of its files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._base import check_choice
from sklearn_ser.datasets._corpus import Corpus, load_corpus
from sklearn_ser.datasets._labels import EMOTIONS
from sklearn_ser.exceptions import CorpusNotFoundError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
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
        "channel", "repetition", ...; or "sex_emotion", 14 classes such as ``"female_angry"``, in
        which calm is counted as neutral.
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
    load_corpora : Several corpora as one.
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

    def choose(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
        return _choose_channel(frame, channel, folder)

    return load_corpus(
        _RAVDESS,
        path,
        target=target,
        sample_rate=sample_rate,
        in_memory=in_memory,
        clean=clean,
        return_X_y=return_X_y,
        n_jobs=n_jobs,
        verbose=verbose,
        complete=choose,
    )


def _parse(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Read a file's name; None where it is not the name of an audio-only clip of RAVDESS."""
    if not _NAME.fullmatch(path.stem):
        return None
    modality, *codes, actor = (int(part) for part in path.stem.split("-"))
    lists = (_CHANNELS, EMOTIONS, _INTENSITIES, _SENTENCES, _REPETITIONS, range(_N_ACTORS))
    in_range = (1 <= c <= len(known) for c, known in zip((*codes, actor), lists, strict=True))
    if modality != _AUDIO_ONLY or not all(in_range):
        return None
    channel, emotion, intensity, sentence, repetition = codes
    return path.stem, {
        "emotion": EMOTIONS[emotion - 1],
        "speaker": f"ravdess-{actor:02d}",
        "sex": _SEXES[actor % 2],
        "intensity": _INTENSITIES[intensity - 1],
        "sentence": _SENTENCES[sentence - 1],
        "repetition": repetition,
        "channel": _CHANNELS[channel - 1],
    }


def _choose_channel(frame: pd.DataFrame, channel: str, folder: Path) -> pd.DataFrame:
    """Keep speech, song or both; an error says which of them is there where it is the other."""
    if channel == "both":
        return frame
    chosen = frame[frame["channel"] == channel]
    if chosen.empty:
        other = frame["channel"].iloc[0]
        raise CorpusNotFoundError(
            f"{folder} holds {len(frame)} clips of {other} and none of {channel}; "
            f"choose channel={other!r}, or get Audio_{channel.title()}_Actors_01-24.zip from "
            "https://zenodo.org/record/1188976."
        )
    return chosen


_RAVDESS = Corpus(
    key="ravdess",
    title="RAVDESS",
    how_to_get=HOW_TO_GET,
    names="03-01-06-01-02-01-12.wav, beginning with 03 (audio only)",
    parse=_parse,
    # The second file of this pair is the first once more, byte for byte, in every distribution.
    identical=(("03-01-03-01-02-01-07", "03-01-03-01-02-02-07"),),
    doubled=" (the archive on Kaggle holds every clip twice)",
)
