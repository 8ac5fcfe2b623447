"""Rows that come in batches, written to Parquet files with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gradum.files.atomic import filling
from gradum.messages import say
from gradum.tables.formats.frames import refuse_names
from gradum.tables.formats.several import common_type
from gradum.tables.sources.source import NewFile

FILE_ROWS = 500_000
FILE_BYTES = 2**26  # in memory; fewer rows if texts are long
GROUP_ROWS = 65_536


@dataclass
class ParquetRows:
    """Parquet files of the rows of one source."""

    name: str
    """What the source is called in messages."""
    new_file: NewFile
    """Makes the files."""
    files: list[Path] = field(default_factory=list)
    """In order; empty if there are no rows."""
    _examples: dict[str, list[pl.Series]] = field(default_factory=dict)

    def write(self, frames: Iterable[pl.DataFrame]) -> None:
        """Write frames of the same columns, several to a file.

        Raises
        ------
        TableError
            Two columns have one name.
        DiskError
            The disk is full.
        """
        waiting: list[pl.DataFrame] = []
        for frame in frames:
            if not frame.height:
                continue
            if waiting and waiting[0].schema != frame.schema:
                self._write(waiting)
                waiting = []
            waiting.append(frame)
            rows = sum(frame.height for frame in waiting)
            if rows >= FILE_ROWS or sum(frame.estimated_size() for frame in waiting) >= FILE_BYTES:
                self._write(waiting)
                waiting = []
        if waiting:
            self._write(waiting)

    def mixed(self) -> tuple[str, ...]:
        """Turn columns into text if their files hold values of incompatible kinds.

        Returns their names. A column of bytes and other values becomes one of bytes.
        """
        kinds = {
            name: pl.Binary
            if any(example.dtype == pl.Binary for example in examples)
            else pl.String
            for name, examples in self._examples.items()
            if common_type(examples) is None
        }
        if kinds:
            for file in self.files:
                frame = pl.read_parquet(file, glob=False).with_columns(
                    pl.col(name).cast(pl.String).cast(kind)
                    if kind == pl.String
                    else pl.col(name).cast(kind, strict=False)
                    for name, kind in kinds.items()
                )
                self._save(frame, file)
        return tuple(kinds)

    def all_text(self) -> tuple[str, ...]:
        """Return the columns of a table if all are text; none otherwise."""
        kinds = {example.dtype for examples in self._examples.values() for example in examples}
        return tuple(self._examples) if kinds == {pl.String()} else ()

    def _write(self, frames: list[pl.DataFrame]) -> None:
        frame = pl.concat(frames)
        if not self.files:
            refuse_names(frame.columns, self.name)
        for column in frame:
            example = column.drop_nulls().head(1)
            self._examples.setdefault(column.name, [])
            if len(example):
                self._examples[column.name].append(example)
        file = self.new_file(".parquet")
        self._save(frame, file)
        self.files.append(file)

    def _save(self, frame: pl.DataFrame, file: Path) -> None:
        size = max(int(frame.estimated_size()), 1)
        rows = max(1, min(GROUP_ROWS, FILE_BYTES * len(frame) // size))
        with filling(say("the rows of {name}", name=self.name)):
            frame.write_parquet(file, compression="lz4", row_group_size=rows)
