"""Folders of the user alone, and those that others can write to."""

import os
from types import SimpleNamespace

import pytest

from gradum.errors import OutputError
from gradum.files.private import make_private, private_folder


@pytest.fixture
def groups(monkeypatch):
    """Say who is in the folders' group; by default others."""

    def are(name, *members):
        group = SimpleNamespace(gr_name=name, gr_mem=list(members))
        monkeypatch.setattr("grp.getgrgid", lambda number: group)

    monkeypatch.setattr("pwd.getpwuid", lambda number: SimpleNamespace(pw_name="ada"))
    are("staff", "ada", "bob")
    return are


def test_what_is_made_is_open_to_the_user_alone(tmp_path):
    folder = private_folder(tmp_path / "a" / "b")
    assert folder == tmp_path / "a" / "b"
    assert [each.stat().st_mode & 0o777 for each in (folder, folder.parent)] == [0o700, 0o700]
    assert private_folder(folder) == folder


@pytest.mark.parametrize(
    ("mode", "usable"), [(0o700, True), (0o755, True), (0o770, False), (0o702, False)]
)
def test_others_may_read_but_not_write(mode, usable, tmp_path, groups):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(mode)
    assert (private_folder(folder) is not None) == usable


def test_a_group_of_the_user_alone_is_no_other(tmp_path, groups):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o770)
    groups("ada")
    assert private_folder(folder) == folder
    groups("ada", "bob")
    assert private_folder(folder) is None


@pytest.mark.parametrize(("mode", "usable"), [(0o777, False), (0o1777, True), (0o770, False)])
def test_others_cannot_exchange_the_folder(mode, usable, tmp_path, groups):
    above = tmp_path / "shared"
    above.mkdir()
    above.chmod(mode)
    assert (private_folder(above / "mine") is not None) == usable


def test_a_folder_of_another_user_is_not_taken(tmp_path, monkeypatch):
    folder = private_folder(tmp_path / "theirs")
    assert folder is not None
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert private_folder(folder) is None


def test_a_link_or_a_file_is_no_private_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "nowhere").symlink_to(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    for name in ("link", "nowhere", "file", "file/below"):
        assert private_folder(tmp_path / name) is None
    assert private_folder(tmp_path / "link" / "below") == tmp_path / "real" / "below"
    assert not (tmp_path / "absent").exists()


def test_a_folder_is_made_once_for_the_user_alone(tmp_path, monkeypatch):
    folder = tmp_path / "own"
    assert make_private(folder)
    assert not make_private(folder)
    assert os.name == "nt" or folder.stat().st_mode & 0o777 == 0o700
    for name in ("link", "file"):
        there = tmp_path / name
        there.symlink_to(folder) if name == "link" else there.touch()
        with pytest.raises(OutputError, match=rf"{name} cannot be written: File exists"):
            make_private(there)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1, raising=False)
    with pytest.raises(OutputError, match="own cannot be written: File exists"):
        make_private(folder)
