"""Times of day as they are written: 07:45, 7:45 pm, 7.45 Uhr, 7h45, 下午3:20, 15时30分."""

from __future__ import annotations

import datetime
import re

import polars as pl

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
"""The spellings that `time_of` reads."""


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


def time_of(text: str) -> datetime.time | None:
    """Return the time of day of a text that `CLOCK` matches; None if the clock has no such time."""
    hour, minute, *rest = text.split(":")
    second, _, fraction = (rest[0] if rest else "0").partition(".")
    try:
        return datetime.time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0") or 0))
    except ValueError:
        return None
