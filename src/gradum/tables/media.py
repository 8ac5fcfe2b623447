"""Pictures and sounds in a table: what its cells name or hold is opened once, when it is read.

A column of names of files, of bytes of such files, or of arrays becomes a column of cells
(`gradum.tables.grids.cell`). Files are opened only beneath one folder: that of the table, or the one
that `files_in` allows. Nothing later opens a path, so a row of a stranger cannot make a model read
a file.

Shapes: n rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.core_count import cores
from gradum.errors import TableError
from gradum.messages import listed, say, say_plural
from gradum.tables.doubt import Doubt
from gradum.tables.grids.opening import CannotOpen
from gradum.tables.kinds import KINDS
from gradum.tables.table import Table
from gradum.tables.wording import and_more, shortened

CHUNK = 16  # values that a thread opens at a time
SHOWN = 3  # of the values that cannot be opened
_ALLOWED: ContextVar[Path | None] = ContextVar("_ALLOWED", default=None)


@contextmanager
def files_in(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Allow the files beneath a folder to be opened where a table names them.

    Without it, the files that a table on disk names are looked for beneath the table's own folder,
    and no file that data in memory name is opened.

    Parameters
    ----------
    folder : path
        Names in tables are relative to it. What lies elsewhere is not opened.

    Raises
    ------
    TableError
        There is no such folder.
    """
    path = Path(folder)
    if not path.is_dir():
        raise TableError(
            say("{folder} is no folder.", folder=str(folder)),
            say("Give the folder in which the files of the table lie."),
        )
    token = _ALLOWED.set(path)
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def opened(table: Table, folder: Path | None = None) -> Table:
    """Return a table whose columns of pictures and sounds are cells.

    Parameters
    ----------
    table : Table
    folder : Path, optional
        Where the table lies; None for data in memory.

    Raises
    ------
    TableError
        A package that opens such files is not installed.
    """
    folder = _ALLOWED.get() or folder
    for column in table.frame:
        openers = (kind.opener(column, folder) for kind in KINDS.values())
        opener = next((found for found in openers if found is not None), None)
        if opener is not None:
            cells, failures = _cells(column, opener)
            doubts = _doubts(table, cells, failures)
            frame = table.frame.with_columns(cells)
            table = replace(table, frame=frame, doubts=(*table.doubts, *doubts))
    return table


def _cells(
    column: pl.Series, opener: Callable[[Any], bytes]
) -> tuple[pl.Series, dict[int, tuple[str, str]]]:
    """Return the cells, and what could not be opened by row: its name, and why."""

    def cell(value: Any) -> bytes | CannotOpen | None:
        try:
            return None if value is None else opener(value)
        except CannotOpen as error:
            return error

    with ThreadPoolExecutor(cores()) as pool:  # decoders release the lock of Python
        values = list(pool.map(cell, column, chunksize=CHUNK))
    failures = {
        row: (shortened(column[row]) if column.dtype == pl.String else "", str(value))
        for row, value in enumerate(values)
        if isinstance(value, CannotOpen)
    }
    sound = [None if isinstance(value, CannotOpen) else value for value in values]
    return pl.Series(column.name, sound, pl.Binary), failures


def _doubts(
    table: Table, cells: pl.Series, failures: dict[int, tuple[str, str]]
) -> tuple[Doubt, ...]:
    """Say which values could not be opened, and why."""
    if not failures:
        return ()
    places = np.fromiter(failures, np.int64)
    numbers = places if table.numbers is None else table.numbers[places]
    shown = list(zip(numbers.tolist(), failures.values(), strict=True))[:SHOWN]
    examples = listed([_example(number + 1, *failure) for number, failure in shown])
    sentence = say_plural(
        "Column {column!r}: {count:,} value cannot be opened and is taken as missing: {examples}",
        "Column {column!r}: {count:,} values cannot be opened and are taken as missing: {examples}",
        len(failures),
        column=cells.name,
        examples=and_more(examples, len(failures) - len(shown)),
    )
    return (Doubt("unopened", sentence),)


def _example(row: int, name: str, why: str) -> str:
    if name:
        return say("row {row:,} ({name}: {why})", row=row, name=name, why=why)
    return say("row {row:,} ({why})", row=row, why=why)
