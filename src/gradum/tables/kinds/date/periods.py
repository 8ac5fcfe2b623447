"""Months, quarters and weeks as they are written: read as the first day of each, and spelled."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

QUARTER, ZONE = "%q", "%#z"  # which polars does not write


class Period(NamedTuple):
    """How a period is written: its shape, with groups for the year and for the period in it.

    ``year_first`` says which group the year is; ``kind`` is what the other one counts.
    """

    shape: str
    kind: str
    year_first: bool = True


NAMES = (
    "Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|Mär(?:z)?|Apr(?:il)?|May|Mai|Jun[ei]?|Jul[yi]?"
    "|Aug(?:ust)?|Sept?(?:ember)?|O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?"
)
PERIODS = {
    "%Y-%m": Period(r"^([0-9]{4})[-/]([0-9]{1,2})$", "month"),
    "%m/%Y": Period(r"^([0-9]{1,2})[-/]([0-9]{4})$", "month", year_first=False),
    "%b %Y": Period(rf"^({NAMES})\.?[ -]([0-9]{{4}})$", "name", year_first=False),
    "%Y-Q%q": Period(r"^([0-9]{4})[-/ ]?[Qq]([1-4])$", "quarter"),
    "Q%q %Y": Period(r"^[Qq]([1-4])[-/ ]?([0-9]{4})$", "quarter", year_first=False),
    "%q. Quartal %Y": Period(r"^([1-4])\. ?Quartal ([0-9]{4})$", "quarter", year_first=False),
    "%Y年第%q季度": Period(r"^([0-9]{4})年第?([1-4一二三四])季度?$", "quarter"),
    "%Y-W%V": Period(r"^([0-9]{4})-?[Ww]([0-9]{1,2})$", "week"),
    "KW %V %Y": Period(r"^KW ?([0-9]{1,2})[-/. ] ?([0-9]{4})$", "week", year_first=False),
    "%Y年第%V周": Period(r"^([0-9]{4})年第?([0-9]{1,2})[周週]$", "week"),
}
"""Periods by a format that stands for them; no other reader knows ``%q``."""
SHAPE = "|".join(period.shape for period in PERIODS.values())
NUMERALS = {"一": "1", "二": "2", "三": "3", "四": "4"}
MONTHS = {"Mär": "Mar", "Mai": "May", "Okt": "Oct", "Dez": "Dec"}
FIRST_MONTHS = {"1": "01", "2": "04", "3": "07", "4": "10"}


def first_days(texts: pl.Expr, pattern: str) -> pl.Expr:
    """Return the first day of each period, null where a text is none; weeks begin on Mondays."""
    shape, kind, year_first = PERIODS[pattern]
    one, other = (texts.str.extract(shape, group) for group in (1, 2))
    year, part = (one, other) if year_first else (other, one)
    if kind == "name":
        return _read(year + "-" + part.str.slice(0, 3).replace(MONTHS) + "-01", "%Y-%b-%d")
    if kind == "week":
        return _read(year + "-W" + part.str.zfill(2) + "-1", "%G-W%V-%u")
    if kind == "quarter":
        number = part.replace(NUMERALS)
        part = number.replace_strict(FIRST_MONTHS, default=None, return_dtype=pl.String)
    return _read(year + "-" + part.str.zfill(2) + "-01", "%Y-%m-%d")


def _read(texts: pl.Expr, pattern: str) -> pl.Expr:
    return texts.str.to_datetime(pattern, strict=False, time_unit="us")


def spelled(dates: pl.Series, pattern: str) -> pl.Series:
    """Return dates in UTC as texts of a format; the first day of a period as its name."""
    if pattern in PERIODS and PERIODS[pattern].kind == "week":
        pattern = pattern.replace("%Y", "%G")  # the year that a week belongs to
    pattern = pattern.replace(ZONE, "+00:00")
    before, quarter, after = pattern.partition(QUARTER)
    texts = dates.dt.to_string(before)
    if quarter:
        texts = texts + dates.dt.quarter().cast(pl.String) + dates.dt.to_string(after)
    return texts.alias(dates.name)
