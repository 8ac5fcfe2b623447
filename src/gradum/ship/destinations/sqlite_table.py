"""A table of SQLite, replaced in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import check_writable, replacing
from gradum.messages import say
from gradum.ship.destinations.destination import Agree, Existing, Mark, plain
from gradum.tables.paths import is_address, is_file
from gradum.tables.sources.select_statement import identifier
from gradum.tables.sources.source import Location, start_of
from gradum.tables.sources.sqlite import MAGIC, SECONDS

TYPES = {pl.Int64: "INTEGER", pl.Float64: "REAL", pl.Boolean: "INTEGER"}
STAGING = "gradum staging"


def is_database(name: str) -> bool:
    """Whether a name is that of a SQLite database."""
    return not is_address(name) and start_of(Location(name, name)).startswith(MAGIC)


class SqliteTable:
    """A table of a database in one file, which is made where there is none.

    gradum's mark is a comment within the statement that SQLite keeps of each table.
    """

    def __init__(self, path: Path, table: str) -> None:
        self._path, self._table = path, table

    def __str__(self) -> str:
        return say("table {table} of {database}", table=self._table, database=self._path)

    @property
    def scratch(self) -> Path | None:
        """The folder of the database."""
        return self._path.resolve().parent

    def found(self) -> Existing | None:
        """Return the comment in the table's statement, and its columns."""
        check_writable(self._path)
        if not is_file(self._path):
            return None
        with self._connected(self._path) as connection:
            return self._found(connection)

    def replace(self, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        """Fill a staging table, drop the table and rename, all or nothing.

        A new database is made beside its place, and then renamed.
        """
        if is_file(self._path):
            self._fill(self._path, parts, mark, agree)
            return
        with replacing(self._path) as temporary:
            self._fill(temporary, parts, mark, agree)
            if is_file(self._path):  # it may hold other tables than this one
                raise self._busy()

    def _fill(self, path: Path, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        with self._connected(path) as connection:
            self._replace(connection, parts, mark, agree)

    def _replace(
        self, connection: sqlite3.Connection, parts: Sequence[Path], mark: Mark, agree: Agree
    ) -> None:
        connection.execute("BEGIN IMMEDIATE")
        agree(self._found(connection))
        connection.execute("PRAGMA legacy_alter_table = ON")  # views of the table stay as they are
        staging, table = identifier(STAGING), identifier(self._table)
        for number, part in enumerate(parts):
            frame = plain(pl.read_parquet(part, glob=False))
            if not number:
                columns = ", ".join(
                    f"{identifier(column.name)} {TYPES.get(column.dtype.base_type(), 'TEXT')}"
                    for column in frame
                )
                words = str(mark).replace("*/", "*\\/")
                connection.execute(f"CREATE TABLE {staging} (/* {words} */ {columns})")
            marks = ", ".join("?" * frame.width)
            frame = frame.with_columns(_temporal(frame))
            connection.executemany(f"INSERT INTO {staging} VALUES ({marks})", frame.iter_rows())
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(f"ALTER TABLE {staging} RENAME TO {table}")
        connection.execute("COMMIT")

    def _found(self, connection: sqlite3.Connection) -> Existing | None:
        found = connection.execute(
            "SELECT sql FROM sqlite_master WHERE lower(name) = lower(?)", (self._table,)
        ).fetchone()
        if found is None:
            return None
        _, _, begun = str(found[0]).partition("(/* ")
        mark = begun.rpartition(" */")[0].replace("*\\/", "*/")
        names = connection.execute("SELECT name FROM pragma_table_info(?)", (self._table,))
        return Existing(mark, tuple(name for (name,) in names))

    @contextmanager
    def _connected(self, path: Path) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(path, timeout=SECONDS, isolation_level=None)
            ) as connection:
                yield connection  # closing undoes what is not committed
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise self._busy() from None
            raise OutputError(
                "{path} does not take the predictions: {why}.",
                "Choose another name or database.",
                path=self._path,
                why=error,
            ) from None

    def _busy(self) -> OutputError:
        return OutputError(
            "{path} is being written to by another program.", "Try again later.", path=self._path
        )


def _temporal(frame: pl.DataFrame) -> Iterator[pl.Series]:
    """Yield dates and moments as texts: SQLite has no type for them."""
    for column in frame:
        if column.dtype.is_temporal():
            yield column.cast(pl.String)
