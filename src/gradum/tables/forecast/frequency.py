"""The regular step of stamps, by which a stamp has a number, its place, and a place a stamp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from gradum.messages import marked, say

SECOND, DAY = 1_000_000, 86_400_000_000
HOUR, WEEK = 3600 * SECOND, 7 * DAY
SHORTEST_MONTH = 27 * DAY
MONDAY = np.datetime64("1970-01-05", "us").astype(np.int64)

LENGTHS = (
    (WEEK, marked("a row a week"), marked("a row every {count} weeks")),
    (DAY, marked("a row a day"), marked("a row every {count} days")),
    (HOUR, marked("a row an hour"), marked("a row every {count} hours")),
    (60 * SECOND, marked("a row a minute"), marked("a row every {count} minutes")),
    (SECOND, marked("a row a second"), marked("a row every {count} seconds")),
)

Unit = Literal["us", "weekdays", "months", "numbers"]

SEASONS = {1: (12,), 3: (4,)}
"""The steps of a year, by the months of a step."""


class Frequency(Struct, frozen=True, forbid_unknown_fields=True):
    """A regular grid of stamps: start, start + step, start + 2 step."""

    unit: Unit
    """What is counted. "us": the step is a number of microseconds; "weekdays": of days from Monday
    to Friday; "months": of calendar months; "numbers": stamps are plain numbers."""
    step: float
    """In this unit."""
    start: float
    """The stamp of place 0: microseconds since 1970 (UTC), or a number."""
    month_end: bool = False
    """Whether stamps of months are the last days of theirs."""

    def __post_init__(self) -> None:
        """Refuse a step that leads nowhere."""
        if not self.step > 0:
            raise ValueError("the step of a series is not above 0")

    @property
    def dated(self) -> bool:
        """Whether stamps are moments rather than numbers."""
        return self.unit != "numbers"

    def places(self, stamps: np.ndarray) -> np.ndarray:
        """Return the place of each stamp (n,) on the grid; NaN beside the grid."""
        if self.unit == "months":
            exact = (_months(stamps) - _months(self._start)) / self.step
            exact = np.where(self.stamps(np.round(exact)) == stamps, exact, np.nan)
        elif self.unit == "weekdays":
            days, rest = np.divmod(stamps.astype(np.int64) - int(self.start), DAY)
            week, day = np.divmod(days, 7)  # the start is a Monday
            exact = np.where((day < 5) & (rest == 0), (5.0 * week + day) / self.step, np.nan)
        else:
            exact = (stamps - self.start) / self.step
        places = np.round(exact)
        return np.where(np.abs(exact - places) < 1e-6, places, np.nan)

    def stamps(self, places: np.ndarray) -> np.ndarray:
        """Return the stamps (n,) of places: int64 microseconds, or float64 numbers."""
        if self.unit == "numbers":
            return self.start + self.step * places
        places = places.astype(np.int64)
        if self.unit == "months":
            months = _month_of(self._start) + (places * int(self.step)).astype("timedelta64[M]")
            return self._day_of(months)
        if self.unit == "weekdays":
            week, day = np.divmod(places * int(self.step), 5)
            return int(self.start) + (7 * week + day) * DAY
        return int(self.start) + places * int(self.step)

    def seasons(self) -> tuple[int, ...]:
        """Return the cycles, in steps, that series of this frequency may follow, shortest first."""
        if self.unit == "weekdays":
            return (5,) if self.step == 1 else ()
        if self.unit == "months":
            return SEASONS.get(int(self.step), ())
        if self.unit == "numbers":
            return ()
        cycles = [HOUR, DAY, WEEK] if self.step < 5 * 60 * SECOND else [DAY, WEEK]
        yearly = () if self.per_day else (364 * DAY,)
        lengths = [length / self.step for length in (*cycles, *yearly)]
        return tuple(int(n) for n in lengths if n >= 2 and n == int(n))

    @property
    def per_day(self) -> int:
        """How many steps make a day, if it is at least two; otherwise 0."""
        steps = DAY / self.step if self.unit == "us" else 0
        return int(steps) if steps >= 2 and steps == int(steps) else 0

    @property
    def per_year(self) -> float:
        """How many steps make a year; 0 for numbers."""
        months = 12 / self.step
        days = 365.25 * DAY / self.step
        return {"us": days, "weekdays": 261 / self.step, "months": months, "numbers": 0}[self.unit]

    @property
    def in_words(self) -> str:
        """The step as readers say it."""
        count = int(self.step)
        if self.unit == "numbers":
            return say("a row every {step:g}", step=self.step)
        if self.unit == "weekdays":
            return say("a row on every day from Monday to Friday")
        if self.unit == "months":
            return (
                say("a row a month")
                if count == 1
                else say("a row every {count} months", count=count)
            )
        for length, one, many in LENGTHS:
            if self.step % length == 0:
                steps = int(self.step // length)
                return say(one) if steps == 1 else say(many, count=steps)
        return say("a row every {seconds:g} seconds", seconds=self.step / SECOND)

    @property
    def _start(self) -> np.ndarray:
        return np.array([self.start]).astype(np.int64)

    def _day_of(self, months: np.ndarray) -> np.ndarray:
        """Return the stamp in each month: the day and time of the start, or the last day."""
        first = months.astype("datetime64[us]").astype(np.int64)
        following = (months + np.timedelta64(1, "M")).astype("datetime64[us]").astype(np.int64)
        begun = _month_of(self._start)
        into = int((self._start - begun.astype("datetime64[us]").astype(np.int64))[0])
        if not self.month_end:
            return first + into
        return following - DAY + into % DAY


def frequency_of(series: Sequence[np.ndarray], *, dated: bool) -> Frequency | None:
    """Return the frequency of sorted, distinct stamps of several series; None if there is none.

    It is the commonest step. Days without Saturdays and Sundays are weekdays; steps of 28 days and
    more on one day of the month, or on the last, are months.
    """
    steps = np.concatenate([np.diff(stamps) for stamps in series])
    if not len(steps):
        return None
    everything = np.concatenate(series)
    start = float(everything.min())
    step = commonest(steps)
    if not dated:
        return Frequency("numbers", step, start)
    if steps.min() >= SHORTEST_MONTH and (monthly := _of_months(everything, series)) is not None:
        return monthly
    if step == DAY and len(everything) >= 10:
        days = (everything.astype(np.int64) - MONDAY) // DAY % 7
        if (days < 5).all() and (steps == 3 * DAY).any():
            monday = start - float((int(start) - MONDAY) // DAY % 7 * DAY)
            return Frequency("weekdays", 1, monday)
    return Frequency("us", step, start)


def commonest(steps: np.ndarray) -> float:
    """Return the commonest of some steps; of equally common ones, the shortest."""
    values, counts = np.unique(steps, return_counts=True)
    return float(values[counts.argmax()])


def _of_months(stamps: np.ndarray, series: Sequence[np.ndarray]) -> Frequency | None:
    months = np.concatenate([np.diff(_months(each)) for each in series])
    for month_end in (False, True):
        found = Frequency("months", commonest(months), float(stamps.min()), month_end)
        if np.isfinite(found.places(stamps)).all():
            return found
    return None


def _month_of(stamps: np.ndarray) -> np.ndarray:
    return stamps.astype(np.int64).astype("datetime64[us]").astype("datetime64[M]")


def _months(stamps: np.ndarray) -> np.ndarray:
    return _month_of(stamps).astype(np.int64)
