"""A folder of Parquet files, perhaps with a folder for each value of a column."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from gradum.errors import OutputError, SpecError
from gradum.files.atomic import becoming, explained, is_plain_file, is_plain_folder
from gradum.files.lock import REMOVABLE, held
from gradum.messages import say
from gradum.ship.destinations.destination import Agree, Existing, Mark
from gradum.tables.formats.columnar import DAMAGE
from gradum.tables.wording import nearest

KEY = "gradum"  # in the metadata of each file
MOST_PARTITIONS = 10_000


class ParquetFolder:
    """A folder that holds the rows and nothing else.

    It is written beside its place, and then renamed. Each of its files has the mark.
    """

    def __init__(self, path: Path, partition_by: tuple[str, ...]) -> None:
        self._path, self._keys = Path(os.path.realpath(path)), partition_by
        self._name = path

    def __str__(self) -> str:
        return str(self._name)

    @property
    def scratch(self) -> Path | None:
        """The folder above."""
        return self._path.parent

    def found(self) -> Existing | None:
        """Return the mark that all files have; None for a folder without files."""
        if self._path.is_file():
            raise OutputError(
                "{path} is a file, not a folder.", "Choose another folder.", path=self._name
            )
        if not self._path.parent.is_dir() or not os.access(self._path.parent, os.W_OK):
            raise OutputError(
                "{path} cannot be made: its parent is no folder to write to.",
                "Make the folder {parent} first.",
                path=self._name,
                parent=self._path.parent,
            )
        if not self._path.is_dir():
            return None
        if Path.cwd().is_relative_to(self._path):
            raise OutputError(
                "{path} is the folder in which gradum runs.",
                "Name a folder in it, which is made and replaced as a whole.",
                path=self._name,
            )
        entries = self._path.rglob("*")
        marks = {_mark_of(path) for path in entries if path.is_symlink() or not path.is_dir()}
        if not marks:
            return None
        return Existing(marks.pop() if len(marks) == 1 else None)

    def replace(self, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        """Write a folder beside the place, and give it the name."""
        self._refuse_keys(parts, mark)
        with explained(self._name), self._alone():
            left, anew = self._left_behind(), self._beside()
            try:
                self._write(parts, anew, {KEY: str(mark)})
                agree(self.found())
                self._rename(anew)
            finally:
                shutil.rmtree(anew, ignore_errors=True)
            for folder in left:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the place, so that what another process is writing is not taken for left behind."""
        lock = self._path.with_name(f".gradum-{self._path.name}.lock")
        with held(lock):
            try:
                yield
            finally:
                if REMOVABLE:
                    lock.unlink(missing_ok=True)

    def _left_behind(self) -> list[Path]:
        """Return the folders of writers that were killed, perhaps between two renames."""
        beside = self._path.parent.iterdir()
        return [p for p in beside if becoming(p) == self._path.name and is_plain_folder(p)]

    def _write(self, parts: Sequence[Path], folder: Path, marked: dict[str, str]) -> None:
        folder.mkdir()
        if self._keys:
            divided = pl.PartitionBy(folder, key=list(self._keys), include_key=False)
            scan = pl.scan_parquet(list(parts), glob=False)
            scan.sink_parquet(divided, metadata=marked, mkdir=True)
            return
        for number, part in enumerate(parts):
            file = folder / f"part-{number:05}.parquet"
            pl.scan_parquet(part, glob=False).sink_parquet(file, metadata=marked)

    def _rename(self, anew: Path) -> None:
        """Put a folder in the place of the one that stands there, which comes back on a failure."""
        if not self._path.is_dir():
            anew.rename(self._path)
            return
        before = self._beside()
        self._path.rename(before)
        try:
            anew.rename(self._path)
        except BaseException:
            before.rename(self._path)
            raise
        shutil.rmtree(before, ignore_errors=True)

    def _beside(self) -> Path:
        return self._path.with_name(f".gradum-{secrets.token_hex(4)}-{self._path.name}")

    def _refuse_keys(self, parts: Sequence[Path], mark: Mark) -> None:
        for key in self._keys:
            if key not in mark.columns:
                raise SpecError(
                    say("The predictions have no column {name!r} to divide them by.", name=key),
                    nearest(key, mark.columns),
                )
        if not self._keys:
            return
        if len(self._keys) == len(mark.columns):
            raise SpecError("--partition-by leaves no column for the files.", "Name fewer columns.")
        values = pl.scan_parquet(list(parts), glob=False).select(pl.struct(self._keys).n_unique())
        count = values.collect(engine="streaming").item()
        if count > MOST_PARTITIONS:
            raise SpecError(
                "--partition-by would make {count:,} folders.",
                "Name a column of at most {most:,} values.",
                count=count,
                most=MOST_PARTITIONS,
            )


def _mark_of(path: Path) -> str | None:
    """Return gradum's mark in a file; None for a file without one, and for what is no file."""
    if not is_plain_file(path):
        return None
    try:
        return pl.read_parquet_metadata(path).get(KEY)
    except DAMAGE:
        return None
