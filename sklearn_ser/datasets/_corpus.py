"""The one road from a folder to a corpus: find, name, report what is broken, frame, load."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import soundfile

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.audio._io import read_audio
from sklearn_ser.datasets._base import check_column, check_sample_rate, load_descr, make_bunch
from sklearn_ser.datasets._files import check_folder, find_recordings, looks_like, shorten
from sklearn_ser.datasets._labels import sex_emotion
from sklearn_ser.exceptions import AudioReadError, CorpusError, CorpusNotFoundError, CorpusWarning

if TYPE_CHECKING:
    import numpy as np
    from sklearn.utils import Bunch

__all__ = ["Corpus", "load_corpus", "warn"]

# Seconds at the end of a file that are decoded to see whether it is whole.
_A_MOMENT = 0.01

_LOADERS = {
    "CREMA-D": "load_crema_d",
    "RAVDESS": "load_ravdess",
    "SAVEE": "load_savee",
    "TESS": "load_tess",
}

_LOSSY_SUFFIXES = (".mp3", ".ogg", ".oga", ".opus")

_SEX_EMOTION = "sex_emotion"


@dataclass(frozen=True)
class Corpus:
    """What is peculiar to one corpus; all else the loaders share.

    Parameters
    ----------
    key : str
        Its name in `frame`, in ``descr/`` and after ``load_``.
    title : str
        Its name in messages, the one that `looks_like` gives.
    how_to_get : str
        Where it is had, for the errors that find nothing.
    names : str
        How its file names look, for the same errors.
    parse : callable
        Takes a Path and gives the clip's name and a dict of what that tells (the columns of
        `frame`), or None for a file of something else. Two files of one name are one clip.
    identical : tuple of pairs of str
        Names of files that are the same byte for byte.
    labels_differ : bool
        Whether the two of a pair have different labels, so that neither can be trusted.
    silent : tuple of str
        Names of clips without sound.
    misspelt : dict of str to str
        Names as some distribution spells them, and as they should be.
    doubled : str
        Why clips may be found twice.
    missing_columns : dict of str to str
        What to get for a target that this copy of the corpus has not.
    unlabelled : callable
        Takes the rows that lack a target's column, and its name, and says why they do.
    """

    key: str
    title: str
    how_to_get: str
    names: str
    parse: Callable[[Path], tuple[str, dict[str, Any]] | None]
    identical: tuple[tuple[str, str], ...] = ()
    labels_differ: bool = False
    silent: tuple[str, ...] = ()
    misspelt: Mapping[str, str] = field(default_factory=dict)
    doubled: str = ""
    missing_columns: Mapping[str, str] = field(default_factory=dict)
    unlabelled: Callable[[pd.DataFrame, str], str] = lambda rows, column: "they have none"


def load_corpus(
    corpus: Corpus,
    path: str | os.PathLike[str],
    *,
    target: str,
    sample_rate: int,
    in_memory: bool,
    clean: bool,
    return_X_y: bool,
    n_jobs: int | None,
    verbose: int,
    complete: Callable[[pd.DataFrame, Path], pd.DataFrame] | None = None,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load a corpus; `complete` chooses among its clips or adds what other files tell of them."""
    check_sample_rate(sample_rate)
    folder = check_folder(path, corpus.title, corpus.how_to_get)
    frame = _find(corpus, folder)
    frame = frame if complete is None else complete(frame, folder)
    _check_target(corpus, frame, target)
    frame = _report_defects(corpus, _keep_first_copies(corpus, frame), clean=clean)
    frame = _keep_labelled(corpus, frame, target).reset_index(drop=True)
    data = AudioClips.from_files(frame["path"].tolist(), sample_rate, metadata=frame)
    if in_memory:
        data = _load(corpus, data, n_jobs, verbose, clean=clean)
    labels = _labels(frame, target)
    return make_bunch(data, labels, descr=load_descr(corpus.key), return_X_y=return_X_y)


def warn(message: str) -> None:
    """Warn at the line that called into this room, however deep the loader stands in it."""
    room = __name__.rpartition(".")[0]
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"].startswith(room):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, CorpusWarning, stacklevel=level)


def _find(corpus: Corpus, folder: Path) -> pd.DataFrame:
    """Tabulate the clips under a folder, the best copy first; the index is the clips' names."""
    files = find_recordings(folder)
    parsed = [(file, told) for file in files if (told := _parse(corpus, file)) is not None]
    if not parsed:
        raise CorpusNotFoundError(_say_what_is_there(corpus, folder, files))
    _report_mended(corpus, [file for file, _ in parsed])
    rows = [
        {"path": str(file), "corpus": corpus.key, **facts, "_name": name}
        for file, (name, facts) in parsed
    ]
    rows.sort(key=lambda row: (row["speaker"], row["_name"], *_rank(row["path"])))
    return pd.DataFrame(rows).set_index("_name")


def _parse(corpus: Corpus, file: Path) -> tuple[str, dict[str, Any]] | None:
    """Read a name as it should be spelt."""
    if file.stem in corpus.misspelt:
        file = file.with_name(f"{corpus.misspelt[file.stem]}{file.suffix}")
    return corpus.parse(file)


def _report_mended(corpus: Corpus, files: list[Path]) -> None:
    mended = sorted({file.stem for file in files if file.stem in corpus.misspelt})
    if mended:
        spelt = [f"{name} was read as {corpus.misspelt[name]}" for name in mended]
        warn(f"{corpus.title}: misspelt names were mended: {'; '.join(spelt)}.")


def _rank(path: str) -> tuple[bool, int, str]:
    """Order copies of one clip: what lost nothing in coding first, then the least deep."""
    return path.lower().endswith(_LOSSY_SUFFIXES), path.count(os.sep), path


def _say_what_is_there(corpus: Corpus, folder: Path, files: list[Path]) -> str:
    start = f"no {corpus.title} file names were found under {folder}"
    if not files:
        return f"{start}; it holds no audio file at all. {corpus.how_to_get}"
    names = [file.name for file in files]
    found = f"{len(files)} audio files such as {names[0]!r}"
    other = looks_like(names)
    if other is None or other == corpus.title:
        return (
            f"{start}, only {found}; names are like {corpus.names}. "
            f"For recordings of your own use load_clips. {corpus.how_to_get}"
        )
    loader = _LOADERS.get(other, "load_clips")
    return f"{start}; its {found} look like {other}. Load them with {loader}."


def _column(target: str) -> str:
    """Name the column that a target needs beside the emotion, which is always known."""
    return "sex" if target == _SEX_EMOTION else target


def _check_target(corpus: Corpus, frame: pd.DataFrame, target: str) -> None:
    """Refuse a target that this copy of the corpus cannot give."""
    needed = _column(target)
    if needed not in frame and needed in corpus.missing_columns:
        raise CorpusError(f"target={target!r}: {corpus.missing_columns[needed]}")
    known = [*frame.columns, _SEX_EMOTION]
    check_column("target", target, known, f"the table of {corpus.title}")


def _keep_first_copies(corpus: Corpus, frame: pd.DataFrame) -> pd.DataFrame:
    """Keep one file of each name, the one least deep, and warn where there were more."""
    first = frame[~frame.index.duplicated()]
    if len(first) < len(frame):
        warn(
            f"{corpus.title}: {len(frame) - len(first)} of {len(frame)} files were left out, since "
            f"a file of the same name was found in another folder{corpus.doubled}."
        )
    return first


def _report_defects(corpus: Corpus, frame: pd.DataFrame, *, clean: bool) -> pd.DataFrame:
    """Leave out what is broken where `clean`; otherwise only warn of what is known to be."""
    pairs = [pair for pair in corpus.identical if _is_identical(frame, pair)]
    silent = [name for name in corpus.silent if name in frame.index]
    if not clean:
        _warn_of_known(corpus, pairs, silent)
        return frame
    reasons = _find_broken(frame)
    for name, reason in _known_reasons(corpus, pairs, silent):
        reasons.setdefault(name, reason)
    if len(reasons) == len(frame):
        raise CorpusNotFoundError(f"every clip found is broken: {shorten(reasons.values(), 3)}")
    if reasons:
        warn(
            f"{corpus.title}: clean=True left out {len(reasons)} of {len(frame)} clips: "
            f"{shorten(reasons.values(), 10, ' ')}"
        )
    return frame[~frame.index.isin(list(reasons))]


def _warn_of_known(corpus: Corpus, pairs: list[tuple[str, str]], silent: list[str]) -> None:
    under = " under two labels" if corpus.labels_differ else ""
    found = [f"{first} and {second} are one recording{under}" for first, second in pairs]
    found += [f"{name} has no sound" for name in silent]
    if found:
        what = "all of these" if corpus.labels_differ else "one"
        warn(f"{corpus.title}: {'; '.join(found)}; clean=True leaves out {what}.")


def _known_reasons(
    corpus: Corpus, pairs: list[tuple[str, str]], silent: list[str]
) -> list[tuple[str, str]]:
    """Say why each clip of the known defects has to go: of a pair with one label the second."""
    reasons = [(name, f"{name} has no sound.") for name in silent]
    for first, second in pairs:
        if corpus.labels_differ:
            label = "byte-identical under another label"
            reasons.append((first, f"{first} is {second}, {label}."))
            reasons.append((second, f"{second} is {first}, {label}."))
        else:
            reasons.append((second, f"{second} is byte-identical with {first}."))
    return reasons


def _is_identical(frame: pd.DataFrame, pair: tuple[str, str]) -> bool:
    """Find a pair by names and size, without opening a file."""
    if not all(name in frame.index for name in pair):
        return False
    return len({os.stat(path).st_size for path in frame.loc[list(pair), "path"]}) == 1


def _find_broken(frame: pd.DataFrame) -> dict[str, str]:
    """Say, by name, which files cannot be opened or end before they should."""
    broken = {}
    for name, path in frame["path"].items():
        try:
            _read_end(path)
        except AudioReadError as error:
            broken[str(name)] = str(error)
    return broken


def _read_end(path: str) -> None:
    """Read the last moment of a file, which a file that was cut off does not have."""
    try:
        start = soundfile.info(path).duration - _A_MOMENT
    except soundfile.SoundFileError:
        start = 0.0  # read_audio finds words for what is wrong
    read_audio(path, offset=max(start, 0.0))


def _keep_labelled(corpus: Corpus, frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Leave out, with a warning that says why, the clips of which the target is not known."""
    column = _column(target)
    unknown = frame[column].isna()
    if not unknown.any():
        return frame
    if unknown.all():
        raise CorpusError(
            f"no clip of {corpus.title} has target={target!r}: {corpus.unlabelled(frame, column)}."
        )
    warn(
        f"{corpus.title}: {unknown.sum()} of {len(frame)} clips were left out, since their "
        f"{target!r} is not known: {corpus.unlabelled(frame[unknown], column)}."
    )
    return frame[~unknown]


def _labels(frame: pd.DataFrame, target: str) -> list[Any]:
    if target != _SEX_EMOTION:
        return frame[target].tolist()
    return [sex_emotion(*pair) for pair in zip(frame["sex"], frame["emotion"], strict=True)]


def _load(
    corpus: Corpus, data: AudioClips, n_jobs: int | None, verbose: int, *, clean: bool
) -> AudioClips:
    try:
        return data.load(n_jobs=n_jobs, verbose=verbose)
    except AudioReadError as error:
        if clean:
            raise
        raise AudioReadError(
            f"{error} Or leave broken files out: load_{corpus.key}(..., clean=True)."
        ) from error
