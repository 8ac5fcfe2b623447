"""Make the folder of public sets from clones of the repositories that hold them.

    python -m benchmarks.forecast.make_sets CLONES FOLDER [FLIGHTS]

It runs in an environment with rdata, pandas, polars and pyarrow. CLONES holds clones of these
repositories, each in a folder of its own name; what is read of them is at HEAD:

- Mcompetitions/M4-methods, Dataset/Train and Dataset/Test: hourly and weekly series of M4. Their
  files have no dates, and all series end on one day here;
- robjhyndman/Mcomp, data/M3.rda and data/M1.rda: monthly and quarterly series;
- cran/Tcomp, data/tourism.rda: monthly and quarterly series of the tourism competition;
- robjhyndman/tscompdata, data/nn5.rda (cash from machines, daily; a missing value is that of a week
  before) and data/gefcom2012_load.rda (hourly load, the last six weeks);
- tidyverts/tsibbledata, data/aus_retail.rda, data/PBS.rda (prescriptions) and
  data/aus_livestock.rda (slaughter): monthly;
- sktime/pytorch-forecasting, examples/data/stallion.parquet: beer sold a month;
- cran/bayesm, data/orangeJuice.rda and data/cheese.rda: packs sold a week, by store. A missing week
  is as the one before.

FLIGHTS is a table of the flights of the R package nycflights13 with month, day and dest: flights a
day by destination. Of the series with at least three horizons and two seasons, and a seasonal
change that is not 0, a hundred are drawn. A set is a file of series, stamp and value; index.json
has horizons, seasons, and which sets settings may be chosen on.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import rdata

MOST, SEED = 100, 0
CHOOSING = ("gefcom_hourly", "nn5_daily", "orange_juice_weekly", "m1_monthly", "m1_quarterly")
PER_YEAR = {"monthly": 12, "quarterly": 4}
Series = dict[str, tuple[list, np.ndarray]]
"""The stamps and values of each series."""


class Source(NamedTuple):
    """Where a set comes from, and how it is forecast."""

    horizon: int
    season: int
    frequency: str
    origin: str
    load: Callable[[Clones], Series]


class Clones(NamedTuple):
    """The folder of clones, and the table of flights."""

    folder: Path
    flights: str

    def read(self, repository: str, path: str) -> bytes:
        """Return a file of a repository."""
        command = ["git", "-C", str(self.folder / repository), "show", f"HEAD:{path}"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def data_of(self, repository: str, path: str) -> Any:
        """Return the first object of a file of R."""
        with tempfile.NamedTemporaryFile(suffix=".rda") as file:
            file.write(self.read(repository, path))
            file.flush()
            return next(iter(rdata.read_rda(file.name).values()))


def stamps_to(end: date, count: int, frequency: str) -> list:
    """Return so many stamps, of which the last is the end."""
    back = range(count - 1, -1, -1)
    if frequency in PER_YEAR:
        step = 12 // PER_YEAR[frequency]
        months = [end.year * 12 + end.month - 1 - step * each for each in back]
        return [date(month // 12, month % 12 + 1, 1) for month in months]
    step = timedelta(hours={"hourly": 1, "daily": 24, "weekly": 168}[frequency])
    return [end - step * each for each in back]


def filled(values: np.ndarray, season: int) -> np.ndarray:
    """Return values in which a missing one is that of a season before, or after at the start."""
    values = values.copy()
    for place in np.flatnonzero(~np.isfinite(values[season:])) + season:
        values[place] = values[place - season]
    for place in np.flatnonzero(~np.isfinite(values))[::-1]:
        values[place] = values[place + season]
    return values


def without_gaps(rows: pl.DataFrame, frequency: str) -> Series:
    """Return the series of rows whose stamps follow one another."""
    found = {}
    for (key,), part in rows.sort("stamp").group_by("series", maintain_order=True):
        stamps = part["stamp"].to_list()
        if stamps == stamps_to(stamps[-1], len(stamps), frequency):
            found[key] = stamps, part["value"].to_numpy().astype(float)
    return found


def of_m4(name: str, frequency: str, end: date) -> Callable[[Clones], Series]:
    """Return what loads series of M4."""

    def load(clones: Clones) -> Series:
        values: dict[str, list[float]] = {}
        for part in ("Train", "Test"):
            path = f"Dataset/{part}/{name}-{part.lower()}.csv"
            for line in clones.read("M4-methods", path).decode().splitlines()[1:]:
                key, *texts = (each.strip().strip('"') for each in line.split(","))
                known = [float(text) for text in texts if text not in ("", "NA")]
                values.setdefault(key, []).extend(known)
        return {
            key: (stamps_to(end, len(each), frequency), np.array(each))
            for key, each in values.items()
        }

    return load


def of_competition(repository: str, path: str, frequency: str) -> Callable[[Clones], Series]:
    """Return what loads the series of one frequency of an earlier competition."""

    def load(clones: Clones) -> Series:
        found = {}
        for key, each in clones.data_of(repository, path).items():
            if str(each["period"][0]).lower() == frequency:
                values = np.concatenate([each["x"].to_numpy(), each["xx"].to_numpy()])
                quarters = round(Fraction(str(each["xx"].index[-1])) * PER_YEAR[frequency])
                year, part = divmod(quarters, PER_YEAR[frequency])
                end = date(year, 1 + part * 12 // PER_YEAR[frequency], 1)
                found[str(key)] = stamps_to(end, len(values), frequency), values
        return found

    return load


def of_months(file: str, value: str, *names: str) -> Callable[[Clones], Series]:
    """Return what loads a monthly table of tsibbledata."""

    def load(clones: Clones) -> Series:
        frame = clones.data_of("tsibbledata", f"data/{file}.rda")
        rows = pl.from_pandas(frame.astype(dict.fromkeys(names, str)))
        stamp = pl.col("Month").cast(pl.Int32).cast(pl.Date)
        series = pl.concat_str(*names, separator=", ")
        return without_gaps(rows.select(series=series, stamp=stamp, value=value), "monthly")

    return load


def cash(clones: Clones) -> Series:
    """Return the daily series of NN5."""
    return {
        str(key): (stamps_to(date(1998, 5, 17), len(each), "daily"), filled(each.to_numpy(), 7))
        for key, each in clones.data_of("tscompdata", "data/nn5.rda").items()
    }


def load(clones: Clones) -> Series:
    """Return the hourly load of the zones of GEFCom2012."""
    end, found = datetime(2008, 6, 30, 5), {}
    for key, each in clones.data_of("tscompdata", "data/gefcom2012_load.rda").items():
        values = filled(each.to_numpy()[-42 * 24 :], 24)
        found[f"zone {key}"] = stamps_to(end, len(values), "hourly"), values
    return found


def flights(clones: Clones) -> Series:
    """Return flights a day, by destinations with flights on most of the days that are shown."""
    rows = pl.read_parquet(clones.flights, columns=["month", "day", "dest"])
    counts = rows.group_by(series="dest", stamp=pl.date(2013, "month", "day")).len("value")
    every = counts.select("series").unique().join(counts.select("stamp").unique(), how="cross")
    full = every.join(counts, on=["series", "stamp"], how="left").fill_null(0)
    shown = full.filter(pl.col("stamp") < date(2013, 12, 4))
    often = shown.group_by("series").agg(share=(pl.col("value") > 0).mean())
    kept = often.filter(pl.col("share") > 0.5)
    return without_gaps(full.join(kept, on="series", how="semi"), "daily")


def beer(clones: Clones) -> Series:
    """Return the volume of each product of each agency by month."""
    file = clones.read("pytorch-forecasting", "examples/data/stallion.parquet")
    rows = pl.read_parquet(io.BytesIO(file)).with_columns(pl.col("agency", "sku").cast(pl.String))
    series = pl.concat_str("agency", "sku", separator=", ")
    stamp = pl.col("date").cast(pl.Date)
    return without_gaps(rows.select(series=series, stamp=stamp, value="volume"), "monthly")


def juice(clones: Clones) -> Series:
    """Return packs of each brand sold in each store by week, if no more than four are missing."""
    rows = pl.from_pandas(clones.data_of("bayesm", "data/orangeJuice.rda")["yx"])
    found = {}
    for (store, brand), part in rows.group_by("store", "brand"):
        weeks = part["week"].cast(pl.Int64).to_numpy()
        if len(weeks) < 117 or weeks.max() != 160:
            continue
        values = np.full(160 - weeks.min() + 1, np.nan)
        values[weeks - weeks.min()] = np.exp(part["logmove"].to_numpy())
        stamps = stamps_to(date(1992, 10, 1), len(values), "weekly")
        found[f"store {int(store)}, brand {int(brand)}"] = stamps, filled(values, 1)
    return found


def cheese(clones: Clones) -> Series:
    """Return the volume sold by each retailer by week."""
    frame = clones.data_of("bayesm", "data/cheese.rda")
    rows = pl.from_pandas(frame.astype({"RETAILER": str, "VOLUME": float}))
    return {
        key: (stamps_to(date(1993, 12, 26), len(part), "weekly"), part["VOLUME"].to_numpy())
        for (key,), part in rows.group_by("RETAILER", maintain_order=True)
    }


M4, M3, M1, TOURISM = "Mcompetitions/M4-methods", "data/M3.rda", "data/M1.rda", "data/tourism.rda"
HOURLY = of_m4("Hourly", "hourly", datetime(2015, 3, 1))
WEEKLY = of_m4("Weekly", "weekly", date(2015, 3, 1))
RETAIL = of_months("aus_retail", "Turnover", "State", "Industry")
PRESCRIPTIONS = of_months("PBS", "Scripts", "Concession", "Type", "ATC2")
LIVESTOCK = of_months("aus_livestock", "Count", "Animal", "State")

SOURCES = {
    "m4_hourly": Source(48, 24, "hourly", M4, HOURLY),
    "gefcom_hourly": Source(24, 24, "hourly", "robjhyndman/tscompdata", load),
    "nn5_daily": Source(56, 7, "daily", "robjhyndman/tscompdata", cash),
    "flights_daily": Source(28, 7, "daily", "nycflights13", flights),
    "m4_weekly": Source(13, 52, "weekly", M4, WEEKLY),
    "orange_juice_weekly": Source(8, 1, "weekly", "cran/bayesm", juice),
    "cheese_weekly": Source(8, 1, "weekly", "cran/bayesm", cheese),
    "retail_monthly": Source(12, 12, "monthly", "tidyverts/tsibbledata", RETAIL),
    "prescriptions_monthly": Source(12, 12, "monthly", "tidyverts/tsibbledata", PRESCRIPTIONS),
    "livestock_monthly": Source(12, 12, "monthly", "tidyverts/tsibbledata", LIVESTOCK),
    "beer_monthly": Source(6, 12, "monthly", "sktime/pytorch-forecasting", beer),
}
for name, repository, file, steps in (
    ("m3", "Mcomp", M3, 18),
    ("m1", "Mcomp", M1, 18),
    ("tourism", "Tcomp", TOURISM, 24),
):
    owner = "robjhyndman" if repository == "Mcomp" else "cran"
    for frequency, horizon in (("monthly", steps), ("quarterly", 8)):
        found = of_competition(repository, file, frequency)
        origin = f"{owner}/{repository}"
        source = Source(horizon, PER_YEAR[frequency], frequency, origin, found)
        SOURCES[f"{name}_{frequency}"] = source


def drawn(series: Series, source: Source) -> pl.DataFrame:
    """Return the rows of the series that are long enough and change, at most a hundred."""
    able = []
    for key, (_, values) in series.items():
        past = values[: -source.horizon]
        changes = np.abs(past[source.season :] - past[: -source.season])
        long = len(values) >= 3 * source.horizon + 2 * source.season
        if long and np.isfinite(values).all() and changes.mean() > 0:
            able.append(key)
    able.sort()
    rng = np.random.default_rng(SEED)
    kept = sorted(rng.choice(able, min(MOST, len(able)), replace=False).tolist())
    parts = [(key, *series[key]) for key in kept]
    return pl.concat(
        pl.DataFrame({"series": [key] * len(values), "stamp": stamps, "value": values})
        for key, stamps, values in parts
    )


def main(folder: str, out: str, flights_file: str = "") -> None:
    """Write the sets and their index."""
    warnings.simplefilter("ignore")
    index: dict[str, Any] = {}
    for name, source in SOURCES.items():
        if name == "flights_daily" and not flights_file:
            continue
        rows = drawn(source.load(Clones(Path(folder), flights_file)), source)
        rows.write_parquet(Path(out) / f"{name}.parquet")
        print(f"{name}: {rows['series'].n_unique()} series, {len(rows):,} rows", flush=True)
        index[name] = {**source._asdict(), "source": source.origin}
        del index[name]["load"], index[name]["origin"]
    kinds = {"choosing": CHOOSING, "judging": [each for each in index if each not in CHOOSING]}
    (Path(out) / "index.json").write_text(json.dumps(index | kinds, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
