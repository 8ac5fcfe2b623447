"""A categorical column: an integer code for each level that the training rows know well enough."""

from __future__ import annotations

import polars as pl

from gradum.messages import say
from gradum.tables.design import CodedColumn
from gradum.tables.kinds.step import Step

MISSING = "(missing)"
"""The level that a missing value belongs to. A value spelled so is taken as missing."""

FEWEST_ROWS = 2
"""A level of fewer training rows is rare: its effect could not be told from that one row."""

MOST_NAMES = 50_000
MOST_BYTES = 2**21
"""At most so many level names, and bytes of them, are kept for a column, the commonest first."""


class Categorical(Step, frozen=True, tag="categorical"):
    """Code 1..L for the levels in order of their names, 0 for every other value.

    Parameters
    ----------
    source : str
        The table's column.
    levels : tuple of str
        The L levels, sorted by code point; among them ``(missing)`` where at least two training
        rows are missing.
    rare : tuple of str
        Levels of a single training row, sorted: they have code 0, yet are not unseen.
    forgotten : int
        How many further training levels were not kept because of the limits on names.
    """

    levels: tuple[str, ...]
    rare: tuple[str, ...] = ()
    forgotten: int = 0

    def __post_init__(self) -> None:
        """Refuse what no fit yields; a damaged model file could hold it."""
        if len(set(self.known)) < len(self.known):
            raise ValueError(
                say("the levels of column {source!r} repeat a name", source=self.source)
            )
        if self.forgotten < 0:
            raise ValueError(
                say("the forgotten levels of column {source!r} are below 0", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Categorical:
        """Count the levels of a String series of training rows."""
        return cls.of_counts(series.name, level_counts(series))

    @classmethod
    def of_counts(cls, source: str, counts: pl.DataFrame) -> Categorical:
        """Choose among counted levels: ``level``, a missing value among them, and its ``rows``."""
        counts = counts.sort("rows", "level", descending=[True, False])
        fits = pl.col("level").str.len_bytes().cast(pl.Int64).cum_sum() <= MOST_BYTES
        kept = counts.head(MOST_NAMES).filter(fits).sort("level")
        frequent = pl.col("rows") >= FEWEST_ROWS
        return cls(
            source,
            levels=tuple(kept.filter(frequent)["level"]),
            rare=tuple(kept.filter(~frequent)["level"]),
            forgotten=len(counts) - len(kept),
        )

    @property
    def known(self) -> tuple[str, ...]:
        """Every level of the training rows whose name was kept: well known, then rare."""
        return self.levels + self.rare

    def coded_column(self) -> CodedColumn | None:
        """Describe the codes; None where all training rows have the same one."""
        distinct_codes = len(self.levels) + bool(self.rare or self.forgotten)
        return CodedColumn(self.source, self.levels) if distinct_codes > 1 else None

    def code_expression(self) -> pl.Expr:
        """Look the levels up in a hash table (a polars Enum), which turns what it lacks to null."""
        value = pl.col(self.source).cast(pl.String)
        if MISSING in self.levels:
            value = value.fill_null(MISSING)
        position = value.cast(pl.Enum(self.levels), strict=False).to_physical()
        return (position.cast(pl.Int32) + 1).fill_null(0)


def level_counts(series: pl.Series) -> pl.DataFrame:
    """Count the values of a column: ``level``, ``(missing)`` where there is none, and ``rows``."""
    levels = series.rename("level").cast(pl.String).fill_null(MISSING)
    return levels.value_counts(name="rows")
