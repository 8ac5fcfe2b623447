"""Values that have to be opened: files beneath a folder, bytes of files, arrays.

Nothing outside of a folder is opened, whatever a table names: no absolute path elsewhere, no
``..``, and no link that leads out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import polars as pl

from gradum.messages import say

MOST_BYTES = 2**28  # of a file that is opened
LOOKED_AT = 50  # values, to tell what a column holds


class CannotOpen(ValueError):
    """A value cannot be opened; the message is a clause that says why."""


def read_beneath(folder: Path, name: str) -> bytes:
    """Return the bytes of a file beneath a folder.

    Raises
    ------
    CannotOpen
    """
    try:
        path = _beneath(folder, name)
        if path is None:
            raise CannotOpen(say("outside of the folder"))
        if not path.is_file():
            raise CannotOpen(say("no such file"))
        if path.stat().st_size > MOST_BYTES:
            raise CannotOpen(say("more than {most:.0f} MB", most=MOST_BYTES / 1e6))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, CannotOpen):
            raise
        raise CannotOpen(say("cannot be read")) from error


def digest_beneath(folder: Path, name: str) -> str:
    """Return the SHA-256 of a file beneath a folder; empty if it cannot be read."""
    try:
        return sha256(read_beneath(folder, name)).hexdigest()
    except CannotOpen:
        return ""


def _beneath(folder: Path, name: str) -> Path | None:
    """Return the place that a name means, links followed; None if it is not in the folder."""
    if leaves_drive(folder.absolute(), name.strip()):
        return None
    path = (folder / name.strip()).resolve()
    return path if path.is_relative_to(folder.resolve()) else None


def leaves_drive(folder: PurePath, name: str) -> bool:
    r"""Whether a name leads to another drive or share, which only Windows has.

    It must not even be looked up: for a name such as ``\\host\share\x.png``, Windows would tell
    that host who its user is.
    """
    return (folder / name).drive.casefold() != folder.drive.casefold()


def ends_with(texts: pl.Series, endings: tuple[str, ...]) -> bool:
    """Whether nearly all texts have one of the endings, in upper case or lower; False of none."""
    if not len(texts):
        return False
    pattern = "(?i)(" + "|".join(ending.replace(".", r"\.") for ending in endings) + ")$"
    return float(texts.str.strip_chars().str.contains(pattern).mean() or 0.0) >= 0.9  # type: ignore[arg-type]


def lies_beneath(names: pl.Series, folder: Path) -> bool:
    """Whether one of the first files named lies beneath a folder."""
    for name in names.head(LOOKED_AT):
        try:
            path = _beneath(folder, name)
            if path is not None and path.is_file():
                return True
        except (OSError, ValueError):
            continue
    return False


def bytes_in(raw: pl.Series) -> Callable[[Any], bytes] | None:
    """Return the function that takes a file's bytes out of a value, or None if it has none.

    Values are bytes, or records with a field ``bytes``.
    """
    if raw.dtype == pl.Binary:
        return bytes
    fields = {field.name: field.dtype for field in getattr(raw.dtype, "fields", ())}
    return _field if fields.get("bytes") == pl.Binary else None


def _field(record: dict[str, Any]) -> bytes:
    if record["bytes"] is None:
        raise CannotOpen(say("no bytes"))
    return record["bytes"]


def array_in(raw: pl.Series) -> Callable[[Any], np.ndarray] | None:
    """Return the function that makes an array of a value, or None if values are no arrays."""
    if raw.dtype != pl.Object:
        return _rectangle if _depth(raw.dtype) >= 2 and raw.null_count() < len(raw) else None
    first = raw.drop_nulls().head(1)
    is_array = len(first) > 0 and isinstance(first[0], np.ndarray) and first[0].ndim >= 2
    return np.asarray if is_array else None


def _depth(dtype: Any) -> int:
    return 1 + _depth(dtype.inner) if dtype in (pl.List, pl.Array) else 0


def _rectangle(value: Any) -> np.ndarray:
    value = value.to_list() if isinstance(value, pl.Series) else value
    try:
        return np.array(value)
    except ValueError as error:
        raise CannotOpen(say("rows of different lengths")) from error
