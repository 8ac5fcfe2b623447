"""A categorical column: an integer code for each level that the training rows know well enough."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, Self

import polars as pl
from msgspec import structs

from gradum.messages import say
from gradum.tables.kinds.case_folding import folded, merged
from gradum.tables.kinds.design import CodedColumn
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import MISSING, LevelCounts, Measure, Step
from gradum.tables.kinds.values import respelled

FEWEST_ROWS = 2
"""A level of fewer training rows is rare: its effect could not be told from that one row."""

MOST_NAMES = 50_000
MOST_BYTES = 2**21
"""For a column, at most this many level names and bytes of names are kept, commonest first."""


class Categorical(Step, frozen=True, tag="categorical"):
    """Code 1..L for the levels in order of their names, 0 for every other value."""

    block = "codes"

    levels: tuple[str, ...]
    """The L levels, sorted by code point; among them ``(missing)`` where at least two training rows
    are missing."""
    rare: tuple[str, ...] = ()
    """Levels of a single training row, sorted: they have code 0, but do not count as unseen."""
    forgotten: int = 0
    """How many further training levels were not kept because of the limits on names."""

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
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
        """Choose among counted levels: each ``level`` (missing included) and its ``rows``."""
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
        """Every training level whose name was kept: first the coded levels, then the rare ones."""
        return self.levels + self.rare

    @property
    def every_level(self) -> tuple[str, ...] | None:
        """The names of all training levels; None if there were too many to keep."""
        return None if self.forgotten else self.known

    @property
    def lacks_levels(self) -> bool:
        """Whether some levels were too rare to learn, or too many to keep."""
        return bool(self.rare or self.forgotten)

    @property
    def choices(self) -> tuple[str, ...]:
        """The levels that have a code."""
        return tuple(level for level in self.levels if level != MISSING)

    def typical(self, parse: Parse) -> str | None:
        """Return the first level."""
        return self.level_of(1 if self.levels else 0)

    def level_of(self, code: int) -> str | None:
        """Return the level of a code; code 0 stands for levels that were too rare to learn."""
        if code == 0:
            return self.rare[0] if self.rare else None
        level = self.levels[code - 1]
        return None if level == MISSING else level

    def domain(self, parse: Parse) -> dict[str, Any]:
        """Return the levels."""
        levels = tuple(level for level in self.known if level != MISSING)
        return {"levels": levels, "missing": MISSING in self.known}

    def measure(self, most: int) -> _Counted:
        """Count the levels of all rows."""
        return _Counted(self, most)

    def coded_column(self) -> CodedColumn | None:
        """Describe the codes; None if all training rows have the same code."""
        distinct_codes = len(self.levels) + self.lacks_levels
        return CodedColumn(self.source, self.levels) if distinct_codes > 1 else None

    def code_expression(self) -> pl.Expr:
        """Look the levels up in a hash table (a polars Enum), which makes unknown levels null."""
        value = pl.col(self.source).cast(pl.String)
        if MISSING in self.levels:
            value = value.fill_null(MISSING)
        position = value.cast(pl.Enum(self.levels), strict=False).to_physical()
        return (position.cast(pl.Int32) + 1).fill_null(0)


def level_counts(series: pl.Series) -> pl.DataFrame:
    """Count the values of a column: ``level`` (``(missing)`` if there is none) and ``rows``."""
    levels = series.rename("level").cast(pl.String).fill_null(MISSING)
    return levels.value_counts(name="rows")


def spellings_of(levels: pl.DataFrame) -> tuple[str, ...]:
    """Return the spellings, sorted, of merged levels (``level``, ``rows``) not in lower case.

    At most as many as names of levels are kept, of the commonest.
    """
    ranked = levels.sort("rows", "level", descending=[True, False])["level"].head(MOST_NAMES)
    spelled = [level for level in ranked if folded(level) not in (level, MISSING)]
    sizes = accumulate(len(level.encode()) for level in spelled)
    kept = [level for level, size in zip(spelled, sizes, strict=True) if size <= MOST_BYTES]
    return tuple(sorted(kept))


class _Counted(Measure[Categorical]):
    def __init__(self, step: Categorical, most: int) -> None:
        super().__init__(step)
        self._counts = LevelCounts(most)

    def add(self, values: pl.Series) -> None:
        self._counts.add(level_counts(values))

    def merge(self, later: Self) -> None:
        self._counts.merge(later._counts)

    def fold_case(self, parse: Parse) -> Parse:
        levels = merged(self._counts.table.filter(pl.col("level") != MISSING))
        parse = structs.replace(parse, fold_case=True, spellings=spellings_of(levels))
        self._counts.rename(respelled(pl.col("level"), parse))
        return parse

    def completed(self) -> Categorical:
        return Categorical.of_counts(self.step.source, self._counts.table)
