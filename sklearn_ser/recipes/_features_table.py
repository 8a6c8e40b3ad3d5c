"""The features of sound files in a table, whatever state the files are in."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_ser.datasets._files import find_recordings
from sklearn_ser.exceptions import AudioError, CorpusError, CorpusNotFoundError
from sklearn_ser.recipes._csv import extract, write_table
from sklearn_ser.utils._names import first_few
from sklearn_ser.utils._parallel import chunk_slices, progress

__all__ = ["find_sounds", "write_features"]

_FILES_AT_A_TIME = 64  # between two steps of the progress bar


def find_sounds(places: Iterable[str | os.PathLike[str]]) -> list[str]:
    """List the files that are named, and the recordings at any depth of folders; each file once.

    Raises
    ------
    CorpusError
        If a folder holds no recording.
    CorpusNotFoundError
        If there is nothing at some of the places.
    """
    paths = [Path(place).expanduser() for place in places]
    absent = [str(path) for path in paths if not path.exists()]
    if absent:
        raise CorpusNotFoundError(
            f"There is neither a file nor a folder at {len(absent)} of the {len(paths)} places "
            f"named: {first_few(absent)}."
        )
    files: dict[str, str] = {}
    for path in paths:
        for file in _recordings(path) if path.is_dir() else [path]:
            files.setdefault(os.path.realpath(file), str(file))
    return list(files.values())


def _recordings(folder: Path) -> list[Path]:
    found = find_recordings(folder)
    if not found:
        raise CorpusError(f"The folder {folder} holds no audio file, at any depth.")
    return found


def write_features(
    target: Path, pipeline: Pipeline, files: list[str], *, on_error: str, verbose: int = 0
) -> dict[str, AudioError]:
    """Write the features of sound files, a row each, with the file in the column "path".

    Parameters
    ----------
    target : Path
        A file that ends in ``.csv`` or ``.parquet``. It appears whole or not at all.
    pipeline : Pipeline
        Unfitted; its step "features" extracts. Sequences need their number of frames given.
    files : list of str
        Sound files of any form.
    on_error : {"raise", "skip"}
        Whether a file that cannot be used is an error, or is left out.
    verbose : int, default=0
        Show a progress bar.

    Returns
    -------
    left_out : dict of str to AudioError
        The files that were left out, and why.

    Raises
    ------
    AudioError
        If a file cannot be used, or with ``"skip"`` none can.
    """
    work = _Extraction(pipeline, skips=on_error == "skip")
    done = progress(work.run(files), total=len(files), label="extracting", verbose=verbose)
    deque(done, maxlen=0)
    if not work.tables:
        first = next(iter(work.left_out.values()))
        raise AudioError(f"None of the {len(files)} files can be used, the first because {first}")
    write_table(target, pd.concat(work.tables, ignore_index=True))
    return work.left_out


@dataclass
class _Extraction:
    """Goes through files a few at a time, so that a broken one costs no more than these."""

    pipeline: Pipeline
    skips: bool
    tables: list[pd.DataFrame] = field(default_factory=list)
    left_out: dict[str, AudioError] = field(default_factory=dict)

    def run(self, files: list[str]) -> Iterator[str]:
        """Yield each file once it is done."""
        for some in chunk_slices(len(files), chunk_size=_FILES_AT_A_TIME):
            self._take(files[some])
            yield from files[some]

    def _take(self, files: list[str]) -> None:
        try:
            features = extract(self.pipeline, files)
        except AudioError as error:
            self._leave_out(files, error)
            return
        features.insert(0, "path", files)
        self.tables.append(features)

    def _leave_out(self, files: list[str], error: AudioError) -> None:
        """Find out which of these it is, by taking each on its own."""
        if not self.skips:
            raise error
        if len(files) > 1:
            for file in files:
                self._take([file])
        else:
            self.left_out[files[0]] = error
