"""The base of steps whose values lie on a line and also go round: in the year, in the day."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.tables.kinds.design import Feature
from gradum.tables.kinds.step import MissingMeasure, Ranged, missing_expression, missing_feature

SMALLEST_SPREAD = 1e-9


class Cyclic(Ranged, frozen=True):
    """A place on a line, and sin and cos of the angle in each cycle.

    A missing value becomes the training median on the line, and 0 in the cycles, the centre of the
    circle. `line` and `angles` are written once, in operators that polars' expressions, NumPy's
    arrays and single floats have alike, so that all three give the same bits.
    """

    parts: tuple[str, ...]
    """The parts that vary among the training rows."""
    missing: bool
    """Whether training rows have missing values: if so, an indicator column is added."""

    every_part: ClassVar[tuple[str, ...]]
    """All parts: `of_line`, then sin and cos of each angle."""

    @staticmethod
    def counted(source: str) -> Any:
        """Return what a column's line and angles are computed from, as expressions."""
        raise NotImplementedError

    @staticmethod
    def counted_once(value: Any) -> Any:
        """Return the same of one value, without a zone, in plain Python."""
        raise NotImplementedError

    @staticmethod
    def line(counted: Any) -> Any:
        """Return places on the line."""
        raise NotImplementedError

    @staticmethod
    def angles(counted: Any) -> tuple[Any, ...]:
        """Return the angle in each cycle."""
        raise NotImplementedError

    @classmethod
    def _all_parts(cls, counted: Any, sin: Callable, cos: Callable) -> dict[str, Any]:
        values = [cls.line(counted)]
        for angle in cls.angles(counted):
            values += sin(angle), cos(angle)
        return dict(zip(cls.every_part, values, strict=True))

    @classmethod
    def _expressions(cls, source: str) -> dict[str, pl.Expr]:
        return cls._all_parts(cls.counted(source), pl.Expr.sin, pl.Expr.cos)

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        if len(set(self.parts)) < len(self.parts) or (self.parts and self.median is None):
            raise ValueError(
                say("the parts of column {source!r} repeat, or have no values", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Self:
        """Measure a typed series of training rows."""
        values = series.drop_nulls().to_frame().select(**cls._expressions(series.name))
        spread = values.select(pl.all().max() - pl.all().min()).row(0, named=True)
        line = values[cls.of_line]
        return cls(
            series.name,
            median=line.median(),  # type: ignore[arg-type]
            minimum=line.min(),  # type: ignore[arg-type]
            maximum=line.max(),  # type: ignore[arg-type]
            parts=tuple(part for part in spread if (spread[part] or 0) > SMALLEST_SPREAD),
            missing=series.null_count() > 0,
        )

    def measure(self, most: int) -> MissingMeasure:
        """Count the missing values of all rows, to tell whether there are any."""
        return MissingMeasure(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the parts, then the indicator."""
        features = [
            Feature(f"{self.source} {part}", self.source, part if part == self.of_line else "cycle")
            for part in self.parts
        ]
        return (*features, missing_feature(self.source)) if self._marked else tuple(features)

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the parts, then the indicator."""
        every = self._expressions(self.source)
        values = [every[part].fill_null(self._filled(part)) for part in self.parts]
        return [*values, missing_expression(self.source)] if self._marked else values

    def dense_numbers(self, counted: Any, gone: Any) -> list[Any]:
        """Return the same columns of what is counted, and of whether each is missing, in NumPy."""
        every = self._all_parts(counted, np.sin, np.cos)
        values = [np.where(gone, self._filled(part), every[part]) for part in self.parts]
        return [*values, gone.astype(np.float64)] if self._marked else values

    def numbers(self, counted: Any) -> tuple[float, ...]:
        """Return what a row has in those columns, of what `counted_once` returns, to the bit."""
        every = self._all_parts(counted, math.sin, math.cos)
        return (*(every[part] for part in self.parts), *((0.0,) if self._marked else ()))

    def holds(self, counted: Any) -> bool:
        """Whether it lies within the training range; true if training had no values."""
        return self.range is None or self.range[0] <= self.line(counted) <= self.range[1]

    def _filled(self, part: str) -> float | None:
        return self.median if part == self.of_line else 0.0

    @property
    def _marked(self) -> bool:
        return self.missing and self.minimum is not None
