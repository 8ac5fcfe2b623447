"""Files that are needed only while a run goes on, and a disk that takes no more of them."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from gradum.errors import DiskError
from gradum.messages import say

_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextmanager
def filling(what: str) -> Iterator[None]:
    """Say in one line that the disk refused what the block wrote.

    Parameters
    ----------
    what : str
        What was to be kept, such as "the encoded rows".

    Raises
    ------
    DiskError
        The disk is full or fails; any other error passes as it is.
    """
    try:
        yield
    except Exception as error:
        why = _refusal(error)
        if why is None:
            raise
        raise DiskError(
            say("The disk does not take {what}: {why}.", what=what, why=why),
            say("Free some space, or name a folder with more in TMPDIR (or by --out)."),
        ) from error


def _refusal(error: Exception) -> str | None:
    """Return why the system refused to write, None where it was not that.

    polars has the system's number in its words alone, and loses it at the end of a file.
    """
    if isinstance(error, OSError):
        number = error.errno
    elif match := re.search(r"\(os error (\d+)\)", str(error)):
        number = int(match[1])
    else:
        return say("it is full or fails") if "transport error" in str(error) else None
    return say(os.strerror(number)) if number in _REFUSALS else None
