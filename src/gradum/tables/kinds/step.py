"""The base of all encoder steps: a source column, and what it adds to each block of a Design."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec
import numpy as np
import polars as pl
from msgspec import structs
from scipy import sparse

from gradum.messages import say
from gradum.tables.kinds.axis import Axis
from gradum.tables.kinds.design import CodedColumn, Feature, GridColumn
from gradum.tables.kinds.parse import Parse

AStep = TypeVar("AStep", bound="Step")

MISSING = "(missing)"
"""The level of a missing value. A value spelled like this is taken as missing."""


class Measure(Generic[AStep]):
    """Counts rows with and without a value, to complete a step that was fitted to a sample.

    Parameters
    ----------
    step : Step
        As it was fitted to the sample.
    """

    def __init__(self, step: AStep) -> None:
        self.step = step
        self.present = self.missing = 0

    def add(self, values: pl.Series) -> None:
        """Take in a block of typed training rows."""
        missing = values.null_count()
        self.missing += missing
        self.present += len(values) - missing

    def merge(self, later: Self) -> None:
        """Take in what other rows told a measure of the same step."""
        self.missing += later.missing
        self.present += later.present

    def fold_case(self, parse: Parse) -> Parse:
        """Merge levels that differ in case alone; return how a column of this reading is read then.

        The rows must have been read as they are written.
        """
        return parse

    def completed(self) -> AStep:
        """Return the step with what all rows told."""
        return self.step


class MissingMeasure(Measure[AStep]):
    """A `Measure` of a step whose field ``missing`` says whether any row lacks a value."""

    def completed(self) -> AStep:
        """Return the step with what all rows told."""
        return structs.replace(self.step, missing=self.missing > 0)


class LevelCounts:
    """Counts rows by level over all blocks, for about the ``most`` most frequent levels."""

    def __init__(self, most: int) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._size, self._most = 0, most

    def add(self, counts: pl.DataFrame) -> None:
        """Add the counts of a block."""
        self._waiting.append(counts)
        self._size += len(counts)
        if self._size <= self._most:
            return
        table = self.table
        if len(table) > self._most / 2:  # hardly any level repeats
            table = table.filter(pl.col("rows") > 1)
        if len(table) > self._most / 2:
            commonest = table.sort("rows", "level", descending=[True, False])
            table = commonest.head(self._most // 2)
        self._waiting, self._size = [table], len(table)

    def merge(self, later: LevelCounts) -> None:
        """Add the counts of other blocks."""
        if later._waiting:
            self.add(later.table)

    def rename(self, level: pl.Expr) -> None:
        """Put other names for the levels, of which some may become the same."""
        self._waiting = [self.table.with_columns(level=level)]

    @property
    def table(self) -> pl.DataFrame:
        """``level`` and ``rows``."""
        return pl.concat(self._waiting).group_by("level").agg(pl.col("rows").sum())


class Step(msgspec.Struct, frozen=True, dict=True):
    """One column's encoding, as data: it round-trips through JSON and holds no code.

    A step describes what it computes as polars expressions, so that the encoder evaluates all
    columns in one parallel pass. A subclass overrides the pairs of methods that it needs. A column
    that would be constant over the training rows is left out: no model could learn from it.
    """

    source: str
    """The table's column."""

    @classmethod
    def fit(cls, series: pl.Series) -> Self:
        """Measure a typed series of training rows."""
        raise NotImplementedError

    @classmethod
    def fit_among(cls, series: pl.Series, alike: int) -> Self:
        """Measure one of the given number of columns of the same kind."""
        return cls.fit(series)

    def reaching(self, series: pl.Series) -> Self:
        """Return the step as it is of more rows, training rows included, where it has a range."""
        return self

    block: ClassVar[str] = "dense"
    """The block of a design for which `Kind.plain` reads its values."""

    unit: ClassVar[float] = 1.0
    """The unit of the axis, in the numbers that store the typed column."""

    is_passed_by_chance: ClassVar[bool] = False
    """Whether values of the same distribution may occasionally lie beyond the range."""

    @property
    def range(self) -> tuple[float, float] | None:
        """Least and greatest training place; None if values lie on no line, or all are missing."""
        return None

    def axis(self, parse: Parse) -> Axis | None:
        """Return the line on which values lie, if there is one and training had values."""
        return None

    @property
    def every_level(self) -> tuple[str, ...] | None:
        """Return the names of all training levels; None if not all are kept."""
        return None

    @property
    def lacks_levels(self) -> bool:
        """Whether training had levels that have no code."""
        return False

    @property
    def choices(self) -> tuple[Any, ...]:
        """The levels with a code, any of which a row might have."""
        return ()

    @property
    def imputed(self) -> float:
        """What the first dense column holds if a value is missing."""
        return 0.0

    def typical(self, parse: Parse) -> Any:
        """Return a value as a table may hold it: the median, the commoner boolean, or a level."""
        return None

    def value_of(self, number: float, parse: Parse) -> Any:
        """Return what a table holds if the only dense column, not missing, is this number."""
        raise NotImplementedError

    def level_of(self, code: int) -> str | None:
        """Return the level of a code."""
        raise NotImplementedError

    def domain(self, parse: Parse) -> dict[str, Any]:
        """Return the fields of a `ColumnDomain` that say what the values can be."""
        return {}

    def measure(self, most: int) -> Measure:
        """Return the `Measure` that completes this step, fitted to a sample, by all rows.

        Levels may be unlimited in number; about ``most`` names are held in the meantime.
        """
        return Measure(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the columns that this step adds to the dense block."""
        return ()

    def dense_ranges(self) -> tuple[tuple[float, float], ...]:
        """Return the least and greatest value that each of these columns had or can have."""
        return tuple(
            (-1.0 if feature.traits.is_cyclic else 0.0, feature.traits.largest)
            for feature in self.dense_features()
        )

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute those columns: Float64, without missing values."""
        return []

    is_measured: ClassVar[bool] = False
    """Whether the dense columns are computed together, by `dense_block`, not by expressions."""

    def dense_block(self, series: pl.Series) -> np.ndarray:
        """Compute those columns together (n, d), without missing values."""
        raise NotImplementedError(f"{type(self).__name__} has expressions.")

    def grid_column(self) -> GridColumn | None:
        """Describe the column of grids that this step adds, if any."""
        return None

    def pixels(self, series: pl.Series) -> np.ndarray:
        """Compute that column: uint8 (n, h, w, c), all grids alike where a value is missing."""
        raise NotImplementedError(f"{type(self).__name__} has no grids.")

    def with_grids(self, series: pl.Series) -> Self:
        """Return the step with a column of grids, if its values can be seen as such.

        Of values that are grids by themselves it has one anyway; of others, only where a rung is
        asked for whose filters look at grids, because no other rung needs them.

        Parameters
        ----------
        series : polars.Series
            The rows that the step was fitted to.
        """
        return self

    is_divisible: ClassVar[bool] = False
    """Whether a value is a grid, of which parts can be those of another value."""

    def divided(self, own: pl.Series, others: pl.Series) -> tuple[np.ndarray, np.ndarray] | None:
        """Return one value as a grid (h, w, c), and n others as grids of its size (n, h, w, c).

        None of a value that has no parts.
        """
        raise NotImplementedError

    def lattice(self, side: int) -> tuple[int, int]:
        """Return how many parts along each side a grid is divided into, about ``side``."""
        return side, side

    def cells(self, grids: np.ndarray) -> pl.Series:
        """Return a typed column that has these grids (n, h, w, c)."""
        raise NotImplementedError

    def coded_column(self) -> CodedColumn | None:
        """Describe the coded column that this step adds, if any."""
        return None

    def code_expression(self) -> pl.Expr:
        """Compute that column: Int32, without missing values."""
        raise NotImplementedError(f"{type(self).__name__} has no coded column.")

    def sparse_features(self) -> tuple[Feature, ...]:
        """Name the columns that this step adds to the sparse block."""
        return ()

    def sparse_block(self, series: pl.Series) -> sparse.csr_array:
        """Compute those columns: float32."""
        raise NotImplementedError(f"{type(self).__name__} has no sparse columns.")


class Ranged(Step, frozen=True):
    """A step of values on a line."""

    median: float | None
    minimum: float | None
    maximum: float | None
    """Of the training rows, unweighted, in the line's unit; None if all are missing."""

    of_line: ClassVar[str]
    """The kind of the feature that has this range."""
    reached: ClassVar[tuple[str, ...]] = ("minimum", "maximum")
    """The fields that tell how far values reach."""

    def reaching(self, series: pl.Series) -> Self:
        """Return the step with the range of more rows, training rows included.

        A column with one value in all training rows stays as it is, as no model looks at it.
        """
        low, high = self.range or (0.0, 0.0)
        if low == high:
            return self
        measured = type(self).fit(series)
        return structs.replace(self, **{name: getattr(measured, name) for name in self.reached})

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        low, high = self.minimum, self.maximum
        alike = (self.median is None) == (low is None) == (high is None)
        if not alike or (low is not None and high is not None and low > high):
            raise ValueError(
                say(
                    "the range and median of column {source!r} do not go together",
                    source=self.source,
                )
            )

    @property
    def range(self) -> tuple[float, float] | None:
        """Least and greatest training place."""
        if self.minimum is None or self.maximum is None:
            return None
        return self.minimum, self.maximum

    def dense_ranges(self) -> tuple[tuple[float, float], ...]:
        """Return the range of the training rows, then those of the other columns."""
        pairs = zip(self.dense_features(), super().dense_ranges(), strict=True)
        known = self.range or (0.0, 0.0)
        return tuple(known if feature.kind == self.of_line else pair for feature, pair in pairs)


def missing_feature(source: str) -> Feature:
    """Name the indicator of missing values."""
    return Feature(f"{source} missing", source, "missing")


def missing_expression(source: str) -> pl.Expr:
    """Compute 1 if the value is missing, else 0."""
    return pl.col(source).is_null().cast(pl.Float64)
