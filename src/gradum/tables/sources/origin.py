"""The origin of a file that is a copy: a machine without the copy makes it anew from there."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from gradum.files.atomic import filling, whole
from gradum.files.private import make_private
from gradum.tables.sources.file_stamp import FileStamp, changed
from gradum.tables.sources.fingerprint import Fingerprint
from gradum.tables.sources.source import Location
from gradum.tables.sources.store_access import explained, stored_columns


@dataclass(frozen=True)
class Origin:
    """Consecutive rows of what lies at an address of a store."""

    address: str
    first: int
    rows: int
    """The place of the first row, and how many there are."""
    token: str
    """Names the folder of copies, which all processes of a machine share."""
    sha256: str = ""
    """The hash of the rows, as `Fingerprint` has it; empty where only this machine is to read."""

    def copied(self, name: str) -> Path:
        """Return a copy of the rows on this machine, which is made if there is none.

        Raises
        ------
        TableError
            The store does not give the rows, or they are no longer the same.
        """
        path = folder_of_processes(self.token) / f"{self.sha256}.parquet"
        if path.exists():
            return path
        with explained(Location(self.address, name)):
            rows = stored_columns(self.address).slice(self.first, self.rows).collect()
        if _hashed(rows) != self.sha256:
            raise changed(name)
        with whole(path) as partial, filling(name):
            rows.write_parquet(partial, compression="lz4")
        return path


@lru_cache(maxsize=4096)
def hash_of(file: Path, stamp: FileStamp) -> str:
    """Return the hash of the rows of a file, which has this stamp."""
    return _hashed(pl.read_parquet(file, glob=False))


def _hashed(rows: pl.DataFrame) -> str:
    fingerprint = Fingerprint()
    fingerprint.update(rows)
    return fingerprint.hexdigest()


def folder_of_processes(token: str) -> Path:
    """Return the folder that the processes of this machine share by a token.

    Only the user may read it. It is removed when the process that made it ends in an orderly way.

    Raises
    ------
    OutputError
        Another user, or a link, has its name.
    """
    folder = Path(tempfile.gettempdir()) / f".gradum-{token}"
    if make_private(folder):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
