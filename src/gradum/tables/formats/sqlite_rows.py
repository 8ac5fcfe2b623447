"""Rows of an SQLite database as SQLite gives them, for a process of its own.

A database of a few bytes can hold a view from which SQLite makes endless rows, or hours of work.
Only SQLite is imported, so that the process starts at once.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Iterator
from contextlib import closing

ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
CELL_BYTES = 2**25  # of one value
PIECE_ROWS, PIECE_BYTES = 2**12, 2**22  # sent to the caller together


def sqlite_rows(address: str, query: str, wait: float) -> Iterator[list[str] | bytes]:
    """Yield the names of a query's columns, and then its rows, some at a time, marshalled.

    Parameters
    ----------
    address : str
        A URI of a file.
    wait : float
        Seconds to wait for a program that writes there.

    Raises
    ------
    sqlite3.Error or sqlite3.Warning
        The database is damaged, or the query is wrong or does more than reading.
    """
    with closing(sqlite3.connect(address, uri=True, timeout=wait)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL_BYTES)
        connection.set_authorizer(_only_reading)
        cursor = connection.execute(query)
        yield [column for column, *_ in cursor.description]
        count = 1
        while rows := cursor.fetchmany(count):
            piece = marshal.dumps(rows)
            yield piece
            fitting = count * PIECE_BYTES // len(piece)  # of rows like these
            count = max(1, min(PIECE_ROWS, 2 * count, fitting))


def _only_reading(action: int, *_: object) -> int:
    """Refuse whatever does not belong to a SELECT: other files, settings, writing."""
    return sqlite3.SQLITE_OK if action in ALLOWED else sqlite3.SQLITE_DENY
