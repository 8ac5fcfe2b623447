"""Times of day, such as 07:45, 7:45 pm and 下午3:20, including those stored as text."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.errors import ColumnError
from gradum.messages import listed, marked, say
from gradum.tables.kinds.axis import clock_text, clock_time
from gradum.tables.kinds.habits import are_gaps, narrow
from gradum.tables.kinds.kind import Accident, Kind, NumericScale, Reading
from gradum.tables.kinds.numeric.durations import clock_of
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import NotPlain, Read, missing_read
from gradum.tables.kinds.raw import CLOCK as CLOCK_OF_ISO
from gradum.tables.kinds.raw import Raw, microseconds
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.time_of_day.step import TimeOfDay
from gradum.tables.kinds.values import Values, clean, markers_of, mostly, unread_in_words
from gradum.tables.wording import joined_clauses, quoted, rows_text, rows_where

if TYPE_CHECKING:
    from gradum.tables.columns import Column

ENOUGH = 0.99
SAMPLE = 50
SOME_DIGITS = r"^\D{0,4}\d"
MOST_MARKERS = 10  # words kept as markers of missing values
FEW = 10  # fewer different times may be levels, such as shifts
NANOSECONDS_PER_MINUTE = 60_000_000_000
HALF_A_DAY = 720 * NANOSECONDS_PER_MINUTE
EARLIER, LATER = "上午|早上|凌晨|午前|오전|[Aa]\\.?[Mm]\\.?", "下午|午後|오후|[Pp]\\.?[Mm]\\.?"
HALF = f"(?:{EARLIER}|{LATER})"
_SECONDS = r"(?:[:：][0-9]{2}(?:[.,][0-9]{1,9})?)?"
SHAPES = "|".join(
    (
        rf"(?:{HALF}\s?)?[0-9]{{1,2}}[:：][0-9]{{2}}{_SECONDS}(?:\s?(?:{HALF}|Uhr|h))?",
        rf"[0-9]{{1,2}}(?:\.[0-9]{{2}})?\s?(?:{HALF}|Uhr)",
        r"[0-9]{1,2}\s?Uhr\s?[0-9]{1,2}|[0-9]{1,2}\s?h\s?[0-9]{2}",
        rf"(?:{HALF}\s?)?[0-9]{{1,2}}\s?[时時点點시]\s?(?:半|[0-9]{{1,2}}\s?[分분](?:\s?[0-9]{{1,2}}\s?[秒초])?)",
        rf"{HALF}\s?[0-9]{{1,2}}\s?[时時点點시]",
    )
)
SHAPE = f"^(?:{SHAPES})$"
UNMISTAKABLE = f"{HALF}|Uhr|[时時点點시]"
CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
"""The spellings that `_time_of` reads."""


def _half_a_day_later(times: pl.Series) -> pl.Series:
    """Mistake morning for afternoon, and afternoon for morning."""
    return ((times.to_physical() + HALF_A_DAY) % (2 * HALF_A_DAY)).cast(pl.Time)


class TimeOfDayKind(Kind):
    """Times of day; polars' Time, which counts nanoseconds since midnight."""

    name, turn = "time_of_day", 3
    step = TimeOfDay
    sayable = lies_on_line = is_ordered = is_of_one_type = has_scale = True
    accidents = (Accident("half_a_day", marked("12 hours later"), _half_a_day_later),)
    in_words = marked("times of day")
    raw_type = "text"
    read_outside = marked(
        "Times of day are read as 07:45 or 07:45:30; others, such as 7:45 pm, are missing."
    )
    stored_per_millisecond, axis_format = 1e6, "%H:%M"
    instead_of_target = marked("Predict a number instead, such as the minutes since midnight.")

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a column of times, or of texts that are times and no durations."""
        if values.raw.dtype == pl.Time:
            return Reading(self.name, joined_clauses(_described(values, values.raw)))
        if not values.is_text or values.plain_numbers:
            return None
        levels = values.levels["level"]
        sample = levels.head(SAMPLE)
        if not sample.str.contains(SOME_DIGITS).any():
            return None
        sample = narrow(sample.filter(~are_gaps(sample)))
        if not mostly(times_of_day(sample).is_not_null()):
            return None
        if _are_durations(values.name, narrow(levels)):
            return None
        return self._read(values)

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column that the user says holds times of day."""
        if values.raw.dtype == pl.Time:
            return Reading(self.name, joined_clauses(_described(values, values.raw)))
        reading = self._read(values) if values.holds_strings else None
        if reading is not None:
            return reading
        bad = self.parse(values.raw, Parse()).is_null() & clean(values.raw, Parse()).is_not_null()
        raise ColumnError(
            "Column {name!r} is to be a time of day (--time-of-day), but {rows} cannot be read "
            "as such: {values}.",
            "Write times as 07:45 or 7:45 pm, or leave out --time-of-day.",
            name=values.name,
            rows=rows_text(rows_where(bad), int(bad.sum())),
            values=quoted(values.raw.filter(bad).unique(maintain_order=True)),
        )

    def scale(self, values: pl.Series) -> NumericScale:
        """Return nanoseconds since midnight, written as times of day."""
        return NumericScale(values.to_physical().to_numpy(), self.written)

    def written(self, place: float) -> str:
        """Return a stored number of nanoseconds as a time of day."""
        return clock_text(clock_time(place / NANOSECONDS_PER_MINUTE))

    def plain(self, column: Column, step: Step) -> Read:
        """Read times of day, and texts such as 07:45, within the training range."""
        assert isinstance(step, TimeOfDay)
        markers = frozenset(markers_of(column.parse))
        missing = missing_read(self, column, step)

        def read(value: Any) -> tuple[float, ...]:
            time = value
            if type(value) is str and CLOCK.fullmatch(value) and value not in markers:
                time = _time_of(value)
            elif type(value) is not datetime.time or value.tzinfo is not None:
                return missing(value)
            counted = None if time is None else step.counted_once(time)
            if counted is None or not step.holds(counted):
                raise NotPlain
            return step.numbers(counted)

        return read

    def as_raw(self, typed: pl.Series) -> np.ndarray:
        """Return times, as ISO 8601 writes them."""
        return super().as_raw(typed.dt.to_string("%H:%M:%S%.6f"))

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Read times as ISO 8601 writes them; all else counts as missing."""
        assert isinstance(step, TimeOfDay)
        matches = raw.matches(CLOCK_OF_ISO)
        clock, exists = microseconds(np.where(matches, raw, "00:00"))
        minutes = clock * 1_000 * (1 / NANOSECONDS_PER_MINUTE)
        return {"dense": step.dense_numbers(minutes, ~(matches & exists))}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as ``Time``."""
        if raw.dtype in (pl.Time, pl.Null):
            return raw.cast(pl.Time)
        if raw.dtype == pl.Datetime:
            return raw.dt.time()
        return times_of_day(narrow(clean(raw, how)))

    def _read(self, values: Values) -> Reading | None:
        """Return the reading of texts of which nearly all are times of day."""
        levels = values.levels
        known = levels.filter(~are_gaps(levels["level"]))
        read = times_of_day(narrow(known["level"])).is_not_null()
        if int(known["count"].filter(read).sum()) < ENOUGH * max(int(known["count"].sum()), 1):
            return None
        times = times_of_day(narrow(levels["level"]))
        clauses = _described(values, times)
        unread = levels.filter(times.is_null())
        clauses += unread_in_words(unread)
        how = Parse(missing=(*values.markers, *unread["level"].head(MOST_MARKERS)))
        return Reading(self.name, joined_clauses(clauses), how, unread=int(unread["count"].sum()))


def _are_durations(name: str, levels: pl.Series) -> bool:
    """Whether texts such as 2:15 are no times of day, or nothing shows that they are."""
    if levels.head(SAMPLE).str.contains(UNMISTAKABLE).any():
        return False
    return bool(clock_of(name, levels)) or not levels.str.contains(r"^0\d|[:h]0\d").any()


def _described(values: Values, times: pl.Series) -> list[str]:
    """Return clauses on the times, and on what else they may be."""
    low, high = times.min(), times.max()
    if low is None:
        return [say("Times of day")]
    clauses = [say("Times of day from {low} to {high}", low=clock_text(low), high=clock_text(high))]  # type: ignore[arg-type]
    others = []
    if values.is_text and not values.levels["level"].head(SAMPLE).str.contains(UNMISTAKABLE).any():
        others.append(say("--numeric {name!r} if they are durations", name=values.name))
    if 1 < times.n_unique() < FEW:
        others.append(say("--categorical {name!r} to take each by itself", name=values.name))
    return [*clauses, *([listed(others)] if others else [])]


def times_of_day(texts: pl.Series) -> pl.Series:
    """Return stripped texts as times of day, null where they are none; 24:00 is none."""
    shaped = texts.set(~texts.str.contains(SHAPE), None)
    if shaped.null_count() == len(shaped):
        return shaped.clear(len(shaped)).cast(pl.Time)
    digits = shaped.str.extract_all(r"[0-9]+")
    given = [digits.list.get(place, null_on_oob=True) for place in range(4)]
    hour, minute, second = (part.cast(pl.Int64) for part in given[:3])
    minute = minute.fill_null(shaped.str.ends_with("半").cast(pl.Int64) * 30)
    fraction = given[3].str.pad_end(9, "0").cast(pl.Int64).fill_null(0)
    second = second.fill_null(0)
    later = shaped.str.contains(LATER)
    halved = (later | shaped.str.contains(EARLIER)) & (hour <= 12)
    hour = hour.zip_with(~halved, hour % 12 + later.cast(pl.Int64) * 12)
    valid = (hour < 24) & (minute < 60) & (second < 60)
    total = ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + fraction
    return total.set(~valid, None).cast(pl.Time)


def _time_of(text: str) -> datetime.time | None:
    """Return the time of day of a text that `CLOCK` matches; None if the clock has no such time."""
    hour, minute, *rest = text.split(":")
    second, _, fraction = (rest[0] if rest else "0").partition(".")
    try:
        return datetime.time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0") or 0))
    except ValueError:
        return None
