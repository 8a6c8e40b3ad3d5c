"""Finding the recordings under a folder, and telling corpora by their file names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sklearn_ser.exceptions import CorpusError, CorpusNotFoundError

__all__ = [
    "AUDIO_SUFFIXES",
    "check_folder",
    "find_recordings",
    "looks_like",
    "natural_key",
    "shorten",
]

AUDIO_SUFFIXES = frozenset(
    f".{ending}"
    for ending in "wav wave w64 rf64 flac ogg oga opus mp3 aif aiff aifc au snd caf".split(" ")  # noqa: SIM905
)
"""File endings that are taken for recordings (libsndfile decodes them)."""

_ARCHIVE_SUFFIXES = frozenset((".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"))

_NAMES_OF_CORPORA = {
    "RAVDESS": re.compile(r"\d{2}(-\d{2}){6}"),
    "CREMA-D": re.compile(r"1\d{3}_[A-Z]{3}_(ANG|DIS|FEA|HAP|NEU|SAD)_[A-Z]{2}"),
    "TESS": re.compile(r"(OAF|YAF|OA)_\w+_(angry|disgust|fear|happy|neutral|ps|sad)"),
    "SAVEE": re.compile(r"((DC|JE|JK|KL)_)?(a|d|f|h|n|sa|su)\d{2}"),
    "EmoDB": re.compile(r"\d{2}[abL]\d{2}[WLEAFTN][a-z]?"),
}


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Sort key that puts ``clip2`` before ``clip10``."""
    parts = re.findall(r"\d+|\D+", text)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]


def shorten(names: Iterable[str], most: int = 10, separator: str = ", ") -> str:
    """List names, the first few of many: ``a, b, c and 7 more``."""
    names = list(names)
    listed = separator.join(names[:most])
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed


def looks_like(names: Iterable[str]) -> str | None:
    """Name the corpus whose file names most of these are, or None.

    Parameters
    ----------
    names : iterable of str
        File names, with or without their ending.
    """
    stems = [Path(name).stem for name in names]
    for corpus, pattern in _NAMES_OF_CORPORA.items():
        matching = sum(pattern.fullmatch(stem) is not None for stem in stems)
        if 2 * matching > len(stems):
            return corpus
    return None


def check_folder(path: str | os.PathLike[str], what: str, how_to_get: str) -> Path:
    """Give the folder as an absolute Path, or say what is there instead of it.

    Parameters
    ----------
    path : path-like
        The folder as the caller gave it; ``~`` is the home folder.
    what : str
        What should be in it, for the messages.
    how_to_get : str
        The sentence that closes the message where nothing is there.

    Raises
    ------
    TypeError
        `path` is no path.
    CorpusNotFoundError
        There is nothing, or a file, at `path`.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"path is a {type(path).__name__}; give the folder of {what} as a str or a Path."
        )
    folder = Path(os.path.abspath(os.path.expanduser(path)))
    if folder.is_dir():
        return folder
    if not folder.exists():
        raise CorpusNotFoundError(f"there is no folder {folder}. {how_to_get}")
    if folder.suffix.lower() in _ARCHIVE_SUFFIXES:
        raise CorpusNotFoundError(
            f"{folder} is an archive; unpack it and give the folder that comes out."
        )
    raise CorpusNotFoundError(f"{folder} is a file; give the folder of {what}.")


def find_recordings(folder: Path) -> list[Path]:
    """List the audio files under a folder, at any depth, in natural order.

    Hidden files and what macOS puts beside the files of an archive (``__MACOSX``, ``._name``) are
    left out; links to folders are followed, each folder once.

    Raises
    ------
    CorpusError
        A folder cannot be listed.
    """
    found = [path for path in _walk(folder) if path.suffix.lower() in AUDIO_SUFFIXES]
    return sorted(found, key=lambda path: natural_key(path.as_posix()))


def _walk(folder: Path) -> Iterator[Path]:
    """Go through all files that are not hidden."""
    seen = set()
    for parent, folders, files in os.walk(folder, onerror=_raise_unlistable, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield from (Path(parent, name) for name in files if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _raise_unlistable(error: OSError) -> None:
    raise CorpusError(f"cannot list the folder {error.filename}: {error.strerror}.") from error
