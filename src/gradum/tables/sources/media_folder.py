"""Folders of pictures or sounds: a table with a row a file, and the subfolder that holds it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import polars as pl

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.messages import say_plural
from gradum.tables.formats.content import refuse_other_than_a_file
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.kinds import KINDS
from gradum.tables.paths import STANDARD_INPUT, is_address
from gradum.tables.sources.source import Location, NewFile


class MediaFolder:
    """A folder whose files are the rows.

    The table has the columns ``file``, the file's path in the folder, and ``folder``, the subfolder
    in which it lies, if any: ``gradum fit photos/ --target folder`` learns a class a subfolder.
    """

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a path is a folder that holds such files."""
        if location.where == STANDARD_INPUT or is_address(location.where):
            return False
        try:
            return location.path.is_dir() and any(map(_kind_of, _names(location.path)))
        except TableError:
            raise
        except (OSError, ValueError):
            return False

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """List the files of the commonest kind, in the order of their names."""
        everything = list(_names(location.path))
        names = _of_commonest_kind(everything)
        others = len(everything) - len(names)
        folders = [name.split("/")[0] if "/" in name else None for name in names]
        columns = {"file": pl.Series(names, dtype=pl.String)}
        if any(folders):
            columns["folder"] = pl.Series(folders, dtype=pl.String)
        file = new_file(".parquet")
        with filling(location.name):
            pl.DataFrame(columns).write_parquet(file)
        left_out = say_plural(
            "{count:,} file of another kind is left out",
            "{count:,} files of other kinds are left out",
            others,
        )
        notes = (left_out,) if others else ()
        return [Location(str(file), location.name, notes, home=location.path)]


def _kind_of(name: str) -> str:
    """Return the name of the kind that opens a file; empty if none does."""
    ending = PurePosixPath(name).suffix.lower()
    return next((kind.name for kind in KINDS.values() if ending in kind.endings), "")


def files_in(folder: Path) -> list[str]:
    """Return the files of a folder that are rows or hold rows, by their paths in it, sorted."""
    return _of_commonest_kind(_names(folder)) or sorted(_names(folder))


def _of_commonest_kind(names: Iterable[str]) -> list[str]:
    by_kind: dict[str, list[str]] = {}
    for name in names:
        by_kind.setdefault(_kind_of(name), []).append(name)
    by_kind.pop("", None)
    return sorted(max(by_kind.values(), key=len, default=[]))


def _names(folder: Path) -> Iterator[str]:
    """Yield the paths in a folder of all files that are not hidden, with slashes.

    Raises
    ------
    TableError
        One is no ordinary file; to read a pipe would take for ever.
    """
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith("."):
                if not Path(root, name).is_file() and Path(root, name).exists():
                    refuse_other_than_a_file(Path(root, name))
                yield Path(root, name).relative_to(folder).as_posix()
