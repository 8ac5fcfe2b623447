"""Any table in, one Table out: files are recognised by their content, frames by their kind."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import TableError
from gradum.tables.delimited import read_delimited
from gradum.tables.frames import from_data
from gradum.tables.table import Table
from gradum.tables.wording import quoted

PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
# what a file of another kind begins with, and what to do about it
OTHER_KINDS = (
    (b"PK\x03\x04", "a workbook or a zip archive", "Save its sheet as CSV, or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save its sheet as CSV."),
    (b"ARROW1", "an Arrow file", "Read it with polars and give the frame, or save it as Parquet."),
    (b"\x89HDF", "an HDF5 file", "Save its table as CSV or Parquet."),
    (b"SQLite format 3", "a database", "Export its table as CSV."),
    (b"%PDF", "a PDF", "Give a CSV, TSV or Parquet file."),
    (b"\x89PNG", "a picture", "Give a CSV, TSV or Parquet file."),
    (b"\xff\xd8\xff", "a picture", "Give a CSV, TSV or Parquet file."),
    (b"BZh", "compressed by bzip2", "Unpack it, or compress it with gzip."),
    (b"\xfd7zXZ", "compressed by xz", "Unpack it, or compress it with gzip."),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "Unpack it, or compress it with gzip."),
)


def read(data: Any) -> Table:
    """Return a file, a frame, an array or plain Python data as a table.

    Parameters
    ----------
    data : path or table
        A path to a CSV, TSV (plain or gzip) or Parquet file, recognised by its content; any data
        frame that narwhals knows (pandas, polars, pyarrow, ...; eager or lazy); a two-dimensional
        NumPy array, whose columns become x0, x1, ...; a dict of columns; a list of dicts; or one
        dict of values, which is one row.

    Raises
    ------
    TableError
        There is no such file, or it is no table; one line that names the cause.
    """
    if isinstance(data, str | os.PathLike):
        return _read_file(Path(data))
    return from_data(data)


def _read_file(path: Path) -> Table:
    content = _content(path)
    name = path.name
    if content.startswith(GZIP):
        content = _unpacked(content, name)
    if not content:
        raise TableError(f"{name} is empty.", "Give a file with a header and rows.")
    if content.startswith(PARQUET):
        return _read_parquet(content, name)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise TableError(f"{name} is not a Parquet file, whatever its name says.", "Save it anew.")
    for start, what, remedy in OTHER_KINDS:
        if content.startswith(start):
            raise TableError(f"{name} is {what}, not a table of text.", remedy)
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        raise TableError(f"{name} is JSON.", "Give its records as a list of dicts, or save as CSV.")
    return read_delimited(content, name)


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise TableError(f"{path} is a folder.", f"Give a file in it{_files_in(path)}.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TableError(f"there is no file {path}.", _nearest_files(path)) from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}.", "Check the file.") from None
    except ValueError:  # a null byte in the name
        raise TableError(f"{str(path)!r} is not a path.", "Give a path to a file.") from None


def _files_in(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return f", such as {quoted(names)}" if names else ""


def _nearest_files(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either."
    names = sorted(other.name for other in folder.iterdir() if other.is_file())
    close = get_close_matches(path.name, names, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(repr(name) for name in close)}?"
    return f"That folder holds {quoted(names)}." if names else "That folder holds no files."


def _unpacked(content: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise TableError(f"{name} is a damaged or truncated gzip file.", "Copy it anew.") from None


def _read_parquet(content: bytes, name: str) -> Table:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise TableError(
            f"{name} is a damaged or truncated Parquet file.", "Copy or write it anew."
        ) from None
    if not frame.width or not frame.height:
        raise TableError(f"{name} has no rows.", "Give a file with rows.")
    return Table(frame, name)
