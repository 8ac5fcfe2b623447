"""Plain dates: of Python's types, or texts of ISO formats."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.plain import NotPlain, Read, missing_read
from gradum.tables.kinds.values import markers_of

if TYPE_CHECKING:
    from gradum.tables.columns import Column
    from gradum.tables.kinds.kind import Kind

EARLIEST, LATEST = 1000, 2999  # a two-digit year read as the year 20 is no date
_DAY, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
_SECONDS = rf"{_TIME}:[0-9]{{2}}(\.[0-9]{{3}}|\.[0-9]{{6}})?"
ISO_DATE_FORMAT = "%Y-%m-%d"
ISO = {  # formats, and the texts that Python reads as they do
    ISO_DATE_FORMAT: re.compile(_DAY),
    "%Y-%m-%d %H:%M": re.compile(f"{_DAY} {_TIME}"),
    "%Y-%m-%dT%H:%M": re.compile(f"{_DAY}T{_TIME}"),
    "%Y-%m-%d %H:%M:%S%.f": re.compile(f"{_DAY} {_SECONDS}"),
    "%Y-%m-%dT%H:%M:%S%.f": re.compile(f"{_DAY}T{_SECONDS}"),
}


def plain_dates(kind: Kind, column: Column, step: Date) -> Read:
    """Read dates and times of the training range, and texts of the column's format if it is ISO's.

    They have no zone.
    """
    shape = ISO.get(column.parse.date_format or ISO_DATE_FORMAT)
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
        if not step.holds(moment):
            raise NotPlain
        return step.numbers(moment)

    return read


def _moment(text: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:  # 30 February
        raise NotPlain from None
    if not EARLIEST <= moment.year <= LATEST:
        raise NotPlain
    return moment
