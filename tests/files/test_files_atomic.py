"""Whole files or none: killed processes, full disks, failing blocks, and folders in use."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from gradum.errors import DiskError, OutputError
from gradum.files import atomic
from gradum.files.scratch import scratch_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_text_arrive_as_given(tmp_path):
    atomic.write_bytes(tmp_path / "a.bin", b"\x00\r\n\xff")
    atomic.write_text(tmp_path / "a.txt", "größe\nline\r\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\r\n\xff"
    assert (tmp_path / "a.txt").read_bytes() == "größe\nline\r\n".encode()
    assert names(tmp_path) == ["a.bin", "a.txt"]


def test_what_a_killed_process_left_of_a_file_is_told_by_its_name(tmp_path):
    for name in ("0123abcd-a[1].bin", "0123abcd-b.bin", "new-file-a[1].bin", "0123abcd-a1.bin"):
        (tmp_path / f".gradum-{name}").write_text("half")
    (tmp_path / ".gradum-00000000-a[1].bin").symlink_to("somewhere")
    atomic.write_bytes(tmp_path / "a[1].bin", b"")
    partial = atomic.partial_files(tmp_path / "a[1].bin")
    assert partial == [tmp_path / ".gradum-0123abcd-a[1].bin"]
    assert atomic.partial_files(tmp_path / "nowhere" / "a") == []


def test_a_process_that_is_killed_leaves_a_partial_file(tmp_path):
    with atomic.replacing(tmp_path / "a") as temporary:
        temporary.write_text("half")
        assert atomic.partial_files(tmp_path / "a") == [temporary]


def test_old_content_survives_a_failing_block(tmp_path):
    path = tmp_path / "model.gradum"
    path.write_text("old")
    seen = []

    def interrupted():
        with atomic.replacing(path) as temporary:
            temporary.write_text("half")
            seen.append(path.read_text())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["old"]
    assert path.read_text() == "old"
    assert names(tmp_path) == ["model.gradum"]


def test_temporary_sibling_keeps_the_suffix(tmp_path):
    with atomic.replacing(tmp_path / "table.parquet") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".parquet"
        temporary.write_text("x")


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_new_file_has_the_usual_mode(tmp_path):
    usual = tmp_path / "usual"
    usual.touch()
    atomic.write_bytes(tmp_path / "ours", b"")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_link_is_followed(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    atomic.write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("act", [atomic.check_writable, lambda path: atomic.write_bytes(path, b"")])
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("missing/file", "is not a folder"),
        ("plain/file", "is not a folder"),
        ("folder", "it is a folder"),
        ("pipe", "not an ordinary file"),
        ("n" * 300, "(too long|invalid)"),
    ],
)
def test_hopeless_paths_are_named_with_their_cause(tmp_path, act, name, cause):
    (tmp_path / "plain").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = names(tmp_path)
    with pytest.raises(OutputError, match=f"(?i){cause}") as caught:
        act(tmp_path / name)
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.remedy
    assert names(tmp_path) == before


def write_bytes(folder):
    atomic.write_bytes(folder / "table.bin", bytes(100_000))


def write_csv(folder):
    with atomic.replacing(folder / "table.csv") as temporary:
        pl.DataFrame({"x": range(50_000)}).write_csv(temporary)


def write_parquet(folder):
    with atomic.replacing(folder / "table.parquet") as temporary:
        pl.DataFrame({"x": range(50_000)}).write_parquet(temporary, compression="uncompressed")


@pytest.fixture
def files_of_at_most_50_kilobytes():
    """Make the system refuse, in the middle of a write, as it does on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("files_of_at_most_50_kilobytes")
@pytest.mark.parametrize("write", [write_bytes, write_csv, write_parquet])
def test_a_write_that_breaks_off_leaves_nothing_and_is_the_disks_failure(tmp_path, write):
    with pytest.raises(DiskError, match=r"table\.\w+ cannot be written: File too large\. Choose"):
        write(tmp_path)
    assert not names(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_told_from_a_place_that_cannot_be_written(tmp_path, monkeypatch, number):
    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match=f"{os.strerror(number)}.*(Free|Check)") as caught:
        atomic.write_bytes(tmp_path / "a", b"1")
    assert (caught.value.exit_code, OutputError("", "").exit_code) == (1, 2)
    assert not names(tmp_path)


def test_a_systems_own_number_in_a_message_is_what_python_makes_of_it(tmp_path, monkeypatch):
    class OfWindows(OSError):
        def __init__(self, *arguments):
            super().__init__({112: errno.ENOSPC, 32: errno.EACCES}[arguments[3]], "")

    monkeypatch.setattr(atomic, "OSError", OfWindows, raising=False)
    for number, kind in ((112, DiskError), (32, OutputError)):
        with pytest.raises(OutputError) as caught, atomic.explained(tmp_path):
            raise pl.exceptions.ComputeError(f"file could not be written (os error {number})")
        assert type(caught.value) is kind


def test_a_scratch_folder_that_cannot_be_emptied_ends_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "it is open")

    with scratch_folder(tmp_path) as folder:
        (folder / "a").touch()
        assert os.name != "posix" or stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not names(tmp_path)
    with monkeypatch.context() as patched, scratch_folder(tmp_path) as folder:
        (folder / "a").touch()
        patched.setattr(os, "unlink", refuse)
    assert names(tmp_path) == [folder.name]


def test_refused_folder_leaves_nothing_behind(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(OutputError, match=r"Permission denied.*may write") as caught:
        atomic.claim_folder(tmp_path / "runs" / "first")
    assert str(tmp_path / "runs" / "first") in caught.value.message
    assert not names(tmp_path)


def test_claiming_makes_folders_and_is_repeatable_while_empty(tmp_path):
    folder = atomic.claim_folder(tmp_path / "runs" / "first")
    assert folder.is_dir()
    assert atomic.claim_folder(folder) == folder
    assert not names(folder)


def test_a_folder_in_use_needs_force_and_keeps_its_files(tmp_path):
    (tmp_path / "precious").write_text("1")
    with pytest.raises(OutputError, match=r"not empty.*--force"):
        atomic.claim_folder(tmp_path)
    atomic.claim_folder(tmp_path, force=True)
    assert names(tmp_path) == ["precious"]


def test_a_file_cannot_be_claimed(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OutputError, match=r"file is a file, not a folder\. Choose"):
            atomic.claim_folder(path, force=True)


AT_WORK = """
import sys
from pathlib import Path
from gradum.files.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "0.parquet").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_scratch_folder_of_a_killed_process_is_removed_by_the_next(tmp_path):
    command = [sys.executable, "-c", AT_WORK, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        process.stdout.readline()
        (tmp_path / ".gradum-scratch-mine").mkdir()  # which gradum did not write
        (left,) = (path for path in tmp_path.iterdir() if (path / "0.parquet").exists())
        with scratch_folder(tmp_path):
            assert left.exists()  # its process lives
        process.kill()
    assert left.exists()
    with scratch_folder(tmp_path) as folder:
        assert names(tmp_path) == sorted([".gradum-scratch-mine", folder.name])
