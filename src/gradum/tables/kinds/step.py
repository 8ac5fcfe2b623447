"""The base of all encoder steps: a source column, and what it adds to each block of a Design."""

from __future__ import annotations

from typing import Self

import msgspec
import polars as pl
from scipy import sparse

from gradum.messages import say
from gradum.tables.design import LARGEST, CodedColumn, Feature


class Step(msgspec.Struct, frozen=True, dict=True):
    """One column's encoding, as data: it round-trips through JSON and holds no code.

    A step describes what it computes as polars expressions, so that the encoder evaluates all
    columns in one parallel pass. A subclass overrides the pairs it needs. A column that would be
    constant among the training rows is left out: no model could learn from it.

    Parameters
    ----------
    source : str
        The table's column.
    """

    source: str

    @classmethod
    def fit(cls, series: pl.Series) -> Self:
        """Measure a typed series of training rows."""
        raise NotImplementedError

    @classmethod
    def fit_among(cls, series: pl.Series, alike: int) -> Self:
        """Measure one of so many columns of the same kind."""
        return cls.fit(series)

    def reaching(self, series: pl.Series) -> Self:
        """Return the same with the ends of more rows, the training rows among them."""
        return self

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the columns that this step adds to the dense block."""
        return ()

    def dense_ranges(self) -> tuple[tuple[float, float], ...]:
        """Return the least and the greatest that each of them had, or can have at all."""
        return tuple(
            (0.0 if feature.kind != "cycle" else -1.0, LARGEST[feature.kind])
            for feature in self.dense_features()
        )

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute those columns: Float64, without missing values."""
        return []

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


def missing_feature(source: str) -> Feature:
    """Name the indicator of missing values."""
    return Feature(f"{source} missing", source, "missing")


def missing_expression(source: str) -> pl.Expr:
    """1 where the value is missing, else 0."""
    return pl.col(source).is_null().cast(pl.Float64)


def refuse_loose_range(
    source: str, median: float | None, minimum: float | None, maximum: float | None
) -> None:
    """Raise ValueError where a column's range and median do not go together."""
    alike = (median is None) == (minimum is None) == (maximum is None)
    if not alike or (minimum is not None and maximum is not None and minimum > maximum):
        raise ValueError(
            say("the range and median of column {source!r} do not go together", source=source)
        )
