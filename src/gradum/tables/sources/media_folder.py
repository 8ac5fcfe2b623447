"""Folders of pictures or sounds: a table with a row a file, and the subfolder that holds it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from gradum.errors import TableError
from gradum.files.atomic import filling
from gradum.messages import say, say_plural
from gradum.tables.content import nearest_files
from gradum.tables.kinds import KINDS
from gradum.tables.paths import STANDARD_INPUT, is_address
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.source import Location, NewFile

MOST_FILES = 10_000_000


class MediaFolder:
    """A folder whose files are the rows.

    The table has the columns ``file``, the file's path in the folder, and ``folder``, the subfolder
    in which it lies, if any: ``gradum fit photos/ --target folder`` learns a class a subfolder.
    """

    takes = ()

    def is_at(self, location: Location) -> bool:
        """Whether a path is a folder."""
        if location.where == STANDARD_INPUT or is_address(location.where):
            return False
        try:
            return location.path.is_dir()
        except (OSError, ValueError):
            return False

    def bring(
        self, location: Location, reading: ReadingOptions, new_file: NewFile
    ) -> list[Location]:
        """List the files of the commonest kind, in the order of their names."""
        by_kind: dict[str, list[str]] = {}
        others = Counter[str]()
        for name in _names(location.path):
            ending = Path(name).suffix.lower()
            kind = next((kind.name for kind in KINDS.values() if ending in kind.endings), None)
            if kind is None:
                others[ending] += 1
            else:
                by_kind.setdefault(kind, []).append(name)
        if not by_kind:
            raise TableError(
                say("{name} is a folder without pictures or sounds.", name=location.name),
                nearest_files(location.path / "*"),
            )
        kind = max(by_kind, key=lambda kind: len(by_kind[kind]))
        names = sorted(by_kind[kind])
        folders = [name.split("/")[0] if "/" in name else None for name in names]
        columns = {"file": pl.Series(names, dtype=pl.String)}
        if any(folders):
            columns["folder"] = pl.Series(folders, dtype=pl.String)
        file = new_file(".parquet")
        with filling(location.name):
            pl.DataFrame(columns).write_parquet(file)
        left = sum(others.values()) + sum(map(len, by_kind.values())) - len(names)
        notes = ()
        if left:
            notes = (
                say_plural(
                    "{count:,} file of another kind is left out",
                    "{count:,} files of other kinds are left out",
                    left,
                ),
            )
        return [Location(str(file), location.name, notes, home=location.path)]


def _names(folder: Path) -> Iterator[str]:
    """Yield the paths in a folder of all files that are not hidden, with slashes."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith("."):
                yield Path(root, name).relative_to(folder).as_posix()
