"""From a table of series to the rows that a run learns from: one for each origin and step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import structs

from gradum.errors import TableError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.forecast.columns_of_series import (
    covariates_of,
    naming_series,
    refuse_columns,
    refuse_names,
)
from gradum.run.forecast.common_frequency import common_frequency
from gradum.run.forecast.public_holidays import public_holidays
from gradum.run.forecast.series_in_words import (
    on_columns,
    on_future,
    on_holidays,
    on_naive,
    on_rows,
    on_series,
    on_stamps,
    reason_of,
)
from gradum.tables.columns import Overrides, Target
from gradum.tables.forecast.calendar import calendar_of
from gradum.tables.forecast.classical.forecasts import LABELS
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.pairs import Windows, as_table, scales_of
from gradum.tables.forecast.panel import Panel, keys_of, on_clock, panel_of, stamps_of, typed
from gradum.tables.schema.schema import Schema, infer
from gradum.tables.table import Table

MOST_LEARNED, MOST_JUDGED = 10_000, 10_000
"""The most rows that a fit learns from, and is judged by; rows are drawn if there are more."""

STEPS_LEARNED = 4
"""The steps of a window that are learned from, about, where there are more pairs than are drawn."""

FEWEST_ORIGINS = 10


class LearnedSeries(NamedTuple):
    """What a run learns series from: the rows, what they are, and the series themselves.

    ``judged`` is the share of the rows that judges: those of the latest origins.
    """

    table: Table
    schema: Schema
    history: Panel
    judged: float


def series_rows(
    table: Table,
    target: str,
    horizon: int,
    *,
    series: Sequence[str] = (),
    known: Sequence[str] = (),
    holidays: str = "",
    overrides: Overrides,
    judged: float = 0.2,
    seed: int = 0,
) -> LearnedSeries:
    """Make the rows that a run learns from, out of a table of series.

    Parameters
    ----------
    table : Table
        A row for each series and stamp, in any order.
    target : str
        The column to forecast; numbers.
    horizon : int
        How many steps ahead.
    series : sequence of str
        The columns whose values name a series.
    known : sequence of str
        The columns that are known beforehand.
    holidays : str
        The country whose public holidays are told of the stamps; see `public_holidays`.
    overrides : Overrides
        What the user says of columns; ``time`` is needed.
    judged : float
        The share of the origins that judge, the latest.
    seed : int
        Decides which rows are drawn, if there are too many.

    Raises
    ------
    GradumError
        The columns cannot be what they are said to be, stamps have no common grid, or the series
        are too short.
    """
    refuse_columns(table, target, series, known)
    raw = infer(table, target=target, overrides=overrides, task="regression", alone=True)
    assert raw.time is not None
    of_series = tuple(naming_series(raw, name) for name in series)
    time, y = raw.column(raw.time), raw.column(target)
    given = table.frame[time.name]
    zone = getattr(given.dtype, "time_zone", None) or ""
    clock = bool(zone) and given.drop_nulls().dt.time().n_unique() == 1
    table = on_clock(table, time) if clock else table
    codes, keys = keys_of(table, of_series)
    stamps = stamps_of(typed(table, time), table)
    frequency = common_frequency(table, codes, keys, stamps, dated=time.traits.is_time)
    covariates = tuple(covariates_of(table, raw, codes, series, known))
    plain = Forecast(
        horizon,
        y,
        time,
        of_series,
        covariates,
        frequency,
        (1,),
        keys,
        (1.0,) * len(keys),
        days=given.dtype == pl.Date,
        zone=zone,
        clock=clock,
    )
    panel = panel_of(table, plain)
    if holidays:
        plain = structs.replace(plain, holidays=public_holidays(holidays, panel, plain))
    learned = _described(panel, plain)
    windows = _windows(table, panel, learned)
    learned = windows.known
    refuse_names(windows.names)
    frame, numbers, share = _drawn(windows, judged, seed)
    notes = (
        *table.notes,
        *on_rows(windows, len(frame)),
        *on_stamps(panel, codes, stamps),
        *on_naive(windows),
        *on_series(panel, learned),
        *on_columns(learned, raw),
        *on_holidays(learned, holidays),
        *on_future(panel, learned),
    )
    pairs = replace(as_table(frame, table), notes=notes, numbers=numbers)
    return LearnedSeries(pairs, _schema(pairs, learned, raw), panel, share)


def _windows(table: Table, panel: Panel, known: Forecast) -> Windows:
    """Return the rows' origins: at every step where those at one time of day are too few.

    Raises
    ------
    TableError
        There are fewer than `FEWEST_ORIGINS`.
    """
    windows = Windows.every(panel, known)
    whole = windows.origins + known.horizon <= panel.ends[windows.series]
    origins = len(np.unique(windows.origins[whole]))
    if origins < FEWEST_ORIGINS and known.stride > 1:
        return _windows(table, panel, structs.replace(known, stride=1))
    if origins < FEWEST_ORIGINS:
        longest = int(np.isfinite(panel.target).sum(1).max())
        raise TableError(
            "{source} is too short for a horizon of {horizon:,} steps: its longest series has "
            "{length:,} values, and only {origins} origins have that many after them.",
            "Give a longer history or a shorter --horizon.",
            source=table.source,
            horizon=known.horizon,
            length=longest,
            origins=origins,
        )
    return windows


def _drawn(windows: Windows, share: float, seed: int) -> tuple[pl.DataFrame, np.ndarray, float]:
    """Return rows of windows, their places among all (n,), and the share of them that judges.

    There are at most `MOST_LEARNED` and `MOST_JUDGED`.
    Of the latest origins whole windows are drawn, of the others some steps of many: windows of many
    origins teach more than all steps of a few.
    """
    rng = stream(seed, "windows")
    origins = np.unique(windows.origins)
    begins = origins[min(int(len(origins) * (1 - share)), len(origins) - 1)]
    later = np.flatnonzero(windows.origins >= begins)
    earlier = np.flatnonzero(windows.origins < begins)
    most = max(MOST_JUDGED // windows.known.horizon, FEWEST_ORIGINS)
    if len(later) > most:
        later = np.sort(rng.choice(later, most, replace=False))
    some, at = _some(windows.take(earlier), rng)
    learned = windows.take(earlier[some]).frame()[at]
    judged, later_at = windows.take(later).judged()
    places = [
        windows.rows[earlier[some]].reshape(-1)[at],
        windows.rows[later].reshape(-1)[later_at],
    ]
    frame = pl.concat([learned, judged])
    return frame, np.concatenate(places), len(judged) / len(frame)


def _some(windows: Windows, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of windows, and of at most `MOST_LEARNED` pairs with a target in these.

    A window costs more than a further step of it, so that a few steps of each are drawn.
    """
    there = np.isfinite(windows.at(windows.places) - windows.naive)
    fewest = MOST_LEARNED // min(windows.known.horizon, STEPS_LEARNED)
    some = np.flatnonzero(there.any(1))
    if there.sum() > MOST_LEARNED and len(some) > fewest:
        some = np.sort(rng.choice(some, fewest, replace=False))
    at = np.flatnonzero(there[some].reshape(-1))
    if len(at) > MOST_LEARNED:
        at = np.sort(rng.choice(at, MOST_LEARNED, replace=False))
    return some, at


def _schema(pairs: Table, known: Forecast, raw: Schema) -> Schema:
    """Return what the rows are: their columns, and the series that they come from."""
    frame, target = pairs.frame, known.target.name
    texts = [name for name in frame.columns if frame[name].dtype == pl.String]
    plain = [
        name
        for name in frame.columns
        if name not in (*texts, target, ORIGIN, known.time.name) and frame[name].dtype.is_numeric()
    ]
    kept = {STEP, *(each.name for each in known.series)}  # even if there is one alone
    varied = kept.union(name for name in frame.columns if frame[name].n_unique() > 1)
    overrides = Overrides(
        numeric=tuple(name for name in plain if name in varied),
        categorical=tuple(name for name in texts if name in varied),
        drop=(known.time.name,),
        time=ORIGIN,
    )
    schema = infer(pairs, target=target, task="regression", overrides=overrides)
    reason = (
        say(
            "What the last season misses, in multiples of the usual change of each series; steps "
            "1 to {horizon:,} ahead.",
            horizon=known.horizon,
        )
        if known.scaled
        else say(
            "What the last season misses; steps 1 to {horizon:,} ahead.", horizon=known.horizon
        )
    )
    learned = Target(target, "regression", reason=reason)
    columns = tuple(
        structs.replace(
            column,
            reason=reason if column.name == target else reason_of(column, known),
            doubts=(),
        )
        for column in schema.columns
    )
    return structs.replace(schema, columns=columns, target=learned, forecast=known)


def _described(panel: Panel, plain: Forecast) -> Forecast:
    """Add the seasons, scales, calendar and origins that the series allow."""
    there = np.isfinite(panel.target)
    if not there.any():
        raise TableError(
            "Column {column!r} has no value to forecast from.",
            "Give the past values of each series.",
            column=plain.target.name,
        )
    if _constant(panel.target):
        raise TableError(
            "Column {column!r} never changes in any series, so there is nothing to forecast.",
            "Choose another column.",
            column=plain.target.name,
        )
    length, values = int(there.sum(1).max()), panel.target[there]
    cycles = [
        m for m in plain.frequency.seasons() if length >= 3 * m or (m > 200 and length >= 2.5 * m)
    ]
    season = min([*cycles, 1], key=lambda m: (_naive_error(panel, m, plain.horizon), -m))
    per_day = plain.frequency.per_day
    known = structs.replace(
        plain,
        seasons=(season, *(m for m in cycles if m != season)),
        classical=tuple(LABELS),
        end=int(panel.ends.max()),
        stride=per_day if per_day in cycles else 1,
        whole=bool((values == np.round(values)).all()),
        positive=bool(values.min() >= 0),
    )
    known = structs.replace(known, calendar=calendar_of(known, panel))
    if not known.scaled:
        return known
    return structs.replace(known, scales=tuple(scales_of(panel, season).tolist()))


def _constant(target: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        high = np.where(np.isfinite(target), target, -np.inf).max(1)
        low = np.where(np.isfinite(target), target, np.inf).min(1)
    return bool((high <= low).all())


def _naive_error(panel: Panel, season: int, horizon: int) -> float:
    """Return the mean error of the naive forecast of a season over all steps ahead, in scales."""
    scale, total = scales_of(panel, 1)[:, None], 0.0
    lags = season * -(-np.arange(1, horizon + 1) // season)
    for lag in np.unique(lags).tolist():
        missed = np.abs(panel.target[:, lag:] - panel.target[:, : -lag or None]) / scale
        if not np.isfinite(missed).any():
            return np.inf
        total += float(np.nanmean(missed)) * int((lags == lag).sum())
    return total
