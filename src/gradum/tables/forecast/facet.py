"""The part of a schema that describes a forecast: columns, the step of its stamps, its cycles."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import polars as pl
from msgspec import Meta, Struct

from gradum.tables.columns import Column
from gradum.tables.forecast.classical.forecasts import LABELS, block
from gradum.tables.forecast.frequency import Frequency

Use = Literal["known", "past", "fixed"]
ORIGIN, STEP = "forecast origin", "steps ahead"
"""The columns of a row's origin and step, by names that tables hardly have."""


class Covariate(Struct, frozen=True, forbid_unknown_fields=True):
    """A column beside the target."""

    column: Column
    """As it was understood in the table."""
    use: Use
    """How it is used. "known": known beforehand, so that its value at the forecast's stamp is used;
    "past": used up to the origin; "fixed": the same at all stamps of a series."""
    levels: tuple[str, ...] = ()
    """The levels of a column of categories, in the order of their codes; empty for numbers."""


class Forecast(Struct, frozen=True, forbid_unknown_fields=True):
    """How a table of series becomes rows of an origin and a step ahead.

    The target of such a row is what the seasonal naive forecast misses, divided by the scale of the
    series: (y[o + h] − y[o + h − k m]) / s, with k = ⌈h / m⌉, so that the past value lies at the
    origin o or before.
    """

    horizon: Annotated[int, Meta(ge=1)]
    """H: rows are 1 to H steps ahead."""
    target: Column
    time: Column
    """As they were understood in the table."""
    series: tuple[Column, ...]
    """The columns whose values name a series; none for a single one."""
    covariates: tuple[Covariate, ...]
    frequency: Frequency
    seasons: tuple[Annotated[int, Meta(ge=1)], ...]
    """The cycles in steps; the first is m, that of the seasonal naive forecast."""
    keys: tuple[tuple[str, ...], ...]
    """The name of each of the S series."""
    scales: tuple[float, ...]
    """s of each series: the root of the mean of (y[t] − y[t − m])²; 1 if there is a single series,
    whose errors then are in its own unit."""
    calendar: tuple[str, ...] = ()
    """What is told of the stamp's place in the calendar, such as "weekday"."""
    end: int = 0
    """The place on the grid of the last stamp with a target."""
    stride: Annotated[int, Meta(ge=1)] = 1
    """Origins of the rows learned from are so many steps apart, counted back from the end."""
    days: bool = False
    """Whether stamps were given as days, without a time of day."""
    zone: str = ""
    """The zone in which stamps were given; empty if there was none."""
    clock: bool = False
    """Whether they lie on a grid of what the clock in this zone shows, not of moments: days there
    are not equally long."""

    classical: tuple[str, ...] = ()
    """The rungs whose forecasts are columns of the rows, such as "theta"."""
    whole: bool = False
    """Whether every value of the target was a whole number."""
    positive: bool = False
    """Whether none was below 0."""
    holidays: tuple[str, ...] = ()
    """The holidays as dates, such as "2024-12-25", in order: of all years from that of the first
    stamp to some after the last."""

    def __post_init__(self) -> None:
        """Refuse what no fit yields but a damaged file could hold."""
        if (np.diff(self.holidays_as_days).astype(int) < 1).any():
            raise ValueError("the holidays of a forecast are not in order")
        if not self.seasons or len(self.keys) != len(self.scales) or not min(self.scales) > 0:
            raise ValueError("the series of a forecast lack a season or a scale")

    @property
    def holidays_as_days(self) -> np.ndarray:
        """The holidays as datetime64[D]."""
        return np.array(self.holidays, "datetime64[D]")

    @property
    def season(self) -> int:
        """The cycle of the seasonal naive forecast, m."""
        return self.seasons[0]

    @property
    def memory(self) -> int:
        """After how many steps errors count as independent: two horizons, or two seasons.

        Two outcomes fewer than a horizon apart share what came between origin and outcome, and two
        naive forecasts share a value a season before. Twice that, as stretches touch: with the
        longer of the two alone, 95% intervals of the mean error of autoregressive series and walks
        hold in 91% of draws in the median of 36 laws (84 to 100%), with twice that in 94% (90 to
        99%).
        """
        return 2 * max(self.horizon, self.season)

    @property
    def calendar_columns(self) -> tuple[str, ...]:
        """The columns of the calendar, by names that other columns of the table hardly have."""
        return tuple(f"{self.time.name}, {name}" for name in self.calendar)

    @property
    def classical_columns(self) -> dict[str, str]:
        """The columns of classical forecasts by their rungs."""
        return {rung: f"{self.target.name}, {LABELS[rung]}" for rung in self.classical}

    @property
    def cycle(self) -> int:
        """The season that classical forecasts may have: the shortest cycle."""
        return min((m for m in self.seasons if m > 1), default=1)

    @property
    def scaled(self) -> bool:
        """Whether errors are multiples of each series' usual seasonal change."""
        return bool(self.series)

    @property
    def cycles(self) -> dict[int, int]:
        """How many of the last values at the same place of each longer cycle are looked at."""
        return {m: 2 if m > LONG else 4 for m in self.seasons if m > 1}

    @property
    def windows(self) -> tuple[int, ...]:
        """The lengths, in steps, of the means up to the origin."""
        short = [m for m in self.seasons if 1 < m <= LONG] or [3]
        return tuple(sorted({*short, 4 * max(short)}))

    @property
    def reach(self) -> int:
        """How many steps up to and with the origin a row may look at."""
        cycles = [m * (n + 1) for m, n in self.cycles.items()]
        blocks = 2 * block(self.cycle) if self.classical else 0
        return max(*cycles, *self.windows, 2 * max(self.windows), RECENT, 2, blocks) + 1

    def codes_in(self, frame: pl.DataFrame) -> np.ndarray:
        """Return the place of each row's series among the keys (n,); −1 if it was not learned.

        A column that the frame lacks is what it is in every series, or empty.
        """
        if not self.series:
            return np.zeros(len(frame), np.intp)
        names = [each.name for each in self.series]
        keys = pl.DataFrame(self.keys, schema=names, orient="row")
        usual = [keys[name][0] if keys[name].n_unique() == 1 else "" for name in names]
        named = [
            pl.col(name).cast(pl.String).fill_null("") if name in frame.columns else pl.lit(fill)
            for name, fill in zip(names, usual, strict=True)
        ]
        rows = frame.select(
            pl.int_range(pl.len()).alias("\0row"),
            *(each.alias(name) for each, name in zip(named, names, strict=True)),
        )
        places = rows.join(
            keys.with_row_index("\0place"), on=names, how="left", maintain_order="left"
        )
        return places["\0place"].cast(pl.Int64).fill_null(-1).to_numpy()

    def scales_in(self, frame: pl.DataFrame) -> np.ndarray:
        """Return the scale of each row's series (n,); NaN for a series that was not learned."""
        return np.array([*self.scales, np.nan])[self.codes_in(frame)]

    def as_given(self, stamps: pl.Series) -> pl.Series:
        """Return moments in UTC, or numbers, as the table's column of stamps has them."""
        if not self.frequency.dated:
            whole = bool((stamps == stamps.round()).all())
            return stamps.cast(pl.Int64) if whole else stamps
        if self.clock:
            stamps = stamps.dt.replace_time_zone(
                self.zone, ambiguous="earliest", non_existent="null"
            )
        elif self.zone:
            stamps = stamps.dt.replace_time_zone("UTC").dt.convert_time_zone(self.zone)
        stamps = stamps.cast(pl.Date) if self.days else stamps
        return self.time.traits.spelled(stamps, self.time.parse)

    def until(self, frame: pl.DataFrame) -> np.ndarray:
        """Return when the outcome of each row (n,) is known, in the form of its origin."""
        origins = frame[ORIGIN].to_physical().to_numpy()
        steps = frame[STEP].to_numpy()
        return self.frequency.stamps(self.frequency.places(origins) + steps)


LONG = 400
"""Cycles of more steps are looked at twice, not four times."""

RECENT = 4
"""How many of the last values are looked at."""
