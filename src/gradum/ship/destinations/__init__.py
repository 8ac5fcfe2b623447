"""Destinations of predictions that are kept up to date: tables of databases, folders, workbooks."""

from __future__ import annotations

from pathlib import Path

from gradum.errors import SpecError
from gradum.ship.destinations.destination import Destination
from gradum.ship.destinations.parquet_folder import ParquetFolder
from gradum.ship.destinations.postgresql_table import PostgreSqlTable
from gradum.ship.destinations.sqlite_table import SqliteTable, is_database
from gradum.ship.destinations.workbook_file import WORKBOOK, WorkbookFile
from gradum.tables.paths import is_address, place_shown, scheme, shown

FILES = (".parquet", ".csv", ".json", ".tsv", ".arrow", ".xls", ".ods")
SERVER = ("postgresql", "postgres")


def destination(
    into: str, source: str, *, table: str | None = None, partition_by: tuple[str, ...] = ()
) -> Destination:
    """Return the destination that is meant.

    Parameters
    ----------
    into : str
        The address of a server, a SQLite database, a folder, a workbook; or the name of a table in
        the database that the rows come from.
    source : str
        Where the rows come from.
    table : str, optional
        The table of the server or database.
    partition_by : tuple of str
        Columns whose values are folders.

    Raises
    ------
    SpecError
        It is none of these, or an option does not belong to it.
    """
    for option, name in (("--into", into), ("--table", table)):
        if name is not None and not name.strip():
            raise SpecError(
                "{option} has an empty name.", "Give a name, or leave out {option}.", option=option
            )
    found = _database(into, source, table)
    if partition_by and found is not None:
        raise SpecError(
            "--partition-by is for folders of Parquet files, and {name} is none.",
            "Leave out --partition-by.",
            name=found,
        )
    if found is not None:
        return found
    if is_address(into):
        raise SpecError(
            "Predictions are not written to {address}.",
            "Name a table of PostgreSQL or SQLite, a folder or a workbook.",
            address=shown(into),
        )
    if table is not None:
        raise SpecError(
            "--table is for databases, and {name} is none.", "Leave out --table.", name=into
        )
    path = Path(into)
    if path.suffix.lower() == WORKBOOK and not partition_by:
        return WorkbookFile(path)
    if path.suffix.lower() in FILES:
        raise SpecError(
            "--into takes no {ending} file, which cannot tell who wrote it.",
            "Write it by --out {name} --force.",
            ending=path.suffix,
            name=into,
        )
    if into.endswith("/") or partition_by or path.is_dir():
        return ParquetFolder(path, partition_by)
    raise SpecError(
        "--into {name} names no database, folder or workbook.",
        "Give postgresql://… or a SQLite file with --table NAME, a folder that ends with /, or "
        "a file that ends in .xlsx.",
        name=into,
    )


def _database(into: str, source: str, table: str | None) -> Destination | None:
    """Return the table of a database, if one is meant."""
    if scheme(into) in SERVER or is_database(into):
        if table is None:
            raise SpecError(
                "--into {name} does not say which table.",
                "Add --table NAME.",
                name=place_shown(into),
            )
        return PostgreSqlTable(into, table) if is_address(into) else SqliteTable(Path(into), table)
    if is_address(into) or into.endswith("/") or Path(into).suffix.lower() in (WORKBOOK, *FILES):
        return None
    if table is not None and not Path(into).exists():
        return SqliteTable(Path(into), table)
    if table is None and scheme(source) in SERVER:
        return PostgreSqlTable(source, into)
    if table is None and is_database(source):
        return SqliteTable(Path(source), into)
    return None
