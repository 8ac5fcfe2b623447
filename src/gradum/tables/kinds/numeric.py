"""Numbers: quantities that can be added and compared, also those stored as text."""

from __future__ import annotations

from itertools import starmap

import polars as pl

from gradum.errors import ColumnError
from gradum.tables.columns import KindName, Parse
from gradum.tables.kinds.values import LARGEST, Reading, Values, clean
from gradum.tables.wording import counted, number, quoted, rows_text, rows_where

CURRENCIES = "€$£¥₹₽₩₺"
# (decimal, thousands), in order of preference where several read all values
SEPARATORS = ((".", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))
ENOUGH = 0.99  # share of the values that must be numbers
FEW_WHOLE_NUMBERS = 10
FEWEST_NUMBERS_FOR_A_WORD = 20
MOST_MARKERS = 10  # words kept as markers of missing values
LOOKS_LIKE_A_NUMBER = rf"^[+\-−(]?\s*[{CURRENCIES}]?\s*[+\-−]?[.,]?\d[\d.,'\s]*|^[+-]?inf"
CODE = r"^0\d+$"
WHOLE = r"^[+-]?\d+$"


class Numeric:
    """Quantities; float64, null where missing, never NaN or infinite."""

    name: KindName = "numeric"

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading if all but a handful of values are numbers."""
        return None if values.numbers_rows else self.understand(values)

    def understand(self, values: Values) -> Reading | None:
        """Return a reading of numbers, even of those that merely number the rows."""
        if values.is_number or values.raw.dtype == pl.Duration:
            return Reading("numeric", _describe(values, self.parse(values.raw, Parse())))
        return _recognise_text(values) if values.is_text else None

    def insist(self, values: Values) -> Reading:
        """Return the reading of a column said to be numeric."""
        if not values.is_text:
            typed = self.parse(values.raw, Parse())
            if values.present and typed.null_count() == len(typed):
                raise ColumnError(
                    f"column {values.name!r} holds {_dtype_words(values.raw.dtype)}, not numbers.",
                    f"Leave {values.name!r} to be recognised, or convert it.",
                )
            return Reading("numeric", _describe(values, typed))
        how, share = _best_separators(values.levels, _signs(values.levels["level"]) or Parse())
        if share >= ENOUGH:
            return _reading(values, how)
        typed = self.parse(values.raw, how)
        bad = typed.is_null() & clean(values.raw, how).is_not_null()
        examples = values.raw.filter(bad).unique(maintain_order=True)
        rows = rows_text(rows_where(bad), int(bad.sum()))
        raise ColumnError(
            f"column {values.name!r} was said to be numeric, but {rows} "
            f"cannot be read as numbers: {quoted(examples)}.",
            "Correct these values, or leave the column to be recognised.",
        )

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the column as float64."""
        dtype = raw.dtype
        if dtype == pl.Duration:
            return raw.dt.total_microseconds().cast(pl.Float64) / 1e6
        if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
            return _without(finite(raw.cast(pl.Float64)), how.missing)
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            return to_number(clean(raw, how), how)
        return pl.Series(raw.name, [None] * len(raw), pl.Float64)


def finite(numbers: pl.Series) -> pl.Series:
    """Return float64 numbers with NaN, infinities and what float32 cannot hold as null."""
    good = numbers.is_finite() & (numbers.abs() <= LARGEST)
    return numbers if good.all() else numbers.set(~good, None)


def to_number(texts: pl.Series, how: Parse) -> pl.Series:
    """Return stripped texts as float64, null where they are not finite numbers."""
    return finite(_as_written(texts, how))


def _as_written(texts: pl.Series, how: Parse) -> pl.Series:
    """Return stripped texts as float64, be they infinite; null where they are not numbers."""
    if how.currency:
        texts = texts.str.replace(how.currency, "", literal=True).str.strip_chars()
    if how.percent:
        texts = texts.str.strip_suffix("%").str.strip_chars()
    if how.thousands:
        texts = _ungrouped(texts.str.replace_all("[\u00a0\u202f]", " "), how)
    if how.decimal != ".":
        plain = ~texts.str.contains(".", literal=True)
        texts = texts.set(~plain, None).str.replace(how.decimal, ".", literal=True)
    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count() > texts.null_count():
        numbers = numbers.fill_null(
            texts.str.replace("−", "-", literal=True).cast(pl.Float64, strict=False)
        )
    return numbers


def _ungrouped(texts: pl.Series, how: Parse) -> pl.Series:
    """Return texts without thousands separators; null where the groups are not of three."""
    mark, point = _escaped(how.thousands), _escaped(how.decimal)
    exponent = r"(?:[eE][+-]?\d+)?"
    grouped = rf"^[+\-−]?[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?:{point}\d*)?{exponent}$"
    plain = rf"^[+\-−]?(?:\d+(?:{point}\d*)?|{point}\d+){exponent}$"
    valid = texts.str.contains(f"{grouped}|{plain}")
    return texts.set(~valid, None).str.replace_all(how.thousands, "", literal=True)


def _escaped(sign: str) -> str:
    return rf"\{sign}" if sign == "." else sign


def _without(numbers: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Return numbers with those listed as missing, such as -999, as null."""
    listed = pl.Series(missing, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
    return numbers.set(numbers.is_in(listed), None) if len(listed) else numbers


def _recognise_text(values: Values) -> Reading | None:
    levels = values.levels
    sample = levels["level"].head(500)
    alike = sample.str.contains(LOOKS_LIKE_A_NUMBER).sum()
    if not len(sample) or alike < len(sample) / 2:
        return None
    if levels["level"].str.contains(CODE).any() or _are_codes(values):
        return None
    signs = _signs(levels["level"])
    if signs is None:
        return None
    how, share = _best_separators(levels, signs)
    if share >= ENOUGH or _one_word_aside(levels, how):
        return _reading(values, how)
    return None


def _are_codes(values: Values) -> bool:
    """Whether whole numbers were stored as text on purpose, as codes."""
    marked = any(marker for marker in values.markers)
    return values.typed and not marked and bool(values.levels["level"].str.contains(WHOLE).all())


def _signs(levels: pl.Series) -> Parse | None:
    """Return the currency and percent signs of a column, None where they are mixed."""
    signs = [sign for sign in CURRENCIES if levels.str.contains(sign, literal=True).any()]
    percent = levels.str.ends_with("%").mean() or 0.0
    if len(signs) > 1 or 0 < float(percent) < ENOUGH:  # type: ignore[arg-type]
        return None
    return Parse(currency="".join(signs), percent=bool(percent))


def _best_separators(levels: pl.DataFrame, signs: Parse) -> tuple[Parse, float]:
    """Return the separators that read most values, and the share that they read."""
    total, best, best_share = max(int(levels["count"].sum()), 1), signs, -1.0
    for decimal, thousands in SEPARATORS:
        how = Parse(
            decimal=decimal,
            thousands=thousands,
            currency=signs.currency,
            percent=signs.percent,
        )
        read = _as_written(levels["level"], how).is_not_null()
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
    unread = values.levels.filter(typed.is_null()).sort("count", "level", descending=[True, False])
    missing = tuple(values.markers)
    clauses = [_describe(values, typed), *_stored_as(how)]
    if not unread.is_empty():
        words = list(starmap("{!r} ({:,})".format, unread.head(3).iter_rows()))
        clauses.append(
            f"{counted(int(unread['count'].sum()), 'value')} taken as missing, being no finite "
            f"number: {', '.join(words)}"
        )
        if unread.height <= MOST_MARKERS:
            missing = (*missing, *unread["level"])
    parse = Parse(missing, (), how.decimal, how.thousands, how.currency, how.percent)
    return Reading("numeric", "; ".join(clauses), parse, unread=int(unread["count"].sum()))


def _stored_as(how: Parse) -> list[str]:
    signs = [f"{how.currency!r}"] if how.currency else []
    signs += ["'%' (12% is read as 12)"] if how.percent else []
    signs += [f"{how.thousands!r} between thousands"] if how.thousands else []
    signs += [f"decimal {how.decimal!r}"] if how.decimal != "." else []
    return [f"stored as text with {', '.join(signs)}"] if signs else []


def _describe(values: Values, typed: pl.Series) -> str:
    """Return the clause on what the numbers are, and a remedy where they may be codes."""
    numbers = typed.drop_nulls()
    if not len(numbers):
        return "Numbers"
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore
    if low == high:
        return f"The number {number(low)}"
    span = f"from {number(low)} to {number(high)}"
    distinct = numbers.n_unique() if values.is_text else values.distinct
    if distinct <= FEW_WHOLE_NUMBERS and bool((numbers == numbers.floor()).all()):
        if (distinct, low, high) == (2, 0, 1):
            return "0 or 1, taken as a number"
        return (
            f"Only {counted(distinct, 'distinct whole number')} {span}, taken as quantities; "
            f"--categorical {values.name!r} if they are codes"
        )
    return f"Numbers {span}"


def _dtype_words(dtype: pl.DataType) -> str:
    if dtype.is_temporal():
        return "dates"
    return "lists" if dtype.is_nested() else str(dtype)
