"""Numbers: quantities that can be added and compared, including those stored as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec.structs import replace

from gradum.errors import ColumnError, SchemaError
from gradum.messages import listed, marked, say, say_plural
from gradum.tables.doubt import Doubt
from gradum.tables.kinds.habits import POWER, are_gaps, narrow
from gradum.tables.kinds.kind import Accident, Kind, NumericScale, Reading, lost
from gradum.tables.kinds.naming_numbers import code_hint, named_like_codes
from gradum.tables.kinds.numeric.durations import CLOCKS, are_clock_times
from gradum.tables.kinds.numeric.quantities import (
    differing_units,
    has_magnitudes,
    in_column_unit,
    unit_of,
)
from gradum.tables.kinds.numeric.step import Numeric, listed_numbers
from gradum.tables.kinds.numeric.units import CURRENCY_CODES, CURRENCY_SIGNS, scale_of
from gradum.tables.kinds.numeric.written import as_usual, as_written, finite, to_number
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.plain import NUMBERS, Read, missing_read
from gradum.tables.kinds.raw import Raw
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.suspects import suspicions
from gradum.tables.kinds.values import LARGEST, SMALLEST_SPREAD, Values, clean
from gradum.tables.wording import (
    joined_clauses,
    number,
    quoted,
    rows_text,
    rows_where,
    span,
    value_count,
)

if TYPE_CHECKING:
    from gradum.tables.columns import Column

CODES = "|".join(CURRENCY_CODES)
# what may follow a number without being part of it; a single letter only if it is a unit
UNIT = (
    r"^[+\-−(]?[\d.,'’\s]*\d\)?\s*"
    rf"(?:(?i:{POWER})\s*)?([^\d\s.,'’%()]{{2,10}}|[°ghklmst元圆円원岁歳세年년人名명个個개件台次层層米克斤升吨秒초亩坪])$"
)
# (decimal, thousands), in order of preference if several read all values
SEPARATORS = ((".", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))
ENOUGH = 0.99  # share of the values that must be numbers
MOST = 0.5  # from this share up, the values that are no numbers are named
FEW_WHOLE_NUMBERS = 10
FEWEST_NUMBERS_FOR_A_WORD = 20
SAMPLE = 500
MOST_EXAMPLES = 2  # of values that are converted
MOST_MARKERS = 10  # words kept as markers of missing values
LOOKS_LIKE_A_NUMBER = (
    rf"^[+\-−(]?\s*(?:[{CURRENCY_SIGNS}]|{CODES})?\s*[+\-−(]?[.,]?\d[\d.,'’\s]*|^[+-]?inf"
    r"|^PT?\d"
)
HAS_UNIT = r"\d\s*[\pL°℃℉]|\d:\d|^P"
CODE = r"^0\d+$"
WHOLE = r"^[+-]?\d+$"


CENTIMETRES = 2.54  # in an inch


def _times(factor: float) -> Callable[[pl.Series], pl.Series]:
    return lambda values: values * factor


def _to_power_of_ten(values: pl.Series) -> pl.Series:
    """Round to the power of ten next below the standard deviation of the values."""
    present = values.drop_nulls().to_numpy()
    spread = float(np.std(present)) if len(present) else 0.0
    if spread == 0:
        return values
    unit = 10.0 ** np.floor(np.log10(spread))
    return (values / unit).round() * unit


ACCIDENTS = (
    Accident("missing_high", marked("missing where it is highest"), lost, highest=True),
    Accident("tenfold", marked("10 times as large"), _times(10.0)),
    Accident("thousandfold", marked("1,000 times as large"), _times(1000.0)),
    Accident(
        "centimetres",
        marked("2.54 times as large, as centimetres are for inches"),
        _times(CENTIMETRES),
    ),
    Accident("rounded", marked("rounded to a power of ten"), _to_power_of_ten),
)


class NumericKind(Kind):
    """Quantities; float64, null if missing, never NaN or infinite."""

    name, turn = "numeric", 4
    step = Numeric
    sayable = lies_on_line = is_ordered = is_quantity = has_scale = True
    labels = (int, float)
    accidents = ACCIDENTS
    in_words = marked("numbers")
    raw_type = "number"
    read_outside = marked("Infinite numbers, and those beyond 3.4e38, are missing.")

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if all but a handful of values are numbers."""
        reading = None if values.numbers_rows else self.understand(values)
        if reading is None or not named_like_codes(values.name):
            return reading
        clauses = [reading.reason, *code_hint(self.parse(values.raw, reading.parse))]
        return dataclasses.replace(reading, reason="; ".join(clauses))

    def understand(self, values: Values, enough: float = ENOUGH) -> Reading | None:
        """Return a reading of numbers, even if they merely number the rows.

        Of texts, a share of ``enough`` must be numbers.
        """
        if values.is_number or values.raw.dtype == pl.Duration:
            return _typed_reading(values, self.parse(values.raw, Parse()))
        return _recognise_text(values, enough) if values.is_text else None

    def insist(
        self, values: Values, claim: str = "", remedy: str = "", enough: float = ENOUGH
    ) -> Reading:
        """Return the reading of a column that the user says is numeric.

        Parameters
        ----------
        claim, remedy : str, optional
            What the error says the column is to be (if not by --numeric), and what to do.
        enough : float
            The share of texts that must be numbers.

        Raises
        ------
        ColumnError
            Too few of the values are numbers.
        """
        claim = claim or say("Column {name!r} is to be a number (--numeric)", name=values.name)
        if not values.is_text:
            typed = self.parse(values.raw, Parse())
            if values.present and typed.null_count() == len(typed):
                raise ColumnError(
                    say(
                        "{claim}, but holds {what}.",
                        claim=claim,
                        what=_dtype_words(values.raw.dtype),
                    ),
                    remedy or say("Convert it, or leave out --numeric."),
                )
            return _typed_reading(values, typed)
        levels = values.levels.filter(~are_gaps(values.levels["level"]))
        signs = _signs(values.name, _narrowed(levels), insist=True) or Parse()
        how, share = _best_separators(levels, values.decimal, signs)
        if share >= enough:
            return _reading(values, how)
        typed = self.parse(values.raw, how)
        bad = typed.is_null() & clean(values.raw, how).is_not_null()
        if not bad.any():
            raise ColumnError("{claim}, but has no value.", "Choose another column.", claim=claim)
        examples = values.raw.filter(bad).unique(maintain_order=True)
        rows = rows_text(rows_where(bad), int(bad.sum()))
        raise ColumnError(
            say(
                "{claim}, but {rows} cannot be read as such: {examples}.",
                claim=claim,
                rows=rows,
                examples=quoted(examples),
            ),
            remedy or say("Correct these values, or leave out --numeric."),
        )

    def scale(self, values: pl.Series) -> NumericScale:
        """Return the numbers themselves."""
        return NumericScale(values.to_numpy(), number)

    def plain(self, column: Column, step: Step) -> Read:
        """Read numbers within the training range."""
        low, high = step.range or (-LARGEST, LARGEST)
        low, high = max(low, -LARGEST), min(high, LARGEST)
        listed = frozenset(listed_numbers(column.parse))
        missing = missing_read(self, column, step)
        marks = (0.0,) * sum(feature.traits.marks_missing for feature in step.dense_features())
        varies = len(step.dense_features()) > len(marks)

        def read(value: Any) -> tuple[float, ...]:
            if type(value) not in NUMBERS:
                return missing(value)
            number = float(value)
            if low <= number <= high and number not in listed:
                return (number, *marks) if varies else marks
            return missing(value)

        return read

    def refuse_parse(self, name: str, how: Parse) -> None:
        """Raise SchemaError if two signs are one, or durations cannot be read so."""
        if len(how.decimal) != 1 or len(how.thousands) > 1 or how.decimal == how.thousands:
            raise SchemaError(
                "The schema's column {name!r}, fields 'decimal' and 'thousands': "
                "{decimal!r} and {thousands!r} are not two different signs.",
                "Use '.' and ',' or ',' and '.', say.",
                name=name,
                decimal=how.decimal,
                thousands=how.thousands,
            )
        if how.clock not in ("", *CLOCKS):
            raise SchemaError(
                "The schema's column {name!r}, field 'clock': {clock!r} says nothing about 2:15.",
                "Choose among {choices}.",
                name=name,
                clock=how.clock,
                choices=listed(list(CLOCKS)),
            )

    def from_raw(self, column: Column, step: Step, raw: Raw) -> dict[str, list[Any]]:
        """Take NaN, what float32 cannot hold, and numbers listed as missing for missing values."""
        assert isinstance(step, Numeric)
        gone = ~(np.absolute(raw) <= LARGEST)  # which NaN is not either
        for listed_number in listed_numbers(column.parse):
            gone = gone | (raw == listed_number)
        return {"dense": step.dense_numbers(raw, gone)}

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as float64."""
        dtype = raw.dtype
        if dtype == pl.Duration:
            return in_column_unit(raw.dt.total_microseconds().cast(pl.Float64) / 1e6, how)
        if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
            return _without(finite(raw.cast(pl.Float64)), listed_numbers(how))
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            return to_number(clean(raw, how), how)
        return pl.Series(raw.name, [None] * len(raw), pl.Float64)


def _typed_reading(values: Values, typed: pl.Series) -> Reading:
    clauses = [_describe(values, typed), *suspicions(values.name, typed)]
    if values.raw.dtype == pl.Duration:
        clauses.append(say("durations in seconds"))
    clauses += (useless := _useless(values, typed))
    return Reading("numeric", joined_clauses(clauses), usable=not useless)


def _useless(values: Values, typed: pl.Series) -> list[str]:
    """Return a clause on why numbers cannot be used (too large or too close), if so."""
    if values.beyond:
        return [
            say(
                "all infinite or beyond {largest}, so not used; divide them by a constant",
                largest=number(LARGEST),
            )
        ]
    if too_close(typed):
        return [
            say("too close together to be told apart, so not used; multiply them by a constant")
        ]
    return []


def too_close(numbers: pl.Series) -> bool:
    """Whether numbers differ by so little that the squares of their differences vanish."""
    low, high = numbers.min(), numbers.max()
    return low is not None and 0 < high - low < SMALLEST_SPREAD  # type: ignore[operator]


def mostly_numbers(values: Values) -> list[str]:
    """Return a clause on the words that prevent a column of mostly numbers from being numeric."""
    levels = values.levels["level"]
    if not values.is_text or not _look_like_numbers(levels.head(SAMPLE)):
        return []
    if units := differing_units(levels):
        return [
            say(
                "amounts in units that cannot be converted into one: {units}",
                units=listed(units[:3], "and"),
            ),
            say("write them in one to use it as numbers"),
        ]
    signs = _signs(values.name, values.levels) or Parse()
    how, share = _best_separators(values.levels, values.decimal, signs)
    if not MOST <= share < ENOUGH:
        return []
    words = values.levels.filter(as_written(levels, how).is_null())
    return [
        say_plural(
            "{share:.0%} are numbers, but {count:,} value not ({words})",
            "{share:.0%} are numbers, but {count:,} values not ({words})",
            int(words["count"].sum()),
            share=share,
            words=quoted(words["level"]),
        ),
        say("correct these to use it as numbers"),
    ]


def _without(numbers: pl.Series, listed: list[float]) -> pl.Series:
    """Return numbers, with null in place of those listed as missing."""
    return numbers.set(numbers.is_in(listed), None) if listed else numbers


def _recognise_text(values: Values, enough: float) -> Reading | None:
    levels = values.levels
    if not values.plain_numbers:
        sample = levels["level"].head(SAMPLE)
        if not _look_like_numbers(narrow(sample.filter(~are_gaps(sample)))):
            return None
        gaps = are_gaps(levels["level"])
        levels = _narrowed(levels.filter(~gaps) if gaps.any() else levels)
    if levels["level"].str.contains(CODE).any() or _are_codes(values):
        return None
    if values.plain_numbers and values.decimal == ".":
        return _reading(values, Parse())
    signs = _signs(values.name, levels)
    if signs is None:
        return None
    how, share = _best_separators(levels, values.decimal, signs)
    if share >= enough or _one_word_aside(levels, how):
        return _reading(values, how)
    return None


def _look_like_numbers(sample: pl.Series) -> bool:
    alike = int(sample.str.contains(LOOKS_LIKE_A_NUMBER).sum())
    return len(sample) > 0 and alike >= len(sample) / 2


def _are_codes(values: Values) -> bool:
    """Whether whole numbers were stored as text on purpose, as codes."""
    marked = any(marker for marker in values.markers)
    return values.typed and not marked and bool(values.levels["level"].str.contains(WHOLE).all())


def _narrowed(levels: pl.DataFrame) -> pl.DataFrame:
    return levels.with_columns(narrow(levels["level"]))


def _signs(name: str, levels: pl.DataFrame, insist: bool = False) -> Parse | None:
    """Return the currency and percent signs, or the unit, of a column; None if they are mixed."""
    texts = levels["level"]
    if not texts.str.contains(f"[{CURRENCY_SIGNS}%]").any():
        if unit := _unit(texts):
            return Parse(currency=unit)
        if not texts.head(SAMPLE).str.contains(HAS_UNIT).any():
            return Parse()
        units = unit_of(name, levels, insist)
        return units if units.currency else Parse(powers=has_magnitudes(texts))
    signs = [sign for sign in CURRENCY_SIGNS if texts.str.contains(sign, literal=True).any()]
    percent = texts.str.ends_with("%").mean() or 0.0
    if len(signs) > 1 or 0 < float(percent) < ENOUGH:  # type: ignore[arg-type]
        return None
    powers = bool(signs) and has_magnitudes(texts)
    return Parse(currency="".join(signs), percent=bool(percent), powers=powers)


def _unit(levels: pl.Series) -> str:
    """Return the unit after nearly all numbers, or the currency code before them; "" if none."""
    sample = levels.head(SAMPLE)
    for pattern in (UNIT, rf"^-?({CODES})\s*[+\-−]?[.,]?\d"):
        units = sample.str.extract(pattern)
        unit = units.drop_nulls().mode().sort().first() if units.null_count() < len(units) else None
        if unit is not None and (units == unit).sum() >= ENOUGH * len(sample):
            return str(unit)
    return ""


def _best_separators(levels: pl.DataFrame, usual_decimal: str, signs: Parse) -> tuple[Parse, float]:
    """Return the separators that read the most values, and the share that they read."""
    total, best, best_share = max(int(levels["count"].sum()), 1), signs, -1.0
    for decimal, thousands in sorted(SEPARATORS, key=lambda pair: pair[0] != usual_decimal):
        how = replace(signs, decimal=decimal, thousands=thousands)
        read = as_written(levels["level"], how).is_not_null()
        share = float(levels["count"].filter(read).sum()) / total
        if share > best_share:
            best, best_share = how, share
        if share == 1.0:
            break
    return best, best_share


def _one_word_aside(levels: pl.DataFrame, how: Parse) -> bool:
    """Whether one word, such as "unknown", stands among many different numbers."""
    unread = levels.filter(to_number(levels["level"], how).is_null())
    return (
        unread.height == 1
        and levels.height > FEWEST_NUMBERS_FOR_A_WORD
        and int(unread["count"].sum()) < int(levels["count"].sum()) / 2
        and not unread["level"].str.contains(r"\d").any()
    )


def _reading(values: Values, how: Parse) -> Reading:
    typed = to_number(values.levels["level"], how)
    missing, unread = tuple(values.markers), values.levels.clear()
    converted = _converted(values, how, typed)
    stored = joined_clauses(_stored_as(values, how, typed, converted))
    clauses = [_describe(values, typed), *([stored] if stored else [])]
    clauses += suspicions(values.name, typed, values.levels["count"])
    if typed.null_count():
        unread = values.levels.filter(typed.is_null())
        unread = unread.sort("count", "level", descending=[True, False])
        words = [
            say("{value!r} ({rows:,})", value=level, rows=rows)
            for level, rows in unread.head(3).iter_rows()
        ]
        clauses.append(
            say(
                "{values} taken as missing, being no usable number: {words}",
                values=value_count(int(unread["count"].sum())),
                words=listed(words),
            )
        )
        if unread.height <= MOST_MARKERS:
            missing = (*missing, *unread["level"])
    parse = replace(how, missing=missing)
    clauses += (useless := _useless(values, typed))
    count = int(unread["count"].sum())
    reason = joined_clauses(clauses)
    doubts = (Doubt("conversion", joined_clauses(converted), f"--categorical {values.name!r}"),)
    return Reading(
        "numeric",
        reason,
        parse,
        usable=not useless,
        unread=count,
        stored=stored,
        doubts=doubts if converted else (),
    )


def _stored_as(values: Values, how: Parse, typed: pl.Series, converted: list[str]) -> list[str]:
    levels, unit = values.levels["level"], how.currency
    signs = [repr(unit)] if unit and levels.str.contains(unit, literal=True).any() else []
    signs += [say("'%' (12% is read as 12)")] if how.percent else []
    if how.thousands:
        ungrouped = as_written(values.levels["level"], replace(how, thousands=""))
        if ungrouped.null_count() > typed.null_count():
            signs += [say("{sign!r} between thousands", sign=how.thousands)]
    signs += [say("decimal {sign!r}", sign=how.decimal)] if how.decimal != "." else []
    clauses = [say("stored as text with {signs}", signs=listed(signs))] if signs else []
    clauses += converted
    if how.clock and are_clock_times(levels):
        clauses.append(say("--time-of-day {name!r} if they are times of day", name=values.name))
    return clauses


def _converted(values: Values, how: Parse, typed: pl.Series) -> list[str]:
    """Return a clause with examples of values that are read as other numbers than they show."""
    levels = values.levels["level"]
    if values.plain_numbers:
        return []
    other = as_usual(narrow(levels), how).is_null() & typed.is_not_null() & (typed != 0)
    if not other.any():
        return []
    shown = pl.DataFrame([levels, typed.alias("number"), values.levels["count"]]).filter(other)
    unit = shown["level"].str.replace_all(r"[\d.,'’\s+\-−]", "")
    each = shown.with_columns(unit=unit).sort("count", descending=True, maintain_order=True)
    each = each.unique("unit", keep="first", maintain_order=True).head(MOST_EXAMPLES)
    unit = how.currency if scale_of(how.currency) else ""
    examples = [
        (level, f"{number(value)} {unit}".strip())
        for level, value in each.select("level", "number").iter_rows()
    ]
    return [say("{text!r} is read as {number}", text=text, number=read) for text, read in examples]


def _describe(values: Values, typed: pl.Series) -> str:
    """Return the clause on what the numbers are, and a remedy if they may be codes."""
    numbers = typed.drop_nulls()
    if not len(numbers):
        return say("Numbers")
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore
    if low == high:
        return say("The number {low}", low=number(low))
    between = span(low, high)
    if numbers.head(SAMPLE).n_unique() > FEW_WHOLE_NUMBERS:
        return say("Numbers {range}", range=between)
    distinct = numbers.n_unique() if values.is_text else values.distinct
    if distinct <= FEW_WHOLE_NUMBERS and bool((numbers == numbers.floor()).all()):
        if (distinct, low, high) == (2, 0, 1):
            return say("0 or 1, taken as a number")
        return say_plural(
            "Only {count:,} distinct whole number {range}, taken as quantities; "
            "--categorical {name!r} if they are codes",
            "Only {count:,} distinct whole numbers {range}, taken as quantities; "
            "--categorical {name!r} if they are codes",
            distinct,
            range=between,
            name=values.name,
        )
    return say("Numbers {range}", range=between)


def _dtype_words(dtype: pl.DataType) -> str:
    if dtype.is_temporal():
        return say("dates")
    return say("lists") if dtype.is_nested() else say("words")
