"""Tables of Iceberg: files of metadata that say which Parquet files are rows now."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.sources.delta import refuse_outside
from gradum.tables.sources.scanned_rows import written_rows
from gradum.tables.sources.source import Location, NewFile

METADATA = ".metadata.json"
_NUMBER = re.compile(r"v?(\d+)")


def is_at(folder: Path) -> bool:
    """Whether a folder of this machine is such a table."""
    return any((folder / "metadata").glob(f"*{METADATA}"))


def newest(folder: Path) -> str:
    """Return the newest file of metadata, by the number that its name begins with."""

    def number(path: Path) -> tuple[int, str]:
        found = _NUMBER.match(path.name)
        return int(found[1]) if found else -1, path.name

    return str(max((folder / "metadata").glob(f"*{METADATA}"), key=number))


def rows(
    where: str,
    location: Location,
    new_file: NewFile,
    *,
    opening: dict[str, str] | None = None,
    access: dict[str, Any] | None = None,
) -> list[Location]:
    """Write the rows of the current snapshot.

    Parameters
    ----------
    where : str
        The folder, or the path or address of a file of metadata.
    new_file : callable
    opening, access : dict, optional
        How the metadata and the files are reached in a store.

    Raises
    ------
    TableError
        The package that reads the metadata is absent; there is no snapshot yet; or the metadata
        names a file outside of the table.
    """
    what = say("Tables of Iceberg")
    static = needs("pyiceberg.table", "iceberg", what).StaticTable
    metadata = where if where.endswith(METADATA) else newest(Path(where))
    home = metadata.rsplit("/", 2)[0]
    table = static.from_metadata(metadata, opening or {})
    snapshot = table.current_snapshot()
    if snapshot is None:
        raise TableError("{source} has no rows.", source=location.name)
    refuse_outside(home, [snapshot.manifest_list], location.name)
    manifests = snapshot.manifests(table.io)
    refuse_outside(home, [manifest.manifest_path for manifest in manifests], location.name)
    for manifest in manifests:
        entries = manifest.fetch_manifest_entry(table.io)
        refuse_outside(home, [entry.data_file.file_path for entry in entries], location.name)
    scan = pl.scan_iceberg(table, storage_options=access)
    version = say("Iceberg snapshot {number}", number=snapshot.snapshot_id)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Iceberg scan planning")  # could be faster
        return written_rows(scan, location, new_file, version=version)
