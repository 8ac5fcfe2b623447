"""PostgreSQL: the rows of one query, read in batches in a transaction that cannot write.

The driver (ADBC, over libpq) finds passwords where PostgreSQL's own programs do: in ``PGPASSWORD``,
in ``~/.pgpass``, or in the address. Nothing here repeats them. The hash of the rows does not depend
on how they are cut into batches.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from gradum.errors import GradumError, TableError
from gradum.messages import say
from gradum.tables.frames import refuse_names
from gradum.tables.paths import refuse_unclear, scheme, without_secrets
from gradum.tables.reading import ReadingOptions
from gradum.tables.size_limits import refuse_width
from gradum.tables.sources.extra import needs
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.select_statement import (
    identifier,
    more_than_one,
    no_rows,
    only_table,
    statement,
)
from gradum.tables.sources.source import Location, NewFile

BATCH_BYTES = 2**24
SECONDS = 15  # to connect
KIND = b"ADBC:postgresql:typname"  # where a column's PostgreSQL type is stated
INTERVAL = "tin"  # the code of a column of intervals, for which polars has no type
TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN "
    "('pg_catalog', 'information_schema') ORDER BY 1, 2"
)
SEVERAL, READ_ONLY, DENIED = "42601", "25006", "42501"  # PostgreSQL's error codes


@dataclass
class Fingerprint:
    """The SHA-256 of a table's values, of its columns' names and types, and of their order.

    Of columns of lists, records and bytes, which no model uses, only the names count.
    """

    _columns: dict[str, _Column] = field(default_factory=dict)

    def update(self, frame: pl.DataFrame) -> None:
        """Take in the next rows."""
        for column in frame:
            if column.name not in self._columns:
                self._columns[column.name] = _Column(str(column.dtype))
            self._columns[column.name].update(column)

    def hexdigest(self) -> str:
        """Return the hash of all rows so far."""
        whole = hashlib.sha256()
        for name, column in self._columns.items():
            whole.update(name.encode() + b"\0" + column.digest())
        return whole.hexdigest()


@dataclass
class _Column:
    """Hashes of a column: one of its gaps and text lengths, and one of its values."""

    kind: str
    shape: Any = field(default_factory=hashlib.sha256)
    values: Any = field(default_factory=hashlib.sha256)

    def update(self, column: pl.Series) -> None:
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            return
        if column.dtype == pl.String:
            lengths = column.str.len_bytes().cast(pl.Int64).fill_null(-1)
            self.shape.update(lengths.to_numpy())
            self.values.update((column.str.join("").item() or "").encode())
        else:
            self.shape.update(column.is_null().to_numpy())
            self.values.update(column.to_physical().fill_null(0).to_numpy())

    def digest(self) -> bytes:
        kind = hashlib.sha256(self.kind.encode()).digest()
        return kind + self.shape.digest() + self.values.digest()


class PostgreSql:
    """A database on a PostgreSQL server."""

    takes = ("query",)

    def is_at(self, location: Location) -> bool:
        """Whether a location is a PostgreSQL address."""
        return scheme(location.where) in ("postgresql", "postgres")

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the rows of the query, or of the only table, and return their hash."""
        refuse_unclear(location.where)
        query = None if reading.query is None else statement(reading.query)
        rows, fingerprint = ParquetRows(location.name, new_file), Fingerprint()
        with _connection(location) as connection:
            if query is None:
                query = _only_table(connection, location.name)
            rows.write(_frames(connection, query, location.name, fingerprint))
        if not rows.files:
            raise no_rows(location.name)
        digest = fingerprint.hexdigest()
        return [Location(str(file), location.name, sha256=digest) for file in rows.files]


@contextmanager
def _connection(location: Location) -> Iterator[Any]:
    """Connect, and begin a read-only transaction."""
    what = say("Tables of PostgreSQL")
    driver = needs("adbc_driver_postgresql", "sql", what)
    manager = needs("adbc_driver_manager", "sql", what)
    needs("nanoarrow", "sql", what)
    joint = "&" if "?" in location.where else "?"
    address = location.where
    if "connect_timeout=" not in address:
        address = f"{address}{joint}connect_timeout={SECONDS}"
    try:
        with driver.connect(address) as database, manager.AdbcConnection(database) as connection:
            connection.set_autocommit(False)
            with manager.AdbcStatement(connection) as begun:
                begun.set_sql_query("SET TRANSACTION READ ONLY")
                begun.execute_update()
            yield connection
    except GradumError:
        raise
    except (manager.Error, RuntimeError) as error:
        raise _explained(error, location) from None


def _only_table(connection: Any, name: str) -> str:
    tables = pl.concat([pl.DataFrame(), *_batches(connection, TABLES)], how="diagonal").rows()
    shown = {f"{schema}.{table}": (schema, table) for schema, table in tables}
    schema, table = shown[only_table(list(shown), name)]
    return f"SELECT * FROM {identifier(schema)}.{identifier(table)}"


def _frames(
    connection: Any, query: str, name: str, fingerprint: Fingerprint
) -> Iterator[pl.DataFrame]:
    for frame in _batches(connection, query, name):
        fingerprint.update(frame)
        yield frame


def _batches(connection: Any, query: str, name: str = "") -> Iterator[pl.DataFrame]:
    """Yield the rows of a query, some megabytes at a time."""
    import nanoarrow
    from adbc_driver_manager import AdbcStatement

    with AdbcStatement(connection) as asked:
        asked.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
        asked.set_sql_query(f"{query}\n")  # the line feed ends a comment
        handle, _ = asked.execute_query()
        with nanoarrow.c_array_stream(handle) as stream:
            columns = list(stream.get_schema().children)
            refuse_width(len(columns), name)
            refuse_names([column.name for column in columns], name)
            _refuse_intervals(columns, name)
            decimals = _decimals(columns)
            for batch in stream:
                yield _frame(batch, decimals)


def _refuse_intervals(columns: list[Any], name: str) -> None:
    for column in columns:
        if column.format == INTERVAL:
            raise TableError(
                say("Column {name!r} of {source} holds intervals.", name=column.name, source=name),
                say(
                    "Make numbers of them in the query: EXTRACT(EPOCH FROM {name}).",
                    name=column.name,
                ),
            )


def _decimals(columns: list[Any]) -> set[str]:
    """Return the columns of type ``numeric``, which arrive as texts."""
    return {
        column.name for column in columns if dict(column.metadata or {}).get(KIND) == b"numeric"
    }


def _frame(batch: Any, decimals: set[str]) -> pl.DataFrame:
    """Return a batch in polars' types: decimals as floats, PostgreSQL's own types as their storage.

    polars 1 warns of each of the latter that it does this; polars 2 keeps the type.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Extension type", UserWarning)
        frame = pl.DataFrame(batch)
    kept = [
        column.ext.storage() if isinstance(column.dtype, pl.Extension) else column
        for column in frame
    ]
    return pl.DataFrame(
        column.cast(pl.Float64, strict=False) if column.name in decimals else column
        for column in kept
    )


def _explained(error: Exception, location: Location) -> TableError:
    """Return an error of the driver as one line without passwords."""
    words, state, name = str(error), getattr(error, "sqlstate", None), location.name
    if "Failed to connect" in words or ("connection" in words and state is None):
        why = _first(words, r"(?:failed: |Failed to connect: )(?:FATAL:\s*)?([^\n]*)")
        remedy = say("Check the address, and that the server runs and lets you in.")
        if "password" in words:
            remedy = say(
                "Give the user in the address and the password in PGPASSWORD or ~/.pgpass."
            )
        why = without_secrets(why, location.where)
        return TableError(say("{name} cannot be reached: {why}.", name=name, why=why), remedy)
    if state == SEVERAL and "multiple commands" in words:
        return more_than_one(name)
    if state == READ_ONLY:
        return TableError(
            say("{name} is opened for reading alone, and the query would do more.", name=name),
            say("Give one SELECT statement."),
        )
    why = without_secrets(_first(words, r"ERROR:\s*([^\n]*)"), location.where)
    if state == DENIED:
        return TableError(
            say("{name} does not let you: {why}.", name=name, why=why),
            say("Ask its owner, or read other rows."),
        )
    return TableError(
        say("{name} does not carry out the query: {why}.", name=name, why=why), say("Correct it.")
    )


def _first(words: str, pattern: str) -> str:
    """Return a pattern's last match in a message, or the message's first line."""
    causes = re.findall(pattern, words)
    line = causes[-1] if causes else words.split("\n", 1)[0]
    return " ".join(line.split()).rstrip(".")
