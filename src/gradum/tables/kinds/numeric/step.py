"""A numeric column: its value, imputed with the training median, and a missing indicator."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np
import polars as pl
from msgspec import structs

from gradum.messages import say
from gradum.tables.kinds.axis import Axis
from gradum.tables.kinds.design import FLOAT32_MAX, Feature
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import Measure, Ranged, missing_expression, missing_feature

MOST_DECIMALS = 6
FIRST_ROWS = 1_000
"""Looked at first: in most columns with many decimals, one of these rows has that many."""


class Numeric(Ranged, frozen=True, tag="numeric"):
    """x, or the median of the training rows where x is missing, clipped to the float32 range.

    If the model is said to be fitted on all rows, minimum and maximum are those of all rows.
    """

    missing: bool
    """Whether training rows have missing values: if so, an indicator column is added."""
    decimals: Annotated[int, msgspec.Meta(ge=0, le=MOST_DECIMALS)] | None = None
    """The number of decimals that suffices for all these rows, 0 for whole numbers; None if a row
    has more than `MOST_DECIMALS`, or the file does not say."""

    is_passed_by_chance: ClassVar[bool] = True
    of_line: ClassVar[str] = "value"
    reached: ClassVar[tuple[str, ...]] = ("minimum", "maximum", "decimals")

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        places, ends = self.decimals, self.range or ()
        if places is not None and any(round(end, places) != end for end in ends):
            raise ValueError(
                say("the ends of column {source!r} have more decimals", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Numeric:
        """Measure a Float64 or Float32 series of training rows."""
        series = series.cast(pl.Float64)  # in which the middle of two numbers is not rounded
        minimum, maximum = series.min(), series.max()
        if minimum is not None and (minimum < -FLOAT32_MAX or maximum > FLOAT32_MAX):  # type: ignore[operator]
            series = series.clip(-FLOAT32_MAX, FLOAT32_MAX)
        return cls(
            series.name,
            median=series.median(),  # type: ignore[arg-type]
            minimum=minimum,  # type: ignore[arg-type]
            maximum=maximum,  # type: ignore[arg-type]
            missing=series.null_count() > 0,
            decimals=decimals_of(series),
        )

    def axis(self, parse: Parse) -> Axis | None:
        """Return the line of numbers with the column's decimals."""
        never = tuple(listed_numbers(parse))
        return None if self.range is None else Axis(*self.range, self.decimals, never=never)

    @property
    def imputed(self) -> float:
        """The median."""
        return 0.0 if self.median is None else self.median

    def typical(self, parse: Parse) -> float | None:
        """Return the median."""
        return None if self.median is None else self.value_of(self.median, parse)

    def value_of(self, number: float, parse: Parse) -> float:
        """Return the number, as an integer if it is whole."""
        return int(number) if number.is_integer() and abs(number) < 1e15 else number

    def domain(self, parse: Parse) -> dict[str, Any]:
        """Return the range."""
        if self.range is None:
            return {}
        return {"low": self.range[0], "high": self.range[1], "whole": self.decimals == 0}

    def measure(self, most: int) -> _Ranged:
        """Complete the range, the decimals and the missing indicator."""
        return _Ranged(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the value, then the indicator."""
        value = (Feature(self.source, self.source, "value"),) if self._varies else ()
        return (*value, missing_feature(self.source)) if self._marked else value

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the value, then the indicator."""
        expressions = []
        if self._varies:
            value = pl.col(self.source).cast(pl.Float64).fill_null(self.median)
            expressions.append(value.clip(-FLOAT32_MAX, FLOAT32_MAX))
        if self._marked:
            expressions.append(missing_expression(self.source))
        return expressions

    def dense_numbers(self, values: Any, gone: Any) -> list[Any]:
        """Return the same columns of values and of whether each is missing, in NumPy's terms."""
        value = [np.where(gone, self.median, values)] if self._varies else []
        return [*value, gone.astype(np.float64)] if self._marked else value

    @property
    def _varies(self) -> bool:
        low, high = self.range or (0.0, 0.0)
        return max(low, -FLOAT32_MAX) < min(high, FLOAT32_MAX)

    @property
    def _marked(self) -> bool:
        return self.missing and self.minimum is not None


def decimals_of(values: pl.Series, least: int = 0) -> int | None:
    """Return how many decimals numbers are written with, at least ``least``.

    This is the least k such that each number is the double nearest to a multiple of 10⁻ᵏ; None if k
    would exceed `MOST_DECIMALS`. Missing values have no decimals.
    """
    numbers = values.drop_nulls().cast(pl.Float64).to_numpy()
    for decimals in range(least, MOST_DECIMALS + 1):
        with np.errstate(over="ignore"):
            if all(
                (np.round(some, decimals) == some).all() for some in (numbers[:FIRST_ROWS], numbers)
            ):
                return decimals
    return None


def listed_numbers(how: Parse) -> list[float]:
    """Return the numbers that a column lists as missing, such as -999."""
    if not how.missing:
        return []
    listed = pl.Series(how.missing, dtype=pl.String).cast(pl.Float64, strict=False)
    return listed.drop_nulls().to_list()


class _Ranged(Measure[Numeric]):
    def __init__(self, step: Numeric) -> None:
        super().__init__(step)
        self._low, self._high, self._decimals = math.inf, -math.inf, step.decimals

    def add(self, values: pl.Series) -> None:
        super().add(values)
        if values.null_count() < len(values):
            self._low = min(self._low, float(values.min()))  # type: ignore[arg-type]
            self._high = max(self._high, float(values.max()))  # type: ignore[arg-type]
        if self._decimals is not None:
            self._decimals = decimals_of(values, self._decimals)

    def merge(self, later: Self) -> None:
        super().merge(later)
        self._low, self._high = min(self._low, later._low), max(self._high, later._high)
        if self._decimals is not None:
            more = later._decimals
            self._decimals = None if more is None else max(self._decimals, more)

    def completed(self) -> Numeric:
        if self.step.median is None or not self.present:
            return self.step
        return structs.replace(
            self.step,
            minimum=self._low,
            maximum=self._high,
            missing=self.missing > 0,
            decimals=self._decimals,
        )
