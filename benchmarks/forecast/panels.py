"""The sets of series that forecasts are measured on, each with its origins that are held back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

WEEKS, ORIGINS, APART = 4, 20, 4  # ahead; origins held back, and the days between them
HOLIDAYS = (
    "01-01",
    "01-21",
    "02-18",
    "05-27",
    "07-04",
    "09-02",
    "10-14",
    "11-11",
    "11-28",
    "12-25",
)
"""Federal holidays of the United States in 2013."""


@dataclass(frozen=True)
class Panel:
    """A table of series, and how it is forecast.

    Parameters
    ----------
    name, target, time : str
    rows : polars.DataFrame
        Sorted by time.
    horizon : int
        Steps ahead.
    season : int
        The cycle that AutoETS is given.
    seasons : tuple of int
        The cycles of the seasonal naive forecasts.
    origins : list
        The last stamps known, of the origins held back.
    series, known : tuple of str
    """

    name: str
    target: str
    time: str
    rows: pl.DataFrame
    horizon: int
    season: int
    seasons: tuple[int, ...]
    origins: list
    series: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def until(self, origin) -> pl.DataFrame:
        """Return the rows up to an origin."""
        return self.rows.filter(pl.col(self.time) <= origin)


def vic_elec(folder: Path) -> Panel:
    """Return half-hourly demand in standard time, forecast at 60 midnights of the last 120 days."""
    rows = pl.read_parquet(folder / "vic_elec.parquet")
    local = pl.col("Time").dt.replace_time_zone(None) + pl.duration(hours=10)
    rows = rows.with_columns(local.alias("Time")).drop("Date", "Temperature").sort("Time")
    midnights = rows.filter((pl.col("Time").dt.hour() == 23) & (pl.col("Time").dt.minute() == 30))[
        "Time"
    ]
    return Panel(
        "electricity, half-hourly, 1 day ahead",
        "Demand",
        "Time",
        rows,
        48,
        48,
        (48, 336),
        midnights[-121:-1:2].to_list(),
        known=("Holiday",),
    )


def flights(folder: Path) -> Panel:
    """Return flights a day by carrier and airport, forecast four weeks ahead from 20 days.

    The series are those with a flight on every day up to the first of these days.
    """
    rows = pl.read_parquet(
        folder / "nyc_flights_delay.parquet", columns=["month", "day", "carrier", "origin"]
    )
    day = pl.date(2013, pl.col("month"), pl.col("day")).alias("date")
    counts = rows.with_columns(day).group_by("carrier", "origin", "date").len("flights")
    days = pl.DataFrame({"date": counts["date"].unique().sort()})
    horizon = 7 * WEEKS
    origins = days["date"][-APART * ORIGINS - horizon : -horizon : APART].to_list()
    before = days.filter(pl.col("date") <= origins[0])
    flown = counts.join(before, on="date").group_by("carrier", "origin").len()
    pairs = flown.filter(pl.col("len") == len(before))
    every = pairs.select("carrier", "origin").join(days, how="cross")
    full = every.join(counts, on=["carrier", "origin", "date"], how="left")
    full = full.with_columns(pl.col("flights").fill_null(0)).rename({"origin": "airport"})
    holiday = pl.col("date").dt.strftime("%m-%d").is_in(HOLIDAYS)
    full = full.with_columns(holiday=holiday)
    full = full.sort("date", "carrier", "airport")
    return Panel(
        "flights a day, many series, 4 weeks ahead",
        "flights",
        "date",
        full,
        horizon,
        7,
        (7,),
        origins,
        series=("carrier", "airport"),
        known=("holiday",),
    )


PANELS: dict[str, Callable[[Path], Panel]] = {"vic_elec": vic_elec, "flights": flights}
