"""Writing files completely or not at all: under a temporary name that is then changed.

If the system refuses to write, one line says so.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gradum.errors import DiskError, OutputError
from gradum.messages import marked, say

_TEMPORARY = re.compile(r"\.gradum-[0-9a-f]{8}-(.+)", re.DOTALL)
CAUSES = (  # the system's messages, in its words
    marked("Permission denied"),
    marked("Operation not permitted"),
    marked("Read-only file system"),
    marked("File name too long"),
    marked("No space left on device"),
    marked("Disk quota exceeded"),
    marked("File too large"),
    marked("Input/output error"),
    marked("No such file or directory"),
    marked("Not a directory"),
    marked("Is a directory"),
    marked("File exists"),
    marked("Directory not empty"),
    marked("Too many open files"),
    marked("Cannot allocate memory"),
    marked("Invalid argument"),
    marked("Too many levels of symbolic links"),
    marked("Connection refused"),
    marked("Bad file descriptor"),
    marked("Broken pipe"),
)
_REMEDIES = {
    errno.EACCES: marked("Choose a place that you may write to.")
    if sys.platform != "win32"
    else marked("Close it where it is open, or choose a place that you may write to."),
    errno.EPERM: marked("Choose a place that you may write to."),
    errno.EROFS: marked("Choose a place that is not read-only."),
    errno.ENAMETOOLONG: marked("Choose a shorter name."),
}
DISK_REMEDIES = {
    errno.ENOSPC: marked("Free some space or choose another disk."),
    errno.EDQUOT: marked("Free some space or choose another disk."),
    errno.EFBIG: marked("Choose another disk."),
    errno.EIO: marked("Check the disk or choose another."),
}

_IN_MESSAGE = re.compile(r"\(os error (\d+)\)")  # polars gives the system's number only there
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary sibling of ``path`` that replaces it once the block succeeds.

    The sibling's name ends like ``path``'s, its bytes reach the disk before the rename, and
    it is removed if the block fails, so ``path`` never holds half a file. A symbolic link is
    followed, not replaced.

    Raises
    ------
    OutputError
        When the folder is missing, ``path`` is not an ordinary file, or the system refuses.
    DiskError
        When the disk is full or fails.
    """
    with explained(path):
        target = _ordinary(path)
        temporary = _sibling(target)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of a scratch file, which takes its place once the block succeeds.

    Several processes may write the same content. Nothing is kept for after a loss of power, and
    the system's errors stay as they are, so that a task is tried again; else see `replacing`.
    """
    partial = path.with_name(f".gradum-{secrets.token_hex(8)}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write a whole file at once; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a whole UTF-8 file at once, with line ends unchanged; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def partial_files(path: str | os.PathLike) -> list[Path]:
    """Return the temporary siblings of ``path`` that a killed process left behind.

    No other process may be writing ``path``.
    """
    path = Path(path)
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return [file for file in beside if becoming(file) == path.name and is_plain_file(file)]


def becoming(path: Path) -> str | None:
    """Return the name of the file that a temporary file of `replacing` will become."""
    match = _TEMPORARY.fullmatch(path.name)
    return None if match is None else match[1]


def is_plain_file(path: Path) -> bool:
    """Whether the path is a file itself, and not a link to one."""
    return path.is_file() and not path.is_symlink()


def is_plain_folder(path: Path) -> bool:
    """Whether the path is a folder itself, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def check_writable(path: str | os.PathLike) -> None:
    """Check that a file can be written at ``path``, by writing and removing one beside it.

    Raises
    ------
    OutputError
        It names the path and the reason why it cannot be written.
    """
    with explained(path):
        _probe(_ordinary(path))


def claim_folder(path: str | os.PathLike, *, force: bool = False, apart_from: str = "") -> Path:
    """Make ``path`` a folder that a run may write to, and return it.

    Missing folders are created. A folder with content, ``apart_from`` an entry of this name, is
    refused unless ``force`` is set. ``force`` deletes nothing: files with the same names are
    replaced as they are written.

    Raises
    ------
    OutputError
        When the folder is not empty, is a file, or cannot be written; nothing is left behind.
    """
    folder = Path(path)
    with explained(path):
        made = missing_folders(folder)
        _refuse_file_among(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not force and any(entry.name != apart_from for entry in folder.iterdir()):
                raise OutputError(
                    "The folder {folder} is not empty.",
                    "Choose another folder, or allow overwriting with force (--force).",
                    folder=folder,
                )
            _probe(folder / "run")
        except OSError:
            for empty in made:
                with suppress(OSError):
                    empty.rmdir()
            raise
    return folder


def make_first(folders: Iterable[Path]) -> Path:
    """Create the first of some folders that does not exist yet, and return it.

    If two processes ask at the same time, each gets its own folder.

    Raises
    ------
    OutputError
        When the folder cannot be created.
    """
    for folder in folders:
        with explained(folder):
            _refuse_file_among(folder.parent)
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            return folder
    raise AssertionError("there is always one more")


def missing_folders(folder: Path) -> list[Path]:
    """Return those of a folder and its parents that do not exist, the innermost first."""
    return [missing for missing in (folder, *folder.parents) if not missing.exists()]


def _refuse_file_among(folder: Path) -> None:
    """Refuse a folder if it, or a parent, is a file."""
    for ancestor in (folder, *folder.parents):
        if ancestor.exists():
            if not ancestor.is_dir():
                raise OutputError(
                    "{path} is a file, not a folder.", "Choose another folder.", path=ancestor
                )
            return


def _sibling(target: Path) -> Path:
    return target.with_name(f".gradum-{os.urandom(4).hex()}-{target.name}")


def _probe(target: Path) -> None:
    """Write and remove an empty file beside ``target``."""
    probe = _sibling(target)
    probe.touch(exist_ok=False)
    probe.unlink()


def _ordinary(path: str | os.PathLike) -> Path:
    """Follow links to the actual file, and refuse what a rename would destroy or never reach."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(
            "{path} cannot be written: it is a folder.", "Name a file in it.", path=path
        )
    if target.exists() and not target.is_file():
        raise OutputError(
            "{path} cannot be written: it is not an ordinary file.",
            "Choose another place.",
            path=path,
        )
    if not target.parent.is_dir():
        raise OutputError(
            "{path} cannot be written: {parent} is not a folder.",
            "Make the folder {parent} first, or choose another place.",
            path=path,
            parent=target.parent,
        )
    return target


@contextmanager
def explained(path: str | os.PathLike) -> Iterator[None]:
    """Turn the system's refusals into errors that name ``path``, the cause and the remedy."""
    try:
        yield
    except OutputError:
        raise
    except Exception as error:
        number = _system_error(error)
        if number is None:
            raise
        message = say(
            "{path} cannot be written: {cause}.", path=path, cause=say(os.strerror(number))
        )
        if number in DISK_REMEDIES:
            raise DiskError(message, say(DISK_REMEDIES[number])) from error
        remedy = _REMEDIES.get(number, marked("Choose another place."))
        raise OutputError(message, say(remedy)) from error


def cause_of(error: OSError) -> str:
    """Return why the system refused something, in its own words or a translation."""
    return say(error.strerror) if error.strerror else str(error)


def _system_error(error: Exception) -> int | None:
    """Return the number of the system's error behind an exception, or None if there is none."""
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return error.errno
    match = _IN_MESSAGE.search(str(error))
    return _translated(int(match[1])) if match else None


def _translated(number: int) -> int:
    """Return the `errno` of a system's own number, which only on Windows is another."""
    return OSError(0, "", None, number).errno or number


@contextmanager
def filling(what: str) -> Iterator[None]:
    """Raise a one-line error if the disk refuses what the block writes.

    Parameters
    ----------
    what : str
        What the block stores, such as "the encoded rows".

    Raises
    ------
    DiskError
        The disk is full or fails; any other error passes unchanged.
    """
    try:
        yield
    except Exception as error:
        why = _refusal(error)
        if why is None:
            raise
        raise DiskError(
            "The disk does not take {what}: {why}.",
            "Free some space, or name a folder with more in TMPDIR (or by --out).",
            what=what,
            why=why,
        ) from error


def _refusal(error: Exception) -> str | None:
    """Return why the system refused to write, or None if it did not.

    At the end of a file, polars loses the system's number.
    """
    number = _system_error(error)
    if number is None:
        return say("it is full or fails") if "transport error" in str(error) else None
    return say(os.strerror(number)) if number in _REFUSALS else None
