"""Standard output and error: a failure to write to them never ends a run.

A reader that has gone (``gradum … | head``) is no error: the rest is discarded. A letter that the
encoding lacks is written as its code. A closed stream is replaced by the null device. If the disk
behind standard output is full, an error says so once the command has done its work.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

from gradum.errors import DiskError
from gradum.files.atomic import cause_of

GONE = (errno.EPIPE, errno.EINVAL) if sys.platform == "win32" else (errno.EPIPE,)
"""What writing leads to once the reader has gone; https://bugs.python.org/issue35754."""


class Lasting(io.FileIO):
    """A file that goes on when its bytes cannot be written, and keeps the reason."""

    refused: OSError | None = None

    def write(self, data: Any) -> int | None:
        """Write the bytes, or discard them."""
        try:
            while (written := super().write(data)) is None:
                select.select([], [self], [])  # the reader is slow, and the file does not block
            return written
        except OSError as error:
            if error.errno not in GONE:
                self.refused = error
            return len(data)


class Output:
    """What became of standard output."""

    def __init__(self, stream: TextIO, raw: Lasting | None) -> None:
        self._stream, self._raw = stream, raw

    def check(self) -> None:
        """Raise if something was not written.

        Raises
        ------
        DiskError
            Something was not written; the message says why.
        """
        self._stream.flush()
        if self._raw is None or self._raw.refused is None:
            return
        if self._raw.refused.errno == errno.ENOSPC:
            raise DiskError("The output cannot be written: no space is left.", "Free some space.")
        cause = cause_of(self._raw.refused)
        raise DiskError(
            "The output cannot be written: {cause}.", "Write it to another place.", cause=cause
        )


def lasting() -> Output:
    """Make standard output and error `Lasting`, and return the `Output`.

    Streams that are not the process's own, as in tests, are left as they are.
    """
    _fill_closed()
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout, raw = _lasting(sys.stdout, sys.__stdout__)
    sys.stderr, _ = _lasting(sys.stderr, sys.__stderr__)
    return Output(sys.stdout, raw)


def _fill_closed() -> None:
    """Open the null device for closed streams, so that no later file takes their numbers.

    Otherwise, what libraries print would be written into that file.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


def _lasting(stream: Any, expected: TextIO | None) -> tuple[TextIO, Lasting | None]:
    if stream is None:
        return open(os.devnull, "w"), None  # noqa: PTH123 - for as long as the process
    if stream is not expected:
        return stream, None
    if not isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
        stream.reconfigure(errors="backslashreplace")  # the console of Windows
        return stream, None
    stream.flush()
    raw = Lasting(stream.fileno(), "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return text, raw
