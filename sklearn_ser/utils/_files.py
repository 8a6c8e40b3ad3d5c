"""Writing results so that no reader ever sees half a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_path", "check_output_folder"]


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
