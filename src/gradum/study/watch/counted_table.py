"""Tables whose rows have been counted, recognised by hashes of their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.messages import say, say_plural

FEWEST_ROWS = 20
"""The fewest rows of a table that is recognised; fewer may be equal by chance."""

FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ divided by the golden ratio
SHIFT = np.uint64(29)


class CountedTable(msgspec.Struct, frozen=True):
    """A table whose rows were counted."""

    source: str
    """The table's name."""
    rows: int
    """The number of rows, with and without labels."""
    digest: str
    """SHA-256 of the rows' hashes in their order, 16 hex digits."""

    @classmethod
    def of(cls, source: str, hashes: np.ndarray) -> CountedTable:
        """Record a table by the hashes of its rows (n,)."""
        return cls(source, len(hashes), _digest(hashes))


def refuse_counted(source: str, hashes: np.ndarray, tables: Iterable[CountedTable]) -> None:
    """Refuse a table that begins with all rows of one that was counted.

    Rows in another order, or only some of the rows, are not recognised.

    Raises
    ------
    SpecError
    """
    for table in tables:
        enough = FEWEST_ROWS <= table.rows <= len(hashes)
        if enough and _digest(hashes[: table.rows]) == table.digest:
            raise SpecError(
                say_plural(
                    "{source} begins with the {count:,} row of {earlier}, which was counted "
                    "before.",
                    "{source} begins with the {count:,} rows of {earlier}, which were counted "
                    "before.",
                    table.rows,
                    source=source,
                    earlier=table.source,
                ),
                say("Give the rows that are new."),
            )


def stable_hashes(frame: pl.DataFrame) -> np.ndarray:
    """Hash each row (n,), uint64, the same with every version of every library.

    Parameters
    ----------
    frame : polars.DataFrame
        Typed as `tables.check` leaves it.
    """
    hashes = np.zeros(len(frame), np.uint64)
    for column in frame:
        hashes = (hashes ^ _words(column)) * FACTOR
        hashes ^= hashes >> SHIFT
    return hashes


def _words(column: pl.Series) -> np.ndarray:
    """Return a 64-bit word for each value."""
    if column.dtype == pl.String:
        levels = column.unique()
        words = [_word(level) for level in levels]
        named = pl.Series(words, dtype=pl.UInt64)
        return column.replace_strict(levels, named, return_dtype=pl.UInt64).to_numpy()
    numbers = column.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy() + 0.0  # no -0
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)


def _word(level: str | None) -> int:
    if level is None:
        return 0
    return int.from_bytes(hashlib.blake2b(level.encode(), digest_size=8).digest(), "little")


def _digest(hashes: np.ndarray) -> str:
    return hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()[:16]
