"""Files of strangers that may be packed by gzip, read up to a limit of what is in them."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from gradum.errors import GradumError
from gradum.files.atomic import cause_of
from gradum.messages import say

_GZIP = b"\x1f\x8b"


def read_unpacked(path: str | os.PathLike, limit: int, refusal: type[GradumError]) -> bytes:
    """Return the content of a file, unpacked if it is packed by gzip.

    Parameters
    ----------
    path : path
    limit : int
        Bytes of the content, at most.
    refusal : type
        The error that is raised if the file cannot be read, or is larger.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        cause = cause_of(error) if isinstance(error, OSError) and error.errno else str(error)
        raise refusal(say("{path} cannot be read: {cause}.", path=path, cause=cause)) from None
    if len(data) > limit:
        raise refusal(say("{path} has more than {limit:,} bytes.", path=path, limit=limit))
    return data
