"""Numbers with several units in one column: "5.7 kg", "800 g", "2 h 15 min", converted to one."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from gradum.tables.kinds.numeric.durations import SHAPE, clock_of, finest_unit, milliseconds
from gradum.tables.kinds.numeric.units import CURRENCIES, MINUTE, SHORT_MINUTE, scale_of
from gradum.tables.kinds.parse import Parse

MOST_PIECES = 4  # 1 day 2 h 15 min 30 s
DIGITS = 12  # significant ones of a converted number, so that 68 °F is 20 °C
ENOUGH = 0.99  # share of the values that must have a unit
SAMPLE = 500
_NUMBER = r"[+\-−]?(?:\d[\d.,'’  ]*|[.,]\d+)"
_UNIT = r"(?:sq\.? )?[^\W\d_][^\d\s,;()]{0,11}|[°℃℉][CF]?"  # sq ft has two words
_PIECE = rf"({_NUMBER})\s*({_UNIT})"
PIECES = (
    rf"^(?:{_PIECE}(?:[\s,]*(?:and|und|и)?\s*{_PIECE})?(?:[\s,]*{_PIECE})?(?:[\s,]*{_PIECE})?"
    rf"|({_NUMBER})\s*([a-zA-Z]{{1,3}}[23]|㎡))$"
)
MAGNITUDE = r"^[^\d]{0,4}[+\-−]?\d[\d.,]*\s*(k|K|m|M|B|bn|mn)\b"
PRICED = r"^[€$£¥₹]|[€$£¥₹]$"
PLAIN = r"^[^\w]{0,2}[+\-−]?\d[\d.,]*[^\w]{0,2}$"
AMOUNT = r"^([^\d\s.,+\-−]{1,3})?\s*[+\-−]?\d[\d.,'’ ]*\s*((?:sq\.? )?[^\d\s.,]{1,12})?$"


def unit_of(name: str, levels: pl.DataFrame, insist: bool = False) -> Parse:
    """Return the unit that all values of a column can be converted to, the commonest of them.

    Parameters
    ----------
    name : str
        The column's.
    levels : polars.DataFrame
        Each distinct ``level``, and its ``count`` of rows.
    insist : bool
        Whether the user says that they are numbers.
    """
    texts, sample = levels["level"], levels["level"].head(SAMPLE)
    if not _mostly(sample.str.contains(f"{SHAPE}|{PIECES}")):
        return Parse()
    if _mostly(texts.str.contains(SHAPE)):
        clock = clock_of(name, texts, insist)
        iso = texts.str.starts_with("P").all()
        return Parse(currency=finest_unit(texts, clock), clock=clock) if clock or iso else Parse()
    _, units = _pieces(texts)
    found = {unit for column in units for unit in column.drop_nulls().unique()}
    dimensions = {scale[0] if (scale := scale_of(unit)) else "" for unit in found}
    if "time" in dimensions and SHORT_MINUTE in found:
        dimensions -= {"length"}
    last = units[0]
    for later in units[1:]:
        last = later.fill_null(last)
    share = int(levels["count"].filter(last.is_not_null()).sum()) / max(levels["count"].sum(), 1)
    if len(found) < 2 or len(dimensions) != 1 or "" in dimensions or share < ENOUGH:
        return Parse()
    counted = pl.DataFrame([last.alias("unit"), levels["count"]]).drop_nulls()
    rows = counted.group_by("unit").agg(pl.col("count").sum())
    unit = rows.sort("count", "unit", descending=[True, False])["unit"][0]
    is_minute = dimensions == {"time"} and unit == SHORT_MINUTE
    return Parse(currency="min" if is_minute else unit.removesuffix("."))


def has_magnitudes(texts: pl.Series) -> bool:
    """Whether k, M or B after numbers mean powers of ten: all have one or none, some a decimal.

    Sizes, seats and models such as 10M, 12B and 4K have neither decimals nor a currency.
    """
    if not texts.head(SAMPLE).str.contains(MAGNITUDE).any():
        return False
    with_one = texts.str.contains(MAGNITUDE)
    amounts = texts.filter(with_one)
    evident = amounts.str.contains(r"\d[.,]\d{1,2}\D") | amounts.str.contains(PRICED)
    return bool(evident.any()) and bool(texts.filter(~with_one).str.contains(PLAIN).all())


def differing_units(levels: pl.Series) -> list[str]:
    """Return the units and currencies of amounts that are not one unit; none if they are one."""
    signs = levels.str.extract(AMOUNT, 1).fill_null(levels.str.extract(AMOUNT, 2))
    if not _mostly(signs.is_not_null()):
        return []
    names = signs.drop_nulls().value_counts(sort=True, name="rows")[signs.name].to_list()
    known = all(scale_of(name) or name in CURRENCIES for name in names)
    return names if known and len(names) > 1 else []


def _mostly(mask: pl.Series) -> bool:
    return bool(len(mask)) and float(mask.mean() or 0.0) >= ENOUGH  # type: ignore[operator]


def in_unit(texts: pl.Series, how: Parse, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Return amounts in the column's unit; null if a text has no unit that can be converted.

    Parameters
    ----------
    texts : polars.Series
    how : Parse
        ``currency`` is the unit.
    read : callable
        Reads numbers without a unit.
    """
    nothing = texts.clear(len(texts)).cast(pl.Float64)
    if (own := scale_of(how.currency)) is None:
        return nothing
    dimension, size, zero = own
    numbers, units = _pieces(texts)
    total, valid = nothing.fill_null(0.0), units[0].is_not_null()
    for number, unit in zip(numbers, units, strict=True):
        scales = {name: _scale(name, dimension) for name in unit.drop_nulls().unique()}
        factor, start = (
            unit.replace_strict(
                {name: scale[part] for name, scale in scales.items() if scale},
                default=None,
                return_dtype=pl.Float64,
            )
            for part in (0, 1)
        )
        amount = read(number) * factor + start
        valid &= unit.is_null() | amount.is_not_null()
        total += amount.fill_null(0.0)
    total = total.set(~valid, None)
    converted = (total - zero) / size
    if dimension == "time":
        converted = converted.fill_null((milliseconds(texts, how.clock) - zero) / size)
    return converted.round_sig_figs(DIGITS)


def in_column_unit(seconds: pl.Series, how: Parse) -> pl.Series:
    """Return typed durations, given in seconds, in the column's unit if that is one of time."""
    scale = scale_of(how.currency)
    if scale is None or scale[0] != "time":
        return seconds
    return (seconds * 1000 / scale[1]).round_sig_figs(DIGITS)


def _scale(unit: str, dimension: str) -> tuple[float, float] | None:
    if dimension == "time" and unit == SHORT_MINUTE:
        return MINUTE, 0.0
    scale = scale_of(unit)
    return (scale[1], scale[2]) if scale and scale[0] == dimension else None


def _pieces(texts: pl.Series) -> tuple[list[pl.Series], list[pl.Series]]:
    """Return the numbers and the units of up to `MOST_PIECES` pieces of each text."""
    groups = texts.str.extract_groups(PIECES).struct.unnest()
    columns = [groups[name] for name in groups.columns]
    numbers, units = columns[: 2 * MOST_PIECES : 2], columns[1 : 2 * MOST_PIECES : 2]
    numbers[0], units[0] = numbers[0].fill_null(columns[-2]), units[0].fill_null(columns[-1])
    return [number.str.strip_chars(" ,") for number in numbers], units
