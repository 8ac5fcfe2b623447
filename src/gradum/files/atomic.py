"""Files appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import errno
import glob
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gradum.errors import DiskError, OutputError

_REMEDIES = {
    errno.EACCES: "Choose a place that you may write to.",
    errno.EPERM: "Choose a place that you may write to.",
    errno.EROFS: "Choose a place that is not read-only.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}
_DISK_REMEDIES = {
    errno.ENOSPC: "Free some space or choose another disk.",
    errno.EDQUOT: "Free some space or choose another disk.",
    errno.EFBIG: "Choose another disk.",
    errno.EIO: "Check the disk or choose another.",
}


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary sibling of ``path`` that takes its place once the block succeeds.

    The sibling's name ends like ``path``'s, its bytes reach the disk before the rename, and
    it is removed if the block fails, so ``path`` never holds half a file. A symbolic link is
    followed, not replaced.

    Raises
    ------
    OutputError
        When the folder is missing, ``path`` is no ordinary file, or the system refuses.
    DiskError
        When the disk is full or fails.
    """
    with _explained(path):
        target = _ordinary(path)
        temporary = _sibling(target)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write a whole file at once; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a whole UTF-8 file at once, line ends as they are; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def remove_partial(path: str | os.PathLike) -> None:
    """Remove the temporary siblings of ``path`` that a process left when it was killed.

    No other process may be writing it.
    """
    path = Path(path)
    for left in path.parent.glob(f".partial-????????-{glob.escape(path.name)}"):
        left.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike) -> None:
    """Make sure that a file could be written at ``path``, by writing and removing one beside it.

    Raises
    ------
    OutputError
        Naming the path and why it cannot be written.
    """
    with _explained(path):
        _probe(_ordinary(path))


def claim_folder(path: str | os.PathLike, *, force: bool = False) -> Path:
    """Make ``path`` a folder that a run may write into, and return it.

    Missing folders are made. A folder that holds something is refused unless ``force``, which
    deletes nothing: files of the same names are replaced as they are written.

    Raises
    ------
    OutputError
        When the folder is not empty, is a file, or cannot be written; nothing is left behind.
    """
    folder = Path(path)
    with _explained(path):
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        _refuse_file_among(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not force and any(folder.iterdir()):
                raise OutputError(
                    f"The folder {folder} is not empty.",
                    "Choose another folder, or allow overwriting with force (--force).",
                )
            _probe(folder / "run")
        except OSError:
            for each in made:
                with suppress(OSError):
                    each.rmdir()
            raise
    return folder


def _refuse_file_among(folder: Path) -> None:
    """Refuse a folder whose place, or whose parent's place, a file has taken."""
    for each in (folder, *folder.parents):
        if each.exists():
            if not each.is_dir():
                raise OutputError(f"{each} is a file, not a folder.", "Choose another folder.")
            return


def _sibling(target: Path) -> Path:
    return target.with_name(f".partial-{secrets.token_hex(4)}-{target.name}")


def _probe(target: Path) -> None:
    """Write and remove an empty file beside ``target``."""
    probe = _sibling(target)
    probe.touch(exist_ok=False)
    probe.unlink()


def _ordinary(path: str | os.PathLike) -> Path:
    """Follow links to the file meant, and refuse what a rename would destroy or never reach."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(f"{path} cannot be written: it is a folder.", "Name a file in it.")
    if target.exists() and not target.is_file():
        raise OutputError(
            f"{path} cannot be written: it is not an ordinary file.", "Choose another place."
        )
    if not target.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written: {target.parent} is not a folder.",
            f"Make the folder {target.parent} first, or choose another place.",
        )
    return target


@contextmanager
def _explained(path: str | os.PathLike) -> Iterator[None]:
    """Turn the system's refusals into errors that name ``path``, the cause and the remedy."""
    try:
        yield
    except OutputError:
        raise
    except Exception as error:
        number = _system_error(error)
        if number is None:
            raise
        message = f"{path} cannot be written: {os.strerror(number)}."
        if number in _DISK_REMEDIES:
            raise DiskError(message, _DISK_REMEDIES[number]) from error
        raise OutputError(message, _REMEDIES.get(number, "Choose another place.")) from error


def _system_error(error: Exception) -> int | None:
    """Return the number of the system's error behind an exception, None where there is none."""
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return error.errno
    said = re.search(r"\(os error (\d+)\)", str(error))  # polars has it in words only
    return int(said.group(1)) if said else None
