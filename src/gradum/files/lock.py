"""A file that only one process at a time may hold."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from gradum.errors import OutputError
from gradum.files.atomic import explained, is_plain_file
from gradum.messages import say

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

SIGN = "gradum"
REMOVABLE = fcntl is not None
"""Whether a file can be removed while it is held; on Windows no open file can."""

FAR = 2**30  # where Windows locks a byte, far from what others are to read
TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what a lock of another process leads to


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file, which is created if necessary, while the block runs.

    The system releases it when the process ends, however it ends. If the system or the disk has no
    locks, nothing is held.

    Raises
    ------
    OutputError
        Another process holds the file or has just removed it, or it cannot be created.
    """
    with contextlib.ExitStack() as stack:
        with explained(path):
            file = stack.enter_context(_opened(path))
            _hold(file, path)
            _sign(file, path)
        yield


def _opened(path: Path) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:  # another process's run removed its folder
        raise _at_work(path, "") from None
    return os.fdopen(descriptor, "r+b", buffering=0)


def _hold(file: BinaryIO, path: Path) -> None:
    try:
        _lock(file)
    except ImportError:
        return
    except OSError as error:
        if error.errno not in TAKEN:
            return
        raise _at_work(path, file.read(40).decode(errors="replace")) from None
    if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
        raise _at_work(path, "")  # it was removed, and perhaps created anew, before it was held


def _lock(file: BinaryIO) -> None:
    """Lock a file, or raise at once if another process has; closing the file lets go."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    msvcrt: Any = import_module("msvcrt")
    file.seek(FAR)
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    finally:
        file.seek(0)


def _sign(file: BinaryIO, path: Path) -> None:
    """Write the process number at once and with a fixed length; it is never half written."""
    try:
        file.write(f"{SIGN} {os.getpid():<12}\n".encode())
    except OSError:
        if not path.stat().st_size:
            path.unlink()
        raise


def is_abandoned(path: Path) -> bool:
    """Whether `held` made a file, and its process has ended; False where there are no locks."""
    if not is_lock(path):
        return False
    try:
        with path.open("r+b", buffering=0) as file:
            _lock(file)
    except (OSError, ImportError):
        return False
    return True


def is_lock(path: Path) -> bool:
    """Whether `held` made a file."""
    if not is_plain_file(path):
        return False
    with path.open("rb") as file:
        return file.read(len(SIGN) + 1) == f"{SIGN} ".encode()


def _at_work(path: Path, content: str) -> OutputError:
    process = content.removeprefix(SIGN).strip() or say("unknown")
    return OutputError(
        "Another process, {process}, is at work on {parent}.",
        "Wait until it has ended.",
        process=process,
        parent=path.parent,
    )
