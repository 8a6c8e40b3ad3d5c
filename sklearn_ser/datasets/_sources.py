"""Where the public corpora come from: addresses, names, sizes and checksums of their files."""

from __future__ import annotations

import gzip
import json
from importlib import resources
from pathlib import Path
from typing import Any

from sklearn_ser.datasets._archives import safe_name
from sklearn_ser.datasets._download import RemoteFile
from sklearn_ser.datasets._files import AUDIO_SUFFIXES, shorten
from sklearn_ser.exceptions import CorpusError

__all__ = ["crema_d_files", "ravdess_archive", "tess_files", "tess_record"]

ZENODO = "https://zenodo.org/records/1188976/files"
GITHUB_LFS = "https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master"
GITHUB_RAW = "https://raw.githubusercontent.com/CheyneyComputerScience/CREMA-D/master"
BOREALIS = "https://borealisdata.ca/api"

_RAVDESS_ARCHIVE = "Audio_Speech_Actors_01-24.zip"
_RAVDESS_MD5 = "bc696df654c87fed845eb13823edef8a"
_RAVDESS_BYTES = 208_468_073

# Plain files of the repository, not under Git LFS; their authors state no checksum.
_CREMA_D_TABLES = (
    "SentenceFilenames.csv",
    "VideoDemographics.csv",
    "processedResults/summaryTable.csv",
)

_TESS_DOI = "doi:10.5683/SP2/E8H2MF"
_TESS_RECORD = "dataverse_record.json"


def ravdess_archive() -> RemoteFile:
    """Give the archive of RAVDESS' speech on Zenodo."""
    return RemoteFile(
        _RAVDESS_ARCHIVE,
        f"{ZENODO}/{_RAVDESS_ARCHIVE}?download=1",
        f"md5:{_RAVDESS_MD5}",
        _RAVDESS_BYTES,
    )


def crema_d_files() -> list[RemoteFile]:
    """List the clips of CREMA-D, each with its sum and size, and the three tables, without."""
    clips = [_crema_d_clip(*row.split("\t")) for row in read_registry().splitlines()]
    tables = [RemoteFile(name, f"{GITHUB_RAW}/{name}") for name in _CREMA_D_TABLES]
    return [*clips, *tables]


def read_registry() -> str:
    """Read the table of CREMA-D's clips: name, sha256 and bytes, separated by tabs."""
    packed = resources.files(__package__).joinpath("_registry", "crema_d.tsv.gz").read_bytes()
    return gzip.decompress(packed).decode("ascii")


def _crema_d_clip(stem: str, sha256: str, n_bytes: str) -> RemoteFile:
    name = f"AudioWAV/{stem}.wav"
    return RemoteFile(name, f"{GITHUB_LFS}/{name}", f"sha256:{sha256}", int(n_bytes))


def tess_record() -> RemoteFile:
    """Give the record of TESS in the Dataverse of Borealis, which lists its files."""
    url = f"{BOREALIS}/datasets/:persistentId?persistentId={_TESS_DOI}"
    return RemoteFile(_TESS_RECORD, url)


def tess_files(record: Path) -> list[RemoteFile]:
    """List the recordings, and archives of such, that a Dataverse record names.

    Parameters
    ----------
    record : Path
        The answer of the Dataverse API, as JSON; it is removed where it cannot be used, so that
        the next call asks for it again.

    Raises
    ------
    CorpusError
        It has not the form of such a record, or names no recording.
    """
    try:
        files = [_tess_file(*fields) for fields in _read_record(record)]
        return _choose_recordings(files)
    except CorpusError:
        record.unlink()
        raise


def _choose_recordings(files: list[RemoteFile]) -> list[RemoteFile]:
    chosen = [f for f in files if Path(f.name).suffix.lower() in AUDIO_SUFFIXES | {".zip"}]
    if not chosen:
        names = shorten([file.name for file in files], 5) or "nothing"
        raise CorpusError(f"the record {_TESS_DOI} lists no recording of TESS, only {names}.")
    return chosen


def _read_record(record: Path) -> list[tuple[str, int, str, int | None]]:
    """Read name, number, checksum and size of every file of a Dataverse record."""
    try:
        answer = json.loads(record.read_text("utf-8"))
        return [_read_entry(entry) for entry in answer["data"]["latestVersion"]["files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(
            f"the answer about {_TESS_DOI} is no Dataverse record with data, latestVersion and "
            f"files ({type(error).__name__}: {error}); try again, or get TESS by hand from "
            "https://doi.org/10.5683/SP2/E8H2MF."
        ) from error


def _read_entry(entry: dict[str, Any]) -> tuple[str, int, str, int | None]:
    data = entry["dataFile"]
    name = entry.get("label") or data["filename"]
    folder = entry.get("directoryLabel")
    name = f"{folder}/{name}" if folder else name
    return name, int(data["id"]), _read_sum(data), data.get("filesize")


def _read_sum(data: dict[str, Any]) -> str:
    """Read ``checksum`` with its type, or ``md5``, which older servers give alone."""
    checksum = data.get("checksum") or {"type": "MD5", "value": data["md5"]}
    method = checksum["type"].replace("-", "").lower()
    return f"{method}:{checksum['value']}"


def _tess_file(name: str, number: int, checksum: str, n_bytes: int | None) -> RemoteFile:
    place = safe_name(name, f"the record {_TESS_DOI}")
    return RemoteFile(str(place), f"{BOREALIS}/access/datafile/{number}", checksum, n_bytes)
