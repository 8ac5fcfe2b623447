"""Write examples/bikes.csv: every fifth hour of a bicycle rental, in plain words.

    python docs/bikes.py hour.csv examples/bikes.csv

`hour.csv` is that of "Bike Sharing" (H. Fanaee-T and J. Gama, 2013) in the UCI Machine Learning
Repository, CC BY 4.0: the hours of 2011 and 2012 in Washington, D.C., 17,379 of them. Every hour of
the day and of the week remains, for 5 divides neither 24 nor 7. The columns `casual` and
`registered` add up to the target, and are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

SEASONS = {1: "winter", 2: "spring", 3: "summer", 4: "autumn"}
DAYS = dict(enumerate(["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]))
WEATHER = {1: "clear", 2: "mist", 3: "light rain or snow", 4: "heavy rain or snow"}
ANSWERS = {0: "no", 1: "yes"}


def thinned(hours: pl.DataFrame) -> pl.DataFrame:
    """Return every fifth hour, its columns named; temperatures in °C, humidity in %."""
    return hours.gather_every(5).select(
        season=pl.col("season").replace_strict(SEASONS),
        year=2011 + pl.col("yr"),
        month="mnth",
        hour="hr",
        holiday=pl.col("holiday").replace_strict(ANSWERS),
        weekday=pl.col("weekday").replace_strict(DAYS),
        working_day=pl.col("workingday").replace_strict(ANSWERS),
        weather=pl.col("weathersit").replace_strict(WEATHER),
        temperature=_whole(47 * pl.col("temp") - 8),
        feels_like=_whole(66 * pl.col("atemp") - 16),
        humidity=_whole(100 * pl.col("hum")),
        wind_speed=_whole(67 * pl.col("windspeed")),
        rides="cnt",
    )


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round().cast(pl.Int64)


if __name__ == "__main__":
    source, out = map(Path, sys.argv[1:])
    thinned(pl.read_csv(source)).write_csv(out)
