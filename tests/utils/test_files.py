from __future__ import annotations

import os

import pytest

from sklearn_ser.utils._files import atomic_folder, atomic_path, check_output_folder


def test_folder_is_made_with_its_parents_and_left_empty(tmp_path):
    folder = check_output_folder(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert not list(folder.iterdir())


def test_folder_below_a_file(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(OSError, match=r"cannot be written to the folder '.*new': Not a directory"):
        check_output_folder(tmp_path / "taken" / "new")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"Permission denied\. Choose another folder"):
        check_output_folder(tmp_path)


def test_atomic_path_keeps_the_ending(tmp_path):
    with atomic_path(tmp_path / "picture.png") as unfinished:
        assert unfinished.suffix == ".png"
        assert unfinished.parent == tmp_path
        unfinished.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_atomic_path_after_an_error(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("before")

    def write_half():
        with atomic_path(path) as unfinished:
            unfinished.write_text("half")
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_half()
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("is_there", [False, True])
def test_atomic_folder(tmp_path, is_there):
    path = tmp_path / "results"
    if is_there:
        path.mkdir()
        (path / "old").touch()
    with atomic_folder(path) as unfinished:
        assert unfinished.parent == tmp_path
        (unfinished / "new").touch()
    assert names_in(tmp_path) == ["results"]
    assert names_in(path) == ["new"]


def test_atomic_folder_after_an_error(tmp_path):
    path = tmp_path / "results"
    path.mkdir()
    (path / "old").touch()

    def write_half():
        with atomic_folder(path) as unfinished:
            (unfinished / "new").touch()
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_half()
    assert names_in(tmp_path) == ["results"]
    assert names_in(path) == ["old"]


def test_atomic_folder_that_cannot_take_its_place(tmp_path, monkeypatch):
    path = tmp_path / "results"
    path.mkdir()
    (path / "old").touch()
    replace = os.replace

    def refuse(source, target):
        if str(source).endswith(".unfinished"):
            raise PermissionError("no")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match="no"), atomic_folder(path):
        pass
    assert names_in(tmp_path) == ["results"]
    assert names_in(path) == ["old"]


def test_atomic_folder_behind_a_link(tmp_path):
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    try:
        link.symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("links are not allowed here")
    with atomic_folder(link) as unfinished:
        (unfinished / "new").touch()
    assert names_in(tmp_path) == ["folder", "link"]
    assert names_in(folder) == ["new"]
