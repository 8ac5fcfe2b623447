"""Folders of Parquet files: partitions such as ``year=2024``, and tables of Delta and Iceberg."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from gradum.errors import TableError
from gradum.tables.formats.content import refuse_other_than_a_file
from gradum.tables.formats.read_failures import explained
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.paths import STANDARD_INPUT, is_address, is_pattern, matches
from gradum.tables.sources import delta, iceberg
from gradum.tables.sources.scanned_rows import written_rows
from gradum.tables.sources.source import Location, NewFile

ENDINGS = (".parquet", ".pq")


class TableFolder:
    """A folder of this machine, or a pattern, whose Parquet files are one table.

    A folder such as ``year=2024`` beneath it is a column of the files in it.
    """

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a path is a folder with such files, or a pattern of files in partitions."""
        if location.where == STANDARD_INPUT or is_address(location.where):
            return False
        try:
            if not location.path.is_dir():
                return is_pattern(location.path) and in_partitions(location.path)
            return delta.is_at(location.path) or any(_parquet_in(location.path))
        except TableError:
            raise
        except (OSError, ValueError):
            return False

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """Write the rows, with partitions as columns."""
        path = location.path
        with explained(location.name):
            for lake in (delta, iceberg):
                if lake.is_at(path):
                    return lake.rows(str(path), location, new_file)
            is_one = path.is_dir()
            files = sorted(_parquet_in(path)) if is_one else matches(path)
            above = _partitions((path if is_one else _fixed(path)).absolute().parts)
            paths = [file.absolute() for file in files]
            scan = pl.scan_parquet(paths, glob=False, hive_partitioning=True)
            return written_rows(scan.drop(above, strict=False), location, new_file)


def in_partitions(pattern: Path) -> bool:
    """Whether the files of a pattern are Parquet files in folders such as ``year=2024``."""
    beneath = len(_fixed(pattern).parts)
    paths = matches(pattern)
    return bool(paths) and all(
        path.suffix.lower() in ENDINGS and _partitions(path.parts[beneath:-1]) for path in paths
    )


def _fixed(pattern: Path) -> Path:
    """Return the folder above the first part of a pattern that stands for several names."""
    return next(
        (
            folder
            for folder in pattern.parents
            if not any(letter in part for part in folder.parts for letter in "*?[")
        ),
        Path(),
    )


def _partitions(folders: Sequence[str]) -> list[str]:
    return [name.split("=", 1)[0] for name in folders if "=" in name]


def _parquet_in(folder: Path) -> Iterator[Path]:
    """Yield the Parquet files of a folder, without those of programs (``.x``, ``_temporary``).

    Raises
    ------
    TableError
        One is no ordinary file; to read a pipe would take for ever.
    """
    for path in folder.rglob("*"):
        own = any(part[0] in "._" for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS and not own:
            if path.exists() and not path.is_dir():
                refuse_other_than_a_file(path)
            yield path
