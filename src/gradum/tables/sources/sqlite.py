"""SQLite databases: the rows of one table or one query, read in batches and never written."""

from __future__ import annotations

import marshal
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl

from gradum.errors import TableError
from gradum.isolation import Bounds, IsolationError, isolated
from gradum.messages import say
from gradum.tables.formats.content import most_unpacked
from gradum.tables.formats.frames import from_objects, refuse_names
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.formats.sqlite_rows import sqlite_rows
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.select_statement import (
    identifier,
    more_than_one,
    no_rows,
    only_table,
    statement,
)
from gradum.tables.sources.source import Location, NewFile, start_of
from gradum.tables.wording import size

MAGIC = b"SQLite format 3\0"
BATCH_CELLS = 1_000_000
WRITTEN_AHEAD = 18  # the byte that marks a database with a file ending in -wal
SECONDS = 10.0  # to wait for a program that is writing to the database
TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
    "ESCAPE '\\' ORDER BY name"
)
ROW_BYTES = 64  # that a row takes besides its values
BOUNDS = Bounds(memory=2**30, seconds=30)  # plus a second for each megabyte


class Sqlite:
    """A database in one file, opened read-only."""

    takes = ("query",)

    def is_at(self, location: Location) -> bool:
        """Whether a file begins like an SQLite database."""
        return start_of(location).startswith(MAGIC)

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the rows of the query, or of the only table."""
        _refuse_truncated(location)
        rows, mixed = ParquetRows(location.name, new_file), set()
        try:
            query = _query(location, reading)
            with closing(_answers(location, query)) as answers:
                rows.write(_batches(answers, location.name, mixed))
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise _explained(error, location.name) from None
        except IsolationError as error:
            raise _too_much(location.name, str(error)) from None
        if not rows.files:
            raise no_rows(location.name)
        mixed.update(rows.mixed())
        untyped = tuple(sorted(mixed)) or rows.all_text()
        return [Location(str(file), location.name, untyped=untyped) for file in rows.files]


def _refuse_truncated(location: Location) -> None:
    """Refuse a file shorter than its header says: SQLite would read the absent part as zeros.

    https://www.sqlite.org/fileformat2.html: the page size is at byte 16, the number of pages at 28,
    which is valid if the counters at 24 and 92 agree.
    """
    with location.path.open("rb") as file:
        header = file.read(100)
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    whole = (65_536 if page == 1 else page) * pages
    if header[24:28] == header[92:96] and location.path.stat().st_size < whole:
        raise TableError("{name} is a truncated database.", "Copy it anew.", name=location.name)


def _address(path: Path) -> str:
    """Return a URI that opens a database without writing to it or beside it."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    with path.open("rb") as file:
        written_ahead = file.read(WRITTEN_AHEAD + 1)[WRITTEN_AHEAD:] == b"\x02"
    if written_ahead and not path.with_name(f"{path.name}-wal").exists():
        return f"{address}&immutable=1"  # or SQLite would make that file
    return address


def _query(location: Location, reading: ReadingOptions) -> str:
    if reading.query is not None:
        return statement(reading.query)
    _, *pieces = _answers(location, TABLES)
    tables = [table for piece in pieces for (table,) in piece]
    return f"SELECT * FROM {identifier(only_table(tables, location.name))}"


def _answers(location: Location, query: str) -> Generator[list]:
    """Yield the names of a query's columns, then its rows, some at a time, within bounds.

    SQLite works in a process of its own: a stranger's view may be endless, or larger than any
    memory. The output is bounded like that of a packed file.
    """
    packed = location.path.stat().st_size
    bounds = BOUNDS._replace(seconds=BOUNDS.seconds + packed // 2**20)
    address = _address(location.path)
    answers = isolated(sqlite_rows, address, query, SECONDS, bounds=bounds)
    with closing(answers):
        yield next(answers)
        most, count = most_unpacked(packed), 0
        for piece in answers:
            rows = marshal.loads(piece)
            count += len(piece) + ROW_BYTES * len(rows)
            if count > most:
                raise _too_much(
                    location.name,
                    say("it gives more than {most}, far more than a table would", most=size(most)),
                )
            yield rows


def _batches(answers: Iterator[list], name: str, mixed: set[str]) -> Iterator[pl.DataFrame]:
    """Yield the rows; add to ``mixed`` the columns that hold texts and numbers in one batch."""
    names = next(answers)
    refuse_width(len(names), name)
    refuse_names((twin for twin, count in Counter(names).items() for _ in range(count)), name)
    for batch in _gathered(answers, max(1, BATCH_CELLS // len(names))):
        columns = {}
        for column, values in zip(names, zip(*batch, strict=True), strict=True):
            kinds = set(map(type, values)) - {type(None)}
            if len(kinds) > 1 and str in kinds:
                mixed.add(column)
            columns[column] = _column(column, list(values), kinds)
        yield pl.DataFrame(columns)


def _gathered(pieces: Iterator[list], most: int) -> Iterator[list]:
    """Yield rows in groups of the wanted size; the last group may be smaller."""
    waiting: list = []
    for piece in pieces:
        waiting += piece
        while len(waiting) >= most:
            yield waiting[:most]
            del waiting[:most]
    if waiting:
        yield waiting


def _column(name: str, values: list, kinds: set[type]) -> pl.Series:
    """Return a column of SQLite's values; if any is bytes, all become bytes."""
    if bytes in kinds and len(kinds) > 1:
        values = [
            value if value is None or isinstance(value, bytes) else str(value).encode()
            for value in values
        ]
    return from_objects(name, values)


def _explained(error: Exception, name: str) -> TableError:
    words = str(error)
    if "too big" in words:
        return _too_much(name, say("a value is longer than any of a table"))
    if "one statement at a time" in words:
        return more_than_one(name)
    if "not authorized" in words or "prohibited" in words or "readonly" in words:
        return TableError(
            "{name} is opened for reading alone, and the query would do more.",
            "Give one SELECT statement.",
            name=name,
        )
    if "is locked" in words:
        return TableError(
            "{name} is being written to by another program.", "Try again later.", name=name
        )
    if isinstance(error, sqlite3.OperationalError):
        return TableError(
            "{name} does not carry out the query: {why}.",
            "Correct it, or name a table.",
            name=name,
            why=words,
        )
    return TableError("{name} is a damaged database: {why}.", "Copy it anew.", name=name, why=words)


def _too_much(name: str, why: str) -> TableError:
    return TableError(
        "{name} cannot be read: {why}.",
        "Ask for less by --query, or write the rows that are meant to a table of their own.",
        name=name,
        why=why,
    )
