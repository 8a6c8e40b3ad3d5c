"""Fetch a public corpus, check every byte, unpack it, and load it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn_ser.datasets import _sources
from sklearn_ser.datasets._archives import unpack
from sklearn_ser.datasets._download import Transfer, fetch_files
from sklearn_ser.datasets._files import find_recordings
from sklearn_ser.datasets._home import ENVIRONMENT, get_data_home
from sklearn_ser.exceptions import CorpusNotFoundError
from sklearn_ser.utils._files import check_output_folder

if TYPE_CHECKING:
    import os

    import numpy as np
    from sklearn.utils import Bunch

    from sklearn_ser.audio._clips import AudioClips

__all__ = ["fetch_crema_d", "fetch_ravdess", "fetch_savee", "fetch_tess"]


@dataclass(frozen=True)
class _Corpus:
    """What the fetchers need to know: names, and the words for how to come by it."""

    name: str
    folder: str
    how_to_get: str


_RAVDESS = _Corpus(
    "RAVDESS",
    "ravdess",
    "fetch_ravdess() fetches it from Zenodo, record 1188976 (208 MB, CC BY-NC-SA 4.0).",
)
_CREMA_D = _Corpus(
    "CREMA-D",
    "crema_d",
    "fetch_crema_d() fetches it from GitHub, CheyneyComputerScience/CREMA-D (0.6 GB, ODbL 1.0).",
)
_TESS = _Corpus(
    "TESS",
    "tess",
    "fetch_tess() fetches it from Borealis, https://doi.org/10.5683/SP2/E8H2MF (CC BY-NC-ND 4.0).",
)
_SAVEE = _Corpus(
    "SAVEE",
    "savee",
    "SAVEE may not be passed on: register at http://kahlan.eps.surrey.ac.uk/savee/ (University of "
    "Surrey, free for research), download AudioData.zip with the password that you are sent, and "
    'call fetch_savee(archive="AudioData.zip").',
)


def fetch_ravdess(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    verbose: int = 0,
    **load_options: Any,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load RAVDESS' speech, and fetch it first where it is not there (208 MB).

    The archive is compared with its md5 and unpacked into ``ravdess`` below `data_home`; an
    archive that lies in `data_home` already is used. Recordings that are in ``ravdess``, all of
    them or some, are taken as they are.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder of the corpora, see :func:`get_data_home`.
    download_if_missing : bool, default=True
        False never uses the network.
    n_retries : int, default=3
        Further attempts after a failure that may pass: no answer, a cut connection, a wrong sum.
    delay : float, default=1.0
        Seconds before the second attempt; each further one waits twice as long.
    verbose : int, default=0
        Show progress where it is not 0.
    **load_options
        Passed on to :func:`load_ravdess`: `sample_rate`, `target`, `clean`, `return_X_y`, ...

    Returns
    -------
    Bunch
        What :func:`load_ravdess` gives.

    Raises
    ------
    CorpusNotFoundError
        It is not there and `download_if_missing=False`, or it could not be fetched.
    CorpusError
        The archive cannot be unpacked, or not safely.
    OSError
        The folder cannot be written.
    TypeError
        :func:`load_ravdess` does not know one of `load_options`.

    See Also
    --------
    load_ravdess : Load from any folder.

    Examples
    --------
    A home where one clip lies already; where there is none, it would be fetched:

    >>> import os, tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> from sklearn_ser.datasets import fetch_ravdess
    >>> with tempfile.TemporaryDirectory() as home:
    ...     os.mkdir(os.path.join(home, "ravdess"))
    ...     name = os.path.join(home, "ravdess", "03-01-05-02-01-01-07.wav")
    ...     soundfile.write(name, np.zeros(4800), 48000)
    ...     bunch = fetch_ravdess(data_home=home)
    >>> bunch.target.tolist()
    ['angry']
    """
    transfer = _check_transfer(_RAVDESS, n_retries, delay, verbose)
    return _load(_RAVDESS, data_home, download_if_missing, transfer, _get_ravdess, load_options)


def fetch_crema_d(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    verbose: int = 0,
    **load_options: Any,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load CREMA-D, and fetch first what is not there (7,442 clips, 0.6 GB).

    The clips go to ``crema_d/AudioWAV`` below `data_home`, several at a time, each compared with
    its sha256 and size. What is there is checked again at every call, and only what is missing
    or wrong is fetched; a clip that lies there in another audio format is left as it is. The
    three tables (sentences, actors, votes) have no published sum: only their transfer is checked.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder of the corpora, see :func:`get_data_home`.
    download_if_missing : bool, default=True
        False loads what is there and never uses the network.
    n_retries : int, default=3
        Further attempts after a failure that may pass: no answer, a cut connection, a wrong sum.
    delay : float, default=1.0
        Seconds before the second attempt; each further one waits twice as long.
    verbose : int, default=0
        Show progress where it is not 0.
    **load_options
        Passed on to :func:`load_crema_d`: `sample_rate`, `target`, `clean`, `return_X_y`, ...

    Returns
    -------
    Bunch
        What :func:`load_crema_d` gives.

    Raises
    ------
    CorpusNotFoundError
        It is not there and `download_if_missing=False`, or files could not be fetched; they are
        named, the others are kept, and the next call repeats only these.
    OSError
        The folder cannot be written.
    TypeError
        :func:`load_crema_d` does not know one of `load_options`.

    See Also
    --------
    load_crema_d : Load from any folder.

    Examples
    --------
    >>> from sklearn_ser.datasets import fetch_crema_d
    >>> bunch = fetch_crema_d(verbose=1)  # doctest: +SKIP
    """
    transfer = _check_transfer(_CREMA_D, n_retries, delay, verbose)
    return _load(_CREMA_D, data_home, download_if_missing, transfer, _get_crema_d, load_options)


def fetch_tess(
    *,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
    verbose: int = 0,
    **load_options: Any,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load TESS, and fetch first what is not there (2,800 clips).

    The Dataverse of Borealis lists the files with their sums; the list is kept as
    ``dataverse_record.json`` beside the clips in ``tess`` below `data_home`. Only what is missing
    or wrong is fetched; a clip that lies there in another audio format is left as it is.

    Parameters
    ----------
    data_home : path-like, default=None
        Folder of the corpora, see :func:`get_data_home`.
    download_if_missing : bool, default=True
        False loads what is there and never uses the network.
    n_retries : int, default=3
        Further attempts after a failure that may pass: no answer, a cut connection, a wrong sum.
    delay : float, default=1.0
        Seconds before the second attempt; each further one waits twice as long.
    verbose : int, default=0
        Show progress where it is not 0.
    **load_options
        Passed on to :func:`load_tess`: `sample_rate`, `target`, `clean`, `return_X_y`, ...

    Returns
    -------
    Bunch
        What :func:`load_tess` gives.

    Raises
    ------
    CorpusNotFoundError
        It is not there and `download_if_missing=False`, or files could not be fetched; they are
        named, the others are kept, and the next call repeats only these.
    CorpusError
        The server's answer is no record of files.
    OSError
        The folder cannot be written.
    TypeError
        :func:`load_tess` does not know one of `load_options`.

    See Also
    --------
    load_tess : Load from any folder.

    Examples
    --------
    >>> from sklearn_ser.datasets import fetch_tess
    >>> bunch = fetch_tess(verbose=1)  # doctest: +SKIP
    """
    transfer = _check_transfer(_TESS, n_retries, delay, verbose)
    return _load(_TESS, data_home, download_if_missing, transfer, _get_tess, load_options)


def fetch_savee(
    archive: str | os.PathLike[str] | None = None,
    *,
    data_home: str | os.PathLike[str] | None = None,
    verbose: int = 0,
    **load_options: Any,
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Load SAVEE, unpacked first from the archive that the University of Surrey gave you.

    SAVEE is free for research, but only after registration, so nothing is downloaded here.

    Parameters
    ----------
    archive : path-like, default=None
        ``AudioData.zip``, unpacked safely into ``savee`` below `data_home`, once: where recordings
        are there already they are loaded. None takes ``AudioData.zip`` in `data_home`.
    data_home : path-like, default=None
        Folder of the corpora, see :func:`get_data_home`.
    verbose : int, default=0
        Show progress while decoding where it is not 0.
    **load_options
        Passed on to :func:`load_savee`: `sample_rate`, `target`, `clean`, `return_X_y`, ...

    Returns
    -------
    Bunch
        What :func:`load_savee` gives.

    Raises
    ------
    CorpusNotFoundError
        Neither the recordings nor the archive is there; the message tells how to register.
    CorpusError
        The archive cannot be unpacked, or not safely.
    OSError
        The folder cannot be written.
    TypeError
        :func:`load_savee` does not know one of `load_options`.

    See Also
    --------
    load_savee : Load from any folder.

    Examples
    --------
    >>> from sklearn_ser.datasets import fetch_savee
    >>> bunch = fetch_savee("AudioData.zip")  # doctest: +SKIP
    """
    home = get_data_home(data_home)
    packed = home / "AudioData.zip" if archive is None else Path(archive).expanduser()
    transfer = Transfer(_SAVEE.name, 0, 0.0, verbose)
    asked = archive is not None or packed.is_file()

    def get(folder: Path, _: Transfer) -> None:
        _unpack_users_archive(packed, folder)

    return _load(_SAVEE, home, asked, transfer, get, load_options)


def _load(
    corpus: _Corpus,
    data_home: str | os.PathLike[str] | None,
    may_get: bool,
    transfer: Transfer,
    get: Callable[[Path, Transfer], None],
    options: dict[str, Any],
) -> Bunch | tuple[AudioClips, np.ndarray]:
    """Get a corpus where that is wanted, and hand its folder to its loader."""
    load = getattr(import_module("sklearn_ser.datasets"), f"load_{corpus.folder}")
    # A misspelt option should not wait for the end of a long download.
    signature(load).bind("", verbose=transfer.verbose, **options)
    folder = get_data_home(data_home) / corpus.folder
    if may_get:
        get(folder, transfer)
    elif not _has_recordings(folder):
        raise CorpusNotFoundError(
            f"{corpus.name} is not there: no recordings in {folder}. If it lies elsewhere, name "
            f"the folder above {corpus.folder!r} with data_home or the environment variable "
            f"{ENVIRONMENT}. {corpus.how_to_get}"
        )
    return load(folder, verbose=transfer.verbose, **options)


def _check_transfer(corpus: _Corpus, n_retries: int, delay: float, verbose: int) -> Transfer:
    if not isinstance(n_retries, Integral) or n_retries < 0:
        raise ValueError(f"n_retries={n_retries!r} is no whole number of attempts; 0 is none.")
    if not isinstance(delay, Real) or not 0 <= delay < float("inf"):
        raise ValueError(f"delay={delay!r} is no number of seconds; 0 does not wait.")
    return Transfer(corpus.name, int(n_retries), float(delay), verbose)


def _has_recordings(folder: Path) -> bool:
    return folder.is_dir() and bool(find_recordings(folder))


def _get_ravdess(folder: Path, transfer: Transfer) -> None:
    if _has_recordings(folder):
        return
    home = check_output_folder(folder.parent)
    file = _sources.ravdess_archive()
    fetch_files([file], home, transfer, anywhere=False)
    _unpack_into(home / file.name, folder)
    (home / file.name).unlink()


def _get_crema_d(folder: Path, transfer: Transfer) -> None:
    fetch_files(_sources.crema_d_files(), check_output_folder(folder), transfer)


def _get_tess(folder: Path, transfer: Transfer) -> None:
    check_output_folder(folder)
    record = _sources.tess_record()
    fetch_files([record], folder, transfer)
    files = _sources.tess_files(folder / record.name)
    fetch_files(files, folder, transfer)
    for archive in (folder / file.name for file in files if file.name.lower().endswith(".zip")):
        if not archive.with_suffix("").exists():
            unpack(archive, archive.with_suffix(""))


def _unpack_users_archive(archive: Path, folder: Path) -> None:
    if _has_recordings(folder):
        return
    if not archive.is_file():
        raise CorpusNotFoundError(f"there is no archive {archive}. {_SAVEE.how_to_get}")
    check_output_folder(folder.parent)
    _unpack_into(archive, folder)


def _unpack_into(archive: Path, folder: Path) -> None:
    """Unpack into a folder of our own making; one with something else in it is the user's."""
    if folder.is_dir() and any(folder.iterdir()):
        raise CorpusNotFoundError(
            f"{folder} holds files but no recordings; remove it, or name another folder with "
            f"data_home or the environment variable {ENVIRONMENT}."
        )
    unpack(archive, folder)
