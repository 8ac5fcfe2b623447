"""Files of Stata, SPSS and SAS, read in batches, with labels in place of labelled values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.extra import needs
from gradum.tables.formats.frames import refuse_names
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.source import Location, NewFile, start_of

BATCH_CELLS = 1_000_000
BY_LABEL = {"apply_value_formats": True, "formats_as_category": False}
OPTIONS = {  # options of each reader; SAS keeps labels in another file
    "read_sav": BY_LABEL,
    "read_dta": BY_LABEL,
    "read_sas7bdat": {},
    "read_xport": {},
}


class Statistics:
    """A file of another statistics program, recognised by its first bytes."""

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a file begins like the files of one of these programs."""
        return _reader(start_of(location)) is not None

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write its rows, with value labels in place of the numbers that they label."""
        package = needs("pyreadstat", "stats", say("Files of Stata, SPSS and SAS"))
        rows = ParquetRows(location.name, new_file)
        try:
            rows.write(_frames(package, location))
        except (package.ReadstatError, package.PyreadstatError) as error:
            raise _damaged(location.name, str(error)) from None
        if not rows.files:
            raise TableError("{name} has no rows.", "Give a file with rows.", name=location.name)
        untyped = rows.mixed()
        return [Location(str(file), location.name, untyped=untyped) for file in rows.files]


def _reader(start: bytes) -> str | None:
    """Return the name of the function that reads a file with these first bytes.

    A Stata file before version 13 begins with the number of its format, its byte order (1 or 2) and
    1.
    """
    if start.startswith((b"$FL2", b"$FL3")):
        return "read_sav"
    if start.startswith(b"<stata_dta>"):
        return "read_dta"
    if start[:1] in (b"\x71", b"\x72", b"\x73") and start[1:3] in (b"\1\1", b"\2\1"):
        return "read_dta"
    if start[12:16] == b"\xc2\xea\x81\x60":
        return "read_sas7bdat"
    return "read_xport" if start.startswith(b"HEADER RECORD*******LIB") else None


def _frames(package: Any, location: Location) -> Iterator[pl.DataFrame]:
    reader, path = _reader(start_of(location)) or "", str(location.path)
    read = getattr(package, reader)
    _, known = read(path, metadataonly=True)
    if not all(isinstance(column, str) for column in known.column_names):
        raise _damaged(location.name, say("a column has no name"))
    refuse_width(len(known.column_names), location.name)
    refuse_names(known.column_names, location.name)
    rows = max(1, BATCH_CELLS // max(1, len(known.column_names)))
    options = {"chunksize": rows, "output_format": "polars", **OPTIONS[reader]}
    for frame, _ in package.read_file_in_chunks(read, path, **options):
        if not frame.height:
            return
        yield frame.select(map(_plain, frame))


def _damaged(name: str, error: str) -> TableError:
    return TableError(
        "{name} is damaged, or of a kind that cannot be read: {error}.",
        "Copy it anew, or export its table as CSV.",
        name=name,
        error=error,
    )


def _plain(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Null:
        return column.cast(pl.Boolean)
    if column.dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    if column.dtype == pl.Object:
        values = [None if value is None else str(value) for value in column]
        return pl.Series(column.name, values, pl.String)
    return column
