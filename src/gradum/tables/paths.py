"""Paths of the user: a file, a pattern that several files match, or standard input."""

from __future__ import annotations

import glob
from pathlib import Path

from gradum.tables.addresses import is_address, shown

STANDARD_INPUT = "-"


def is_file(path: Path) -> bool:
    """Whether there is a file of this name; False, too, where the system allows no such name."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_pattern(path: Path) -> bool:
    """Whether a path stands for the files that match it: it has a ``*``, ``?`` or ``[…]``.

    A file that is really called so is that file.
    """
    return glob.has_magic(str(path)) and not _exists(path)


def matches(pattern: Path) -> list[Path]:
    """Return the files that match a pattern, sorted by name; ``**`` crosses folders."""
    # Path.glob would take hidden files and no absolute pattern.
    paths = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207
    return sorted(path for path in paths if is_file(path))


def files_of(name: str) -> list[Path]:
    """Return the files that a path stands for, those that are there and can be read again.

    An address stands for none. Beside a database of SQLite may lie a file of what was written to it
    last, which belongs to it.
    """
    if is_address(name):
        return []
    path = Path(name)
    paths = matches(path) if is_pattern(path) else [path]
    files = [file for file in paths if name != STANDARD_INPUT and is_file(file)]
    return [file for path in files for file in (path, *_journal(path))]


def _journal(path: Path) -> list[Path]:
    """Return the file in which SQLite keeps, beside a database, what was written to it last."""
    journal = path.with_name(f"{path.name}-wal")
    return [journal] if is_file(journal) and journal.stat().st_size else []


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def absolute(path: str | Path) -> str:
    """Return a path that means the same from any folder, so that a run can be repeated.

    Of an address, it is what may be written down.
    """
    if is_address(str(path)):
        return shown(str(path))
    path = Path(path)
    if str(path) == STANDARD_INPUT or path.is_absolute():
        return str(path)
    if is_pattern(path):
        return str(Path(glob.escape(str(Path.cwd()))) / path)
    return str(path.absolute())
