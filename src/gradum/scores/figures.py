"""Numbers as figures for people: three significant digits, unless an interval shows more.

Files keep all digits. What is counted or given, such as rows, years and levels, is exact and is not
written by this file's `figure`.
"""

from __future__ import annotations

import math
import unicodedata

from gradum.scores.interval import Interval

DIGITS = 3
"""Significant digits of a figure; further ones are noise, or are of no use to a reader."""
LARGEST, SMALLEST = 1e15, 1e-6  # beyond these, a power of ten is easier to read than zeros
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DECIMALS = 6
MOST_DIGITS = 12
"""Digits beyond which two numbers count as equal."""


def figure(value: float | None, *, digits: int = DIGITS, sign: bool = False) -> str:
    """Write a number with some significant digits and thousands commas; a dash if undefined.

    Digits beyond them are rounded away to the left of the point too: 63,195 is ``63,200``. With
    ``sign``, differences also show a plus. Numbers with more than fifteen digits, or smaller
    than a millionth, are written with a power of ten: ``3.2·10⁻⁹``.
    """
    if value is None or math.isnan(value):
        return "–"
    plus = "+" if sign else ""
    if not math.isfinite(value) or value == 0:
        return f"{value:{plus}g}"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    rounded = float(f"{mantissa}e{power}")
    if SMALLEST <= abs(rounded) < LARGEST:
        decimals = max(digits - 1 - int(power), 0)
        return _without_zeros(f"{rounded:{plus},.{decimals}f}")
    return f"{float(mantissa):{plus}g}·10{str(int(power)).translate(SUPERSCRIPTS)}"


def figures_apart(one: float, other: float) -> tuple[str, str]:
    """Write two numbers as figures that read differently, with more digits if they need them.

    One digit beyond the first that differs keeps rounding from doubling their difference.
    """
    for digits in (DIGITS, *range(DIGITS + 2, MOST_DIGITS + 1)):
        shorter = digits - (digits > DIGITS)
        if figure(one, digits=shorter) != figure(other, digits=shorter):
            return figure(one, digits=digits), figure(other, digits=digits)
    return figure(one), figure(other)


def with_interval(interval: Interval, *, digits: int = DIGITS, sign: bool = False) -> str:
    """Write ``0.31 [0.29, 0.33]``, or the value alone, with some digits, if there is no interval.

    All three are rounded alike; see `_decimals`.
    """
    value, low, high = together(interval, digits=digits, sign=sign)
    return value if not interval.known else f"{value} [{low}, {high}]"


def with_range(interval: Interval, unit: str = "") -> str:
    """Write ``1.72 kg [1.65–1.8]``, or the value alone if there is no interval."""
    value, low, high = together(interval)
    value = in_unit(value, unit)
    return value if not interval.known else f"{value} [{low}–{high}]"


def in_unit(number: str, unit: str) -> str:
    """Write a number with its unit or currency, if it has one: ``1.72 kg``, ``$355``."""
    if not unit:
        return number
    leads = unicodedata.category(unit[0]) == "Sc"  # the sign of a currency
    return f"{unit}{number}" if leads else f"{number} {unit}"


def together(
    interval: Interval, *, digits: int = DIGITS, sign: bool = False
) -> tuple[str, str, str]:
    """Return a value and the ends of its interval as figures that are rounded alike."""
    value, low, high = interval.value, interval.low, interval.high
    decimals = _decimals(interval)
    if decimals is None:
        one, two, three = (figure(each, digits=digits, sign=sign) for each in (value, low, high))
        return one, two, three
    plus = "+" if sign else ""
    written = f"{_rounded(value, decimals):{plus},.{max(decimals, 0)}f}"
    if low > 0 or high < 0:
        written = _fixed(value, decimals, plus)  # a 0 would lie outside
    return written, _fixed(low, decimals, plus), _fixed(high, decimals, plus)


def rows_figure(count: float) -> str:
    """Write a number of rows, such as ``1,204``; parts of rows to a tenth, such as ``22.5``."""
    return f"{count:,.0f}" if count == round(count) else f"{count:,.1f}"


def percent(share: float, *, decimals: int = 0) -> str:
    """Write a share as ``62%``; only a share of 1 is 100%, and only a share of 0 is 0%."""
    if math.isnan(share):
        return "–"
    while decimals < MOST_DECIMALS and 0 < share < 1:
        text = f"{100 * share:.{decimals}f}"
        if 0 < float(text) < 100:
            break
        decimals += 1
    return f"{_without_zeros(f'{100 * share:.{decimals}f}')}%"


def percent_with_interval(share: Interval) -> str:
    """Write a share as ``80% [77–83]``, with as many decimals as make sense given its interval."""
    if not share.known:
        return percent(share.value, decimals=0 if 0.05 <= share.value <= 0.95 else 1)
    half = 50 * (share.high - share.low)
    decimals = 0 if half >= 1 else 1 if half >= 0.1 else 2
    low, high = (f"{100 * end:.{decimals}f}" for end in (share.low, share.high))
    return f"{percent(share.value, decimals=decimals)} [{low}–{high}]"


def _decimals(interval: Interval) -> int | None:
    """Return how many decimals are meaningful; None if the interval does not show it.

    They show `DIGITS` significant digits of the largest number, but no more than two digits of half
    of the interval's width, which is unsure itself, and at least one, without which the interval
    would vanish. Below 0, they are zeros to the left of the point.
    """
    half = (interval.high - interval.low) / 2
    if not interval.known or not 0 < half < LARGEST:
        return None
    largest = max(abs(interval.value), abs(interval.low), abs(interval.high))
    of_largest, of_half = (math.floor(math.log10(size)) for size in (largest, half))
    decimals = min(max(DIGITS - 1 - of_largest, -of_half), 1 - of_half)
    return decimals if decimals <= MOST_DECIMALS else None


def _rounded(value: float, decimals: int) -> float:
    """Return a number without the digits that are not shown; Python rounds to tens and hundreds."""
    return round(value, decimals) if decimals < 0 else value


def _fixed(value: float, decimals: int, plus: str) -> str:
    text = f"{_rounded(value, decimals):{plus},.{max(decimals, 0)}f}"
    if float(text.replace(",", "")) == 0 and value != 0:
        return figure(value, digits=1, sign=bool(plus))  # a bound's side of 0 matters
    return text


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
