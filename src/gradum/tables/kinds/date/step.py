"""A date column: elapsed days, and the position in the year, the week and the day."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.tables.kinds.axis import (
    EPOCH,
    MICROSECONDS_PER_DAY,
    Axis,
    days_and_rest,
    days_since_epoch,
)
from gradum.tables.kinds.design import FEATURES, Feature
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.step import (
    MissingMeasure,
    Ranged,
    missing_expression,
    missing_feature,
)

Part = Literal["days", "year sin", "year cos", "week sin", "week cos", "day sin", "day cos"]

DAYS_PER_YEAR = 365.25
SMALLEST_SPREAD = 1e-9


class Date(Ranged, frozen=True, tag="date"):
    """Days since 1970-01-01, with fraction, and sin and cos of 2 pi times each cycle's position.

    The position in the year is (day of the year - 1) / 365.25; in the week, it is 0 on Mondays; in
    the day, it is the share of the day that has passed. A missing value becomes the training median
    of the days and 0 in the cycles, the centre of the circle.

    Parameters
    ----------
    source : str
        The table's column.
    median, minimum, maximum : float or None
        Days since 1970-01-01 of the training rows; None where all are missing.
    parts : tuple of str
        The parts that vary among the training rows.
    missing : bool
        Whether training rows have missing values: if so, an indicator column is added.
    """

    parts: tuple[Part, ...]
    missing: bool

    of_line: ClassVar[str] = "days"
    unit: ClassVar[float] = float(MICROSECONDS_PER_DAY)

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        if abs(self.median or 0.0) > FEATURES["days"].largest:
            raise ValueError(say("the median of column {source!r} is no date", source=self.source))
        if len(set(self.parts)) < len(self.parts) or (self.parts and self.median is None):
            raise ValueError(
                say("the parts of column {source!r} repeat, or have no values", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> Date:
        """Measure a Datetime series of training rows."""
        present = series.drop_nulls().to_frame()
        values = present.select(**_expressions(series.name))
        spread = values.select(pl.all().max() - pl.all().min()).row(0, named=True)
        days = values["days"]
        return cls(
            series.name,
            median=days.median(),  # type: ignore[arg-type]
            minimum=days.min(),  # type: ignore[arg-type]
            maximum=days.max(),  # type: ignore[arg-type]
            parts=tuple(p for p in get_args(Part) if (spread[p] or 0) > SMALLEST_SPREAD),
            missing=series.null_count() > 0,
        )

    def measure(self, most: int) -> MissingMeasure:
        """Count the missing values of all rows, to tell whether there are any."""
        return MissingMeasure(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the parts, then the indicator."""
        features = [
            Feature(f"{self.source} {part}", self.source, "days" if part == "days" else "cycle")
            for part in self.parts
        ]
        return (*features, missing_feature(self.source)) if self._marked else tuple(features)

    def dense_expressions(self) -> list[pl.Expr]:
        """Compute the parts, then the indicator."""
        expressions = _expressions(self.source)
        values = [
            expressions[part].fill_null(self.median if part == "days" else 0.0)
            for part in self.parts
        ]
        return [*values, missing_expression(self.source)] if self._marked else values

    def dense_numbers(self, moment: Mapping[str, Any], gone: Any) -> list[Any]:
        """Return the same columns of moments and of whether each is missing, in NumPy's terms.

        A moment has ``days`` since 1970-01-01 and the ``rest`` in microseconds, the ``day`` of the
        year and the ``weekday``, both from 0.
        """
        year_angle = moment["day"] * (2 * math.pi / DAYS_PER_YEAR)
        week_angle = moment["weekday"] * (2 * math.pi / 7)
        day_angle = moment["rest"] * (2 * math.pi / MICROSECONDS_PER_DAY)
        parts = {
            "days": moment["days"] + moment["rest"] * (1 / MICROSECONDS_PER_DAY),
            "year sin": np.sin(year_angle),
            "year cos": np.cos(year_angle),
            "week sin": np.sin(week_angle),
            "week cos": np.cos(week_angle),
            "day sin": np.sin(day_angle),
            "day cos": np.cos(day_angle),
        }
        values = [
            np.where(gone, self.median if part == "days" else 0.0, parts[part])
            for part in self.parts
        ]
        return [*values, gone.astype(np.float64)] if self._marked else values

    def numbers(self, moment: datetime.datetime) -> tuple[float, ...]:
        """Return what a row with this moment (without a zone) has in those columns, to the bit."""
        values = _values(moment)
        marks = (0.0,) if self._marked else ()
        return (*(values[part] for part in self.parts), *marks)

    def axis(self, parse: Parse) -> Axis | None:
        """Return the line of days."""
        return None if self.range is None else Axis(*self.range, 0, dates=True)

    def typical(self, parse: Parse) -> str | None:
        """Return the median."""
        if self.median is None:
            return None
        moment = EPOCH + datetime.timedelta(days=self.median)
        return moment.replace(microsecond=0).isoformat(sep=" ")

    def holds(self, moment: datetime.datetime) -> bool:
        """Whether a moment lies within the training range; true if training had no moments.

        The moment has no zone.
        """
        return self.range is None or self.range[0] <= _values(moment)["days"] <= self.range[1]

    @property
    def _marked(self) -> bool:
        return self.missing and self.minimum is not None


def _expressions(source: str) -> dict[Part, pl.Expr]:
    moment = pl.col(source).cast(pl.Datetime("us"))
    _, rest = days_and_rest(source)
    year_angle = (moment.dt.ordinal_day().cast(pl.Float64) - 1) * (2 * math.pi / DAYS_PER_YEAR)
    week_angle = (moment.dt.weekday().cast(pl.Float64) - 1) * (2 * math.pi / 7)
    day_angle = rest * (2 * math.pi / MICROSECONDS_PER_DAY)
    return {
        "days": days_since_epoch(source),
        "year sin": year_angle.sin(),
        "year cos": year_angle.cos(),
        "week sin": week_angle.sin(),
        "week cos": week_angle.cos(),
        "day sin": day_angle.sin(),
        "day cos": day_angle.cos(),
    }


def _values(moment: datetime.datetime) -> dict[Part, float]:
    """Compute the same for one moment, in plain Python."""
    elapsed = moment - EPOCH
    rest = float(elapsed.seconds * 1_000_000 + elapsed.microseconds)
    year_angle = (float(moment.timetuple().tm_yday) - 1) * (2 * math.pi / DAYS_PER_YEAR)
    week_angle = (float(moment.isoweekday()) - 1) * (2 * math.pi / 7)
    day_angle = rest * (2 * math.pi / MICROSECONDS_PER_DAY)
    return {
        "days": float(elapsed.days) + rest * (1 / MICROSECONDS_PER_DAY),
        "year sin": math.sin(year_angle),
        "year cos": math.cos(year_angle),
        "week sin": math.sin(week_angle),
        "week cos": math.cos(week_angle),
        "day sin": math.sin(day_angle),
        "day cos": math.cos(day_angle),
    }
