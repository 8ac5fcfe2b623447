"""One raw column, with every view of it that a kind may ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from gradum.messages import say
from gradum.tables.grids.cell import why_failed
from gradum.tables.kinds.case_folding import folded, folded_texts, merged
from gradum.tables.kinds.habits import AS_WRITTEN
from gradum.tables.kinds.parse import Parse
from gradum.tables.wording import quoted

MARKERS = (
    *("", "?", "-", ".", "NA", "N/A", "n/a", "#N/A", "<NA>"),
    *("NaN", "nan", "NULL", "null", "None", "NaT", "n.a.", "N.A."),
    *("#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"),
)
LARGEST = float(np.finfo(np.float32).max)
SMALLEST_SPREAD = 1e-150  # of numbers whose squares float64 can still tell apart
FEWEST_ROWS_TO_COUNT = 20
LEAST_DISTINCT = 0.9  # of the values, where hardly any occurs twice
MOST_OF_ONE_VALUE = 0.01  # of the rows with a value; and any `FEWEST_OF_ONE_VALUE` rows
FEWEST_OF_ONE_VALUE = 5
EXAMPLES = 4  # of values, in a message
MANY_ROWS, FEW_LEVELS = 10_000, 1_000  # texts that are cleaned level by level
FEW_DIFFERENT = 100  # of fewer rows, looked at one by one
IDENTIFIER_NAME = re.compile(
    r"^(|id|idx|index|row|rows|row_?(id|names?|num(ber)?|no|nr)|row_?index|uuid|guid|key|rn"
    r"|unnamed: ?\d+|.*[_. -](id|uuid|guid|key|index|no|nr)\.?|id[_. -].*|level_0|obs|case"
    r"|.*(编号|編號|单号|單號|订单号|流水号|学号|工号|番号|번호))$",
    re.IGNORECASE,
)
CAMEL_IDENTIFIER = re.compile(r".*[a-z0-9](Id|ID)$")


@dataclass(frozen=True)
class Values:
    """One raw column; each view of it is computed once, when it is first asked for."""

    name: str
    raw: pl.Series
    typed: bool = True
    """Whether the source states the types of its columns."""
    kept: tuple[str, ...] = ()
    """Markers that are values here."""
    decimal: str = "."
    """The decimal sign for numbers that can be read with either, such as "1,234"."""
    fold_case: bool = False
    """Whether levels that differ in upper and lower case alone are one."""
    numbers: np.ndarray | None = None
    """Of shape (n,). Each row's place in the table, from 0, if these are only some of its rows."""

    @cached_property
    def is_text(self) -> bool:
        """Whether the values are strings that may mean anything."""
        return self.raw.dtype == pl.String

    @cached_property
    def holds_strings(self) -> bool:
        """Whether the values are strings, either of open meaning or typed as levels."""
        return self.raw.dtype in (pl.String, pl.Categorical, pl.Enum)

    @cached_property
    def is_nested(self) -> bool:
        """Whether the values are lists, records, bytes or objects."""
        return self.raw.dtype.is_nested() or self.raw.dtype in (pl.Binary, pl.Object)

    @cached_property
    def is_number(self) -> bool:
        """Whether the source itself holds numbers."""
        return self.raw.dtype.is_numeric()

    @property
    def _missing(self) -> list[str]:
        """The texts that mean "missing" in any column, in the languages of its users."""
        return markers_of(Parse(missing=tuple(AS_WRITTEN), kept=self.kept))

    @cached_property
    def counts(self) -> pl.DataFrame:
        """Every distinct text as read (``raw``), stripped (``level``), with its ``count``."""
        texts = as_text(self.raw).alias("raw")
        return (
            texts.to_frame()
            .lazy()
            .drop_nulls()
            .group_by("raw", maintain_order=True)  # so that samples of levels are reproducible
            .agg(count=pl.len())
            .with_columns(level=pl.col("raw").str.strip_chars())
            .with_columns(marker=pl.col("level").is_in(self._missing))
            .collect()
        )

    @cached_property
    def levels(self) -> pl.DataFrame:
        """Every distinct ``level`` that is not missing, stripped, with its ``count``.

        Where case is folded, ``level`` is the commonest spelling.
        """
        if self.fold_case:
            return self.merged.select("level", count="rows")
        return self._written_levels

    @cached_property
    def merged(self) -> pl.DataFrame:
        """The levels with case folded: ``level``, ``rows``, and the ``others``, more spellings."""
        return merged(self._written_levels.rename({"count": "rows"}))

    @cached_property
    def _written_levels(self) -> pl.DataFrame:
        """As `levels` where case is not folded."""
        present = self.counts
        if present["marker"].any():
            present = present.filter(~pl.col("marker"))
        as_read = bool((present["raw"] == present["level"]).all())
        present = pl.DataFrame([present["level"], present["count"]])
        if as_read:  # so each occurs once
            return present
        return present.group_by("level", maintain_order=True).agg(pl.col("count").sum())

    @cached_property
    def plain_numbers(self) -> bool:
        """Whether every level is a number as programs write it: -1.5, 2e6."""
        levels = self.levels["level"]
        return len(levels) > 0 and levels.cast(pl.Float64, strict=False).null_count() == 0

    @cached_property
    def markers(self) -> Mapping[str, int]:
        """The markers of missing values found, blank included, with the number of their rows."""
        if not self.holds_strings or not self.counts["marker"].any():
            return {}
        counted = self.counts.filter("marker").group_by("level").agg(pl.col("count").sum())
        return dict(counted.sort("count", "level", descending=[True, False]).iter_rows())

    @cached_property
    def padded(self) -> int:
        """The number of rows whose text has spaces around it."""
        if not self.holds_strings:
            return 0
        padded = (self.counts["raw"] != self.counts["level"]) & ~self.counts["marker"]
        return int(self.counts["count"].filter(padded).sum())

    @cached_property
    def finite(self) -> pl.Series:
        """A column of numbers without its missing values."""
        if self.raw.dtype.is_float() and not all_finite(self.raw):
            return self.raw.filter(self.raw.is_finite() & (self.raw.abs() <= LARGEST))
        return self.raw.drop_nulls()

    @cached_property
    def case_twins(self) -> list[str]:
        """The first set of levels that differ only in upper and lower case."""
        folded = self.levels.with_columns(folded=folded_texts(pl.col("level")))
        twins = folded.filter(pl.col("folded").is_duplicated())
        return twins.filter(pl.col("folded") == pl.col("folded").first())["level"].to_list()

    @cached_property
    def distinct(self) -> int:
        """Distinct values, missing ones not counted."""
        if self.is_nested:
            return 0
        if self.holds_strings:
            return self.levels.height
        if self.is_number:
            return self.finite.n_unique()
        return self.raw.drop_nulls().n_unique()

    @cached_property
    def missing(self) -> int:
        """Rows without a value."""
        return len(self.raw) - self.present

    @cached_property
    def present(self) -> int:
        """Rows with a value."""
        if self.holds_strings:
            return int(self.levels["count"].sum())
        if self.is_number:
            return len(self.finite)
        return len(self.raw) - self.raw.null_count()

    @cached_property
    def infinite(self) -> int:
        """How many missing values are infinite in the source, or beyond what float32 can hold."""
        if not self.raw.dtype.is_float() or self.missing == self.raw.null_count():
            return 0
        return self.missing - self.raw.null_count() - int(self.raw.is_nan().sum())

    @cached_property
    def too_large(self) -> int:
        """How many of the ``infinite`` values are numbers beyond what float32 can hold."""
        return self.infinite and self.infinite - int(self.raw.is_infinite().sum())

    @cached_property
    def beyond(self) -> bool:
        """Whether all values are numbers, and each is infinite or beyond what float32 can hold.

        They count as missing, so none is left.
        """
        if self.is_number:
            return not self.present and self.infinite > 0
        if not self.is_text or not self.plain_numbers:
            return False
        numbers = self.levels["level"].cast(pl.Float64, strict=False)
        return not (numbers.is_finite() & (numbers.abs() <= LARGEST)).any()

    @cached_property
    def hardly_repeat(self) -> bool:
        """Whether so few rows share a value that values teach next to nothing.

        A value that occurs in m rows is known from the m - 1 others. If half of what differs
        between rows differs between values, the others tell (m - 1) / m of that; over all rows, 1
        less the share of distinct values. A sample of rows cannot show it: their mates may be
        elsewhere. And one value of many rows tells much by itself.
        """
        if self.present < FEWEST_ROWS_TO_COUNT or self.is_sample:
            return False
        if self.distinct < LEAST_DISTINCT * self.present:
            return False
        largest = int(self.levels["count"].max())  # type: ignore[arg-type]
        return largest <= max(FEWEST_OF_ONE_VALUE, MOST_OF_ONE_VALUE * self.present)

    @property
    def is_sample(self) -> bool:
        """Whether these are fewer than half of the rows up to the last of them."""
        return self.numbers is not None and 2 * len(self.numbers) <= int(self.numbers.max())

    @cached_property
    def numbers_rows(self) -> bool:
        """Whether these are whole numbers, nearly all different, under a name such as "id"."""
        name = self.name.strip()
        if not (IDENTIFIER_NAME.match(name) or CAMEL_IDENTIFIER.match(name)):
            return False
        if self.present < FEWEST_ROWS_TO_COUNT:
            return False
        if self.distinct < self.present and not self.hardly_repeat:
            return False
        if self.is_text:
            return bool(self.levels["level"].str.contains(r"^[+-]?\d+(\.0+)?$").all())
        if self.raw.dtype.is_float():
            return bool((self.finite == self.finite.floor()).all())
        return self.raw.dtype.is_integer()


def all_finite(numbers: pl.Series) -> bool:
    """Whether all floats except nulls are finite and within what float32 can hold."""
    low, high = numbers.min(), numbers.max()
    if low is None:
        return True
    within = low >= -LARGEST and high <= LARGEST  # type: ignore[operator]
    return bool(within and math.isfinite(numbers.sum()))  # the sum shows whether any is NaN


def markers_of(how: Parse) -> list[str]:
    """Return the texts that mean "missing" in a column."""
    return [marker for marker in (*MARKERS, *how.missing) if marker not in how.kept]


def without_markers(raw: pl.Series, markers: tuple[str, ...]) -> pl.Series:
    """Return a column with null where it holds one of the markers, as a text or as a number."""
    if not markers or raw.dtype.is_nested() or raw.dtype in (pl.Binary, pl.Object):
        return raw
    return raw.set(as_text(raw).str.strip_chars().is_in(list(markers)).fill_null(False), None)


def as_text(raw: pl.Series) -> pl.Series:
    """Return any column as strings; whole numbers have no decimal point, so 3.0 is "3"."""
    dtype = raw.dtype
    if dtype == pl.String:
        return raw
    if dtype == pl.Duration:
        return _floats_as_text(raw.dt.total_microseconds() / 1e6)
    if dtype.is_float():
        return _floats_as_text(raw)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return pl.Series(raw.name, [None] * len(raw), pl.String)
    words = raw.cast(pl.String)
    return words.str.to_titlecase() if dtype == pl.Boolean else words


def examples_of(raw: pl.Series) -> tuple[str, ...]:
    """Return the first `EXAMPLES` different values as text, for messages; none of objects."""
    texts = pl.Series(map(str, raw.drop_nulls())) if raw.dtype.is_float() else as_text(raw)
    if raw.dtype == pl.Binary:
        other = say("bytes of another format")
        texts = pl.Series([why_failed(cell) or other for cell in raw.drop_nulls()], dtype=pl.String)
    if texts.null_count() == len(texts):
        return (say("lists, records or objects"),)
    return tuple(texts.unique(maintain_order=True).drop_nulls().head(EXAMPLES))


def _floats_as_text(raw: pl.Series) -> pl.Series:
    whole = (raw == raw.floor()) & (raw.abs() < 2**53)
    usable = raw.is_finite() & (raw.abs() <= LARGEST)
    texts = (
        pl.when(whole)
        .then(raw.cast(pl.Int64, strict=False).cast(pl.String))
        .when(usable)
        .then(raw.cast(pl.String))
    )
    return pl.select(texts).to_series().alias(raw.name)


def clean(raw: pl.Series, how: Parse) -> pl.Series:
    """Return a column as stripped strings, null if missing."""
    texts, text = as_text(raw), pl.col("text")
    if len(texts) <= MANY_ROWS and texts.n_unique() < FEW_DIFFERENT and _are_clean(texts, how):
        return texts
    frame, cleaned = texts.to_frame("text"), _cleaned(text, how)
    few = FEW_LEVELS if not how.fold_case else MANY_ROWS  # to fold takes longer than to look up
    if len(texts) > MANY_ROWS and texts.head(MANY_ROWS).n_unique() < few:
        levels = frame.select(text.unique()).with_columns(cleaned=cleaned)
        changed = levels.filter(text.ne_missing(pl.col("cleaned")))
        return texts.replace(changed["text"], changed["cleaned"]) if len(changed) else texts
    return frame.select(cleaned).to_series().alias(texts.name)


def _are_clean(texts: pl.Series, how: Parse) -> bool:
    """Whether it is plain that cleaning changes none of them: then no program of polars is run.

    To run one takes longer than a thousand rows do.
    """
    markers = markers_of(how)
    return not (how.whole or how.spellings or how.fold_case) and all(
        level is None or (level not in markers and _is_plain(level)) for level in texts.unique()
    )


def _is_plain(text: str) -> bool:
    """Whether a text is ASCII, can be printed, and has no space at its ends.

    What cannot be printed is stripped by Python and polars differently.
    """
    return text.isascii() and text.isprintable() and text == text.strip()


def _cleaned(texts: pl.Expr, how: Parse) -> pl.Expr:
    stripped = texts.str.strip_chars()
    if how.whole:
        stripped = stripped.str.replace(r"^([+-]?\d+)\.0+$", "$1")
    level = respelled(stripped, how) if how.spellings or how.fold_case else stripped
    return pl.when(~stripped.is_in(markers_of(how))).then(level)


def respelled(texts: pl.Expr, how: Parse) -> pl.Expr:
    """Spell texts as their levels are; what would mean two levels stays as it is."""
    keys = folded_texts(texts)
    known: dict[str, list[str]] = {}
    for level in how.spellings:
        known.setdefault(folded(level), []).append(level)
    spelled = {key: levels[0] for key, levels in known.items() if len(levels) == 1}
    others = keys if how.fold_case else texts
    if not spelled:
        return others
    return keys.replace_strict(spelled, default=others, return_dtype=pl.String)


def mostly(mask: pl.Series) -> bool:
    """Whether nearly all are true, and there are some."""
    return bool(len(mask)) and mask.sum() >= 0.9 * len(mask)


def unread_in_words(unread: pl.DataFrame) -> list[str]:
    """Return a clause on levels (``level``, ``count``) that cannot be read; none without any."""
    if unread.is_empty():
        return []
    return [
        say(
            "{count:,} that cannot be read count as missing: {values}",
            count=unread["count"].sum(),
            values=quoted(unread["level"]),
        )
    ]
