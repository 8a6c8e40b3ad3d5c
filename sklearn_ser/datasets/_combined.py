"""Several corpora as one: shared emotions, one rate, speakers that stay apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._base import (
    check_choice,
    check_sample_rate,
    did_you_mean,
    make_bunch,
)
from sklearn_ser.datasets._corpus import warn
from sklearn_ser.datasets._crema_d import load_crema_d
from sklearn_ser.datasets._labels import EMOTIONS, check_emotions, sex_emotion
from sklearn_ser.datasets._ravdess import load_ravdess
from sklearn_ser.datasets._savee import load_savee
from sklearn_ser.datasets._tess import load_tess
from sklearn_ser.exceptions import AudioReadError, CorpusError, CorpusNotFoundError

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["load_corpora"]

_LOADERS: dict[str, Callable[..., Any]] = {
    "crema_d": load_crema_d,
    "ravdess": load_ravdess,
    "savee": load_savee,
    "tess": load_tess,
}


def load_corpora(
    paths: Mapping[str, str | os.PathLike[str]],
    *,
    sample_rate: int = 16000,
    in_memory: bool = True,
    emotions: str | Iterable[str] = "shared",
    calm: str = "keep",
    target: str = "emotion",
    clean: bool = False,
    return_X_y: bool = False,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load several corpora as one, on the emotions that they share.

    Each is loaded by its own loader (of RAVDESS the speech). Speakers stay apart, since their names
    begin with the corpus': ``"ravdess-01"``, ``"tess-OAF"``.

    Parameters
    ----------
    paths : dict of str to path-like
        The folders by corpus: "crema_d", "ravdess", "savee", "tess". Clips come in this order.
    sample_rate : int, default=16000
        Rate in Hz that all clips are brought to.
    in_memory : bool, default=True
        Decode everything now. False decodes a clip when it is touched.
    emotions : {"shared", "all"} or list of str, default="shared"
        Keep the emotions that every corpus has, all that any has, or those listed (synonyms such
        as "anger" are understood). An emotion that some corpora lack is warned of: a model may
        learn to tell the corpora instead of the emotion.
    calm : {"keep", "neutral"}, default="keep"
        What RAVDESS' calm becomes: an emotion of its own, which "shared" therefore leaves out as
        soon as another corpus is there, or neutral.
    target : str, default="emotion"
        The column of `frame` to predict, one that all corpora have ("emotion", "speaker",
        "sentence", "corpus", ...), or "sex_emotion", 14 classes such as ``"female_angry"``, in
        which calm is always neutral.
    clean : bool, default=False
        Leave out what is known to be broken, as the loaders of the corpora do.
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
            Corpus by corpus.
        target : ndarray of shape (n,)
            Object array of `str`.
        groups : ndarray of shape (n,)
            The speaker of every clip; equal to ``data.speakers``.
        frame : DataFrame of n rows
            path, corpus, emotion, emotion_name (the corpus' own word, and where calm became
            neutral still ``"calm"``), speaker, sex, sentence, and what else any corpus tells,
            missing for the others.
        filenames : ndarray of shape (n,)
            Absolute paths.
        target_names : list of str
            The classes, sorted.
        sample_rate : int
            In Hz.
        DESCR : str
            The descriptions of all parts.

        With `return_X_y=True` the pair ``(data, target)``.

    Raises
    ------
    TypeError
        `paths` is no dict.
    ValueError
        `paths` is empty or names an unknown corpus; `calm` is unknown.
    CorpusNotFoundError, CorpusError, AudioReadError
        As the loaders raise them, the corpus named in front; or the corpora share no emotion,
        or none has one that is asked for.

    Warns
    -----
    CorpusWarning
        As the loaders warn; or an emotion is in some of the corpora only.

    See Also
    --------
    load_crema_d, load_ravdess, load_savee, load_tess : One corpus.

    Examples
    --------
    Two folders with clips named as SAVEE and TESS name them:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_corpora
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = {name: os.path.join(folder, name) for name in ("savee", "tess")}
    ...     for path, name in zip(paths.values(), ("DC_a01.wav", "OAF_back_angry.wav")):
    ...         os.mkdir(path)
    ...         soundfile.write(os.path.join(path, name), np.zeros(2441), 24410)
    ...     bunch = load_corpora(paths, target="sex_emotion")
    >>> bunch.target.tolist(), bunch.groups.tolist()
    (['male_angry', 'female_angry'], ['savee-DC', 'tess-OAF'])
    """
    _check_paths(paths)
    check_sample_rate(sample_rate)
    check_choice("calm", calm, ("keep", "neutral"))
    listed = _check_wanted(emotions)
    options = {"sample_rate": sample_rate, "target": target, "in_memory": False, "clean": clean}
    bunches = {name: _load_part(name, path, options) for name, path in paths.items()}
    parts = {name: _as_part(bunch.data, calm) for name, bunch in bunches.items()}
    kept = _choose_emotions(parts, listed)
    data = AudioClips.concatenate([_keep(part, kept) for part in parts.values()])
    if in_memory:
        data = _decode(data, n_jobs, verbose, clean=clean)
    descr = "\n\n".join(bunch.DESCR for bunch in bunches.values())
    return make_bunch(data, _labels(data, target), descr=descr, return_X_y=return_X_y)


def _check_paths(paths: object) -> None:
    if not isinstance(paths, Mapping):
        raise TypeError(
            f"paths is a {type(paths).__name__}; give a dict of folders by corpus, such as "
            '{"ravdess": "RAVDESS/", "tess": "TESS/"}.'
        )
    if not paths:
        raise ValueError(f"paths is empty; give folders of {', '.join(_LOADERS)}.")
    for name in paths:
        if name not in _LOADERS:
            raise ValueError(
                f"corpus {name!r} is not known{did_you_mean(name, _LOADERS)}; choose from "
                f"{', '.join(_LOADERS)}, and load recordings of your own with load_clips."
            )


def _check_wanted(emotions: str | Iterable[str]) -> str | tuple[str, ...]:
    if not isinstance(emotions, str):
        return check_emotions(emotions)
    check_choice("emotions", emotions, ("shared", "all"))
    return emotions


def _load_part(name: str, path: str | os.PathLike[str], options: dict[str, Any]) -> Bunch:
    with _naming(name):
        return _LOADERS[name](path, **options)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Put the corpus' name in front of an error of its loader."""
    try:
        yield
    except (CorpusError, CorpusNotFoundError, TypeError) as error:
        raise type(error)(f"{name}: {error}") from error


def _table(data: AudioClips) -> pd.DataFrame:
    """Give the table of clips that a loader made, so that there is one."""
    frame = data.metadata
    assert frame is not None
    return frame


def _as_part(data: AudioClips, calm: str) -> AudioClips:
    """Give every part the column of own names, and make calm neutral where that is wanted."""
    frame = _table(data)
    if "emotion_name" not in frame:
        frame.insert(list(frame.columns).index("emotion") + 1, "emotion_name", frame["emotion"])
    if calm == "neutral":
        frame["emotion"] = frame["emotion"].replace("calm", "neutral")
    return data.with_metadata(frame)


def _choose_emotions(
    parts: dict[str, AudioClips], wanted: str | tuple[str, ...]
) -> tuple[str, ...]:
    """Settle the emotions to keep, and warn of those that some parts lack."""
    has = {name: set(_table(part)["emotion"]) for name, part in parts.items()}
    if wanted == "shared":
        shared = tuple(e for e in EMOTIONS if all(e in there for there in has.values()))
        if not shared:
            raise CorpusError(f"{', '.join(parts)} share no emotion; choose emotions='all'.")
        return shared
    names = tuple(e for e in EMOTIONS if any(e in there for there in has.values()))
    kept = names if wanted == "all" else tuple(wanted)
    absent = [emotion for emotion in kept if emotion not in names]
    if absent:
        raise CorpusError(
            f"none of {', '.join(parts)} has {', '.join(absent)}; they have {', '.join(names)}."
        )
    lacking = {e: [name for name in has if e not in has[name]] for e in kept}
    told = [f"{e} is not in {', '.join(where)}" for e, where in lacking.items() if where]
    if told:
        warn(f"{'; '.join(told)}: a model may learn to tell the corpora instead of the emotion.")
    return kept


def _keep(part: AudioClips, emotions: tuple[str, ...]) -> AudioClips:
    return part[_table(part)["emotion"].isin(emotions).to_numpy()]


def _decode(data: AudioClips, n_jobs: int | None, verbose: int, *, clean: bool) -> AudioClips:
    """Decode all parts into one buffer, and name the corpora of files that are broken."""
    try:
        return data.load(n_jobs=n_jobs, verbose=verbose)
    except AudioReadError as error:
        frame = _table(data)
        named = [path in str(error) for path in frame["path"]]
        where = ", ".join(frame.loc[named, "corpus"].unique())
        mend = "" if clean else " Or leave broken files out: load_corpora(..., clean=True)."
        raise AudioReadError(f"{where}: {error}{mend}") from error


def _labels(data: AudioClips, target: str) -> list[Any]:
    frame = _table(data)
    if target != "sex_emotion":
        return frame[target].tolist()
    return [sex_emotion(*pair) for pair in zip(frame["sex"], frame["emotion"], strict=True)]
