"""Rows of totals and subtotals: rows that add up other rows, which no model should learn from.

A row is one if a cell holds a word for it and its numbers add up, or if it is the last row and all
of its numbers add up. The word alone proves nothing: Total also sells petrol. So the table is
reduced to what lies between the rows with such a word, segment by segment: the sums of its columns,
the sums of their sizes, how many numbers are not 0, and the largest. All rows with one word are
totals or none is, and they add up in one way: the rows since the last total, say.

By chance, a number is hardly ever such a sum: of n + 1 numbers of one kind, one exceeds each of the
others, and it then has to equal their sum besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.margins import EQUAL
from gradum.messages import say, say_plural
from gradum.tables.doubt import Doubt
from gradum.tables.doubts.total_words import Named, named_totals
from gradum.tables.kinds import KINDS, Kind, Values, recognise
from gradum.tables.kinds.numeric import NumericKind
from gradum.tables.kinds.parse import Parse
from gradum.tables.table import Table
from gradum.tables.wording import first_upper, quoted, rows_of, rows_text

FEWEST_ROWS = 4
FEWEST_ADDENDS = 4  # other than 0, of a last row without a word
FEWEST_SURPLUS = 3  # addends beyond the first of each sum, for all rows with one word
FEWEST_TELLING = 0.5  # of the rows with one word must have more than one addend
MOST_AMISS = 0.1  # of the rows with one word may add up nothing
MOST_NAMED = 5_000  # rows with a word; more are a category
HEAD_ROWS = 1_000  # from which the columns of numbers are recognised
GLANCE_ROWS = 50  # which show at once that most last rows are no sums
SLICE_ROWS = 65_536  # that are added up at a time
NEARLY = 0.05  # of the sum of sizes: what a last row without a word may be off by
NEARLY_NAMED = 0.2  # and one with a word; rows that are there twice, say, are added once
MOST_DECIMALS = 6
# Rounding to a unit u is off by u / √12 on average, and a sum of n rounded numbers by √n as much.
ROUNDED = 4 / np.sqrt(12)
MOST_ROUNDED = 0.005  # of the sum of sizes
TEXTS = (pl.String, pl.Categorical, pl.Enum)

Word = tuple[str, str] | None
"""The column and the word of a row that is named a total; None for a last row without one."""
FOOT = ("", "")  # stands for the word of a last row, which may be the total of all with that word
Rows = np.ndarray
"""Rows that may be totals, as `_Segments` numbers them (g,)."""
Match = tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]
"""Which numbers of g rows in k columns are sums (g, k); and a function that takes a mask of columns
(k,), and returns of how many numbers other than 0 they are, where they exceed each (g, k)."""
Quantities = dict[str, tuple[Kind, Parse]]
"""The columns of numbers that may be added, and how each is read."""


@dataclass(frozen=True)
class AllRows:
    """A table, held or on disk, as the search for totals reads it."""

    head: Table
    """With the first `HEAD_ROWS` rows."""
    height: int
    last: pl.DataFrame
    """The last row."""
    blocks: Callable[[Sequence[str]], Iterable[pl.DataFrame]]
    """Yields the named columns of all rows in order, some rows at a time."""


class TotalRows(NamedTuple):
    """Rows of totals: their places (t,) from 0, ascending, and the cells that name them."""

    rows: np.ndarray
    cells: tuple[str, ...]

    @property
    def doubt(self) -> Doubt:
        """Which rows are left out, and what keeps them."""
        rows = rows_text(rows_of(self.rows), len(self.rows))
        if self.cells:
            clause = say_plural(
                "{rows} ({cells}) adds up other rows, and is left out",
                "{rows} ({cells}) add up other rows, and are left out",
                len(self.rows),
                rows=rows,
                cells=quoted(self.cells),
            )
        else:
            clause = say("{rows} adds up all other rows, and is left out", rows=rows)
        return Doubt("total", clause, "--keep-totals")

    @property
    def predicted(self) -> str:
        """Which rows are predicted like others, though they are totals."""
        rows = rows_text(rows_of(self.rows), len(self.rows))
        return say_plural(
            "{rows} adds up other rows, and is predicted like any other.",
            "{rows} add up other rows, and are predicted like any other.",
            len(self.rows),
            rows=first_upper(rows),
        )


def without_totals(table: Table) -> Table:
    """Return a table without its rows of totals, and with what is said of them in ``doubts``.

    Where totals are kept, or were looked for before, it is returned as it is.
    """
    found = totals_of(table)
    table = replace(table, keep_totals=True)
    if found is None:
        return table
    kept = np.delete(np.arange(len(table.frame)), found.rows)
    return replace(
        table, frame=table.frame[kept], numbers=kept, doubts=(*table.doubts, found.doubt)
    )


def totals_of(table: Table) -> TotalRows | None:
    """Return the rows of totals of a table in memory; None if there are none, or they are kept."""
    if table.keep_totals or table.numbers is not None:
        return None
    frame = table.frame
    return find_totals(
        AllRows(
            replace(table, frame=frame.head(HEAD_ROWS)),
            len(frame),
            frame.tail(1),
            lambda columns: _columns(frame, columns).iter_slices(SLICE_ROWS),
        )
    )


def find_totals(table: AllRows) -> TotalRows | None:
    """Return the rows of totals of a table; None if there are none."""
    if table.height < FEWEST_ROWS:
        return None
    named = _named(table)
    if not named and not _may_be_sum(table):
        return None
    quantities = _quantities(table)
    if not quantities:
        return None
    foot = table.height - 1
    rows = sorted({*named, foot})
    segments = _Segments.of(table, quantities, rows)
    words: list[Word] = [_word(named.get(row)) for row in rows]
    totals = _by_word(segments, [*words[:-1], None if words[-1] is None else FOOT])
    if not totals[-1]:
        totals[-1] = _is_foot(table, segments, totals, words, quantities)
    places = np.array(rows, np.int64)[totals]
    if not len(places):
        return None
    cells = dict.fromkeys(named[row].cell for row in places.tolist() if row in named)
    return TotalRows(places, tuple(cells))


def _word(cell: Named | None) -> Word:
    return None if cell is None else (cell.column, cell.word)


def _named(table: AllRows) -> dict[int, Named]:
    """Return the rows with a word for a total, by their places; none if they are a category."""
    texts = [column.name for column in table.head.frame if column.dtype in TEXTS]
    named: dict[int, Named] = {}
    before = 0
    for block in table.blocks(texts) if texts else ():
        for cell in named_totals(block, before):
            named.setdefault(cell.row, cell)
        if len(named) > MOST_NAMED:
            return {}
        before += len(block)
    return named


def _may_be_sum(table: AllRows) -> bool:
    """Whether the first rows leave open that the last one is the sum of all others.

    This only saves time. Most often it is not, by its numbers that are written plainly: one is less
    than the sum of the first rows, none of which is negative, or none exceeds these.
    """
    frame, last = table.head.frame, table.last
    names = [name for name, dtype in frame.schema.items() if dtype.is_numeric() or dtype in TEXTS]
    if not names:
        return False
    first = _plain(_columns(frame.head(min(GLANCE_ROWS, table.height - 1)), names))
    foot = _plain(_columns(last, names))[0]
    there = np.isfinite(first)
    seen = np.isfinite(foot) & there.any(axis=0)
    with np.errstate(over="ignore"):
        sums = np.where(there, first, 0.0).sum(axis=0)
    least = np.where(there, first, np.inf).min(axis=0)
    if (seen & (least >= 0) & (foot < (1 - NEARLY) * sums)).any():
        return False
    exceeds = np.abs(foot) > np.where(there, np.abs(first), 0.0).max(axis=0)
    return bool(exceeds[seen].any()) or not seen.any()


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the columns of these names, which polars would take for patterns as in "^.*$"."""
    return pl.DataFrame([frame[name] for name in names])


def _plain(frame: pl.DataFrame) -> np.ndarray:
    """Return columns as numbers (n, k), NaN for what is not written as programs write numbers."""
    words = pl.selectors.by_dtype(pl.Categorical, pl.Enum).cast(pl.String)  # not cast to numbers
    numbers = frame.with_columns(words).select(pl.all().cast(pl.Float64, strict=False))
    return numbers.to_numpy().reshape(len(frame), frame.width)


def _quantities(table: AllRows) -> Quantities:
    """Return the columns of numbers; only a sum may be so large that its thousands are apart."""
    head, found = table.head, {}
    frame = pl.concat([head.frame, table.last]) if table.height > len(head.frame) else head.frame
    for column in frame:
        typed = head.typed and column.name not in head.untyped
        values = Values(column.name, column, typed, (), head.decimal)
        reading = recognise(values)
        if not KINDS[reading.kind].is_quantity:  # a few words may stand among its numbers
            reading = NumericKind().understand(values, 1 - NEARLY) or reading
        kind = KINDS[reading.kind]
        if reading.usable and kind.is_quantity:
            found[column.name] = (kind, reading.parse)
    return found


def _is_foot(
    table: AllRows,
    segments: _Segments,
    totals: np.ndarray,
    words: list[Word],
    quantities: Quantities,
) -> bool:
    """Whether the last row, which adds up nothing by its word, is a total all the same."""
    word = words[-1]
    label = () if word is None else (word[0],)
    others = [name for name in table.last.columns if name not in (*quantities, *label)]
    usual = [table.head.frame[name].null_count() < len(table.head.frame) / 2 for name in others]
    empty = all(table.last[name].null_count() for name in others)
    if word is None:
        alone = empty and any(usual)
        exact = _is_sum_of_all(segments, totals, alone)
        return exact or (alone and _is_nearly_sum(segments, totals, NEARLY))
    exact = _is_named_foot(segments, totals, words)
    return exact or (empty and _is_nearly_sum(segments, totals, NEARLY_NAMED))


@dataclass(frozen=True)
class _Segments:
    """What lies before, between and after m rows that may be totals, in k columns of numbers."""

    values: np.ndarray
    """Of shape (m, k). The numbers of these rows, NaN where there is none."""
    sums: np.ndarray
    sizes: np.ndarray
    addends: np.ndarray
    largest: np.ndarray
    """Of shape (2 m + 1, k). Of each segment and each row in turn: sums, sums of sizes, how many
    numbers are not 0, the largest size."""
    unit: np.ndarray
    """Of shape (k,). The last decimal in which a column is written; 0 if there is none."""

    @classmethod
    def of(cls, table: AllRows, quantities: Quantities, rows: list[int]) -> _Segments:
        """Sum up all rows of a table around the given ones."""
        places, width = np.array(rows), len(quantities)
        values = np.full((len(rows), width), np.nan)
        sums, sizes, addends, largest = (np.zeros((2 * len(rows) + 1, width)) for _ in range(4))
        before = 0
        for block in table.blocks(list(quantities)):
            numbers = _numbers(block, quantities)
            inside = slice(*np.searchsorted(places, [before, before + len(block)]))
            here = places[inside] - before
            values[inside] = numbers[here]
            numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
            cuts = np.unique(np.concatenate([[0], here, here + 1, [len(block)]]))
            for start, stop in pairwise(cuts.tolist()):
                item = 2 * int(np.searchsorted(places, before + start)) + bool(start in here)
                part = numbers[start:stop]
                sums[item] += part.sum(axis=0)
                sizes[item] += np.abs(part).sum(axis=0)
                addends[item] += (part != 0).sum(axis=0)
                largest[item] = np.maximum(largest[item], np.abs(part).max(axis=0))
            before += len(block)
        unit = _unit(_numbers(table.head.frame, quantities))
        return cls(values, sums, sizes, addends, largest, unit)

    def matches(
        self,
        rows: Rows,
        spans: np.ndarray,
        totals: np.ndarray,
        *,
        rounded: bool = False,
        share: float = 0.0,
    ) -> Match:
        """Return how rows add up the spans before or after them, without the totals (m,) in these.

        Numbers may be off by the rounding of the last bits; if they are ``rounded``, by that of the
        last decimal; and by a ``share`` of the sum of sizes.

        Parameters
        ----------
        rows : ndarray of shape (g,)
        spans : ndarray of shape (g, 2)
            The segments and rows from one to before another.
        """
        plain = np.ones((len(self.sums), 1))
        plain[1::2, 0] = ~totals
        sums, sizes, addends = (
            np.vstack([np.zeros(part.shape[1]), np.cumsum(part * plain, axis=0)])[spans]
            for part in (self.sums, self.sizes, self.addends)
        )
        sums, sizes, addends = (part[:, 1] - part[:, 0] for part in (sums, sizes, addends))
        value = self.values[rows]
        off = EQUAL * (sizes + np.abs(value)) + share * sizes
        if rounded:
            off += np.minimum(ROUNDED * self.unit * np.sqrt(addends + 1), MOST_ROUNDED * sizes)
        matched = (np.abs(value - sums) <= off) & (value != 0) & (addends > 0)
        largest = self.largest * plain

        def exceeding(columns: np.ndarray) -> np.ndarray:
            found = np.where(matched & columns, addends, 0)
            for row in np.flatnonzero(found.any(axis=1)).tolist():
                within = largest[slice(*spans[row].tolist())].max(axis=0)
                found[row, np.abs(value[row]) <= within] = 0
            return found

        return matched, exceeding


def _numbers(block: pl.DataFrame, quantities: Quantities) -> np.ndarray:
    """Return columns as numbers (n, k), NaN where there is none."""
    columns = [kind.parse(block[name], how).to_numpy() for name, (kind, how) in quantities.items()]
    return np.column_stack(columns).astype(np.float64)


def _unit(numbers: np.ndarray) -> np.ndarray:
    """Return the last decimal in which columns of numbers (n, k) are written; 0 if too small."""
    numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    unit = np.zeros(numbers.shape[1])
    for decimals in range(MOST_DECIMALS, -1, -1):
        scaled = numbers * 10.0**decimals
        whole = np.abs(scaled - np.round(scaled)) <= EQUAL * np.maximum(np.abs(scaled), 1.0)
        unit = np.where(whole.all(axis=0), 10.0**-decimals, unit)
    return unit


def _by_word(segments: _Segments, words: list[Word]) -> np.ndarray:
    """Return which rows are totals by their word (m,): all rows with one word, or none.

    Words whose rows add up nothing are given up one after the other, the worst first: their rows
    are addends of the others then.
    """
    totals = np.array([word is not None for word in words], bool)
    while totals.any():
        rows_of_word: dict[Word, list[int]] = {}
        for row in np.flatnonzero(totals).tolist():
            rows_of_word.setdefault(words[row], []).append(row)
        shares = {word: _share(segments, rows, totals) for word, rows in rows_of_word.items()}
        worst = min(shares, key=lambda word: shares[word])
        if shares[worst] >= 1 - MOST_AMISS:
            break
        totals[rows_of_word[worst]] = False
    return totals


def _is_named_foot(segments: _Segments, totals: np.ndarray, words: list[Word]) -> bool:
    """Whether the last row, by itself no total, adds up what is above it, or is one of many."""
    foot = len(words) - 1
    if _share(segments, [foot], totals) == 1:
        return True
    alike = [row for row in np.flatnonzero(totals).tolist() if words[row] == words[foot]]
    with_foot = totals | (np.arange(len(words)) == foot)
    return bool(alike) and _share(segments, [*alike, foot], with_foot) >= 1 - MOST_AMISS


def _share(segments: _Segments, rows: list[int], totals: np.ndarray) -> float:
    """Return how many of the rows with one word add up others, all in the same way, as a share.

    It is that of the best way in the best columns; 0 if these have so few addends that chance will
    do.
    """
    best, places = 0.0, np.array(rows)
    values = segments.values[rows]
    present = np.maximum((~np.isnan(values) & (values != 0)).sum(axis=0), 1)
    for spans in _ways(places, totals):
        matched, exceeding = segments.matches(places, spans, totals, rounded=True)
        share = matched.sum(axis=0) / present
        additive = share >= 1 - MOST_AMISS
        surplus = np.maximum(exceeding(additive) - 1, 0)
        telling = (surplus > 0).any(axis=1).mean()
        if surplus.sum() >= FEWEST_SURPLUS and telling >= FEWEST_TELLING:
            best = max(best, float(share.max()))
    return best


def _ways(rows: Rows, totals: np.ndarray) -> list[np.ndarray]:
    """Return what rows (g,) with one word may be the sums of: spans (g, 2) for each way.

    These are the rows since the last total, since the last one with the word, and all above; and
    the rows below until the next total, until the next one with the word, and all below.
    """
    own, last = 2 * rows + 1, 2 * len(totals) + 1
    starts, stops = [np.zeros_like(rows)], [np.full_like(rows, last)]
    for others in (rows, np.flatnonzero(totals)):
        before = np.concatenate([[-1], others])[np.searchsorted(others, rows)]
        after = np.concatenate([others, [len(totals)]])[np.searchsorted(others, rows, "right")]
        starts.append(2 * before + 2)
        stops.append(2 * after + 1)
    above = [np.column_stack([start, own]) for start in starts]
    return [*above, *(np.column_stack([own + 1, stop]) for stop in stops)]


def _is_sum_of_all(segments: _Segments, totals: np.ndarray, only_numbers: bool) -> bool:
    """Whether the last row, which has no word, is the sum of all others.

    All of its numbers are; and at least two of them, or the only one in a row that holds nothing
    else, have enough addends and exceed each.
    """
    there, matched, telling = _against_all(segments, totals)
    return not (there & ~matched).any() and telling.sum() >= (1 if only_numbers else 2)


def _is_nearly_sum(segments: _Segments, totals: np.ndarray, share: float) -> bool:
    """Whether each number of the last row is the sum of all others but for a share of it.

    So is a total over a table in which rows are there twice, or lack a number. Each has enough
    addends and exceeds all of them, which a row like others hardly does in one column.
    """
    there, matched, telling = _against_all(segments, totals, share)
    return bool(there.any() and (matched & telling)[there].all())


def _against_all(
    segments: _Segments, totals: np.ndarray, share: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hold the last row against the sums of all others, in each of k columns.

    Returns where it has a number, where that is the sum but for a share of it, and where the sum
    has enough addends, of which it exceeds each (k,).
    """
    foot = len(segments.values) - 1
    value, whole = segments.values[foot], np.array([[0, 2 * foot + 1]])
    matched, exceeding = segments.matches(np.array([foot]), whole, totals, share=share)
    there = ~np.isnan(value) & (value != 0)
    return there, matched[0], exceeding(matched[0])[0] >= FEWEST_ADDENDS
