"""Dates and times, including those stored as text; kept as UTC without a zone."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.errors import ColumnError, SchemaError
from gradum.forks import refuse_after_fork
from gradum.messages import marked, say
from gradum.tables.doubt import Doubt
from gradum.tables.kinds.date.iso import EARLIEST, LATEST, moments
from gradum.tables.kinds.date.periods import PERIODS, SHAPE, first_days, spelled
from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.habits import are_gaps, narrow
from gradum.tables.kinds.kind import Accident, Kind, NumericScale, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import NotPlain, Read, missing_read
from gradum.tables.kinds.raw import Raw
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.values import Values, clean, markers_of, mostly, unread_in_words
from gradum.tables.wording import joined_clauses, quoted, rows_text, rows_where

if TYPE_CHECKING:
    from gradum.tables.columns import Column

ENOUGH = 0.99
YEAR = datetime.timedelta(days=365)
WEEK = 7 * 86_400_000_000  # in microseconds
SAMPLE = 50
SAMPLE_OF_TWO = 2_000  # levels searched for two formats
MOST_MARKERS = 10  # words kept as markers of missing values
ISO = ("%Y-%m-%d", "%Y/%m/%d")
# month first stands before day first: it wins where the data cannot tell them apart
MONTHS = ("%Y年%m月", "%Y년 %m월", "%Y년%m월")
EAST_ASIAN = ("%Y年%m月%d日", "%Y년 %m월 %d일", "%Y년%m월%d일")
OTHERS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y"),
    *("%d-%m-%Y", "%m-%d-%Y", "%B %d %Y", "%B %d, %Y", "%d %B %Y", "%d-%B-%Y", "%d-%B-%y"),
)
TIMES = ("", " %H:%M", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p")
ISO_TIMES = (
    *("T%H:%M", "T%H:%M:%S%.f", "T%H:%M:%S%.f%#z", " %H:%M:%S%.f%#z", " %H:%M:%S%.f UTC"),
    *("T%H:%M%#z", " %H:%M%#z", " %H:%M UTC"),
)
FORMATS = (
    *(date + time for date in ISO for time in (*TIMES, *ISO_TIMES)),
    *(date + time for date in OTHERS for time in TIMES),
    *(date + time for date in EAST_ASIAN for time in TIMES[:3]),
    *MONTHS,
    *PERIODS,
)
# read as dates only if the user says so: such numbers are far more often quantities
ON_DEMAND = ("%Y%m%d", "%Y")
LOOKS_LIKE_A_DATE = (
    r"^(\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})"
    r"|\d{4}[年년] ?\d{1,2}[月월]( ?\d{1,2}[日일])?"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})([T ].*)?$"
    rf"|{SHAPE}"
)
_DAY, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_SECONDS = rf"{_TIME}:[0-9]{{2}}(\.[0-9]{{3}}|\.[0-9]{{6}})?"
PLAIN_DATE = "%Y-%m-%d"
PLAIN = {  # formats, and the texts that Python reads as these formats do
    PLAIN_DATE: re.compile(_DAY),
    "%Y-%m-%d %H:%M": re.compile(f"{_DAY} {_TIME}"),
    "%Y-%m-%dT%H:%M": re.compile(f"{_DAY}T{_TIME}"),
    "%Y-%m-%d %H:%M:%S%.f": re.compile(f"{_DAY} {_SECONDS}"),
    "%Y-%m-%dT%H:%M:%S%.f": re.compile(f"{_DAY}T{_SECONDS}"),
}


class DateKind(Kind):
    """Points in time; microseconds since 1970, UTC."""

    name, turn = "date", 3
    step = Date
    sayable = lies_on_line = is_ordered = is_time = is_of_one_type = has_scale = True
    accidents = (Accident("year_later", marked("a year later"), lambda dates: dates + YEAR),)
    in_words = marked("dates")
    raw_type = "text"
    read_outside = marked(
        "Dates are read as 2024-01-31, 2024-01-31 13:45 or 2024-01-31T13:45:59.5, each time "
        "perhaps with a zone (Z, UTC, +02, +0200 or +02:00); others, such as 31.01.2024, are "
        "missing."
    )
    stored_per_millisecond, axis_format = 1e3, "%Y-%m-%d"
    instead_of_target = marked("Predict a number instead, such as the days since a fixed date.")

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a date column, or of texts that follow one common format."""
        if values.raw.dtype in (pl.Date, pl.Datetime):
            return Reading("date", _span(self.parse(values.raw, Parse())))
        if not values.is_text or values.plain_numbers:
            return None
        levels = values.levels["level"]
        sample = narrow(levels.filter(~are_gaps(levels)).head(SAMPLE))
        if not len(sample) or not mostly(sample.str.contains(LOOKS_LIKE_A_DATE)):
            return None
        return _read(values, FORMATS)

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column that the user says holds dates."""
        if values.raw.dtype in (pl.Date, pl.Datetime):
            return Reading("date", _span(self.parse(values.raw, Parse())))
        reading = _read(values, (*FORMATS, *ON_DEMAND))
        if reading is not None:
            return reading
        texts = clean(values.raw, Parse())
        head = texts.drop_nulls().head(SAMPLE)
        nearest = max(FORMATS, key=lambda pattern: -_dates(head, pattern).null_count())
        dates = _dates(texts, nearest)
        bad = dates.is_null() & texts.is_not_null()
        raise ColumnError(
            "Column {name!r} is to be a date (--date), but {rows} cannot be read as such: "
            "{values}.",
            "Write dates as 2024-01-31 or 2024-01-31 13:45, or leave out --date.",
            name=values.name,
            rows=rows_text(rows_where(bad), int(bad.sum())),
            values=quoted(values.raw.filter(bad).unique(maintain_order=True)),
        )

    def scale(self, values: pl.Series) -> NumericScale:
        """Return microseconds, written as days; with the time if all lie within a week."""
        moments = values.to_physical().to_numpy()
        unit = "m" if len(moments) and np.ptp(moments) < WEEK else "D"

        def write(moment: float) -> str:
            return str(np.datetime64(int(moment), "us").astype(f"M8[{unit}]")).replace("T", " ")

        return NumericScale(moments, write)

    def written(self, place: float) -> str:
        """Return the day of a moment in microseconds."""
        return str(np.datetime64(int(place), "us").astype("M8[D]"))

    def plain(self, column: Column, step: Step) -> Read:
        """Read plain dates within the training range."""
        assert isinstance(step, Date)
        return _plain(self, column, step)

    def refuse_parse(self, name: str, how: Parse) -> None:
        """Raise SchemaError if dates cannot be read by a format."""
        for field in ("date_format", "other_date_format"):
            pattern = getattr(how, field)
            if pattern and not is_format(pattern):
                raise SchemaError(
                    "The schema's column {name!r}, field {field!r}: dates cannot be read by "
                    "{pattern!r}.",
                    "Use a format such as '%d/%m/%Y %H:%M'.",
                    name=name,
                    field=field,
                    pattern=pattern,
                )

    def as_raw(self, typed: pl.Series) -> np.ndarray:
        """Return dates with their time, as ISO 8601 writes them."""
        return super().as_raw(typed.dt.to_string("%Y-%m-%d %H:%M:%S%.6f"))

    def spelled(self, typed: pl.Series, how: Parse) -> pl.Series:
        """Return dates in their column's format; as they are if it holds no texts."""
        return spelled(typed, how.date_format) if how.date_format else typed

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Read dates as ISO 8601 writes them; all else counts as missing."""
        assert isinstance(step, Date)
        moment, known = moments(raw)
        return {"dense": step.dense_numbers(moment, ~known)}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as ``Datetime("us")`` in UTC."""
        if raw.dtype == pl.Datetime:
            if getattr(raw.dtype, "time_zone", None):
                raw = raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            return raw.dt.cast_time_unit("us")
        if raw.dtype in (pl.Date, pl.Null):
            return raw.cast(pl.Datetime("us"))
        texts = clean(raw, how)
        if how.date_format:
            dates = _in_formats(texts, how.date_format, how.other_date_format)
            if dates.null_count() < len(dates):
                return dates
        other = _format_of(texts.drop_nulls(), None, FORMATS)  # the source may write a new format
        return _dates(texts, other[0]) if other else _dates(texts, FORMATS[0])

    def other_reading(self, raw: pl.Series, how: Parse) -> str:
        """Say in which format texts are written if it is another one, unless both are ISO's."""
        if raw.dtype != pl.String:
            return ""
        head = clean(raw.drop_nulls().head(SAMPLE), how).drop_nulls()
        usual = how.date_format or PLAIN_DATE  # a column of dates has no format
        own = (usual, how.other_date_format)
        if not len(head) or _in_formats(head, *own).null_count() < len(head):
            return ""
        texts = clean(raw, how).drop_nulls()
        other = _format_of(texts, None, FORMATS)
        if other is None or _in_formats(texts, *own).null_count() < len(texts):
            return ""
        pattern, rival = other
        if pattern.startswith(ISO) and usual.startswith(ISO):
            return ""
        said = say(
            "its dates are read as {format}, in training as {usual}",
            format=_readable(pattern),
            usual=_readable(usual),
        )
        if not rival:
            return said
        as_well = say("{format} would fit as well", format=_readable(rival))
        return joined_clauses([said, as_well])


def _read(values: Values, formats: tuple[str, ...]) -> Reading | None:
    levels = values.levels
    dated = levels.filter(~are_gaps(levels["level"]))
    best = _format_of(dated["level"], dated["count"], formats)
    pattern, rival, other = *(best or ("", "")), ""
    if best is None:
        pattern, other = _two_formats_of(dated["level"], dated["count"])
    if not pattern:
        return None
    dates = _in_formats(levels["level"], pattern, other)
    written = say("written as {format}", format=_readable(pattern))
    if other:
        written = say(
            "written as {format} and, {share:.0%} of them, as {other}",
            format=_readable(pattern),
            share=_share_read(dated["level"], dated["count"], other),
            other=_readable(other),
        )
    clauses, doubts = [_span(dates), written], []
    if pattern in (*MONTHS, *PERIODS):
        clauses.append(say("each stands for its first day"))
    if rival:
        as_well = say("{format} would fit as well", format=_readable(rival))
        clauses.append(as_well)
        doubts.append(Doubt("order", joined_clauses([written, as_well])))
    unread = levels.filter(dates.is_null())
    clauses += unread_in_words(unread)
    words = unread["level"].head(MOST_MARKERS)
    how = Parse(missing=(*values.markers, *words), date_format=pattern, other_date_format=other)
    return Reading(
        "date",
        joined_clauses(clauses),
        how,
        unread=int(unread["count"].sum()),
        doubts=tuple(doubts),
    )


def _format_of(
    levels: pl.Series, counts: pl.Series | None, formats: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return the format that reads the most levels, and another that reads as many ("" if none)."""
    weights = pl.repeat(1, len(levels), eager=True) if counts is None else counts
    sample = levels.head(SAMPLE)
    shares: dict[str, float] = {}
    for pattern in _promising(sample, formats):
        read = _dates(levels, pattern).is_not_null()
        shares[pattern] = float(weights.filter(read).sum()) / max(int(weights.sum()), 1)
    good = {pattern: share for pattern, share in shares.items() if share >= ENOUGH}
    if not good:
        return None
    best = max(good, key=good.__getitem__)
    swapped = _swapped(best)
    rival = swapped if swapped != best and good.get(swapped) == good[best] else ""
    return best, rival


def _two_formats_of(levels: pl.Series, counts: pl.Series) -> tuple[str, str]:
    """Return two formats that together read nearly all levels, the commoner first; "" if none.

    No level may be read by both, and it must be clear which number is the day and which the month.
    """
    sample = levels.head(SAMPLE_OF_TWO)
    read = _read_by(sample, FORMATS)
    first = max(read, key=lambda pattern: int(read[pattern].sum()))
    rest = {pattern: mask & ~read[first] for pattern, mask in read.items()}
    second = max(rest, key=lambda pattern: int(rest[pattern].sum()))
    for pattern in (first, second):
        twin = read.get(_swapped(pattern))
        if twin is not None and pattern != _swapped(pattern) and (read[pattern] == twin).all():
            return "", ""
    both = _dates(levels, first).is_not_null() & _dates(levels, second).is_not_null()
    if both.any() or not rest[second].any():
        return "", ""
    read_by = (_dates(levels, first).is_not_null()) | _dates(levels, second).is_not_null()
    share = int(counts.filter(read_by).sum()) / max(int(counts.sum()), 1)
    return (first, second) if share >= ENOUGH else ("", "")


def _share_read(levels: pl.Series, counts: pl.Series, pattern: str) -> float:
    read = _dates(levels, pattern).is_not_null()
    return int(counts.filter(read).sum()) / max(int(counts.sum()), 1)


def _swapped(pattern: str) -> str:
    """Return a format with day and month exchanged."""
    return pattern.replace("%m", "\0").replace("%d", "%m").replace("\0", "%d")


def _promising(sample: pl.Series, formats: tuple[str, ...]) -> list[str]:
    """Return the formats that read the larger part of a sample."""
    return [pattern for pattern, read in _read_by(sample, formats).items() if mostly(read)]


def is_format(pattern: str) -> bool:
    """Whether dates can be read by a format; its parts may contradict each other."""
    if "%f" in pattern:  # polars warns of it; catching this would change the process's filters
        return False
    refuse_after_fork()
    try:
        _dates(pl.Series(["2024-01-31"]), pattern)
    except pl.exceptions.PolarsError:
        return False
    return True


def _in_formats(texts: pl.Series, pattern: str, other: str) -> pl.Series:
    """Return texts read by a format, or by the other one if they do not follow the first."""
    dates = _dates(texts, pattern)
    return dates.fill_null(_dates(texts, other)) if other and dates.null_count() else dates


def _dates(texts: pl.Series, pattern: str) -> pl.Series:
    """Return texts read by one format as naive UTC, null where they do not follow it."""
    return narrow(texts).to_frame("text").select(_dated(pattern)).to_series().alias(texts.name)


def _read_by(texts: pl.Series, formats: tuple[str, ...]) -> dict[str, pl.Series]:
    """Return by each format which texts it reads; to ask polars at once takes a seventh as long."""
    read = [_dated(pattern).is_not_null().alias(pattern) for pattern in formats]
    return narrow(texts).to_frame("text").select(read).to_dict()


@lru_cache(maxsize=2 * len(FORMATS))
def _dated(pattern: str) -> pl.Expr:
    """Read the column "text" by one format."""
    text = pl.col("text")
    if pattern in PERIODS:
        return first_days(text, pattern)
    if pattern in MONTHS:  # polars reads no month without a day
        text, pattern = text + " 1", pattern + " %d"
    dates = text.str.to_datetime(pattern, strict=False, time_unit="us")
    if "z" in pattern or "%+" in pattern:  # a zone
        dates = dates.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return pl.when(dates.dt.year().is_between(EARLIEST, LATEST)).then(dates)


def _span(dates: pl.Series) -> str:
    low, high = dates.min(), dates.max()
    if low is None:
        return say("Dates")
    return say("Dates from {low} to {high}", low=str(low)[:10], high=str(high)[:10])


def _readable(pattern: str) -> str:
    """Return a format in everyday letters: %d/%m/%Y as dd/mm/yyyy."""
    letters = {
        "%Y": "yyyy",
        "%y": "yy",
        "%m": "mm",
        "%q": "q",
        "%V": "ww",
        "%b": say("month"),
        "%d": "dd",
        "%B": say("month"),
        "%H": "hh",
        "%I": "hh",
        "%M": "mm",
        "%S": "ss",
        "%.f": "",
        "%p": "am/pm",
        "%#z": say(" with zone"),
    }
    for code, word in letters.items():
        pattern = pattern.replace(code, word)
    return pattern


def _plain(kind: Kind, column: Column, step: Date) -> Read:
    """Read dates and times of the training range, and texts of the column's format if it is ISO's.

    None has a zone.
    """
    shape = PLAIN.get(column.parse.date_format or PLAIN_DATE)
    markers = frozenset(markers_of(column.parse))
    missing = missing_read(kind, column, step)

    def read(value: Any) -> tuple[float, ...]:
        if type(value) is str and shape and shape.fullmatch(value) and value not in markers:
            moment = _moment(value)
        elif type(value) is datetime.datetime and value.tzinfo is None:
            moment = value
        elif type(value) is datetime.date:
            moment = datetime.datetime(value.year, value.month, value.day)
        else:
            return missing(value)
        counted = step.counted_once(moment)
        if not step.holds(counted):
            raise NotPlain
        return step.numbers(counted)

    return read


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:  # 30 February
        raise NotPlain from None
    if not EARLIEST <= moment.year <= LATEST:
        raise NotPlain
    return moment
