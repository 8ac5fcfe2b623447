"""Folders for what is needed while a block runs, and the removal of those of killed processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from gradum.files.atomic import is_plain_folder
from gradum.files.lock import held, is_abandoned

PREFIX, LOCK = ".gradum-scratch-", ".lock"


@contextmanager
def scratch_folder(where: Path | None) -> Iterator[Path]:
    """Make a folder private to the user, which is removed with its content after the block.

    In a folder of the user's, scratch folders that killed processes left behind are removed first:
    those whose lock no process holds. Windows removes no file while something still has it open or
    mapped; what remains is no error.

    Parameters
    ----------
    where : path or None
        The folder in which it is made; the system's folder for temporary files if None.
    """
    if where is not None:
        _remove_abandoned(where)
    made = TemporaryDirectory(prefix=PREFIX, dir=where, ignore_cleanup_errors=True)
    with made as name:
        folder = Path(name)
        with nullcontext() if where is None else held(folder / LOCK):
            yield folder


def _remove_abandoned(where: Path) -> None:
    for folder in where.glob(f"{PREFIX}*"):
        if is_plain_folder(folder) and is_abandoned(folder / LOCK):
            shutil.rmtree(folder, ignore_errors=True)
