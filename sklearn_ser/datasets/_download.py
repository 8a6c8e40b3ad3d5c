"""Fetch files over HTTP: only those that are missing, in parallel, each whole or not at all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pooch

from sklearn_ser.datasets._files import find_recordings, shorten
from sklearn_ser.exceptions import CorpusNotFoundError
from sklearn_ser.utils._files import atomic_path
from sklearn_ser.utils._parallel import parallel_iter, progress

__all__ = ["RemoteFile", "Transfer", "fetch_files"]

TIMEOUT = 30.0
"""Seconds without a byte before a connection is given up."""

_N_CONNECTIONS = 8
_MOST_FAILURES = 10
_CHUNK = 2**16
_MAY_PASS = frozenset((408, 425, 429, 500, 502, 503, 504))
_NOT_TRIED = "not tried"


@dataclass(frozen=True)
class RemoteFile:
    """One file of a corpus: its place in the folder, its address, and what it must be.

    Parameters
    ----------
    name : str
        Place below the folder of the corpus, with slashes.
    url : str
        Where it is fetched.
    checksum : str, default=None
        ``"md5:..."`` or ``"sha256:..."``; None where its source states none.
    n_bytes : int, default=None
        Its size; None where it is not known.
    """

    name: str
    url: str
    checksum: str | None = None
    n_bytes: int | None = None


@dataclass(frozen=True)
class Transfer:
    """How to fetch: how often a file is tried again, after how long, and whether to show it.

    Parameters
    ----------
    corpus : str
        Name of the corpus, for the messages.
    n_retries : int
        Further attempts after the first.
    delay : float
        Seconds before the second attempt; each further one waits twice as long.
    verbose : int
        Show a progress bar where not 0.
    """

    corpus: str
    n_retries: int
    delay: float
    verbose: int


class _TransferError(Exception):
    """One attempt that failed; `again` says whether another may do better."""

    def __init__(self, cause: str, *, again: bool) -> None:
        super().__init__(cause)
        self.again = again


def fetch_files(
    files: Sequence[RemoteFile], folder: Path, transfer: Transfer, *, anywhere: bool = True
) -> None:
    """Bring a folder up to the list: what is missing or wrong is fetched, the rest stays.

    Parameters
    ----------
    files : sequence of RemoteFile
        What should be there.
    folder : Path
        The folder of the corpus.
    transfer : Transfer
        Retries, delay and progress.
    anywhere : bool, default=True
        Search the subfolders as well: a recording that lies there under its name in another audio
        format counts as there, one in another subfolder is checked, and mended, where it lies.

    Raises
    ------
    CorpusNotFoundError
        Files could not be fetched; the message names them and the causes. The others stay.
    OSError
        The folder cannot be written.
    """
    there = _list_files(folder) if anywhere else {}
    tasks = _find_missing(files, folder, there)
    if not tasks:
        return
    stop = _Stop()
    fetch = partial(_fetch_one, transfer=transfer, stop=stop, alone=len(tasks) == 1)
    causes = parallel_iter(fetch, tasks, n_jobs=_N_CONNECTIONS, prefer="threads")
    many = transfer.verbose if len(tasks) > 1 else 0
    shown = progress(causes, total=len(tasks), label=f"Fetching {transfer.corpus}", verbose=many)
    failed = {file.name: cause for (file, _), cause in zip(tasks, shown, strict=True) if cause}
    if failed:
        raise CorpusNotFoundError(_say_what_failed(failed, len(files), folder, transfer))


class _Stop:
    """Ends a batch after so many failures that the server, not a file, must be the cause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_failures = 0

    def count(self) -> None:
        with self._lock:
            self._n_failures += 1

    @property
    def reached(self) -> bool:
        return self._n_failures >= _MOST_FAILURES


def _find_missing(
    files: Sequence[RemoteFile], folder: Path, there: dict[str, Path]
) -> list[tuple[RemoteFile, Path]]:
    """List the files that are absent or not what they should be, with where to put them."""
    stems = {path.stem for path in there.values()}
    places = [_place(file, folder, there) for file in files]
    found = [(file, path) for file, path in zip(files, places, strict=True) if path.is_file()]
    # sha256 lets other threads run meanwhile.
    checked = parallel_iter(what_is_wrong, found, n_jobs=_N_CONNECTIONS, prefer="threads")
    is_right = {file.name for (file, _), wrong in zip(found, checked, strict=True) if not wrong}
    broken = {file.name for file, _ in found} - is_right
    return [
        (file, path)
        for file, path in zip(files, places, strict=True)
        if file.name in broken or (file.name not in is_right and path.stem not in stems)
    ]


def _list_files(folder: Path) -> dict[str, Path]:
    """Map the names of recordings and tables at any depth to where they lie."""
    return {path.name: path for path in (*folder.rglob("*.csv"), *find_recordings(folder))}


def _place(file: RemoteFile, folder: Path, there: dict[str, Path]) -> Path:
    path = folder / file.name
    return path if path.exists() else there.get(path.name, path)


def what_is_wrong(file: RemoteFile, path: Path) -> str | None:
    """Say in what a file differs from what it should be, or None."""
    n_bytes = path.stat().st_size
    if file.n_bytes is not None and n_bytes != file.n_bytes:
        return f"it has {n_bytes:,} bytes instead of {file.n_bytes:,}"
    if n_bytes == 0:
        return "it is empty"
    if file.checksum is None:
        return None
    method, _, wanted = file.checksum.partition(":")
    got = pooch.file_hash(str(path), alg=method)
    return None if got == wanted.lower() else f"its {method} is {got} instead of {wanted}"


def _fetch_one(
    file: RemoteFile, path: Path, *, transfer: Transfer, stop: _Stop, alone: bool
) -> str | None:
    """Fetch one file with all its attempts; give the cause where none of them succeeded."""
    cause = _NOT_TRIED
    for attempt in range(transfer.n_retries + 1):
        if stop.reached:
            return cause
        if attempt:
            time.sleep(transfer.delay * 2 ** (attempt - 1))
        try:
            _attempt(file, path, show=alone and transfer.verbose > 0)
        except _TransferError as error:
            cause = str(error)
            if not error.again:
                break
        else:
            return None
    stop.count()
    return cause


def _attempt(file: RemoteFile, path: Path, *, show: bool) -> None:
    """Fetch a file once; it gets its name only when it is whole and right."""
    import requests

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as unfinished:
            _download(file.url, unfinished, show=show)
            wrong = what_is_wrong(file, unfinished)
            if wrong:
                raise _TransferError(wrong, again=True)
    except requests.RequestException as error:  # an OSError as well, hence first
        raise _TransferError(_explain(error), again=_may_pass(error)) from error
    except OSError as error:
        raise type(error)(
            f"{path} cannot be written: {error.strerror or error}. Name another folder with "
            "data_home or the environment variable SKLEARN_SER_DATA, or mend this one."
        ) from error


def _download(url: str, path: Path, *, show: bool) -> None:
    download = pooch.HTTPDownloader(progressbar=show, chunk_size=_CHUNK, timeout=TIMEOUT)
    download(url, os.fspath(path), None)


def _may_pass(error: Exception) -> bool:
    """Tell whether an error may be gone at the next attempt: no answer, or a server's trouble."""
    response = getattr(error, "response", None)
    return response is None or response.status_code in _MAY_PASS


def _explain(error: Exception) -> str:
    """Put into few words why a request failed."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer for {TIMEOUT:g} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off in the middle"
    return f"no connection: {_innermost(error)}"


def _innermost(error: Exception) -> str:
    """Give the last words of an error that wraps others, `Connection refused` for instance."""
    wrapped = error.args[0] if error.args else error
    return str(getattr(wrapped, "reason", wrapped)).rpartition(": ")[2]


def _say_what_failed(failed: dict[str, str], n_files: int, folder: Path, transfer: Transfer) -> str:
    tried = {name: cause for name, cause in failed.items() if cause != _NOT_TRIED}
    n_left = len(failed) - len(tried)
    left = f" After these, {n_left:,} more were not tried." if n_left else ""
    return (
        f"{transfer.corpus}: {len(tried):,} of {n_files:,} files could not be fetched: "
        f"{_list_causes(tried.items())}.{left} What came is kept in {folder}; call again to "
        "fetch only what is missing, or load what is there with download_if_missing=False."
    )


def _list_causes(causes: Iterable[tuple[str, str]]) -> str:
    return shorten((f"{name} ({cause})" for name, cause in causes), 5, "; ")
