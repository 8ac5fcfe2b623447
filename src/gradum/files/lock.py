"""A file that one process at a time may hold."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradum.errors import OutputError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file, made if need be, while the block runs.

    The system lets go of it when the process ends, however it ends. Where the system or the disk
    knows no locks, nothing is held.

    Raises
    ------
    OutputError
        Another process holds it.
    """
    with contextlib.ExitStack() as stack:
        if fcntl is not None:
            file = stack.enter_context(path.open("a+"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise OutputError(
                    f"Another process, {file.read(20).strip() or 'unknown'}, is at work on "
                    f"{path.parent}.",
                    "Wait until it has ended.",
                ) from error
            except OSError:
                pass
            with contextlib.suppress(OSError):  # only for the message above
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
        yield
