"""Rows of an origin and a step ahead: what was known of a series there, and its calendar."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.tables.forecast.calendar import in_calendar
from gradum.tables.forecast.classical.forecasts import Segments
from gradum.tables.forecast.classical.smoothing import nanmean
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.panel import Panel, in_words, panel_of
from gradum.tables.table import Table

SERIES = "series"


@dataclass(frozen=True, eq=False)
class Windows:
    """W origins of series of a panel, each with the H steps that follow."""

    panel: Panel
    known: Forecast
    series: np.ndarray
    """Of shape (W,). The place of each window's series among those of the panel."""
    origins: np.ndarray
    """Of shape (W,). The place on the grid of each window's origin, the last stamp that is looked
    at."""

    @classmethod
    def every(cls, panel: Panel, known: Forecast) -> Windows:
        """Return every origin of a panel with a season before it and a value after it."""
        return cls._among(panel, known, panel.first + known.season - 1)

    @classmethod
    def since(cls, panel: Panel, known: Forecast) -> Windows:
        """Return every origin after all that was learned from, with a value after it."""
        return cls._among(panel, known, known.end)

    @classmethod
    def _among(cls, panel: Panel, known: Forecast, first: int) -> Windows:
        """Return the origins from a place on, a stride apart, that are before the end."""
        origins = np.arange(max(first, panel.first), panel.first + panel.values.shape[2])
        origins = origins[(origins - known.end) % known.stride == 0]
        place, series = np.nonzero(
            np.isfinite(panel.target[:, origins - panel.first]).T & (origins[:, None] < panel.ends)
        )
        return cls(panel, known, series, origins[place])

    @classmethod
    def last(cls, panel: Panel, known: Forecast) -> Windows:
        """Return the last origin of each series that has a value."""
        series = np.flatnonzero(panel.ends >= panel.first)
        return cls(panel, known, series, panel.ends[series])

    def __len__(self) -> int:
        return len(self.series)

    def take(self, rows: np.ndarray) -> Windows:
        """Return the windows at some positions."""
        return Windows(self.panel, self.known, self.series[rows], self.origins[rows])

    @property
    def rows(self) -> np.ndarray:
        """The places (W, H) of the rows in `frame`."""
        return np.arange(len(self) * self.known.horizon).reshape(len(self), -1)

    @property
    def steps(self) -> np.ndarray:
        """The steps ahead (1, H)."""
        return np.arange(1, self.known.horizon + 1)[None, :]

    @property
    def places(self) -> np.ndarray:
        """The places on the grid that are forecast (W, H)."""
        return self.origins[:, None] + self.steps

    def at(self, places: np.ndarray, column: int = 0) -> np.ndarray:
        """Return values of a column at places (W, k) of each window's series; NaN where none is."""
        width = self.panel.values.shape[2]
        where = places - self.panel.first
        there = (where >= 0) & (where < width)
        values = self.panel.values[column][self.series[:, None], np.clip(where, 0, width - 1)]
        return np.where(there, values, np.nan)

    @property
    def naive(self) -> np.ndarray:
        """The seasonal naive forecasts (W, H).

        Where the value a season before is missing, it is that of an earlier season, at last the
        value at the origin.
        """
        past = self._seasonal(self.known.season)
        answer = self.at(self.origins[:, None]) + 0 * self.steps
        for back in reversed(range(4)):
            value = self.at(past - back * self.known.season)
            answer = np.where(np.isfinite(value), value, answer)
        return answer

    @property
    def naive_is_known(self) -> np.ndarray:
        """Whether the naive forecasts (W, H) are the values a season before, not others."""
        return np.isfinite(self.at(self._seasonal(self.known.season)))

    @property
    def scales(self) -> np.ndarray:
        """The scale of each window's series (W, 1); for a new series, of its own changes here."""
        known = dict(zip(self.known.keys, self.known.scales, strict=True))
        new = scales_of(self.panel, self.known.season) if self.known.scaled else None
        of_series = [
            known.get(key, 1.0 if new is None else float(new[place]))
            for place, key in enumerate(self.panel.keys)
        ]
        return np.array(of_series)[self.series][:, None]

    @property
    def changes(self) -> np.ndarray:
        """How many seasonal changes each window's series has (W,), of which its scale is made."""
        season, target = self.known.season, self.panel.target
        changes = np.isfinite(target[:, season:] - target[:, :-season]).sum(1)
        return changes[self.series]

    @property
    def share_of_zeros(self) -> np.ndarray:
        """The share of zeros (W, H) among past values at the same place of the season."""
        season, past = self.known.season, self._seasonal(self.known.season)
        reach = int((self.origins - self.panel.first).max(initial=0)) // season + 1
        zeros = nanmean(
            np.stack([_zero_or_not(self.at(past - back * season)) for back in range(reach)])
        )
        return np.nan_to_num(zeros)

    def _seasonal(self, season: int) -> np.ndarray:
        """Return the last places (W, H) at the origin or before that are whole seasons earlier."""
        return self.places - season * -(-self.steps // season)

    def frame(self) -> pl.DataFrame:
        """Return a row for each window and step, with its target where it is known."""
        rows, steps = len(self), self.known.horizon
        stamps = self.known.frequency.stamps(self.places.reshape(-1))
        origins = self.known.frequency.stamps(np.repeat(self.origins, steps))
        keys = [self.panel.keys[each] for each in self.series]
        columns: dict[str, pl.Series | np.ndarray] = {
            column.name: pl.Series(
                [key[place] for key in keys for _ in range(steps)], dtype=pl.String
            )
            for place, column in enumerate(self.known.series)
        }
        if len(self.known.series) > 1:
            columns[SERIES] = pl.Series([in_words(key) for key in keys for _ in range(steps)])
        columns[self.known.time.name] = self._moments(stamps)
        columns[ORIGIN] = self._moments(origins)
        columns[STEP] = np.tile(np.arange(1, steps + 1), rows)
        for name, values in self._columns():
            shaped = np.broadcast_to(values, (rows, steps)).reshape(-1)
            if shaped.dtype.kind == "f":
                columns[name] = pl.Series(shaped).fill_nan(None)
            else:  # levels, perhaps none
                columns[name] = pl.Series(shaped.tolist(), dtype=pl.String)
        past = self._seasonal(self.known.season).reshape(-1)
        of_stamps = in_calendar(self.known, self.places.reshape(-1), past)
        for name, (places, names) in of_stamps.items():
            columns[name] = pl.Series(names)[places] if names else places
        naive, scale = self.naive, self.scales
        target = ((self.at(self.places) - naive) / scale).reshape(-1)
        columns[self.known.target.name] = pl.Series(target).fill_nan(None)
        return pl.DataFrame(columns)

    @property
    def names(self) -> list[str]:
        """The columns of `frame`; a name that the table gives to another is there twice."""
        known = self.known
        first = [*(each.name for each in known.series), known.time.name, ORIGIN, STEP]
        first += [SERIES] * (len(known.series) > 1)
        made = [name for name, _ in self.take(np.arange(1))._columns()]
        return [*first, *made, *known.calendar_columns, known.target.name]

    def judged(self) -> tuple[pl.DataFrame, np.ndarray]:
        """Return the rows of `frame` whose target is known, and their places in it (n,)."""
        places = np.flatnonzero(np.isfinite(self.at(self.places) - self.naive))
        return self.frame()[places], places

    def are_in(self, given: Panel) -> np.ndarray:
        """Return which outcomes (W, H) a panel has."""
        place = {key: number for number, key in enumerate(given.keys)}
        series = np.array([place.get(key, -1) for key in self.panel.keys])[self.series][:, None]
        where = self.places - given.first
        there = (series >= 0) & (where >= 0) & (where < given.values.shape[2])
        found = given.target[series, np.clip(where, 0, given.values.shape[2] - 1)]
        return there & np.isfinite(found)

    def _moments(self, stamps: np.ndarray) -> pl.Series:
        if self.known.frequency.dated:
            return pl.Series(stamps.astype(np.int64)).cast(pl.Datetime("us"))
        return pl.Series(stamps)

    def _columns(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield what was known at the origin, relative to the naive forecast, in scales."""
        name, known, origin = self.known.target.name, self.known, self.origins[:, None]
        naive, scale = self.naive, self.scales
        yield f"{name}, naive", naive / scale
        for lag in range(RECENT):
            label = f"{name}, {lag} before origin" if lag else f"{name} at origin"
            yield label, (self.at(origin - lag) - naive) / scale
        yield from self._classical(naive, scale)
        for width in known.windows:
            mean, before = self._mean(width), self._mean(width, width)
            yield f"{name}, mean of {width}", (mean - naive) / scale
            yield f"{name}, rise of mean of {width}", (mean - before) / scale
        for season, count in known.cycles.items():
            past = self._seasonal(season)
            values = np.stack([self.at(past - back * season) for back in range(count)])
            for back in range(season == known.season, count):
                yield f"{name}, {season} × {back + 1} back", (values[back] - naive) / scale
            yield f"{name}, mean of {season} × {count} back", (nanmean(values) - naive) / scale
            yield f"{name}, median of {season} × {count} back", (_median(values) - naive) / scale
            at_origin = np.arange(season)[None, :]
            spread = np.abs(self.at(origin - at_origin) - self.at(origin - season - at_origin))
            yield f"{name}, change over {season}", nanmean(spread.T)[:, None] / scale
        for number, covariate in enumerate(known.covariates, 1):
            yield from self._of_covariate(number, covariate.column.name, covariate)

    def _classical(self, naive: np.ndarray, scale: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the classical forecasts; where there are too few values, the naive one."""
        known = self.known
        if not known.classical:
            return
        segments = Segments.of(
            self.panel.target, self.panel.first, known.cycle, self.series, self.origins
        )
        for rung, column in known.classical_columns.items():
            answer = segments.forecast(rung, known.cycle, known.horizon)
            yield column, np.where(np.isfinite(answer), answer - naive, 0.0) / scale

    def _of_covariate(self, number: int, name: str, covariate) -> Iterator[tuple[str, np.ndarray]]:
        here = self.places if covariate.use == "known" else self.origins[:, None]
        value = self.at(here, number)
        if covariate.use == "fixed":
            value = self._fixed(number)
        if covariate.levels:
            yield name, _levels(value, covariate.levels)
        else:
            yield name, value
        if covariate.use != "known":
            return
        before = self.at(self._seasonal(self.known.season), number)
        if covariate.levels:
            yield f"{name} of naive", _levels(before, covariate.levels)
        else:
            yield f"{name}, change since naive", value - before

    def _fixed(self, number: int) -> np.ndarray:
        values = self.panel.values[number]
        first = np.isfinite(values).argmax(1)
        return values[np.arange(len(values)), first][self.series][:, None]

    def _mean(self, width: int, before: int = 0) -> np.ndarray:
        """Return the mean (W, 1) of so many values that end at the origin, or some steps before."""
        places = self.origins[:, None] - before - np.arange(width)[None, :]
        return nanmean(self.at(places).T)[:, None]


RECENT = 3


def scales_of(panel: Panel, season: int) -> np.ndarray:
    """Return the root of the mean of (y[t] − y[t − m])² of each series (S,).

    Where that is 0, it is the mean of |y|, or 1. Squares keep the scale of a series that hardly
    ever changes from being close to 0.
    """
    changes = np.square(panel.target[:, season:] - panel.target[:, :-season])
    scale = np.sqrt(nanmean(changes.T)) if changes.shape[1] else np.full(len(panel.keys), np.nan)
    size = nanmean(np.abs(panel.target).T)
    scale = np.where(np.nan_to_num(scale) > 0, scale, size)
    return np.where(np.nan_to_num(scale) > 0, scale, 1.0)


def _zero_or_not(values: np.ndarray) -> np.ndarray:
    """Return 1 where a value is 0, 0 where it is another, and NaN where there is none."""
    return np.where(np.isfinite(values), values == 0, np.nan)


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median over the first axis of what is not NaN; NaN where all is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of places without a value
        return np.nanmedian(values, axis=0)


def _levels(codes: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Return the levels of codes as texts; None where there is none."""
    named = np.array([*levels, None], dtype=object)
    return named[np.where(np.isfinite(codes), codes, len(levels)).astype(np.intp)]


def in_pairs(table: Table, known: Forecast | None, history: Panel | None = None) -> Table:
    """Return a row for each value of a table of series and each origin before it.

    What lies before the table is looked up in the ``history``, if there is one. Rows that are of an
    origin and a step stay as they are, and so do rows of a table that is no forecast's.
    """
    if known is None or STEP in table.frame.columns:
        return table
    given = panel_of(table, known)
    windows = Windows.every(given if history is None else history.then(given), known)
    pairs, places = windows.judged()
    return as_table(pairs.filter(windows.are_in(given).reshape(-1)[places]), table)


def as_table(pairs: pl.DataFrame, of: Table) -> Table:
    """Return rows as a table whose source and notes are those of another."""
    return Table(pairs, of.source, notes=of.notes, keep_totals=True, doubts=of.doubts)
