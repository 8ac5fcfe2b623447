"""Dates as ISO 8601 writes them, brought to numbers of the calendar in the terms of NumPy.

Days are counted from the 1st of March of a year, so that a leap day is the last one, as in H.
Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradum.tables.kinds.axis import MICROSECONDS_PER_DAY
from gradum.tables.kinds.raw import CLOCK, Raw, microseconds

JANUARY = np.ones(1)
EARLIEST, LATEST = 1000, 2999  # a two-digit year read as the year 20 is no date
ZONE = r"(Z| UTC|[+-]\d{2}(:?\d{2})?)"
DATE = rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T]{CLOCK})?|\d{{4}}-\d{{2}}-\d{{2}}[ T]{CLOCK}{ZONE}"


def moments(raw: Raw) -> tuple[dict[str, Any], Any]:
    """Return what `Date.dense_numbers` takes of texts, and which of them are dates.

    2024-01-31, 2024-01-31 13:45 and 2024-01-31T13:45:59.5 are dates, in UTC unless a zone follows.
    """
    matches = raw.matches(DATE)
    text: Any = np.where(matches, raw, "1970-01-01")
    halves = text.followed_by("T")  # a date without a time has two halves as well
    spaced = halves.split("T", 0).followed_by(" ").followed_by(halves.split("T", 1))
    words = spaced.followed_by(" 00:00")
    date, clock = words.split("", 0), words.split("", 1)
    year, month, day = (date.split("-", place).astype(np.float64) for place in range(3))
    clock, ahead, is_zone = _without_zone(clock)
    rest, is_time = microseconds(clock)
    first = _days(year, month)
    in_calendar = (month >= 1) & (month <= 12) & (day >= 1)
    in_month = day <= _days(year, month + 1) - first
    rest = rest - ahead
    passed = np.floor(rest / MICROSECONDS_PER_DAY)  # days by which the date in UTC is another
    rest = rest - passed * MICROSECONDS_PER_DAY
    days = first + day - 1 + passed
    before, after = days < _days(year, JANUARY), days >= _days(year + 1, JANUARY)
    year = year - before.astype(np.float64) + after.astype(np.float64)
    plausible = (year >= EARLIEST) & (year <= LATEST)
    moment = {
        "days": days,
        "rest": rest,
        "day": days - _days(year, JANUARY),
        "weekday": _remainder(days + 3, 7),  # 1 January 1970 was a Thursday
    }
    return moment, matches & in_calendar & in_month & plausible & is_time & is_zone


def _without_zone(clock: Any) -> tuple[Any, Any, Any]:
    """Return a time without its zone, how far this is ahead of UTC, and whether it exists.

    The zone is one of `ZONE` that no blank precedes, or none; it is in microseconds.
    """
    east = clock.followed_by("+00")  # each has two parts, whether there is a zone or not
    west = east.split("+", 0).followed_by("-00")
    ahead, these = _offset(east.split("+", 1))
    behind, those = _offset(west.split("-", 1))
    bare = west.split("-", 0).followed_by("Z").split("Z", 0)
    return bare, (ahead - behind) * 60_000_000, these & those


def _offset(text: Any) -> tuple[Any, Any]:
    """Return the minutes of 02, 0200 or 02:00, and whether an offset may be so large."""
    joined = text.matches(r"\d{4}")
    parts = text.followed_by(":00")
    first, second = (parts.split(":", place).astype(np.float64) for place in range(2))
    hour = np.where(joined, np.floor(first / 100), first)
    minute = np.where(joined, _remainder(first, 100), second)
    return hour * 60 + minute, (hour < 24) & (minute < 60)


def _days(year: Any, month: Any) -> Any:
    """Return the days from 1 January 1970 to the first of a month; the 13th is next January."""
    year = np.where(month <= 2, year - 1, year)
    since_march = np.where(month <= 2, month + 9, month - 3)
    leap_days = np.floor(year / 4) - np.floor(year / 100) + np.floor(year / 400)
    return year * 365 + leap_days + np.floor((153 * since_march + 2) / 5) - 719_468


def _remainder(numbers: Any, divisor: int) -> Any:
    return numbers - divisor * np.floor(numbers / divisor)
