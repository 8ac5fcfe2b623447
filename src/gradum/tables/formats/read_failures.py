"""Failures of libraries and the system while a table is read, as one line that names the table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from gradum.errors import GradumError, TableError

SHOWN_CHARACTERS = 200
# polars reports some input as a panic, which is no Exception
LIBRARIES = (
    OSError,
    UnicodeError,
    OverflowError,
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
)
ANYTHING = (Exception, pl.exceptions.PanicException)  # where other libraries' code runs


@contextmanager
def explained(source: str, failures: tuple[type[BaseException], ...] = LIBRARIES) -> Iterator[None]:
    """Turn failures within the block into the message that the table cannot be read, and why.

    Parameters
    ----------
    source : str
        What the table is called in messages.
    failures : tuple of exceptions

    Raises
    ------
    TableError
        In place of such a failure, which is its cause. gradum's own errors and lack of memory pass
        unchanged.
    """
    try:
        yield
    except (GradumError, MemoryError):
        raise
    except failures as error:
        raise TableError(
            "{source} cannot be read: {why}.",
            "Check it, or write it in another form.",
            source=source,
            why=_why(error),
        ) from error


def _why(error: BaseException) -> str:
    """Return the first line of an error's message, with its name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    line = str(error).split("\n", 1)[0].strip().rstrip(".")[:SHOWN_CHARACTERS]
    return f"{line} ({type(error).__name__})" if line else type(error).__name__
