"""Durations written with colons or by ISO 8601, and what tells them from times of day."""

from __future__ import annotations

import re

import polars as pl

CLOCKS = ("h:mm", "m:ss")
CLOCK = (
    r"^(?:(\d+)\s?(?:days?|d|Tage?n?|天)[,\s]*)?(\d{1,4})[:h](\d{2})(?::(\d{2}(?:[.,]\d{1,9})?))?$"
)
ISO = (
    r"^P(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$"
)
SHAPE = rf"{CLOCK}|^P(?:\d+[WD]|T\d)"
HOUR, MINUTE, SECOND = 3_600_000.0, 60_000.0, 1_000.0  # in milliseconds, as in `units`
FEWEST = 10  # distinct durations, of which one in six has a last part below 10
NIGHT = 5  # few times of day lie before this hour

NAMED = re.compile(
    r"(?i)\b(duration|elapsed|length|lap|race|pace|split|wait|waiting|travel|response|processing"
    r"|run|runtime|uptime|delay|chip|dur[ée]e|duraci[óo]n|durata|duur|\w*dauer|laufzeit|wartezeit"
    r"|fahrzeit|fahrtzeit|продолжительность|длительность)s?\b"
    r"|时长|時長|用时|用時|耗时|耗時|历时|所要時間|소요"
)
IN_MINUTES = re.compile(r"(?i)\b(lap|pace|split|song|track|length|min|mins|minutes|minuten)\b|配速")
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


def clock_of(name: str, levels: pl.Series, insist: bool = False) -> str:
    """Return what 2:15 means in a column: "h:mm" or "m:ss"; empty if these are no durations.

    They are if the column's name says so, if a first part is above 23, or if all begin with a
    single digit and some lie at night (as songs do, 3:45). A last part is written with two digits,
    so that one in six begins with 0; where none of many does, these are scores, such as 28:25.

    Parameters
    ----------
    name : str
        The column's.
    levels : polars.Series
        Distinct texts.
    insist : bool
        Whether the user says that they are numbers.
    """
    parts = levels.str.extract_groups(CLOCK).struct.unnest()
    days, first, second, third = (parts[str(i)] for i in range(1, 5))
    hours = first.cast(pl.Int64, strict=False).drop_nulls()
    if not len(hours):
        return ""
    named = CAMEL_CASE.sub(" ", name)
    said = insist or bool(NAMED.search(named)) or days.is_not_null().any()
    padded = bool(first.str.starts_with("0").any())
    single = not padded and bool((first.str.len_chars() == 1).all())
    high = float((hours > 23).mean() or 0.0) > 0.01  # type: ignore[operator]
    short = single and len(hours) >= FEWEST and int(hours.min()) < NIGHT  # type: ignore[arg-type]
    if not said:
        pairs = second.filter(third.is_null())
        if len(pairs) and not pairs.str.starts_with("0").any():
            return ""
        if not (high or short):
            return ""
    short = short and not said
    minutes = high or short or IN_MINUTES.search(named) is not None
    return "m:ss" if minutes and third.null_count() and days.null_count() == len(days) else "h:mm"


def are_clock_times(levels: pl.Series) -> bool:
    """Whether durations with colons could all be times of day."""
    parts = levels.str.extract_groups(CLOCK).struct.unnest()
    hours = parts["2"].cast(pl.Int64, strict=False)
    return bool((hours < 24).all()) and parts["1"].null_count() == len(parts)


def milliseconds(texts: pl.Series, clock: str) -> pl.Series:
    """Return durations in milliseconds; null if a text is none."""
    parts = texts.str.extract_groups(CLOCK).struct.unnest()
    days, first, second, third = (_number(parts[str(i)]) for i in range(1, 5))
    in_three = third.is_not_null() | days.is_not_null()
    large = (in_three | (clock == "h:mm")).cast(pl.Float64)
    known = in_three | (clock != "")
    unit = large * HOUR + (1 - large) * MINUTE
    total = days.fill_null(0.0) * 24 * HOUR + first * unit + second * unit / 60
    total = total + third.fill_null(0.0) * SECOND
    valid = known & (second < 60) & (third.fill_null(0.0) < 60)
    iso = texts.str.extract_groups(ISO).struct.unnest()
    sizes = (168 * HOUR, 24 * HOUR, HOUR, MINUTE, SECOND)
    pieces = [_number(iso[str(i + 1)]) * size for i, size in enumerate(sizes)]
    given = pl.DataFrame([p.alias(str(i)) for i, p in enumerate(pieces)])
    found = given.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    summed = given.select(pl.sum_horizontal(pl.all())).to_series()
    return total.set(~valid.fill_null(False), None).fill_null(summed.set(~found, None))


def finest_unit(texts: pl.Series, clock: str) -> str:
    """Return the unit in which all of some durations are whole: "min", or else "s"."""
    exact = milliseconds(texts, clock).drop_nulls()
    return "min" if len(exact) and (exact % MINUTE == 0).all() else "s"


def _number(digits: pl.Series) -> pl.Series:
    return digits.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
