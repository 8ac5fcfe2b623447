"""A date column: elapsed days, and the position in the year, the week and the day."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import polars as pl

from gradum.messages import say
from gradum.tables.kinds.axis import EPOCH, MICROSECONDS_PER_DAY, Axis, days_and_rest
from gradum.tables.kinds.cyclic import Cyclic
from gradum.tables.kinds.design import FEATURES
from gradum.tables.kinds.parse import Parse

Part = Literal["days", "year sin", "year cos", "week sin", "week cos", "day sin", "day cos"]

DAYS_PER_YEAR = 365.25


class Date(Cyclic, frozen=True, tag="date"):
    """Days since 1970-01-01, with fraction, and sin and cos of 2 pi times each cycle's position.

    The position in the year is (day of the year - 1) / 365.25; in the week, it is 0 on Mondays; in
    the day, it is the share of the day that has passed. What is counted has ``days`` since
    1970-01-01 and the ``rest`` in microseconds, the ``day`` of the year and the ``weekday``, both
    from 0.
    """

    parts: tuple[Part, ...]
    missing: bool

    every_part: ClassVar[tuple[str, ...]] = get_args(Part)
    of_line: ClassVar[str] = "days"
    unit: ClassVar[float] = float(MICROSECONDS_PER_DAY)

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        super().__post_init__()
        if abs(self.median or 0.0) > FEATURES["days"].largest:
            raise ValueError(say("the median of column {source!r} is no date", source=self.source))

    @staticmethod
    def line(counted: Mapping[str, Any]) -> Any:
        """Return the days since 1970-01-01, as `days_since_epoch` computes them."""
        return counted["days"] + counted["rest"] * (1 / MICROSECONDS_PER_DAY)

    @staticmethod
    def angles(counted: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the angles in the year, the week and the day."""
        return (
            counted["day"] * (2 * math.pi / DAYS_PER_YEAR),
            counted["weekday"] * (2 * math.pi / 7),
            counted["rest"] * (2 * math.pi / MICROSECONDS_PER_DAY),
        )

    @staticmethod
    def counted(source: str) -> dict[str, pl.Expr]:
        """Return what is counted of a date column."""
        moment = pl.col(source).cast(pl.Datetime("us"))
        days, rest = days_and_rest(source)
        return {
            "days": days.cast(pl.Float64),
            "rest": rest,
            "day": moment.dt.ordinal_day().cast(pl.Float64) - 1,
            "weekday": moment.dt.weekday().cast(pl.Float64) - 1,
        }

    @staticmethod
    def counted_once(value: datetime.datetime) -> dict[str, float]:
        """Return the same of one moment."""
        elapsed = value - EPOCH
        return {
            "days": float(elapsed.days),
            "rest": float(elapsed.seconds * 1_000_000 + elapsed.microseconds),
            "day": float(value.timetuple().tm_yday) - 1,
            "weekday": float(value.isoweekday()) - 1,
        }

    def axis(self, parse: Parse) -> Axis | None:
        """Return the line of days."""
        return None if self.range is None else Axis(*self.range, 0, dates=True)

    def typical(self, parse: Parse) -> str | None:
        """Return the median."""
        if self.median is None:
            return None
        moment = EPOCH + datetime.timedelta(days=self.median)
        return moment.replace(microsecond=0).isoformat(sep=" ")
