"""PostgreSQL: the rows of one query, read in batches in a transaction that cannot write.

The driver (ADBC, over libpq) finds passwords where PostgreSQL's own programs do: in ``PGPASSWORD``,
in ``~/.pgpass``, or in the address. Nothing here repeats them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from gradum.errors import GradumError, TableError
from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.formats.frames import refuse_names
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.paths import refuse_unclear, scheme, without_secrets
from gradum.tables.sources.fingerprint import Fingerprint
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
        with connected(location) as connection:
            carry_out(connection, "SET TRANSACTION READ ONLY")
            if query is None:
                query = _only_table(connection, location.name)
            rows.write(_frames(connection, query, location.name, fingerprint))
        if not rows.files:
            raise no_rows(location.name)
        digest = fingerprint.hexdigest()
        return [Location(str(file), location.name, sha256=digest) for file in rows.files]


@contextmanager
def connected(
    location: Location, refused: Callable[[str], GradumError] | None = None
) -> Iterator[Any]:
    """Connect, and begin a transaction, which is undone unless the block commits it.

    Parameters
    ----------
    refused : callable, optional
        Makes an error of the reason why the server does not carry something out; by default one
        about a query.

    Raises
    ------
    TableError
        The server cannot be reached, or refuses something; in one line without passwords.
    """
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
            yield connection
    except GradumError:
        raise
    except (manager.Error, RuntimeError) as error:
        raise _explained(error, location, refused) from None


def carry_out(connection: Any, words: str) -> None:
    """Carry out one statement that returns no rows."""
    from adbc_driver_manager import AdbcStatement

    with AdbcStatement(connection) as asked:
        asked.set_sql_query(words)
        asked.execute_update()


def _only_table(connection: Any, name: str) -> str:
    tables = pl.concat([pl.DataFrame(), *batches(connection, TABLES)], how="diagonal").rows()
    shown = {f"{schema}.{table}": (schema, table) for schema, table in tables}
    schema, table = shown[only_table(list(shown), name)]
    return f"SELECT * FROM {identifier(schema)}.{identifier(table)}"


def _frames(
    connection: Any, query: str, name: str, fingerprint: Fingerprint
) -> Iterator[pl.DataFrame]:
    for frame in batches(connection, query, name):
        fingerprint.update(frame)
        yield frame


def batches(connection: Any, query: str, name: str = "") -> Iterator[pl.DataFrame]:
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
                "Column {name!r} of {source} holds intervals.",
                "Make numbers of them in the query: EXTRACT(EPOCH FROM {name}).",
                name=column.name,
                source=name,
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


def _explained(
    error: Exception, location: Location, refused: Callable[[str], GradumError] | None
) -> GradumError:
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
    why = without_secrets(_first(words, r"ERROR:\s*([^\n]*)"), location.where)
    if refused is not None:
        return refused(why)
    if state == SEVERAL and "multiple commands" in words:
        return more_than_one(name)
    if state == READ_ONLY:
        return TableError(
            "{name} is opened for reading alone, and the query would do more.",
            "Give one SELECT statement.",
            name=name,
        )
    if state == DENIED:
        return TableError(
            "{name} does not let you: {why}.",
            "Ask its owner, or read other rows.",
            name=name,
            why=why,
        )
    return TableError(
        "{name} does not carry out the query: {why}.", "Correct it.", name=name, why=why
    )


def _first(words: str, pattern: str) -> str:
    """Return a pattern's last match in a message, or the message's first line."""
    causes = re.findall(pattern, words)
    line = causes[-1] if causes else words.split("\n", 1)[0]
    return " ".join(line.split()).rstrip(".")
