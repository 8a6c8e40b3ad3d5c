"""SAVEE: seven emotions by four men; which sentence each of its files says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._corpus import Corpus, load_corpus

if TYPE_CHECKING:
    import numpy as np
    from sklearn.utils import Bunch

__all__ = ["load_savee"]

HOW_TO_GET = (
    "SAVEE is given by the University of Surrey after registration "
    "(http://kahlan.eps.surrey.ac.uk/savee/), for research only. Unpack AudioData.zip and give "
    "the folder."
)

_SPEAKERS = ("DC", "JE", "JK", "KL")
_NAME = re.compile(r"(?:(DC|JE|JK|KL)_)?(a|d|f|h|n|sa|su)(\d{2})")
_EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}
_N_SENTENCES = 15
_N_NEUTRAL = 30
_N_COMMON = 3
# The neutral files from 19 on say the two sentences (04 and 05) that belong to each emotion.
_REPEATED = ("angry", "disgust", "fearful", "surprised", "sad", "happy")


def load_savee(
    path: str | os.PathLike[str],
    *,
    sample_rate: int = 16000,
    in_memory: bool = True,
    target: str = "emotion",
    clean: bool = False,
    return_X_y: bool = False,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load SAVEE, seven emotions by four men.

    480 clips: each man says 15 sentences in each of six emotions and 30 neutral ones. Read the
    whole description, with licence, known defects and citation, in `DESCR`.

    Parameters
    ----------
    path : path-like
        The folder as unpacked. Clips are found by their names at any depth, in any format that
        libsndfile decodes: as distributed, in a folder for each speaker (``AudioData/DC/a01.wav``),
        or all in one, as on Kaggle (``DC_a01.wav``). Part of the corpus is welcome.
    sample_rate : int, default=16000
        Rate in Hz that the clips are brought to; the original files have 44,100.
    in_memory : bool, default=True
        Decode everything now, into one buffer. False decodes a clip when it is touched and opens
        no clip here (with `clean=True` each one's header and last hundredth of a second).
    target : str, default="emotion"
        The column of `frame` to predict: "emotion", "sentence", "speaker", ...; or "sex_emotion",
        7 classes such as ``"male_angry"``.
    clean : bool, default=False
        Leave out files that cannot be opened or are cut off; no clip of SAVEE is known to be
        broken. One `CorpusWarning` names them.
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
            Ordered by speaker, then by name.
        target : ndarray of shape (n,)
            Object array of `str`, or numbers for a target of numbers.
        groups : ndarray of shape (n,)
            The speaker of every clip, ``"savee-DC"``; equal to ``data.speakers``.
        frame : DataFrame of n rows
            path, corpus, emotion, emotion_name (SAVEE's own, ``"sa"``), speaker, sex, sentence
            (``"common-01"``, ``"angry-04"``, ``"neutral-15"``: clips that say the same words have
            the same one).
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
        The folder does not exist, is a file, or holds no names of SAVEE.
    CorpusError
        `target` is no column of `frame`.
    AudioReadError
        A file cannot be decoded (`in_memory=True`).

    Warns
    -----
    CorpusWarning
        Clips were found twice, or are broken (`clean=True`).

    See Also
    --------
    load_corpora : Several corpora as one.
    load_clips : Load your own recordings.

    Notes
    -----
    The words give the emotion away: 12 of an emotion's 15 sentences are said in that emotion alone,
    or in it and neutrally. Compare results with those on the common sentences, with these kept out
    of training.

    Which file says what is not part of the distribution. Its authors tell that 3 sentences are
    common to all emotions, that 2 belong to each emotion, and that these 3 and 12 were said
    neutrally too. The numbers were found by aligning (dynamic time warping of normalised
    cepstra) every neutral clip with all others of its speaker. 01 to 03 are the common sentences,
    04 and 05 those of the emotion. Neutral 01 to 15 are 15 sentences as in every emotion, 16 to 18
    the common ones once more, and 19 to 30 the two sentences of anger, disgust, fear, surprise,
    sadness and happiness, in this order. The mean distance over the four speakers is below 3.4
    where the words are the same and above it for all other pairs.

    References
    ----------
    .. [1] Haq, S., and Jackson, P. J. B. (2010). Multimodal Emotion Recognition. In W. Wang (ed.),
       Machine Audition: Principles, Algorithms and Systems, IGI Global, 398-423.

    Examples
    --------
    A folder with two clips in it, named as SAVEE names them:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_savee
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.mkdir(os.path.join(folder, "DC"))
    ...     for name in ("a04.wav", "n19.wav"):
    ...         soundfile.write(os.path.join(folder, "DC", name), np.zeros(4410), 44100)
    ...     bunch = load_savee(folder)
    >>> bunch.target.tolist(), bunch.groups.tolist(), bunch.frame["sentence"].tolist()
    (['angry', 'neutral'], ['savee-DC', 'savee-DC'], ['angry-04', 'angry-04'])
    """
    return load_corpus(
        _SAVEE,
        path,
        target=target,
        sample_rate=sample_rate,
        in_memory=in_memory,
        clean=clean,
        return_X_y=return_X_y,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def _parse(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Read a file's name, and its folder's for the speaker; None where it is not SAVEE's."""
    match = _NAME.fullmatch(path.stem)
    speaker = None if match is None else match[1] or _speaker_of_folder(path)
    if match is None or speaker is None:
        return None
    emotion, number = _EMOTIONS[match[2]], int(match[3])
    if not 1 <= number <= (_N_NEUTRAL if emotion == "neutral" else _N_SENTENCES):
        return None
    return f"{speaker}_{match[2]}{match[3]}", {
        "emotion": emotion,
        "emotion_name": match[2],
        "speaker": f"savee-{speaker}",
        "sex": "male",
        "sentence": _sentence(emotion, number),
    }


def _speaker_of_folder(path: Path) -> str | None:
    """Find the nearest folder around a file that is named after a speaker."""
    return next((part for part in reversed(path.parts[:-1]) if part in _SPEAKERS), None)


def _sentence(emotion: str, number: int) -> str:
    """Name the sentence that a file says, the same name for the same words."""
    if number > _N_SENTENCES:
        number -= _N_SENTENCES
        if number > _N_COMMON:
            pair, second = divmod(number - _N_COMMON - 1, 2)
            emotion, number = _REPEATED[pair], _N_COMMON + 1 + second
    return f"{'common' if number <= _N_COMMON else emotion}-{number:02d}"


_SAVEE = Corpus(
    key="savee",
    title="SAVEE",
    how_to_get=HOW_TO_GET,
    names="a01.wav in a folder DC, JE, JK or KL, or DC_a01.wav in any",
    parse=_parse,
)
