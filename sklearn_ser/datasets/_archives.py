"""Unpack a zip archive that a stranger packed: inside its folder, or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from sklearn_ser.exceptions import CorpusError

__all__ = ["safe_name", "unpack"]

MOST_MEMBERS = 20_000
"""Files and folders in one archive; the largest corpus has 7,442 clips."""

MOST_BYTES = 8 * 1024**3
"""Bytes that one archive may unpack to."""

HIGHEST_RATIO = 50
"""Bytes unpacked for one byte of the archive; speech in WAV files packs to no less than a fifth."""

_SMALL = 1024**2
"""An archive that unpacks to no more than this is no bomb, however well silence packs."""

_ENCRYPTED = 0x1


def safe_name(name: str, source: str) -> PurePosixPath:
    """Give a member's name as a relative path, or refuse one that could leave its folder.

    Parameters
    ----------
    name : str
        The name as the archive or the server has it; backslashes separate folders as slashes do.
    source : str
        Where the name comes from, for the message.

    Raises
    ------
    CorpusError
        The name is absolute, names a drive, climbs with ``..`` or is empty.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or not path.parts:
        raise CorpusError(
            f"{source} holds a file named {name!r}, which could be written outside its folder; "
            "nothing was unpacked. Get it again from its original source."
        )
    return path


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip archive into a folder that comes into being whole or not at all.

    Everything is checked before the first byte is written, and written beside `folder` first.

    Parameters
    ----------
    archive : Path
        The archive.
    folder : Path
        The folder to make; it must not exist, or be empty.

    Raises
    ------
    CorpusError
        It is no zip archive, is broken or encrypted, or has what no corpus needs: names that lead
        out of the folder, links, too many members, too many bytes, too high a ratio.
    OSError
        The folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.unfinished."))
    try:
        _extract(archive, unfinished)
        os.chmod(unfinished, 0o777 & ~_umask())
        if folder.exists():
            folder.rmdir()
        os.replace(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _umask() -> int:
    """Read the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _extract(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as source:
            targets = _check_members(source.infolist(), archive)
            for member, name in targets:
                _write_member(source, member, folder / name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise CorpusError(
            f"{archive} is no zip archive that can be unpacked ({error}); remove it and get it "
            "again."
        ) from error


def _check_members(
    members: list[zipfile.ZipInfo], archive: Path
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """Check all members before any is written; give the files with their places."""
    if len(members) > MOST_MEMBERS:
        raise _refuse(archive, f"has {len(members):,} members, more than {MOST_MEMBERS:,}")
    _check_sizes(members, archive)
    for member in members:
        _check_kind(member, archive)
    names = [safe_name(member.filename, str(archive)) for member in members]
    _check_unique(names, archive)
    return [(m, n) for m, n in zip(members, names, strict=True) if not m.is_dir()]


def _check_sizes(members: list[zipfile.ZipInfo], archive: Path) -> None:
    """Compare what comes out with the archive as it lies on the disk, which cannot lie."""
    n_bytes = sum(member.file_size for member in members)
    if n_bytes > MOST_BYTES:
        raise _refuse(archive, f"unpacks to {n_bytes:,} bytes, more than {MOST_BYTES:,}")
    ratio = n_bytes / max(archive.stat().st_size, 1)
    if n_bytes > _SMALL and ratio > HIGHEST_RATIO:
        raise _refuse(
            archive, f"unpacks to {ratio:.0f} times its own size, more than {HIGHEST_RATIO} times"
        )


def _check_kind(member: zipfile.ZipInfo, archive: Path) -> None:
    """Let files and folders pass; refuse links, devices, pipes and what needs a password."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "neither a file nor a folder"
        raise _refuse(archive, f"holds {member.filename!r}, which is {what}")
    if member.flag_bits & _ENCRYPTED:
        raise _refuse(archive, f"is encrypted ({member.filename!r}); unpack it yourself")


def _check_unique(names: Iterable[PurePosixPath], archive: Path) -> None:
    seen: set[PurePosixPath] = set()
    for name in names:
        if name in seen:
            raise _refuse(archive, f"holds two members named {str(name)!r}")
        seen.add(name)


def _refuse(archive: Path, what: str) -> CorpusError:
    return CorpusError(
        f"{archive} {what}; nothing was unpacked. Is it the archive of the corpus, from its "
        "original source?"
    )


def _write_member(source: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    # zipfile reads no more than the declared size, and compares the checksum at the end.
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open(member) as packed, target.open("xb") as file:
        shutil.copyfileobj(packed, file, 1024**2)
