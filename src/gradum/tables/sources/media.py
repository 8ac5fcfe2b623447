"""Pictures, sounds and series in a table: what its cells name or hold is opened once, when read.

A column of names of files, of bytes of such files, of arrays or of lists becomes a column of cells
(`gradum.tables.grids.cell`), and so do wide columns that hold one series together. Files are opened
only beneath one folder: that of the table, or the one that `files_in` allows. Nothing later opens a
path, so a row of a stranger cannot make a model read a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path

import polars as pl

from gradum.core_count import cores
from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.messages import say
from gradum.tables.grids.opening import digest_beneath
from gradum.tables.kinds import KINDS
from gradum.tables.kinds.kind import Opener
from gradum.tables.table import Table

ROWS = 4_096  # of a file that is written
MAY_HOLD_FILES = (pl.String, pl.Binary, pl.Object)  # besides lists and records
CHUNK = 16  # values that a thread opens at a time
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
            "{folder} is no folder.",
            "Give the folder in which the files of the table lie.",
            folder=str(folder),
        )
    token = _ALLOWED.set(path)
    try:
        yield
    finally:
        _ALLOWED.reset(token)


@dataclass(frozen=True)
class NamedFiles:
    """The files that columns of tables name, and the SHA-256 of each; empty if it was not there."""

    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def hashes(self) -> dict[str, str]:
        """Return one SHA-256 a column, of its files' names and contents."""
        return {
            column: sha256(repr(sorted(files.items())).encode()).hexdigest()
            for column, files in self.columns.items()
        }

    def note(self, frame: pl.DataFrame, folder: Path, pool: Executor) -> None:
        """Note the files beneath a folder that the frame's columns of text name."""
        for column in frame.select(pl.col(pl.String)):
            names = column.drop_nulls().unique()
            digests = pool.map(partial(digest_beneath, folder), names, chunksize=CHUNK)
            self.columns.setdefault(column.name, {}).update(zip(names, digests, strict=True))


_NOTED: ContextVar[NamedFiles | None] = ContextVar("_NOTED", default=None)


@contextmanager
def noted() -> Iterator[NamedFiles]:
    """Note the files that the tables name which are read while the block runs."""
    files = NamedFiles()
    token = _NOTED.set(files)
    try:
        yield files
    finally:
        _NOTED.reset(token)


def opened(table: Table, folder: Path | None = None) -> Table:
    """Return a table whose columns of pictures and sounds are cells.

    Parameters
    ----------
    folder : Path, optional
        Where the table lies; None for data in memory.

    Raises
    ------
    TableError
        A package that opens such files is not installed.
    """
    frame = _joined(table.frame)
    openers = _openers(frame, folder)
    frame = _with_cells(frame, openers, folder) if openers else frame
    return table if frame is table.frame else replace(table, frame=frame)


def opened_files(
    head: Table, files: list[Path], folder: Path | None, scratch: Path
) -> tuple[Table, list[Path]]:
    """Return a table in Parquet files as `opened` returns one in memory.

    Parameters
    ----------
    head : Table
        Its first rows, which tell what its columns hold.
    files : list of Path
        With consecutive rows. Files that have to be written lie beside ``scratch``, and have at
        most `ROWS` rows each.
    folder : Path, optional
        Where the table lies.
    """
    first = _joined(head.frame)
    openers = _openers(first, folder)
    if first is head.frame and not openers:
        return head, files
    written: list[Path] = []
    for file in files:
        for frame in pl.scan_parquet(file, glob=False).collect_batches(
            chunk_size=ROWS, maintain_order=True
        ):
            written.append(scratch.with_suffix(f".{len(written)}.parquet"))
            with filling(say("the rows of {name}", name=head.source)):
                _with_cells(_joined(frame), openers, folder).write_parquet(written[-1])
    return replace(head, frame=_with_cells(first, openers, folder)), written


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    for kind in KINDS.values():
        frame = kind.joined(frame)
    return frame


def _openers(frame: pl.DataFrame, folder: Path | None) -> dict[str, Opener]:
    """Return what opens the values of each column that holds pictures, sounds or series."""
    folder = _ALLOWED.get() or folder
    found, kinds = {}, [kind for kind in KINDS.values() if kind.is_grid]
    for name, dtype in frame.schema.items():
        if not (dtype in MAY_HOLD_FILES or dtype.is_nested()):
            continue
        openers = (kind.opener(frame[name], folder) for kind in kinds)
        opener = next((opener for opener in openers if opener is not None), None)
        if opener is not None:
            found[name] = opener
    return found


def _with_cells(
    frame: pl.DataFrame, openers: Mapping[str, Opener], folder: Path | None
) -> pl.DataFrame:
    files, folder = _NOTED.get(), _ALLOWED.get() or folder
    with ThreadPoolExecutor(cores()) as pool:  # decoders release the lock of Python
        if files is not None and folder is not None:
            files.note(frame[[*openers]], folder, pool)
        return frame.with_columns(
            pl.Series(name, _cells(opener, frame[name], pool), pl.Binary)
            for name, opener in openers.items()
        )


def _cells(opener: Opener, values: pl.Series, pool: Executor) -> list[bytes | None]:
    """Return the cell of each value; a thread opens several, as handing one over takes longer."""
    parts = (values[at : at + CHUNK] for at in range(0, len(values), CHUNK))
    return [*chain.from_iterable(pool.map(lambda part: [opener(each) for each in part], parts))]
