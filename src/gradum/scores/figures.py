"""Scores as figures for people."""

from __future__ import annotations

import math

from gradum.scores.interval import Interval

LARGEST, SMALLEST = 1e15, 1e-6  # beyond these, a power of ten is easier to read than zeros
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DECIMALS = 6


def figure(value: float | None, *, digits: int = 4, sign: bool = False) -> str:
    """Write a number with some significant digits and thousands commas; a dash if undefined.

    With ``sign``, differences also show a plus. Numbers with more than fifteen digits, or smaller
    than a millionth, are written with a power of ten: ``3.2·10⁻⁹``.
    """
    if value is None or math.isnan(value):
        return "–"
    plus = "+" if sign else ""
    if not math.isfinite(value) or value == 0:
        return f"{value:{plus}g}"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    rounded = float(f"{mantissa}e{power}")
    if 1000 <= abs(rounded) < LARGEST:
        return f"{value:{plus},.0f}"
    if SMALLEST <= abs(rounded) < 1000:
        decimals = max(digits - 1 - int(power), 0)
        return _without_zeros(f"{value:{plus}.{decimals}f}")
    return f"{float(mantissa):{plus}g}·10{str(int(power)).translate(SUPERSCRIPTS)}"


def with_interval(interval: Interval, *, digits: int = 4, sign: bool = False) -> str:
    """Write ``0.31 [0.29, 0.33]``, or the value alone if there is no interval.

    All three are rounded alike, to two significant digits of half the interval's width; further
    digits mean nothing.
    """
    value, low, high = interval.value, interval.low, interval.high
    decimals = _decimals(interval)
    if decimals is None:
        value, low, high = (
            figure(number, digits=digits, sign=sign) for number in (value, low, high)
        )
        return value if not interval.known else f"{value} [{low}, {high}]"
    plus = "+" if sign else ""
    written = f"{value:{plus},.{decimals}f}"
    if low > 0 or high < 0:
        written = _fixed(value, decimals, plus)  # a 0 would lie outside
    low, high = (_fixed(number, decimals, plus) for number in (low, high))
    return f"{written} [{low}, {high}]"


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
    """Return how many decimals are meaningful; None if the interval does not show it."""
    half = (interval.high - interval.low) / 2
    if not interval.known or not 0 < half < LARGEST:
        return None
    decimals = max(1 - math.floor(math.log10(half)), 0)
    return decimals if decimals <= MOST_DECIMALS else None


def _fixed(value: float, decimals: int, plus: str) -> str:
    text = f"{value:{plus},.{decimals}f}"
    if float(text.replace(",", "")) == 0 and value != 0:
        return figure(value, digits=1, sign=bool(plus))  # a bound's side of 0 matters
    return text


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
