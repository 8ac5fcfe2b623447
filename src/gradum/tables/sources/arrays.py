"""Archives of NumPy arrays (.npz): each array is a column, or a series of readings in each row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import PurePosixPath
from tokenize import TokenError
from typing import BinaryIO, cast

import numpy as np
import polars as pl

from gradum.errors import TableError
from gradum.tables.formats.content import most_unpacked
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.parquet_rows import ParquetRows
from gradum.tables.sources.source import Location, NewFile, start_of
from gradum.tables.sources.zipped import DAMAGE, MAGIC
from gradum.tables.wording import quoted, size

HEADS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
PARTS = ("train", "validation", "valid", "val", "test")  # at the end of an array's name
HELD = "biufUM"  # kinds of numbers, texts and moments; objects could run anybody's code
PLAIN = {("f", 2): np.float32, ("f", 12): np.float64, ("f", 16): np.float64}  # of other sizes
MOST_SIDES = 3  # rows × channels × readings
FEWEST_READINGS = 8  # in a row of two-sided arrays; fewer are columns of their own


class Arrays:
    """A file that `numpy.savez` wrote: arrays with a row of the table in each entry.

    An array of rows × readings or rows × channels × readings is one column of series. Where all
    names end like x_train, y_train, x_test and y_test, each ending is a table, named by ``sheet``.
    """

    takes = ("sheet",)

    def is_at(self, location: Location) -> bool:
        """Whether a file is an archive of nothing but arrays."""
        if not start_of(location).startswith(MAGIC):
            return False
        try:
            with zipfile.ZipFile(location.path) as archive:
                return all(name.endswith(".npy") for name in archive.namelist())
        except DAMAGE:
            return False

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the arrays of one table."""
        try:
            with zipfile.ZipFile(location.path) as archive:
                members = {PurePosixPath(m.filename).stem: m for m in archive.infolist()}
                chosen = _chosen(members, reading.sheet, location.name)
                _refuse_large(location, sum(members[each].file_size for each in chosen.values()))
                arrays = {
                    column: _array(archive, members[name], location.name)
                    for column, name in chosen.items()
                }
        except DAMAGE:
            raise _damaged(location.name) from None
        rows = ParquetRows(location.name, new_file)
        rows.write([_frame(arrays, location.name)])
        if not rows.files:
            raise TableError("{name} has no rows.", "Give arrays with rows.", name=location.name)
        return [Location(str(file), location.name) for file in rows.files]


def _chosen(names: Iterable[str], asked: str | None, source: str) -> dict[str, str]:
    """Return the arrays of one table by the names of its columns."""
    tables: dict[str, dict[str, str]] = {}
    for name in names:
        stem, _, ending = name.rpartition("_")
        if not stem or ending not in PARTS:
            tables = {}
            break
        tables.setdefault(ending, {})[stem] = name
    if not tables and asked is None:
        return {name: name for name in names}
    if asked in tables:
        return tables[asked]
    if not tables:
        raise TableError("{name} holds one table.", "Leave --sheet out.", name=source)
    raise TableError(
        "{name} holds the tables {tables}.",
        "Name one: --sheet {table}.",
        name=source,
        tables=quoted([*tables]),
        table=next(iter(tables)),
    )


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: str) -> np.ndarray:
    """Return an array, of which nothing is believed that its bytes do not show."""
    with archive.open(member) as opened:
        file = cast(BinaryIO, opened)
        try:
            shape, by_columns, dtype = HEADS[np.lib.format.read_magic(file)](file)
        except (KeyError, ValueError, TokenError):  # the last on 3.13, for brackets a thousand deep
            raise _damaged(source) from None
        if dtype.kind not in HELD or not 1 <= len(shape) <= MOST_SIDES or 0 in shape[1:]:
            raise TableError(
                "{name}: {array!r} holds no numbers or texts by row.",
                "Save arrays of rows, rows × readings or rows × channels × readings.",
                name=source,
                array=PurePosixPath(member.filename).stem,
            )
        content = file.read()
    if min(shape) < 0 or prod(shape) * dtype.itemsize != len(content):
        raise _damaged(source)
    array = np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")
    return array.astype(PLAIN.get((dtype.kind, dtype.itemsize), dtype.newbyteorder("=")))


def _refuse_large(location: Location, unpacked: int) -> None:
    most = most_unpacked(location.path.stat().st_size)
    if unpacked > most:
        raise TableError(
            "{name} unpacks to more than {most}, far more than a table would.",
            "Unpack it first if it can be trusted.",
            name=location.name,
            most=size(most),
        )


def _frame(arrays: Mapping[str, np.ndarray], source: str) -> pl.DataFrame:
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        named = quoted([f"{name} ({length:,})" for name, length in lengths.items()])
        raise TableError(
            "{name} holds arrays of unlike lengths: {arrays}.",
            "Save the arrays of one table in a file of their own.",
            name=source,
            arrays=named,
        )
    columns = {}
    for name, array in arrays.items():
        if array.ndim == 2 and array.shape[1] < FEWEST_READINGS:
            columns |= {f"{name}{at}": column for at, column in enumerate(array.T)}
        else:
            columns[name] = array
    return pl.DataFrame([pl.Series(name, np.ascontiguousarray(a)) for name, a in columns.items()])


def _damaged(name: str) -> TableError:
    return TableError(
        "{name} is a damaged or truncated archive of arrays.", "Save it anew.", name=name
    )
