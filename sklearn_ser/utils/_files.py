"""Writing results so that no reader ever sees half a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_folder", "atomic_path", "check_output_folder"]


def check_output_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder for results and prove that files can be written there.

    Call it before a long computation, so that hours of work do not end at a closed door.

    Parameters
    ----------
    folder : str or path
        The folder; it and its parents are made where they do not exist.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OSError
        If the folder cannot be made or written to; the message names it and the cause.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(
            f"Results cannot be written to the folder '{folder}': "
            f"{error.strerror or error}. Choose another folder, or mend this one."
        ) from error
    return folder


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the name `path` once all went well."""
    path = Path(path)
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a new folder beside `path` to fill; it takes the place of `path` once all went well.

    A folder that stands at `path` is removed then, with all that it holds.
    """
    path = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    replaced = path.with_name(f".{path.name}.{os.getpid()}.replaced")
    try:
        unfinished.mkdir()
        yield unfinished
        if path.exists():
            os.replace(path, replaced)
        os.replace(unfinished, path)
    finally:
        if replaced.exists() and not path.exists():
            os.replace(replaced, path)
        for folder in (unfinished, replaced):
            shutil.rmtree(folder, ignore_errors=True)
