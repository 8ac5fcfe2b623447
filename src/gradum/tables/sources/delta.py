"""Tables of Delta Lake: a folder of Parquet files and a log of which of them are rows now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.paths import place_shown, scheme
from gradum.tables.sources.scanned_rows import written_rows
from gradum.tables.sources.source import Location, NewFile

LOG = "_delta_log"


def is_at(folder: Path) -> bool:
    """Whether a folder of this machine is such a table."""
    return (folder / LOG).is_dir()


def rows(
    where: str,
    location: Location,
    new_file: NewFile,
    *,
    opening: dict[str, str] | None = None,
    access: dict[str, Any] | None = None,
) -> list[Location]:
    """Write the rows of the newest version.

    Parameters
    ----------
    where : str
        The folder or its address.
    new_file : callable
    opening, access : dict, optional
        How the log and the files are reached in a store.

    Raises
    ------
    TableError
        The package that reads the log is absent; or the log names a file outside of the table.
    """
    deltalake = needs("deltalake", "delta", say("Tables of Delta"))
    table = deltalake.DeltaTable(where, storage_options=opening)
    refuse_outside(where, table.file_uris(), location.name)
    scan = pl.scan_delta(table, storage_options=access)
    version = say("Delta version {number}", number=table.version())
    return written_rows(scan, location, new_file, version=version)


def refuse_outside(where: str, files: list[str], name: str) -> None:
    """Refuse a table that names a file outside of its folder: nobody has named that place.

    Raises
    ------
    TableError
    """
    home = _plain(where)
    for file in files:
        path = _plain(file)
        if not path.startswith(f"{home}/") or ".." in path.split("/"):
            raise TableError(
                "{name} names a file outside of itself: {file}.",
                "Write the table anew where it lies now.",
                name=name,
                file=place_shown(file),
            )


def _plain(where: str) -> str:
    """Return an absolute path, or an address without its last slash, in one spelling."""
    if scheme(where) not in ("", "file"):
        return where.rstrip("/")
    path = unquote(where[7:]) if scheme(where) else where
    return os.path.realpath(path)
