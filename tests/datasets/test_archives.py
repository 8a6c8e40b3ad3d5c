"""Zip archives of strangers: what is unpacked, what is refused, and that nothing is left."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_ser.datasets import _archives
from sklearn_ser.datasets._archives import safe_name, unpack
from sklearn_ser.exceptions import CorpusError


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "corpus.zip"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home" / "corpus"


def pack(path, *members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)


def special(name: str, kind: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (kind | 0o777) << 16
    return member


def assert_nothing_was_left(tmp_path):
    there = [p for p in tmp_path.rglob("*") if p.is_file() or p.is_symlink()]
    assert [path.name for path in there] == ["corpus.zip"]


def test_files_and_folders(archive, folder):
    pack(archive, ("a/", b""), ("a/b/clip é.wav", b"1"), ("c\\d.wav", b"2"), ("empty.txt", b""))
    unpack(archive, folder)
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}
    assert found == {"a/b/clip é.wav": b"1", "c/d.wav": b"2", "empty.txt": b""}
    assert [path.name for path in folder.parent.iterdir()] == ["corpus"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_folder_has_ordinary_permissions(archive, folder):
    pack(archive, ("a.wav", b"1"))
    unpack(archive, folder)
    (folder.parent / "plain").mkdir()
    assert folder.stat().st_mode == (folder.parent / "plain").stat().st_mode


def test_empty_folder_may_be_there(archive, folder):
    folder.mkdir(parents=True)
    pack(archive, ("a.wav", b"1"))
    unpack(archive, folder)
    assert (folder / "a.wav").read_bytes() == b"1"


@pytest.mark.parametrize(
    "name",
    ["../a.wav", "a/../../b.wav", "/etc/a.wav", "C:/a.wav", "..\\a.wav", "\\\\host\\a.wav", "a:b"],
)
def test_names_that_lead_out(archive, folder, tmp_path, name):
    pack(archive, ("good.wav", b"1"), (name, b"evil"))
    with pytest.raises(CorpusError, match="could be written outside its folder"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


@pytest.mark.parametrize("name", ["", ".", "./"])
def test_names_that_name_nothing(name):
    with pytest.raises(CorpusError, match="could be written outside"):
        safe_name(name, "the record")


@given(
    st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "b.wav", "C:", "\0", " "])).map("".join)
)
def test_a_name_that_passes_stays_inside(name):
    try:
        path = safe_name(name, "the archive")
    except CorpusError:
        return
    folder = Path("/home/corpora")
    assert folder in Path(os.path.normpath(folder / path)).parents


@pytest.mark.parametrize(
    ("kind", "what"),
    [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "neither a file"), (stat.S_IFCHR, "neither a file")],
)
def test_links_and_devices(archive, folder, tmp_path, kind, what):
    pack(archive, (special("link", kind), b"/etc/passwd"), ("link/a.wav", b"evil"))
    with pytest.raises(CorpusError, match=f"holds 'link', which is {what}"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_bomb_by_ratio(archive, folder, tmp_path):
    pack(archive, ("bomb.wav", bytes(4 * 1024**2)))
    with pytest.raises(CorpusError, match="times its own size, more than 50 times"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_silence_packs_well_and_is_no_bomb(archive, folder):
    pack(archive, ("silence.wav", bytes(80_000)))
    unpack(archive, folder)
    assert (folder / "silence.wav").stat().st_size == 80_000


def test_bomb_by_size(archive, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(_archives, "MOST_BYTES", 1000)
    pack(archive, ("a.wav", bytes(600)), ("b.wav", bytes(600)))
    with pytest.raises(CorpusError, match="unpacks to 1,200 bytes, more than 1,000"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_too_many_members(archive, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(_archives, "MOST_MEMBERS", 3)
    pack(archive, *((f"{i}.wav", b"") for i in range(4)))
    with pytest.raises(CorpusError, match="has 4 members, more than 3"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_two_members_of_one_name(archive, folder, tmp_path):
    pack(archive, ("a/b.wav", b"1"), ("a\\b.wav", b"2"))
    with pytest.raises(CorpusError, match=r"two members named 'a/b\.wav'"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_declared_size_that_lies(archive, folder, tmp_path):
    """A member that says it is small is not read beyond what it says."""
    pack(archive, ("bomb.wav", bytes(4 * 1024**2)))
    data = archive.read_bytes()
    lie = data.replace((4 * 1024**2).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    archive.write_bytes(lie)
    with pytest.raises(CorpusError, match="is no zip archive that can be unpacked"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_encrypted(archive, folder, tmp_path):
    pack(archive, ("a.wav", b"1"))
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match=r"is encrypted \('a\.wav'\)"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_cut_off(archive, folder, tmp_path, share):
    pack(archive, ("a.wav", os.urandom(1000)))
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    with pytest.raises(CorpusError, match="remove it and get it again"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)


def test_changed_content(archive, folder, tmp_path):
    pack(archive, ("a.wav", b"speech " * 20), compression=zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"speech speech", b"spaech speech", 1))
    with pytest.raises(CorpusError, match="CRC"):
        unpack(archive, folder)
    assert_nothing_was_left(tmp_path)
