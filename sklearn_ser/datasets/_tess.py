"""TESS: two hundred words in seven emotions by two women."""

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

__all__ = ["load_tess"]

HOW_TO_GET = (
    "TESS is had from Borealis, https://doi.org/10.5683/SP2/E8H2MF, licence CC BY-NC-ND 4.0. "
    "Unpack it and give the folder."
)

_NAME = re.compile(r"(OAF|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)", re.IGNORECASE)
_EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}
_AGES = {"OAF": 64, "YAF": 26}


def load_tess(
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
    """Load TESS, two hundred words in seven emotions by two women.

    2,800 clips: "Say the word ...", by an actress of 64 years and one of 26. Read the whole
    description, with licence, known defects and citation, in `DESCR`.

    Parameters
    ----------
    path : path-like
        The folder as unpacked. Clips are found by their names (``OAF_back_angry.wav``) at any
        depth, in any format that libsndfile decodes; the folders' names do not matter. Part of
        the corpus is welcome.
    sample_rate : int, default=16000
        Rate in Hz that the clips are brought to; the original files have 24,414,
        one of them 96,000.
    in_memory : bool, default=True
        Decode everything now, into one buffer. False decodes a clip when it is touched and opens
        no clip here (with `clean=True` each one's header and last hundredth of a second).
    target : str, default="emotion"
        The column of `frame` to predict: "emotion", "age", "sentence", "speaker", ...; or
        "sex_emotion", 7 classes such as ``"female_angry"``.
    clean : bool, default=False
        Leave out files that cannot be opened or are cut off; no clip of TESS is known to be
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
            The speaker of every clip, ``"tess-OAF"``; equal to ``data.speakers``.
        frame : DataFrame of n rows
            path, corpus, emotion, emotion_name (TESS' own: ``"ps"`` is pleasant surprise, here
            surprised), speaker, sex, age, sentence (the word).
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
        The folder does not exist, is a file, or holds no names of TESS.
    CorpusError
        `target` is no column of `frame`.
    AudioReadError
        A file cannot be decoded (`in_memory=True`).

    Warns
    -----
    CorpusWarning
        A name is misspelt (``OA_bite_neutral``, read as ``OAF_bite_neutral``), clips were found
        twice, or are broken (`clean=True`).

    See Also
    --------
    load_corpora : Several corpora as one.
    load_clips : Load your own recordings.

    References
    ----------
    .. [1] Pichora-Fuller, M. K., and Dupuis, K. (2020). Toronto emotional speech set (TESS).
       Borealis. https://doi.org/10.5683/SP2/E8H2MF

    Examples
    --------
    A folder with one clip in it, named as TESS names it:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_tess
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     name = os.path.join(folder, "OAF_back_ps.wav")
    ...     soundfile.write(name, np.zeros(2441), 24414)
    ...     bunch = load_tess(folder)
    >>> bunch.target.tolist(), bunch.groups.tolist(), bunch.frame["sentence"].tolist()
    (['surprised'], ['tess-OAF'], ['back'])
    """
    return load_corpus(
        _TESS,
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
    """Read a file's name; None where it is not the name of a clip of TESS."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, word, emotion = match[1].upper(), match[2].lower(), match[3].lower()
    return f"{speaker}_{word}_{emotion}", {
        "emotion": _EMOTIONS[emotion],
        "emotion_name": emotion,
        "speaker": f"tess-{speaker}",
        "sex": "female",
        "age": _AGES[speaker],
        "sentence": word,
    }


_TESS = Corpus(
    key="tess",
    title="TESS",
    how_to_get=HOW_TO_GET,
    names="OAF_back_angry.wav (speaker, word, emotion)",
    parse=_parse,
    misspelt={"OA_bite_neutral": "OAF_bite_neutral"},
    doubled=" (the archive on Kaggle holds every clip twice)",
)
