"""Your own recordings: a table, a folder of labels, or a folder and a regular expression."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sklearn_ser.audio._clips import AudioClips
from sklearn_ser.datasets._base import (
    as_labels,
    check_choice,
    check_column,
    check_sample_rate,
    did_you_mean,
    is_empty,
    load_descr,
    make_bunch,
)
from sklearn_ser.datasets._files import shorten
from sklearn_ser.datasets._table_sources import Columns, Source, open_source
from sklearn_ser.exceptions import AudioError, CorpusError, CorpusWarning, SpeakerWarning
from sklearn_ser.utils._parallel import parallel_map

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["load_clips"]

_DEFAULT_SPEAKER = "speaker"
_MOST_LISTED = 10


def load_clips(
    table_or_folder: str | os.PathLike[str] | pd.DataFrame,
    *,
    path: Hashable = "path",
    label: Hashable = "label",
    speaker: Hashable | None = _DEFAULT_SPEAKER,
    pattern: str | re.Pattern[str] | None = None,
    root: str | os.PathLike[str] | None = None,
    sample_rate: int = 16000,
    in_memory: bool = True,
    on_error: str = "raise",
    return_X_y: bool = False,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    r"""Load your own recordings, with a label and, if known, a speaker for each.

    Parameters
    ----------
    table_or_folder : path-like or DataFrame
        One of these:

        * a table, one row a clip: a DataFrame, or a file that ends in ``.csv``, ``.tsv`` (UTF-8,
          separated by comma, semicolon or tab) or ``.parquet``;
        * a folder with one subfolder a label, ``angry/clip 1.wav``; who speaks is not known then;
        * a folder, and a `pattern` that reads label and speaker from the files' paths.
    path, label, speaker : hashable, default="path", "label", "speaker"
        Names of the columns (or of the groups of `pattern`). Where there is no column "speaker",
        `groups` is None and a `SpeakerWarning` says so; ``speaker=None`` says that speakers are
        unknown, without the warning.
    pattern : str or compiled regular expression, default=None
        Searched for in each file's path relative to the folder, with ``/`` between the parts. Its
        named groups become columns: ``r"(?P<speaker>\w+)/(?P<label>[a-z]+)_\d+\.wav$"``. Files
        that it does not match are left out with a `CorpusWarning`.
    root : path-like, default=None
        Where relative paths of a table begin; None is the folder of the table's file, or the
        current folder for a DataFrame.
    sample_rate : int, default=16000
        Rate in Hz that the clips are brought to, whatever each file has.
    in_memory : bool, default=True
        Decode everything now, into one buffer. False decodes a clip when it is touched; here it is
        only checked that the files exist.
    on_error : {"raise", "skip"}, default="raise"
        What to do with rows that cannot be used: a file that is missing or, with `in_memory=True`,
        cannot be decoded, an empty label or speaker, one path with two labels or two speakers.
        All of them are listed in one error, or left out with one warning.
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
            In the order of the table; of a folder in natural order (``clip2`` before ``clip10``).
        target : ndarray of shape (n,)
            The labels as they are: object array of `str`, or numbers where the table has numbers
            (in a CSV ``3`` and ``0.5`` are numbers, ``007`` is a word).
        groups : ndarray of shape (n,) or None
            The speakers as `str`, equal to ``data.speakers``.
        frame : DataFrame of n rows
            Everything downstream finds the same names here: "path" (absolute), "emotion" (the
            label) and "speaker", whatever the table calls them; all other columns follow under
            their own names. Only where the table has another column "emotion" beside `label`,
            each of the two keeps its own name.
        filenames : ndarray of shape (n,)
            Absolute paths.
        target_names : list
            The classes, sorted.
        sample_rate : int
            In Hz.
        DESCR : str
            What these columns mean, and a count.

        With `return_X_y=True` the pair ``(data, target)``.

    Raises
    ------
    CorpusNotFoundError
        There is no such table or folder, or no recording in the folder.
    CorpusError
        Rows that cannot be used, with their numbers (those of a spreadsheet for a CSV, of
        ``iloc`` otherwise); a column that is not there; an empty or unreadable table; a pattern
        that is invalid, has no group for the label, or matches nothing.

    Warns
    -----
    CorpusWarning
        Rows or files were left out: the same row twice, no match, ``on_error="skip"``.
    SpeakerWarning
        It is not known who speaks.

    See Also
    --------
    load_ravdess : A public corpus of 24 actors.
    sklearn_ser.model_selection.SpeakerKFold : Splits by speaker.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> import soundfile
    >>> from sklearn_ser.datasets import load_clips
    >>> table = pd.DataFrame({
    ...     "file": ["a.wav", "b.wav"], "mood": ["happy", "sad"], "who": ["ann", "bob"]
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in table["file"]:
    ...         soundfile.write(os.path.join(folder, name), np.zeros(800), 8000)
    ...     bunch = load_clips(table, path="file", label="mood", speaker="who", root=folder)
    >>> bunch.data.shape, bunch.target.tolist(), bunch.groups.tolist()
    ((2,), ['happy', 'sad'], ['ann', 'bob'])
    """
    check_choice("on_error", on_error, ("raise", "skip"))
    check_sample_rate(sample_rate)
    columns = Columns(path, label, speaker)
    source = open_source(table_or_folder, columns, pattern, root)
    frame, label_column = _name_columns(source, _find_columns(source, columns))
    frame = _drop_repeated(frame, label_column, source)
    problems = _find_problems(frame, label_column)
    usable = frame.drop(index=list(problems))
    as_labels(usable[label_column])
    clips = AudioClips.from_files(
        usable["path"].tolist(), sample_rate, metadata=usable.reset_index(drop=True)
    )
    if in_memory:
        clips, broken = _load(clips, n_jobs, verbose)
        problems.update({usable.index[i]: cause for i, cause in broken.items()})
    _report(problems, len(frame), source, on_error)
    if in_memory and not clips.in_memory:
        clips = clips.load(n_jobs=n_jobs, verbose=verbose)
    target = frame.drop(index=list(problems))[label_column]
    return make_bunch(clips, target, descr=load_descr("clips"), return_X_y=return_X_y)


# --- columns -----------------------------------------------------------------------------------


def _find_columns(source: Source, columns: Columns) -> Columns:
    """Check that the columns are there; without the usual speaker column, warn and go on."""
    available: list[Hashable] = list(source.frame.columns)
    if not len(source.frame):
        raise CorpusError(f"{source.name} has no row.")
    if columns.speaker == _DEFAULT_SPEAKER and _DEFAULT_SPEAKER not in available:
        _warn_of_unknown_speakers(source, available)
        columns = replace(columns, speaker=None)
    for parameter, name in columns.asked_for().items():
        check_column(parameter, name, available, source.name)
        if available.count(name) > 1:
            raise CorpusError(f"{source.name} has {available.count(name)} columns {name!r}.")
    if columns.path in (columns.label, columns.speaker):
        raise CorpusError(f"column {columns.path!r} cannot be the path and something else too.")
    return columns


def _warn_of_unknown_speakers(source: Source, available: list[Hashable]) -> None:
    warnings.warn(
        f"it is not known who speaks in {source.name}: there is no column {_DEFAULT_SPEAKER!r}"
        f"{did_you_mean(_DEFAULT_SPEAKER, available)}. groups is None, and no split can keep a "
        f"voice on one side, so scores may be far too high. To mend it, {source.speaker_hint}; "
        "speaker=None says that speakers are unknown, without this warning.",
        SpeakerWarning,
        stacklevel=4,
    )


def _name_columns(source: Source, columns: Columns) -> tuple[pd.DataFrame, Hashable]:
    """Give the table under the names that downstream knows, and the name of its label column."""
    table = source.frame
    used = set(columns.asked_for().values())
    rest: list[Hashable] = [name for name in table.columns if name not in used]
    _refuse_hidden_columns(rest, columns, source)
    named: dict[Hashable, Any] = {"path": [_absolute(c, source) for c in table[columns.path]]}
    if columns.label == columns.speaker:
        label_column: Hashable = "speaker"
    else:
        label_column = columns.label if "emotion" in rest else "emotion"
        named[label_column] = [_strip(cell) for cell in table[columns.label]]
    if columns.speaker is not None:
        named["speaker"] = [_speaker_name(cell) for cell in table[columns.speaker]]
    named.update({name: table[name] for name in rest})
    return pd.DataFrame(named, index=table.index), label_column


def _refuse_hidden_columns(rest: list[Hashable], columns: Columns, source: Source) -> None:
    """Refuse a table in which another column has the name that path or speaker will have."""
    for parameter, name in (("path", columns.path), ("speaker", columns.speaker)):
        if parameter in rest:
            raise CorpusError(
                f"{source.name} has a column {parameter!r} beside {parameter}={name!r}, and clips "
                f"take theirs from a column of that name; rename or drop it."
            )


def _absolute(cell: Any, source: Source) -> str:
    """Give the absolute path that a cell means; an empty cell stays empty."""
    if is_empty(cell):
        return ""
    return os.path.abspath(os.path.join(source.folder, os.path.expanduser(str(cell))))


def _strip(cell: Any) -> Any:
    # White space around a word is an accident of typing and would make a class of its own.
    return cell.strip() if isinstance(cell, str) else cell


def _speaker_name(cell: Any) -> str:
    """Give a speaker as a str; pandas makes numbers with a gap among them floats."""
    if is_empty(cell):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


# --- rows --------------------------------------------------------------------------------------


def _drop_repeated(frame: pd.DataFrame, label_column: Hashable, source: Source) -> pd.DataFrame:
    """Keep the first of rows with the same path, label and speaker, and warn of the others."""
    same = [name for name in ("path", label_column, "speaker") if name in frame]
    repeated = frame.duplicated(subset=list(dict.fromkeys(same))) & (frame["path"] != "")
    if repeated.any():
        rows = shorten(source.row_names[index] for index in frame.index[repeated])
        warnings.warn(
            f"{source.name} tells {int(repeated.sum())} clip(s) more than once, each taken once; "
            f"left out: {rows}.",
            CorpusWarning,
            stacklevel=3,
        )
    return frame[~repeated]


def _find_problems(frame: pd.DataFrame, label_column: Hashable) -> dict[int, str]:
    """Say what is wrong with which row, without opening a file."""
    contradictions = _find_contradictions(frame, label_column)
    speakers = frame["speaker"] if "speaker" in frame else ["unknown"] * len(frame)
    problems = {}
    cells = zip(frame.index, frame["path"], frame[label_column], speakers, strict=True)
    for index, path, label, speaker in cells:
        causes = [
            _why_unusable(path),
            "the label is empty" if is_empty(label) else None,
            "the speaker is empty" if is_empty(speaker) else None,
            contradictions.get(path),
        ]
        if any(causes):
            problems[index] = "; ".join(filter(None, causes))
    return problems


def _find_contradictions(frame: pd.DataFrame, label_column: Hashable) -> dict[str, str]:
    """Find paths that stand in several rows, which differ in label or speaker."""
    contradictions = {}
    several = frame[frame.duplicated("path", keep=False) & (frame["path"] != "")]
    for path, rows in several.groupby("path", sort=False):
        told = [
            f"{len(values)} {noun}s, {shorten(map(repr, values), 4)}"
            for noun, column in (("label", label_column), ("speaker", "speaker"))
            if column in rows and len(values := list(dict.fromkeys(rows[column]))) > 1
        ]
        contradictions[str(path)] = f"{path} has {' and '.join(told)}"
    return contradictions


def _why_unusable(path: str) -> str | None:
    """Say why a path is no file that can be read, or None; nothing is opened."""
    if not path:
        return "the path is empty"
    file = Path(path)
    if file.is_dir():
        return f"{path} is a folder"
    if not file.exists():
        return f"{path} does not exist"
    if not os.access(path, os.R_OK):
        return f"{path} cannot be read: permission denied"
    return f"{path} is empty (0 bytes)" if file.stat().st_size == 0 else None


def _load(clips: AudioClips, n_jobs: int | None, verbose: int) -> tuple[AudioClips, dict[int, str]]:
    """Decode all clips; where some cannot be, give the others undecoded, and say which and why."""
    try:
        return clips.load(n_jobs=n_jobs, verbose=verbose), {}
    except AudioError:
        # Only now is it worth the time to ask each clip by itself, so that its row can be named.
        tasks = [(clips, i) for i in range(len(clips))]
        causes = parallel_map(_why_broken, tasks, n_jobs=n_jobs, prefer="threads")
    broken = {i: cause for i, cause in enumerate(causes) if cause is not None}
    whole = np.array([i for i in range(len(clips)) if i not in broken], dtype=np.intp)
    return clips[whole], broken


def _why_broken(clips: AudioClips, i: int) -> str | None:
    try:
        clips[i]
    except AudioError as error:
        return str(error).rstrip(".")
    return None


def _report(problems: dict[int, str], n_rows: int, source: Source, on_error: str) -> None:
    """List the rows that cannot be used, in an error or, with on_error="skip", a warning."""
    if not problems:
        return
    lines = [f"  {source.row_names[index]}: {problems[index]}" for index in sorted(problems)]
    more = [f"  and {len(lines) - _MOST_LISTED} more"] if len(lines) > _MOST_LISTED else []
    listed = "\n".join(lines[:_MOST_LISTED] + more)
    count = f"{len(problems)} of {n_rows} {source.rows} of {source.name}"
    if on_error == "skip" and len(problems) < n_rows:
        warnings.warn(f"left out {count}:\n{listed}", CorpusWarning, stacklevel=3)
        return
    mend = "Mend them, or leave them out with on_error='skip'."
    raise CorpusError(f"{count} cannot be used:\n{listed}\n{mend}")
