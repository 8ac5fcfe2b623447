"""The tables to fit: a folder with an ``index.json``, checked before anything is fitted.

``index.json`` is ``{"suite": [NAME, …], "sets": {NAME: {…}, …}}``. A set has the ``file`` (Parquet,
beside the index), the ``target``, the ``task`` (binary, multiclass or regression) and the
``categorical`` columns; all other columns are numbers. Columns that it names under ``group_col``,
``time_col``, ``split_col``, ``groups``, ``time``, ``split`` or ``exclude`` are left out.

A set can be divided by group if ``group_col``, ``groups`` or ``{"split": {"group": …}}`` names a
column, and by time if ``time_col``, ``time`` or ``{"split": {"time": …}}`` does, or if
``"ordered": true`` says that its rows are in time order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from gradum.errors import ColumnError, SpecError, TableError

INDEX = "index.json"
FORM = (
    'Its form: {"suite": [NAME, …], "sets": {NAME: {"file", "target", "task", "categorical"}, …}}.'
)
Columns = str | tuple[str, ...] | dict[str, str] | None
Kind = Literal["random", "time", "group"]  # how a table is divided


class Table(msgspec.Struct, frozen=True):
    """One set in the index: where its rows are and what its columns mean."""

    file: str
    target: str
    task: Literal["binary", "multiclass", "regression"]
    categorical: tuple[str, ...] = ()
    group_col: Columns = None
    time_col: Columns = None
    split_col: Columns = None
    groups: Columns = None
    time: Columns = None
    split: Columns = None
    exclude: Columns = None
    ordered: bool = False

    def marks(self, kind: Kind) -> list[str]:
        """Return the columns that give a row's time or group."""
        named = {
            "random": (),
            "time": (self.time_col, self.time),
            "group": (self.group_col, self.groups),
        }
        in_split = self.split.get(kind) if isinstance(self.split, dict) else None
        return [column for columns in (*named[kind], in_split) for column in _columns(columns)]

    def divisible(self, kind: Kind) -> bool:
        """Whether the table can be divided in this way."""
        return kind == "random" or bool(self.marks(kind)) or (kind == "time" and self.ordered)

    @property
    def left_out(self) -> set[str]:
        """The columns from which nothing may be learned."""
        named = (self.group_col, self.time_col, self.split_col)
        more = (self.groups, self.time, self.split, self.exclude)
        return {column for columns in (*named, *more) for column in _columns(columns)}


def _columns(said: Columns) -> Iterator[str]:
    if isinstance(said, dict):
        yield from said.values()
    elif isinstance(said, str):
        yield said
    else:
        yield from said or ()


@dataclass(frozen=True)
class Suite:
    """A folder's tables by name, in the order in which they are fitted."""

    folder: Path
    tables: dict[str, Table]

    @classmethod
    def read(
        cls, folder: Path, names: list[str] | None = None, index_file: Path | None = None
    ) -> Suite:
        """Read the index: the sets of its suite, or the named ones.

        Parameters
        ----------
        folder : Path
            The folder of the tables.
        names : list of str, optional
        index_file : Path, optional
            The index; by default the one in the folder.

        Raises
        ------
        TableError
            The index or a file is missing or malformed.
        ColumnError
            A file has no column with the target's name.
        SpecError
            The index has no set with one of the names.
        """
        index = _read_index(index_file or folder / INDEX)
        suite = cls(folder, {name: _table(index, name) for name in names or index.suite})
        for name, table in suite.tables.items():
            _check_file(folder / table.file, name, table)
        return suite

    def divisible(self, kind: Kind) -> Suite:
        """Return the tables that can be divided in this way.

        Raises
        ------
        SpecError
            There is none.
        """
        tables = {name: table for name, table in self.tables.items() if table.divisible(kind)}
        if not tables:
            raise SpecError(
                f"None of {', '.join(self.tables)} can be divided by {kind}.",
                f"Name the column of the {kind} in {INDEX}, or leave out --split.",
            )
        return Suite(self.folder, tables)

    def rows(self, name: str) -> int:
        """Return how many rows a table's file has."""
        file = self.folder / self.tables[name].file
        return pl.scan_parquet(file).select(pl.len()).collect().item()

    @property
    def of_classes(self) -> dict[str, Table]:
        """The tables whose target has classes."""
        return {name: table for name, table in self.tables.items() if table.task != "regression"}

    @property
    def of_numbers(self) -> dict[str, Table]:
        """The tables whose target is a number."""
        return {name: table for name, table in self.tables.items() if table.task == "regression"}


class _Index(msgspec.Struct):
    suite: tuple[str, ...]
    sets: dict[str, msgspec.Raw]  # only the sets to fit need to have the right form


def _read_index(path: Path) -> _Index:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Index)
    except FileNotFoundError:
        raise TableError(
            f"{path.parent} has no {path.name}.", f"Name a folder that has one. {FORM}"
        ) from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableError(f"{path} is not of the form: {error}.", FORM) from None


def _table(index: _Index, name: str) -> Table:
    if name not in index.sets:
        raise SpecError(f"{INDEX} has no set {name!r}.", f"It has {', '.join(index.sets)}.")
    try:
        return msgspec.json.decode(index.sets[name], type=Table)
    except msgspec.DecodeError as error:
        raise TableError(
            f"The set {name!r} of {INDEX} is not of the form: {error}.", FORM
        ) from None


def _check_file(path: Path, name: str, table: Table) -> None:
    if not path.is_file():
        raise TableError(
            f"The set {name!r} has its rows in {path}, which is not there.",
            f"Put the file there, or correct {INDEX}.",
        )
    try:
        columns = pl.read_parquet_schema(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).partition("\n")[0]
        raise TableError(f"{path} is no Parquet file: {said}.", "Write it anew.") from None
    if table.target not in columns:
        raise ColumnError(
            f"{path} has no column {table.target!r}, the target of the set {name!r}.",
            f"It has {', '.join(columns)}.",
        )
