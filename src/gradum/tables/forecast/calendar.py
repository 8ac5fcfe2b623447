"""The place of stamps in the calendar: which columns of it the series support, and their values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import polars as pl

from gradum.tables.forecast.facet import Forecast
from gradum.tables.forecast.frequency import DAY, WEEK, Frequency
from gradum.tables.forecast.panel import Panel

Named = tuple[np.ndarray, tuple[str, ...]]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = tuple(f"{month:02d}" for month in range(1, 13))
CLOCK = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))

SINCE = ", change since naive"
"""What the name of a column ends in that is less its value where the naive forecast looks."""

OF_HOLIDAYS = ("holiday", "holidays in week", "trading days")
"""The columns that hang on holidays, where there are any."""

FEWEST = 2  # special days, among the stamps that surely teach, of which an effect is learned
TEACH = 0.8  # of the stamps, the first

BEYOND_CHANCE = 3.0
"""Of t: neighbours share values, so that |t| ≥ 2 is there in one of five series of noise."""


def calendar_of(known: Forecast, panel: Panel) -> tuple[str, ...]:
    """Return the columns of the calendar that series support.

    These are cycles that were seen twice, and what is special of days or months if it was seen at
    `FEWEST` of them, before the stamps that judge. If nobody asked for it, it also has to go with
    what the naive forecast misses there.
    """
    if not known.frequency.dated:
        return ()
    years = int(np.isfinite(panel.target).sum(1).max()) / known.frequency.per_year
    places = panel.first + np.arange(int(TEACH * (known.end - panel.first + 1)))
    before = dict(_special(known, places - known.season))
    missed = _missed(panel.target[:, : len(places)], known.season)
    special = [
        name
        for name, values in _special(known, places)
        if _often(known, places, values)
        and (
            (name in OF_HOLIDAYS and known.holidays) or _go_together(values - before[name], missed)
        )
    ]
    if known.frequency.unit == "months" and years < 2:
        special = []
    return (*_cycles(known.frequency, years), *special, *(name + SINCE for name in special))


def _missed(target: np.ndarray, season: int) -> np.ndarray:
    """Return what repeating a season misses at each stamp (T,), in the mean of all series (S, T).

    It is in standard deviations of each series; NaN where no series has it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of stamps and series without values
        changes = np.full(target.shape, np.nan)
        changes[:, season:] = target[:, season:] - target[:, :-season]
        spread = np.nanstd(changes, axis=1, keepdims=True)
        return np.nanmean(np.where(spread > 0, changes / spread, np.nan), axis=0)


def _go_together(changes: np.ndarray, missed: np.ndarray) -> bool:
    """Whether two columns (T,) correlate beyond chance: |r| √((n − 2) / (1 − r²)) ≥ 3."""
    both = np.isfinite(changes) & np.isfinite(missed)
    if both.sum() < 3 or not changes[both].std() or not missed[both].std():
        return False
    square = np.corrcoef(changes[both], missed[both])[0, 1] ** 2
    return bool(square * (both.sum() - 2) >= BEYOND_CHANCE**2 * (1 - square))


def _often(known: Forecast, places: np.ndarray, values: np.ndarray) -> bool:
    """Whether values (n,) are not the commonest one on enough days."""
    found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if not len(found):
        return False
    rare = np.isfinite(values) & (values != found[counts.argmax()])
    return len(np.unique(_days(known, places)[rare])) >= FEWEST


def _cycles(frequency: Frequency, years: float) -> Iterator[str]:
    if frequency.unit == "months":
        yield from ["month"] * (years >= 2)
        return
    if frequency.unit == "weekdays" or frequency.step <= 1.5 * DAY:
        yield "weekday"
        if frequency.per_day:
            yield "clock" if frequency.per_day <= 48 else "time of day"
        yield from ["day of month"] * (years >= 0.25)
    yield from ["year, sine", "year, cosine"] * (years >= 2)


def in_calendar(known: Forecast, places: np.ndarray, before: np.ndarray) -> dict[str, Named]:
    """Return the columns of the calendar at places (n,), and the names of places in cycles.

    ``before`` (n,) is where the naive forecasts look.
    """
    values = _in_cycles(_moments(known, places)) if known.calendar else {}
    special = dict(_special(known, places))
    values |= {name: (value, ()) for name, value in special.items()}
    if any(name.endswith(SINCE) for name in known.calendar):
        then = dict(_special(known, before))
        values |= {name + SINCE: (special[name] - then[name], ()) for name in special}
    named = zip(known.calendar_columns, known.calendar, strict=True)
    return {column: values[name] for column, name in named if name in values}


def _in_cycles(moments: np.ndarray) -> dict[str, Named]:
    days = moments.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    year = (days - moments.astype("datetime64[Y]").astype("datetime64[D]")).astype(float)
    angle = 2 * np.pi * year / 365.25
    minutes = ((moments - days) / np.timedelta64(1, "m")).astype(int)
    return {
        "weekday": (_weekday(days), WEEKDAYS),
        "time of day": (minutes, ()),
        "clock": (minutes, CLOCK),
        "month": (months.astype(np.int64) % 12, MONTHS),
        "day of month": ((days - months.astype("datetime64[D]")).astype(int) + 1, ()),
        "year, sine": (np.sin(angle), ()),
        "year, cosine": (np.cos(angle), ()),
    }


def _special(known: Forecast, places: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what is special of the days or months at places (n,), as numbers; NaN if unknown.

    Of days: whether they are the last of their month on the grid, and holidays. Of weeks: how many
    holidays they have from Monday to Sunday. Of months: how many days, and how many from Monday to
    Friday that are no holidays.
    """
    frequency, holidays = known.frequency, known.holidays_as_days
    days = _days(known, places)
    if frequency.unit == "months":
        first, end = _period(days, int(frequency.step), last=frequency.month_end)
        yield "days in month", (end - first).astype(float)
        yield "trading days", np.busday_count(first, end, holidays=holidays).astype(float)
    elif frequency.unit == "us" and frequency.step == WEEK and len(holidays):
        monday = days - _weekday(days).astype("timedelta64[D]")
        counts = np.searchsorted(holidays, [monday, monday + np.timedelta64(7, "D")])
        yield "holidays in week", _until(days, holidays, counts[1] - counts[0])
    elif frequency.unit == "weekdays" or frequency.step <= DAY:
        step = np.where((frequency.unit == "weekdays") & (_weekday(days) == 4), 3, 1)
        later = days + step.astype("timedelta64[D]")
        month, following = (each.astype("datetime64[M]") for each in (days, later))
        yield "last day of month", (month != following).astype(float)
        if len(holidays):
            yield "holiday", _until(days, holidays, np.isin(days, holidays))


def _until(days: np.ndarray, holidays: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values (n,), NaN after the last year whose holidays are known."""
    known = days.astype("datetime64[Y]") <= holidays[-1].astype("datetime64[Y]")
    return np.where(known, values, np.nan)


def _period(days: np.ndarray, months: int, *, last: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the first day (n,) of so many months, and the one after; the last or first has it."""
    here = days.astype("datetime64[M]")
    first = here - np.timedelta64((months - 1) * last, "M")
    after = first + np.timedelta64(months, "M")
    return first.astype("datetime64[D]"), after.astype("datetime64[D]")


def _weekday(days: np.ndarray) -> np.ndarray:
    return (days.astype(np.int64) + 3) % 7


def _days(known: Forecast, places: np.ndarray) -> np.ndarray:
    """Return the days (n,) of places, in the zone of the stamps if they have one."""
    moments = _moments(known, places)
    if known.zone and not known.clock:
        here = pl.Series(moments).dt.replace_time_zone("UTC").dt.convert_time_zone(known.zone)
        moments = here.dt.replace_time_zone(None).to_numpy()
    return moments.astype("datetime64[D]")


def _moments(known: Forecast, places: np.ndarray) -> np.ndarray:
    return known.frequency.stamps(places).astype(np.int64).astype("datetime64[us]")
