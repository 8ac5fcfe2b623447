"""Reads any table: files are recognised by their content, frames by their kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradum.errors import TableError
from gradum.forks import refuse_after_fork
from gradum.messages import marked, say
from gradum.tables.formats.calendar_range import lost_moments, within_calendar
from gradum.tables.formats.columnar import is_columnar, read_columnar
from gradum.tables.formats.content import content_of, is_packed, unpacked
from gradum.tables.formats.delimited import read_delimited
from gradum.tables.formats.encoding import Content, as_utf8, stream
from gradum.tables.formats.frames import SOURCE, from_data
from gradum.tables.formats.read_failures import explained
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.records import looks_like_json, read_records
from gradum.tables.formats.several import stack
from gradum.tables.sources.fetched import PLAINLY, Fetched, fetched, of_text, refuse_unused
from gradum.tables.sources.media import opened
from gradum.tables.sources.source import Location
from gradum.tables.table import Table

# for standard input or compressed content; given as a file, these kinds are read
GIVE_AS_A_FILE = marked("Save it to a file, unpacked, and give that.")
PICKLE = (
    marked("a Python pickle, which can run anybody's code when it is read"),
    marked("Write its table as Parquet or CSV."),
)
# the first bytes of files of other kinds, and what to do about them
OTHER_KINDS = (
    (b"PK\x03\x04", marked("a workbook or a zip archive"), GIVE_AS_A_FILE),
    (b"PK\x05\x06", marked("an empty zip archive"), GIVE_AS_A_FILE),
    (b"\xd0\xcf\x11\xe0", marked("an old Excel workbook"), GIVE_AS_A_FILE),
    (
        b"FEA1",
        marked("a Feather file of version 1"),
        marked("Write it anew in version 2, or as Parquet."),
    ),
    (b"\x89HDF", marked("an HDF5 file"), marked("Save its table as CSV or Parquet.")),
    (b"SQLite format 3", marked("a database"), GIVE_AS_A_FILE),
    *((b"\x80" + bytes([version]), *PICKLE) for version in range(2, 6)),
    (b"%PDF", marked("a PDF"), marked("Give a CSV, TSV, JSON or Parquet file.")),
    (b"\x89PNG", marked("a picture"), marked("Give a CSV, TSV, JSON or Parquet file.")),
    (b"\xff\xd8\xff", marked("a picture"), marked("Give a CSV, TSV, JSON or Parquet file.")),
)
PAGES = (b"<!doctype html", b"<html")
# file endings that promise a kind of file, and the kinds
PROMISES = {
    (".parquet", ".pq"): marked("a Parquet file"),
    (".arrow", ".feather", ".ipc"): marked("an Arrow file"),
    (".json", ".jsonl", ".ndjson"): marked("a JSON file"),
}


def read(data: Any, reading: ReadingOptions = PLAINLY) -> Table:
    """Return a `Table` from the name of a table or from data in memory.

    Parameters
    ----------
    data : path, address, list of such, or table
        A path to a file of CSV, TSV, JSON (records, one a line or in a list, or columns), Parquet
        or Arrow (Feather version 2), plain or compressed by gzip, bzip2, xz or zstd, recognised by
        its content; a place that `gradum.tables.sources` knows, such as a workbook, a database, an
        archive or an address; ``-`` for standard input; a pattern such as ``data/part-*.csv``, or
        a list of paths, whose files are stacked in order; what `fetched` yields; any data frame
        that narwhals knows (pandas, polars, pyarrow, ...; eager or lazy); a two-dimensional NumPy
        array, whose columns become x0, x1, ...; a dict of columns; a list of dicts; one dict of
        values, which is one row; or a Table, which is returned as it is.
    reading : ReadingOptions
        Which table of a workbook or a database, and how a text is written.

    Raises
    ------
    TableError
        There is no such file, or it is no table. The message is one line that names the cause.
    """
    refuse_after_fork()
    if isinstance(data, Table):
        return data
    with fetched(data, reading) as here:
        if isinstance(here, Fetched):
            table, reading = _read_files(here), here.reading
        else:
            with explained(say(SOURCE)):
                table = opened(_sound(from_data(here)))
    return replace(table, keep_totals=reading.keep_totals)


def read_test(data: Any, reading: ReadingOptions) -> Table:
    """Return a table to judge by: its rows of totals stay if those of the table read so do."""
    return replace(read(data), keep_totals=reading.keep_totals)


def _sound(table: Table) -> Table:
    """Return a table with moments that no calendar holds taken as missing."""
    frame = within_calendar(table.frame)
    return replace(table, frame=frame, notes=(*table.notes, *lost_moments(table.frame, frame)))


def _read_files(here: Fetched) -> Table:
    tables = [_read_file(location, here.reading) for location in here.files]
    if len(tables) == 1:
        return replace(tables[0], source=here.source)
    return stack(tables, here.source)


def _read_file(location: Location, reading: ReadingOptions) -> Table:
    with explained(location.name):
        content = content_of(location.path)
        suffix = location.path.suffix.lower()
        table = _sound(_recognised(content, location.name, reading, suffix))
        table = opened(table, location.folder)
        return replace(table, notes=(*location.notes, *table.notes), untyped=location.untyped)


def _recognised(content: Content, name: str, reading: ReadingOptions, suffix: str) -> Table:
    """Read a content as the kind of file that its first bytes indicate."""
    if is_packed(_start(content)):
        content, suffix = unpacked(content, name), ""
    start = _start(content)
    refuse_other_kinds(start, name)
    if is_columnar(start):
        refuse_unused(of_text(reading), name)
        return read_columnar(content, name)
    content, encoding = as_utf8(content, name, reading.encoding)
    if looks_like_json(content) and reading.skip_rows is None:
        return read_records(content, name)
    refuse_other_name(suffix, name)
    return read_delimited(content, name, encoding, reading.skip_rows)


def refuse_other_kinds(start: bytes, name: str) -> None:
    """Refuse a file whose first bytes, unpacked, show that it is no table."""
    if not start:
        raise TableError("{name} is empty.", "Give a file with a header and rows.", name=name)
    if start.lstrip().lower().startswith(PAGES):
        raise TableError(
            "{name} is a web page, not a table.", "Give the address of the file.", name=name
        )
    for magic, what, remedy in OTHER_KINDS:
        if start.startswith(magic):
            raise TableError(
                say("{name} is {what}, not a table.", name=name, what=say(what)), say(remedy)
            )
    if is_packed(start):
        raise TableError("{name} is compressed twice.", "Unpack it once.", name=name)


def refuse_other_name(suffix: str, name: str) -> None:
    """Refuse delimited text whose name promises another format; ``suffix`` is in lower case."""
    for suffixes, promised in PROMISES.items():
        if suffix in suffixes:
            raise TableError(
                "{name} is not {promised}, whatever its name says.",
                "Save it anew.",
                name=name,
                promised=say(promised),
            )


def _start(content: Content) -> bytes:
    with stream(content) as file:
        return file.read(16)
