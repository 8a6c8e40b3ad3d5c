"""From whatever names the clips (a table's file, a DataFrame, a folder) to one plain table."""

from __future__ import annotations

import gzip
import os
import re
import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_ser.datasets._base import check_column
from sklearn_ser.datasets._files import AUDIO_SUFFIXES, find_recordings, shorten
from sklearn_ser.exceptions import (
    CorpusError,
    CorpusNotFoundError,
    CorpusWarning,
    MissingExtraError,
)

__all__ = ["Columns", "Source", "open_source"]

_SEPARATORS = ",;\t"
_TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".txt")
_PARQUET_SUFFIXES = (".parquet", ".pq")
# How Python writes numbers: "007" or "1e5" in a table are names, not numbers.
_NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?"


@dataclass(frozen=True)
class Columns:
    """Names of the three columns that mean something to the loader."""

    path: Hashable
    label: Hashable
    speaker: Hashable | None

    def asked_for(self) -> dict[str, Hashable]:
        """Give the columns by parameter name, the speaker only where one is wanted."""
        named = {"path": self.path, "label": self.label, "speaker": self.speaker}
        return {parameter: name for parameter, name in named.items() if name is not None}


@dataclass(frozen=True)
class Source:
    """A table of clips as it was found, and how to speak of it."""

    frame: pd.DataFrame
    name: str
    """What messages call it, ``clips.csv``."""
    folder: Path
    """Where relative paths begin."""
    row_names: dict[int, str]
    """What messages call each row of `frame`, by its index."""
    rows: str
    """What messages call several of them: rows, or recordings."""
    speaker_hint: str
    """How to say who speaks, given that nobody did."""


def open_source(table: Any, columns: Columns, pattern: Any, root: Any) -> Source:
    """Read a CSV, TSV or Parquet file, a DataFrame, or the files of a folder into a `Source`."""
    if isinstance(table, pd.DataFrame):
        _refuse_pattern(pattern, "a DataFrame")
        return _from_frame(table, root)
    if not isinstance(table, str | os.PathLike):
        raise TypeError(
            f"load_clips takes a table's file, a DataFrame or a folder, got a "
            f"{type(table).__name__}; put paths and labels into a DataFrame with columns "
            f"{columns.path!r} and {columns.label!r}."
        )
    place = Path(os.path.abspath(os.path.expanduser(table)))
    if place.is_dir():
        _refuse_root(root)
        return _from_pattern(place, columns, pattern) if pattern else _from_folders(place, columns)
    if not place.exists():
        raise CorpusNotFoundError(f"there is no table and no folder {place}.")
    _refuse_pattern(pattern, "a table's file")
    return _from_file(place, columns, root)


def _refuse_pattern(pattern: Any, what: str) -> None:
    if pattern is not None:
        raise CorpusError(f"pattern= goes with a folder, and this is {what}; leave it out.")


def _refuse_root(root: Any) -> None:
    if root is not None:
        raise CorpusError("root= goes with a table; the paths in a folder begin at the folder.")


# --- tables ------------------------------------------------------------------------------------


def _from_frame(frame: pd.DataFrame, root: Any) -> Source:
    numbered = frame.reset_index(drop=True)
    return _table_source(numbered, "the DataFrame", root if root is not None else ".", 0)


def _from_file(place: Path, columns: Columns, root: Any) -> Source:
    lowered = place.name.lower()
    root = root if root is not None else place.parent
    if lowered.endswith(_PARQUET_SUFFIXES):
        return _table_source(_read_parquet(place), place.name, root, 0)
    if lowered.endswith(_TEXT_SUFFIXES):
        # A spreadsheet counts from 1, and its first row is the header.
        return _table_source(_read_text(place, columns), place.name, root, 2)
    raise CorpusError(_say_not_a_table(place))


def _table_source(
    frame: pd.DataFrame, name: str, root: str | os.PathLike[str], first_row: int
) -> Source:
    return Source(
        frame=frame,
        name=name,
        folder=_absolute(root),
        row_names={index: f"row {index + first_row}" for index in frame.index},
        rows="rows",
        speaker_hint="name the column that tells who speaks (speaker=...)",
    )


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def _say_not_a_table(place: Path) -> str:
    kind = "a recording, not a table" if place.suffix.lower() in AUDIO_SUFFIXES else "no table"
    mend = "give a .csv, .tsv or .parquet file, a DataFrame, or a folder"
    return f"{place} is {kind}; {mend} (an archive must be unpacked first)."


def _read_parquet(place: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(place).reset_index(drop=True)
    except ImportError as error:
        raise MissingExtraError(
            f"reading {place.name} needs pyarrow: pip install pyarrow, or save the table as CSV."
        ) from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"cannot read the table {place}: {error}") from error


def _read_text(place: Path, columns: Columns) -> pd.DataFrame:
    """Read a CSV or TSV as text, so that no label NA or null, and no speaker 007, is lost."""
    try:
        with warnings.catch_warnings():
            # pandas only warns where a row has more cells than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                place,
                sep=_guess_separator(place),
                dtype=str,
                keep_default_na=False,
                index_col=False,
                skip_blank_lines=False,
                encoding="utf-8-sig",
            ).fillna("")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{place} is not UTF-8 text; save the table as UTF-8 CSV.") from error
    except pd.errors.EmptyDataError as error:
        raise CorpusError(f"{place} is empty.") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise CorpusError(f"cannot read the table {place}: {error}") from error
    except OSError as error:
        raise CorpusError(f"cannot read the table {place}: {error.strerror}.") from error
    frame.columns = frame.columns.str.strip()
    # The index keeps the places of the rows between which empty lines were left out.
    return _give_numbers(frame[(frame != "").any(axis=1)], columns)


def _guess_separator(place: Path) -> str:
    """Take the separator that the header line has most of; spreadsheets write ``;`` in Europe."""
    opener = gzip.open if place.suffix.lower() == ".gz" else open
    with opener(place, "rt", encoding="utf-8-sig") as file:
        header = str(file.readline())
    return max(_SEPARATORS, key=header.count)


def _give_numbers(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Turn columns of plain numbers into numbers; paths and speakers stay names."""
    given = {}
    for name in frame.columns:
        cells = frame[name].where(frame[name] != "")
        if name in (columns.path, columns.speaker):
            continue
        if cells.notna().any() and cells.dropna().str.fullmatch(_NUMBER).all():
            given[name] = pd.to_numeric(cells)
    return frame.assign(**given)


# --- folders -----------------------------------------------------------------------------------


def _from_folders(folder: Path, columns: Columns) -> Source:
    """Take the first subfolder on the way to a file as its label."""
    files = _list_recordings(folder)
    relative = [file.relative_to(folder) for file in files]
    labels = [path.parts[0] if len(path.parts) > 1 else "" for path in relative]
    if not any(labels):
        raise CorpusError(
            f"the {len(files)} recordings in {folder} lie in no subfolder, which would be their "
            f"label; read it from their names, such as {relative[0].as_posix()!r}, with "
            "pattern=r'(?P<speaker>...)_(?P<label>...)'."
        )
    hint = "read it from the paths with pattern=r'...(?P<speaker>...)...(?P<label>...)...'"
    return _folder_source(folder, files, columns.path, {columns.label: labels}, hint)


def _from_pattern(folder: Path, columns: Columns, pattern: Any) -> Source:
    """Read label, speaker and further columns from the path of each file."""
    expression = _compile(pattern)
    _check_groups(expression, columns)
    files = _list_recordings(folder)
    relative = [file.relative_to(folder).as_posix() for file in files]
    matches = [expression.search(path) for path in relative]
    _report_unmatched([p for p, m in zip(relative, matches, strict=True) if m is None], files)
    found = [(f, m.groupdict("")) for f, m in zip(files, matches, strict=True) if m is not None]
    told: dict[Hashable, list[str]] = {
        name: [groups[name] for _, groups in found] for name in expression.groupindex
    }
    hint = "give pattern= a group that tells it: (?P<speaker>...)"
    return _folder_source(folder, [file for file, _ in found], columns.path, told, hint)


def _list_recordings(folder: Path) -> list[Path]:
    files = find_recordings(folder)
    if not files:
        endings = ", ".join(sorted(AUDIO_SUFFIXES))
        raise CorpusNotFoundError(f"there is no recording under {folder} (looked for {endings}).")
    return files


def _folder_source(
    folder: Path,
    files: list[Path],
    path_column: Hashable,
    told: dict[Hashable, list[str]],
    speaker_hint: str,
) -> Source:
    frame = pd.DataFrame({path_column: [str(file) for file in files], **told})
    relative = [file.relative_to(folder).as_posix() for file in files]
    return Source(
        frame=frame,
        name=str(folder),
        folder=folder,
        row_names=dict(enumerate(relative)),
        rows="recordings",
        speaker_hint=speaker_hint,
    )


def _compile(pattern: Any) -> re.Pattern[str]:
    if not isinstance(pattern, str | re.Pattern):
        raise TypeError(f"pattern is a {type(pattern).__name__}; give a regular expression.")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise CorpusError(f"pattern={pattern!r} is no regular expression: {error}.") from error


def _check_groups(expression: re.Pattern[str], columns: Columns) -> None:
    """Need a group for the label; the path is known already."""
    groups = list(expression.groupindex)
    where = f"pattern={expression.pattern!r}"
    if not groups:
        raise CorpusError(
            f"{where} has no named group; write (?P<{columns.label}>...) around the label."
        )
    if columns.path in groups:
        raise CorpusError(f"{where} must not have a group {columns.path!r}, the file's own column.")
    check_column("label", columns.label, groups, where)


def _report_unmatched(unmatched: list[str], files: list[Path]) -> None:
    """Raise where no path matches, warn where some do not."""
    if len(unmatched) == len(files):
        raise CorpusError(
            f"pattern= matches none of the {len(files)} recordings; it is searched for in paths "
            f"such as {unmatched[0]!r}."
        )
    if unmatched:
        warnings.warn(
            f"pattern= does not match {len(unmatched)} of {len(files)} recordings, which are left "
            f"out: {shorten(unmatched, 3)}.",
            CorpusWarning,
            stacklevel=5,
        )
