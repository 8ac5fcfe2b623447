"""Tables opened as streams, and tables at hand.

Parquet files of the user are read where they lie; anything else (text, Arrow, compressed files,
standard input, batches from an iterator) is first written to Parquet files in a scratch folder,
piece by piece.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import GradumError, TableError
from gradum.files.atomic import filling
from gradum.files.scratch import scratch_folder
from gradum.forks import refuse_after_fork
from gradum.messages import marked, say
from gradum.tables.formats.calendar_range import within_calendar
from gradum.tables.formats.columnar import ARROW, DAMAGE, PARQUET, is_columnar, refuse_false_lengths
from gradum.tables.formats.content import bytes_of, is_packed, lies_on_disk, unpack
from gradum.tables.formats.delimited import convert_delimited
from gradum.tables.formats.encoding import Content, convert_to_utf8, stream
from gradum.tables.formats.frames import is_row
from gradum.tables.formats.parquet import first_rows, has_large_groups, length, with_smaller_groups
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.formats.records import looks_like_json
from gradum.tables.formats.several import stack
from gradum.tables.formats.size_limits import refuse_width
from gradum.tables.sources.fetched import PLAINLY, Fetched, fetched, of_text, refuse_unused
from gradum.tables.sources.file_stamp import FileStamp
from gradum.tables.sources.media import opened_files
from gradum.tables.sources.origin import Origin
from gradum.tables.sources.read import read, refuse_other_kinds, refuse_other_name
from gradum.tables.sources.source import Location
from gradum.tables.sources.stream import BLOCK_ROWS, Stream, rows_of_block
from gradum.tables.table import Table

HEAD_ROWS = 1_000  # of each file, whose types must agree
SOURCE = marked("the table in batches")
JOINED_ROWS = 1_000  # for rows that come one by one


def is_batches(data: Any) -> bool:
    """Whether data are batches of rows: an iterator, or another iterable of tables."""
    if isinstance(data, Iterator):
        return True
    if isinstance(data, list | tuple):
        return bool(data) and _is_frame(data[0])
    plain = isinstance(data, str | bytes | os.PathLike | Mapping | Table | Fetched)
    return isinstance(data, Iterable) and not plain and not _is_frame(data)


@contextmanager
def at_hand(
    data: Any, reading: ReadingOptions = PLAINLY, scratch: Path | None = None
) -> Iterator[Any]:
    """Bring a named table to files, and yield data already in memory as a `Table`.

    Batches and None are yielded unchanged.
    """
    if data is None or is_batches(data):
        yield data
        return
    with fetched(data, reading, scratch) as here:
        yield here if isinstance(here, Fetched) else read(here, reading)


def _is_frame(data: Any) -> bool:
    return any(hasattr(data, name) for name in ("columns", "column_names", "__array__"))


@contextmanager
def opened(
    data: Any, scratch: Path | None = None, reading: ReadingOptions = PLAINLY
) -> Iterator[Stream]:
    """Open a table as a stream.

    Parameters
    ----------
    data : path, list of paths, Table, or iterable of tables
        Paths are what `gradum.tables.sources.fetched.fetched` takes; batches are whatever
        `gradum.tables.sources.read.read` takes.
    scratch : Path, optional
        The folder for a copy of what is not a Parquet file; the system's if left out.
    reading : ReadingOptions
        Which table of a workbook or a database.

    Raises
    ------
    TableError
        There is no such file, it is no table, or its parts are incompatible.
    """
    refuse_after_fork()
    with scratch_folder(scratch) as folder:
        if isinstance(data, Table):
            yield _of_batches([data], folder, reading)
        elif is_batches(data):
            yield _of_batches(data, folder, reading)
        else:
            with fetched(data, reading, scratch) as here:
                yield _of_files(here, folder)


def _of_files(here: Fetched, folder: Path) -> Stream:
    parts = [
        _part(location, here.reading, folder / f"{number}")
        for number, location in enumerate(here.files)
    ]
    heads, files = (
        [head for head, _ in parts],
        tuple(file for _, files_of_part in parts for file in files_of_part),
    )
    head = replace(
        stack(heads, here.source), decimal=heads[0].decimal, keep_totals=here.reading.keep_totals
    )
    names = tuple(
        location.name
        for location, (_, files_of_part) in zip(here.files, parts, strict=True)
        for _ in files_of_part
    )
    stamps, lengths = tuple(map(FileStamp.of, files)), tuple(map(length, files))
    copies, token = {copy.path: copy for copy in here.files if copy.origin}, secrets.token_hex(16)
    origins = tuple(
        Origin(copies[file].origin, copies[file].first, rows, token) if file in copies else None
        for file, rows in zip(files, lengths, strict=True)
    )
    return Stream(head, files, lengths, names=names, stamps=stamps, origins=origins)


def _part(location: Location, reading: ReadingOptions, scratch: Path) -> tuple[Table, list[Path]]:
    """Return some rows of a file, and the Parquet files that hold all of them."""
    head, files = _part_of_file(location.path, location.name, reading, scratch)
    head, files = opened_files(head, files, location.folder, scratch)
    return replace(head, notes=(*location.notes, *head.notes), untyped=location.untyped), files


def _part_of_file(
    path: Path, name: str, reading: ReadingOptions, scratch: Path
) -> tuple[Table, list[Path]]:
    content: Content = path
    with bytes_of(path) as file:
        if not lies_on_disk(path):
            content = scratch.with_suffix(".input")
            with filling(name), content.open("wb") as copy:
                shutil.copyfileobj(file, copy)
    suffix = path.suffix.lower()
    if is_packed(_start(content)):
        unpack(content, name, scratch.with_suffix(".unpacked"))
        content, suffix = scratch.with_suffix(".unpacked"), ""
    start, out = _start(content), scratch.with_suffix(".parquet")
    refuse_other_kinds(start, name)
    if start.startswith((PARQUET, ARROW)):
        refuse_unused(of_text(reading), name)
    if start.startswith(PARQUET):
        return _of_parquet(content, name, scratch)
    if start.startswith(ARROW):
        _convert_arrow(content, name, out)
        return Table(_head_of_file(out, name), name), [out]
    if is_columnar(start):
        raise _read_as_a_whole(name, say("an Arrow stream"))
    content, encoding = convert_to_utf8(
        content, name, scratch.with_suffix(".txt"), reading.encoding
    )
    if looks_like_json(content) and reading.skip_rows is None:
        raise _read_as_a_whole(name, "JSON")
    refuse_other_name(suffix, name)
    understood = convert_delimited(content, name, out, encoding, reading.skip_rows)
    return replace(understood, frame=_head_of_file(out, name)), [out]


def _of_parquet(path: Path, name: str, scratch: Path) -> tuple[Table, list[Path]]:
    head = Table(_head_of_file(path, name), name)
    if not has_large_groups(path):
        return head, [path]
    return head, with_smaller_groups(path, scratch, rows_of_block(head.frame))


def _convert_arrow(content: Path, name: str, out: Path) -> None:
    try:
        with filling(say("the rows of {name}", name=name)):
            refuse_false_lengths(content, name)
            rows = pl.scan_ipc(content, glob=False)
            rows.sink_parquet(out, row_group_size=BLOCK_ROWS)
    except DAMAGE as error:
        if isinstance(error, GradumError):
            raise
        raise TableError(
            "{name} is a damaged or truncated Arrow file.", "Copy or write it anew.", name=name
        ) from None


def _read_as_a_whole(name: str, kind: str) -> TableError:
    return TableError(
        "{name} is {kind}, which is read as a whole and needs more memory than is allowed.",
        "Write it as Parquet or CSV, or give --max-memory a larger value.",
        name=name,
        kind=kind,
    )


def _of_batches(batches: Iterable[Any], folder: Path, reading: ReadingOptions) -> Stream:
    """Write batches to Parquet, joining small ones."""
    heads: list[Table] = []
    files: list[Path] = []
    for together in _gathered(batches):
        frame, file = together.frame, folder / f"{len(files)}.parquet"
        with filling(say("the batches")):
            frame.write_parquet(file, row_group_size=BLOCK_ROWS)
        heads.append(replace(together, frame=_head(frame.head(HEAD_ROWS), frame.lazy())))
        files.append(file)
    if not heads:
        raise TableError("The iterator yields no batch of rows.", "Give at least one.")
    head = stack(heads, say(SOURCE))
    head = replace(head, keep_totals=head.keep_totals or reading.keep_totals)
    return Stream(head, tuple(files), tuple(map(length, files)))


def _gathered(batches: Iterable[Any]) -> Iterator[Table]:
    """Yield tables of a block's size or more, each joined from as many batches as needed."""
    waiting: list[Table] = []
    rows = 0
    for number, batch in enumerate(_with_rows_joined(batches), 1):
        if _is_empty(batch):
            continue
        table = read(batch)
        frame = table.frame.select(map(_storable, table.frame))
        waiting.append(replace(table, frame=frame, source=say("batch {number:,}", number=number)))
        rows += len(frame)
        if rows >= rows_of_block(frame):
            yield stack(waiting, waiting[0].source)
            waiting, rows = [], 0
    if waiting:
        yield stack(waiting, waiting[0].source)


def _with_rows_joined(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield batches, and lists of the rows that come as dicts: single ones are slow to read."""
    rows: list[Any] = []
    for batch in batches:
        if isinstance(batch, Mapping) and is_row(batch):
            rows.append(batch)
            if len(rows) == JOINED_ROWS:
                yield rows
                rows = []
            continue
        if rows:
            yield rows
            rows = []
        yield batch
    if rows:
        yield rows


def _is_empty(batch: Any) -> bool:
    """Whether a batch has no rows, as may be left after filtering."""
    if isinstance(batch, Mapping):
        return bool(batch) and all(_is_empty(column) for column in batch.values())
    return not isinstance(batch, str) and hasattr(batch, "__len__") and not len(batch)


def _storable(column: pl.Series) -> pl.Series:
    """Return a column that Parquet can hold: for Python objects, only which values are present."""
    if column.dtype not in (pl.Object, pl.Struct([])):
        return column
    there: list[list[int] | None] = [None if value is None else [] for value in column]
    return pl.Series(column.name, there, pl.List(pl.Int8))


def _start(content: Content) -> bytes:
    with stream(content) as file:
        return file.read(16)


def _head_of_file(file: Path, name: str) -> pl.DataFrame:
    try:
        rows = within_calendar(pl.scan_parquet(file, glob=False))
        head = _head(within_calendar(first_rows(file, HEAD_ROWS)), rows)
    except DAMAGE:
        raise TableError(
            "{name} is a damaged or truncated Parquet file.", "Copy or write it anew.", name=name
        ) from None
    refuse_width(head.width, name)
    if not head.width or not head.height:
        raise TableError("{name} has no rows.", "Give a file with rows.", name=name)
    return head


def _head(head: pl.DataFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    """Return the first rows; a column with no value there gets its first value from further on.

    A column's type counts only if the column has values.
    """
    blank = [column.name for column in head if column.null_count() == len(column)]
    first_values = [rows.select(name).drop_nulls().head(1) for name in blank]
    values = pl.collect_all(first_values, engine="streaming")
    return pl.concat([head, *values], how="diagonal")
