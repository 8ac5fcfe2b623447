"""Series side by side on one grid of stamps, made from the rows of a table in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.columns import Column
from gradum.tables.forecast.facet import Forecast
from gradum.tables.forecast.frequency import DAY, HOUR, MONDAY, Frequency
from gradum.tables.table import Table
from gradum.tables.unreadable import Unreadable
from gradum.tables.wording import nearest_names, quoted, rows_of, rows_text

MOST_CELLS = 50_000_000  # series × stamps × columns that are held
JOINT = " · "  # between the parts of a series' name


@dataclass(frozen=True, eq=False)
class Panel:
    """S series on T stamps."""

    keys: tuple[tuple[str, ...], ...]
    """The name of each series, by the columns that name it."""
    first: int
    """The place on the grid of the first stamp."""
    values: np.ndarray
    """Of shape (1 + C, S, T). The target and the C covariates, categories as codes; NaN where there
    is none."""

    @property
    def target(self) -> np.ndarray:
        """The values of each series (S, T)."""
        return self.values[0]

    @property
    def ends(self) -> np.ndarray:
        """The place of each series' last value (S,); before the first stamp if it has none."""
        known = np.isfinite(self.target)
        last = self.target.shape[1] - 1 - known[:, ::-1].argmax(1)
        return self.first + np.where(known.any(1), last, -1)

    def until(self, place: int) -> Panel:
        """Return the same without the stamps after a place."""
        return Panel(self.keys, self.first, self.values[:, :, : max(place - self.first + 1, 0)])

    def since(self, place: int) -> Panel:
        """Return the same without the stamps before a place."""
        cut = max(place - self.first, 0)
        return Panel(self.keys, self.first + cut, self.values[:, :, cut:])

    def latest(self, known: Forecast) -> Panel:
        """Return what a forecast looks at from the end of each series."""
        ends = self.ends[self.ends >= self.first]
        return self.since(known.end - known.reach - int(ends.max() - ends.min()))

    def reaching(self, place: int) -> Panel:
        """Return the same with stamps up to a place, at which nothing is known."""
        more = max(place - self.first - self.values.shape[2] + 1, 0)
        return replace(
            self, values=np.pad(self.values, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)
        )

    def then(self, later: Panel) -> Panel:
        """Return these series with the values of later ones, which replace what both have."""
        keys = tuple(dict.fromkeys((*self.keys, *later.keys)))
        first = min(self.first, later.first)
        end = max(each.first + each.values.shape[2] for each in (self, later))
        values = np.full((len(self.values), len(keys), end - first), np.nan)
        place = {key: number for number, key in enumerate(keys)}
        for each in (self, later):
            rows = [place[key] for key in each.keys]
            begin = each.first - first
            there = values[:, rows, begin : begin + each.values.shape[2]]
            there = np.where(np.isfinite(each.values), each.values, there)
            values[:, rows, begin : begin + each.values.shape[2]] = there
        return Panel(keys, first, values)


def stamps_of(typed: pl.Series, table: Table) -> np.ndarray:
    """Return a typed time column as int64 microseconds, or float64 numbers.

    Raises
    ------
    TableError
        A row has no stamp.
    """
    missing = typed.is_null()
    if missing.any():
        raise _refused(
            table,
            missing.to_numpy(),
            say("Column {column!r} has no stamp", column=typed.name),
            say("Give each row one, or leave these rows out."),
        )
    return typed.to_physical().to_numpy()


def typed(table: Table, column: Column) -> pl.Series:
    """Return a column of a table as the schema reads it.

    Raises
    ------
    TableError
        The table lacks it.
    """
    if column.name not in table.frame.columns:
        close = nearest_names(column.name, table.frame.columns)
        raise TableError(
            say(
                "{source} lacks the column {absent}.",
                source=table.source,
                absent=quoted([column.name]),
            ),
            say(
                "Rename {pairs}, or add the column.",
                pairs=say("{other!r} to {name!r}", other=close[0], name=column.name),
            )
            if close
            else say("Add the column."),
        )
    return column.traits.parse(table.frame[column.name], column.parse).alias(column.name)


def on_clock(table: Table, column: Column) -> Table:
    """Return a table whose stamps with a zone are what the clock there shows, in no zone."""
    if not getattr(table.frame.schema.get(column.name), "time_zone", None):
        return table
    shown = pl.col(column.name).dt.replace_time_zone(None)
    return replace(table, frame=table.frame.with_columns(shown))


def keys_of(
    table: Table, columns: tuple[Column, ...]
) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Return the code of each row's series (n,), and the series' names, sorted."""
    if not columns:
        return np.zeros(table.frame.height, np.intp), ((),)
    named = pl.DataFrame([typed(table, column).cast(pl.String).fill_null("") for column in columns])
    distinct = named.unique().sort(named.columns).with_row_index("\0code")
    codes = named.join(distinct, on=named.columns, how="left", maintain_order="left")["\0code"]
    return codes.to_numpy().astype(np.intp), tuple(distinct.drop("\0code").iter_rows())


def in_words(key: tuple[str, ...]) -> str:
    """Return the name of a series, as readers see it."""
    return JOINT.join(key)


def panel_of(table: Table, known: Forecast) -> Panel:
    """Lay the rows of a table on the grid of a forecast.

    Columns of values that the table lacks are missing: a table of known future columns has no
    target.

    Raises
    ------
    TableError
        A stamp is missing, twice there or beside the grid; the message names the rows.
    """
    table = on_clock(table, known.time) if known.clock else table
    codes, keys = keys_of(table, known.series)
    stamps = stamps_of(typed(table, known.time), table)
    columns = [_numbers(table, known.target, ())]
    columns += [_numbers(table, each.column, each.levels) for each in known.covariates]
    return laid_out(table, codes, keys, stamps, columns, known.frequency)


def _numbers(table: Table, column: Column, levels: tuple[str, ...]) -> np.ndarray:
    """Return a column as numbers (n,), categories as codes; NaN where it is missing."""
    if column.name not in table.frame.columns:
        return np.full(table.frame.height, np.nan)
    values = typed(table, column)
    unread = Unreadable.of(table.frame[column.name], values, column, table.numbers)
    if unread is not None:
        unread.refuse_alone(table.source)
    if levels:
        places = {level: float(place) for place, level in enumerate(levels)}
        return np.array([places.get(level, np.nan) for level in values.cast(pl.String)])
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()


def laid_out(
    table: Table,
    codes: np.ndarray,
    keys: tuple[tuple[str, ...], ...],
    stamps: np.ndarray,
    columns: list[np.ndarray],
    frequency: Frequency,
) -> Panel:
    """Lay n rows on a grid, given their series (n,), stamps (n,) and columns of values (n,)."""
    places = frequency.places(stamps)
    beside = ~np.isfinite(places)
    if beside.any():
        raise _refused(
            table,
            beside,
            say("Stamps are not on the grid of {frequency}", frequency=frequency.in_words),
            say("Correct them, or round them to the grid."),
        )
    places = places.astype(np.int64)
    cells = len(keys) * (int(places.max()) - int(places.min()) + 1) * len(columns)
    if cells > MOST_CELLS:
        raise TableError(
            "{source} would take {cells:,} cells on the grid of {frequency}.",
            "Give fewer series or a shorter time, or round stamps to a coarser grid.",
            source=table.source,
            cells=cells,
            frequency=frequency.in_words,
        )
    first = int(places.min())
    values = np.full((len(columns), len(keys), int(places.max()) - first + 1), np.nan)
    flat = codes * values.shape[2] + places - first
    twice = _repeated(flat)
    if twice.any():
        if not _set_back(codes, stamps, twice, frequency):
            raise _refused(
                table,
                twice,
                say(
                    "Series {series!r} has two values at one stamp",
                    series=in_words(keys[codes[np.flatnonzero(twice)[0]]]),
                )
                if keys[0]
                else say("Two rows have one stamp"),
                say("Keep one of them; or name the columns that tell series apart with --series."),
            )
        columns = [_averaged(column, flat) for column in columns]
    for number, column in enumerate(columns):
        values[number].reshape(-1)[flat] = column
    return Panel(keys, first, values)


def _repeated(flat: np.ndarray) -> np.ndarray:
    """Return which rows (n,) share their place with another."""
    _, inverse, counts = np.unique(flat, return_inverse=True, return_counts=True)
    return counts[inverse] > 1


def _averaged(column: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Return a column (n,) in which rows of one place have the mean of their values."""
    _, inverse = np.unique(flat, return_inverse=True)
    known = np.isfinite(column)
    sums = np.bincount(inverse, np.where(known, column, 0.0))
    counts = np.bincount(inverse, known)
    with np.errstate(invalid="ignore"):
        return (sums / counts)[inverse]


def _set_back(
    codes: np.ndarray, stamps: np.ndarray, twice: np.ndarray, frequency: Frequency
) -> bool:
    """Whether stamps are there twice as the clock was set back: an hour of a Sunday's night."""
    if frequency.unit != "us" or frequency.step > HOUR:
        return False
    moments = stamps[twice].astype(np.int64)
    days, into = np.divmod(moments - int(MONDAY), DAY)
    _, counts = np.unique(np.column_stack([codes[twice], moments]), axis=0, return_counts=True)
    hour_of_day = {day: np.ptp(into[days == day]) for day in np.unique(days)}
    return bool(
        (days % 7 == 6).all()
        and (into < 4 * HOUR).all()
        and (counts == 2).all()
        and max(hour_of_day.values()) < HOUR
        and len(hour_of_day) <= 2 * (np.ptp(stamps) // (365 * DAY) + 1)
    )


def _refused(table: Table, where: np.ndarray, clause: str, remedy: str) -> TableError:
    positions = np.flatnonzero(where)
    numbers = positions if table.numbers is None else table.numbers[positions]
    return TableError(
        say(
            "{source}: {clause}, in {rows}.",
            source=table.source,
            clause=clause,
            rows=rows_text(rows_of(numbers), len(numbers)),
        ),
        remedy,
    )
