"""Paths of the user: a file, a pattern that several files match, or standard input."""

from __future__ import annotations

import glob
from pathlib import Path

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
    found = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207
    return sorted(path for path in found if is_file(path))


def files_of(name: str) -> list[Path]:
    """Return the files that a path stands for, those that are there and can be read again."""
    path = Path(name)
    found = matches(path) if is_pattern(path) else [path]
    return [file for file in found if name != STANDARD_INPUT and is_file(file)]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def absolute(path: str | Path) -> str:
    """Return a path that means the same from any folder, so that a run can be repeated."""
    path = Path(path)
    if str(path) == STANDARD_INPUT or path.is_absolute():
        return str(path)
    if is_pattern(path):
        return str(Path(glob.escape(str(Path.cwd()))) / path)
    return str(path.absolute())
