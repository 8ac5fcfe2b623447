"""Rows that polars scans, wherever they are, written to Parquet files with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from gradum.errors import TableError
from gradum.tables.formats.frames import refuse_names
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.paths import is_address
from gradum.tables.sources.fingerprint import Fingerprint
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.source import Location, NewFile

BATCH_ROWS = 65_536


def written_rows(
    scan: pl.LazyFrame, location: Location, new_file: NewFile, *, version: str = ""
) -> list[Location]:
    """Write the rows of a scan in order, and return their files; of an address, with a hash of all.

    Raises
    ------
    TableError
        There are none, or too many columns.
    DiskError
        The disk is full.
    """
    columns = scan.collect_schema().names()
    refuse_width(len(columns), location.name)
    refuse_names(columns, location.name)
    rows = ParquetRows(location.name, new_file)
    fingerprint = Fingerprint() if is_address(location.where) else None

    def batches() -> Iterator[pl.DataFrame]:
        for batch in scan.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            if fingerprint is not None:
                fingerprint.update(batch)
            yield batch

    rows.write(batches())
    if not rows.files:
        raise TableError("{source} has no rows.", "Give a file with rows.", source=location.name)
    digest = "" if fingerprint is None else fingerprint.hexdigest()
    notes = (version,) if version else ()
    return [
        Location(str(file), location.name, notes, sha256=digest, version=version)
        for file in rows.files
    ]
