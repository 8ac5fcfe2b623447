"""A numeric column: its value, imputed with the training median, and a missing indicator."""

from __future__ import annotations

import polars as pl

from gradum.tables.design import FLOAT32_MAX, Feature
from gradum.tables.encoders.step import (
    Step,
    missing_expression,
    missing_feature,
    refuse_loose_range,
)


class Numeric(Step, frozen=True, tag="numeric"):
    """x, or the median of the training rows where x is missing, clipped to the float32 range.

    Parameters
    ----------
    source : str
        The table's column.
    median, minimum, maximum : float or None
        Of the training rows, unweighted, in the column's unit; None where all are missing.
    missing : bool
        Whether training rows have missing values: if so, an indicator column is added.
    """

    median: float | None
    minimum: float | None
    maximum: float | None
    missing: bool

    def __post_init__(self) -> None:
        """Refuse what no fit yields; a damaged model file could hold it."""
        refuse_loose_range(self.source, self.median, self.minimum, self.maximum)

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
        )

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest training value; None where all are missing."""
        if self.minimum is None or self.maximum is None:
            return None
        return self.minimum, self.maximum

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the value, then the indicator."""
        value = (Feature(self.source, self.source, "value"),) if self._varies else ()
        return (*value, missing_feature(self.source)) if self._marked else value

    def dense_ranges(self) -> tuple[tuple[float, float], ...]:
        """Return the range of the training rows, then those of the other columns."""
        known = self.minimum or 0.0, self.maximum or 0.0
        pairs = zip(self.dense_features(), super().dense_ranges(), strict=True)
        return tuple(known if feature.kind == "value" else pair for feature, pair in pairs)

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the value, then the indicator."""
        expressions = []
        if self._varies:
            value = pl.col(self.source).cast(pl.Float64).fill_null(self.median)
            expressions.append(value.clip(-FLOAT32_MAX, FLOAT32_MAX))
        if self._marked:
            expressions.append(missing_expression(self.source))
        return expressions

    @property
    def _varies(self) -> bool:
        if self.minimum is None or self.maximum is None:
            return False
        return max(self.minimum, -FLOAT32_MAX) < min(self.maximum, FLOAT32_MAX)

    @property
    def _marked(self) -> bool:
        return self.missing and self.minimum is not None
