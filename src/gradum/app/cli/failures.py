"""Failures of the operating system and of memory, turned into errors of one line."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gradum.errors import DiskError, GradumError, OutOfMemoryError, OutputError, SpecError
from gradum.files.atomic import DISK_REMEDIES, cause_of
from gradum.messages import say


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the system refuses within the block into gradum's errors.

    Raises
    ------
    GradumError
        An argument is not text, memory or the disk is full, or a file cannot be used.
    """
    _refuse_arguments()
    try:
        yield
    except GradumError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(
            "There is not enough memory left.",
            "Give fewer rows or columns, smaller networks or a smaller --max-memory, or end "
            "other programs.",
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskError(
                "The output cannot be written: no space is left.", "Free some space."
            ) from error
        kind = DiskError if error.errno in DISK_REMEDIES else OutputError
        what = error.filename or say("A file")
        raise kind(
            say("{what} cannot be used: {cause}.", what=what, cause=cause_of(error)),
            say("Check its name and its folder."),
        ) from error


def _refuse_arguments() -> None:
    """Refuse bytes that are not text: no column and no file of a run has such a name."""
    for argument in sys.argv[1:]:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise SpecError(
                "The argument {argument!r} is not UTF-8.",
                "Rename the file or the column.",
                argument=argument,
            ) from None
