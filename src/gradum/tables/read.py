"""Any table in, one Table out: files are recognised by their content, frames by their kind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradum.errors import TableError
from gradum.forks import refuse_after_fork
from gradum.tables.columnar import is_columnar, read_columnar
from gradum.tables.compressed import is_packed, unpacked
from gradum.tables.content import content_of, nearest_files
from gradum.tables.delimited import read_delimited
from gradum.tables.encoding import Content, as_utf8, stream
from gradum.tables.failures import explained
from gradum.tables.frames import SOURCE, from_data
from gradum.tables.moments import lost_moments, within_calendar
from gradum.tables.paths import STANDARD_INPUT, is_pattern, matches
from gradum.tables.records import looks_like_json, read_records
from gradum.tables.several import name_of, names_of, stack
from gradum.tables.table import Table
from gradum.tables.wording import counted

# what a file of another kind begins with, and what to do about it
OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook or a zip archive", "Save its sheet as CSV, or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save its sheet as CSV."),
    (b"FEA1", "a Feather file of version 1", "Write it anew in version 2, or as Parquet."),
    (b"\x89HDF", "an HDF5 file", "Save its table as CSV or Parquet."),
    (b"SQLite format 3", "a database", "Export its table as CSV."),
    (b"%PDF", "a PDF", "Give a CSV, TSV, JSON or Parquet file."),
    (b"\x89PNG", "a picture", "Give a CSV, TSV, JSON or Parquet file."),
    (b"\xff\xd8\xff", "a picture", "Give a CSV, TSV, JSON or Parquet file."),
)
# names that promise a kind of file, and the kinds
PROMISES = {
    (".parquet", ".pq"): "a Parquet file",
    (".arrow", ".feather", ".ipc"): "an Arrow file",
    (".json", ".jsonl", ".ndjson"): "a JSON file",
}


def read(data: Any) -> Table:
    """Return a file, several files, a frame, an array or plain Python data as a table.

    Parameters
    ----------
    data : path, list of paths or table
        A path to a file of CSV, TSV, JSON (records, one a line or in a list, or columns), Parquet
        or Arrow (Feather version 2), plain or compressed by gzip, bzip2, xz or zstd, recognised by
        its content; ``-`` for standard input; a pattern such as ``data/part-*.csv``, or a list of
        paths, whose files are stacked in order; any data frame that narwhals knows (pandas, polars,
        pyarrow, ...; eager or lazy); a two-dimensional NumPy array, whose columns become x0, x1,
        ...; a dict of columns; a list of dicts; one dict of values, which is one row; or a Table,
        which is returned as it is.

    Raises
    ------
    TableError
        There is no such file, or it is no table; one line that names the cause.
    """
    refuse_after_fork()
    if isinstance(data, Table):
        return data
    if isinstance(data, str | os.PathLike):
        return _read_path(os.fspath(data))
    if are_paths(data):
        paths = [Path(path) for path in data]
        return _read_several(paths, name_of(paths))
    with explained(SOURCE):
        return _sound(from_data(data))


def _sound(table: Table) -> Table:
    """Return a table without moments that no calendar holds."""
    frame = within_calendar(table.frame)
    return replace(table, frame=frame, notes=(*table.notes, *lost_moments(table.frame, frame)))


def are_paths(data: Any) -> bool:
    """Whether data are the path of a file, or a list of such."""
    if isinstance(data, str | os.PathLike):
        return True
    if not isinstance(data, list | tuple) or not data:
        return False
    return all(isinstance(path, str | os.PathLike) for path in data)


def _read_path(name: str) -> Table:
    if name == STANDARD_INPUT:
        return _read_file(Path(name), "standard input")
    path = Path(name)
    if not is_pattern(path):
        return _read_file(path, path.name)
    paths = matches(path)
    if not paths:
        raise TableError(f"No file matches {name}.", nearest_files(path))
    return _read_several(paths, f"{path.name} ({counted(len(paths), 'file')})")


def _read_several(paths: Sequence[Path], source: str) -> Table:
    named = zip(paths, names_of(paths), strict=True)
    return stack([_read_file(path, name) for path, name in named], source)


def _read_file(path: Path, name: str) -> Table:
    with explained(name):
        return _sound(_recognised(content_of(path), name, path.suffix.lower()))


def _recognised(content: Content, name: str, suffix: str = "") -> Table:
    """Read a content as what its first bytes say that it is."""
    if is_packed(_start(content)):
        content, suffix = unpacked(content, name), ""
    start = _start(content)
    refuse_other_kinds(start, name)
    if is_columnar(start):
        return read_columnar(content, name)
    content, encoding = as_utf8(content, name)
    if looks_like_json(content):
        return read_records(content, name)
    refuse_other_name(suffix, name)
    return read_delimited(content, name, encoding)


def refuse_other_kinds(start: bytes, name: str) -> None:
    """Refuse a file whose first bytes, unpacked, tell that it is no table."""
    if not start:
        raise TableError(f"{name} is empty.", "Give a file with a header and rows.")
    for magic, what, remedy in OTHER_KINDS:
        if start.startswith(magic):
            raise TableError(f"{name} is {what}, not a table.", remedy)
    if is_packed(start):
        raise TableError(f"{name} is compressed twice.", "Unpack it once.")


def refuse_other_name(suffix: str, name: str) -> None:
    """Refuse delimited text whose name promises something else; ``suffix`` is in lower case."""
    for suffixes, promised in PROMISES.items():
        if suffix in suffixes:
            raise TableError(f"{name} is not {promised}, whatever its name says.", "Save it anew.")


def _start(content: Content) -> bytes:
    with stream(content) as file:
        return file.read(16)
