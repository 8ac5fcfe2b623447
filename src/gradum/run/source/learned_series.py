"""From a table of series to the rows that a run learns from: frequency, seasons, origins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import structs

from gradum.errors import ColumnError, SpecError, TableError
from gradum.messages import say, say_plural
from gradum.randomness import stream
from gradum.tables.columns import Column, Overrides, Target
from gradum.tables.forecast.facet import ORIGIN, STEP, Covariate, Forecast, Use
from gradum.tables.forecast.frequency import Frequency, commonest, frequency_of
from gradum.tables.forecast.pairs import SERIES, Windows, as_table, scales_of
from gradum.tables.forecast.panel import Panel, in_words, keys_of, panel_of, stamps_of, typed
from gradum.tables.schema import Schema, infer
from gradum.tables.table import Table
from gradum.tables.wording import nearest, quoted, rows_of, rows_text

MOST_LEARNED, MOST_JUDGED = 10_000, 10_000
"""The most rows that a fit learns from, and is judged by; rows are drawn if there are more."""

MOST_LEVELS = 100
FEWEST_ORIGINS = 10
PART = 3  # parts of a series whose commonest steps are compared


class LearnedSeries(NamedTuple):
    """What a run learns series from: the rows, what they are, and the end of each series.

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
    _refuse_columns(table, target, series, known)
    raw = infer(table, target=target, overrides=overrides, task="regression", alone=True)
    assert raw.time is not None
    of_series = tuple(_named(raw, name) for name in series)
    time, y = raw.column(raw.time), raw.column(target)
    codes, keys = keys_of(table, of_series)
    stamps = stamps_of(typed(table, time), table)
    frequency = _frequency(table, codes, keys, stamps, dated=time.traits.is_time)
    covariates = tuple(_covariates(table, raw, codes, series, known))
    plain = Forecast(
        horizon, y, time, of_series, covariates, frequency, (1,), keys, (1.0,) * len(keys)
    )
    panel = panel_of(table, plain)
    described = _described(panel, plain)
    windows = _windows(table, panel, described)
    frame, numbers, share = _drawn(windows, judged, seed)
    notes = (*table.notes, *_notes(panel, described, windows, raw, stamps, codes, len(frame)))
    pairs = replace(as_table(frame, table), notes=notes, numbers=numbers)
    schema = _schema(pairs, described, raw)
    return LearnedSeries(
        pairs, schema, panel.since(described.end - described.reach - _lead(panel)), share
    )


def _lead(panel: Panel) -> int:
    """Return by how many steps the series that ends first ends before the last one."""
    ends = panel.ends[panel.ends >= panel.first]
    return int(ends.max() - ends.min())


def _refuse_columns(table: Table, target: str, series: Sequence[str], known: Sequence[str]) -> None:
    roles = [("series", name) for name in series] + [("known", name) for name in known]
    for option, name in roles:
        if name == target:
            raise SpecError(
                say(
                    "Column {column!r} is the target and named by --{option}.",
                    column=name,
                    option=option,
                ),
                say("Name another column."),
            )
        if name in (ORIGIN, STEP):
            raise _taken(name)
        if name not in table.frame.columns:
            raise ColumnError(
                say(
                    "{source} has no column {name!r}, which --{option} names.",
                    source=table.source,
                    name=name,
                    option=option,
                ),
                nearest(name, table.frame.columns),
            )
    for name in (ORIGIN, STEP):
        if name == target:
            raise _taken(name)


def _taken(name: str) -> SpecError:
    return SpecError(
        say("A forecast has a column {column!r} of its own.", column=name),
        say("Rename the table's."),
    )


def _named(raw: Schema, name: str) -> Column:
    column = raw.column(name)
    if column.traits.has_levels or column.traits.names_groups or column.traits.is_quantity:
        return column
    raise SpecError(
        say(
            "Column {column!r} names no series: it is of the kind {kind}.",
            column=name,
            kind=column.kind,
        ),
        say("Give --series a column of names or codes."),
    )


def _frequency(
    table: Table,
    codes: np.ndarray,
    keys: tuple[tuple[str, ...], ...],
    stamps: np.ndarray,
    *,
    dated: bool,
) -> Frequency:
    """Return the frequency of all series; refuse series, or parts of one, of another."""
    each = [np.unique(stamps[codes == code]) for code in range(len(keys))]
    frequency = frequency_of(each, dated=dated)
    if frequency is None:
        raise TableError(
            say("No series of {source} has two stamps.", source=table.source),
            say(
                "Give a row for each series and stamp; --series names the columns that tell series "
                "apart."
            ),
        )
    for code, of_series in enumerate(each):
        places = frequency.places(of_series)
        if not np.isfinite(places).all():
            continue  # refused by row, when they are laid out
        steps = np.diff(places)
        parts = np.array_split(steps, PART) if len(steps) >= 8 * PART else [steps]
        begun = 0
        for part in parts:
            if len(part) and (usual := commonest(part)) != 1 and (part == usual).mean() > 0.5:
                stamp = of_series[begun + int(np.argmax(part == usual))]
                where = np.flatnonzero((codes == code) & (stamps == stamp))
                raise _mixed(table, keys[code], where, usual, frequency)
            begun += len(part)
    return frequency


def _mixed(
    table: Table, key: tuple[str, ...], where: np.ndarray, usual: float, frequency: Frequency
) -> TableError:
    rows = rows_text(rows_of(where), len(where))
    values = {"rows": rows, "count": int(usual), "frequency": frequency.in_words}
    if key:
        message = say(
            "Frequencies are mixed: from {rows} on, series {series!r} has a value every {count} "
            "steps, where others have {frequency}.",
            series=in_words(key),
            **values,
        )
    else:
        message = say(
            "Frequencies are mixed: from {rows} on, there is a value every {count} steps, where "
            "others have {frequency}.",
            **values,
        )
    return TableError(message, say("Give tables of one frequency, or sum up to the coarser one."))


def _covariates(
    table: Table, raw: Schema, codes: np.ndarray, series: Sequence[str], known: Sequence[str]
) -> Iterator[Covariate]:
    """Yield the columns beside the target that are of use, and how each is."""
    for column in raw.columns:
        name, kind = column.name, column.traits
        given = column.role == "feature" or name in known
        if name in series or column.role in ("target", "time") or not given:
            continue
        if not (kind.is_quantity or kind.has_levels):
            if name in known:
                raise SpecError(
                    say(
                        "Column {column!r} cannot be known beforehand (--known): it is of the kind "
                        "{kind}.",
                        column=name,
                        kind=column.kind,
                    ),
                    say("Name a column of numbers or categories."),
                )
            continue
        values = typed(table, column)
        levels: tuple[str, ...] = ()
        if not kind.is_quantity:
            levels = tuple(values.cast(pl.String).drop_nulls().unique().sort().to_list())
        if len(levels) > MOST_LEVELS:
            continue
        by = pl.DataFrame({"code": codes, "value": values}).drop_nulls()
        fixed = bool((by.group_by("code").agg(pl.col("value").n_unique())["value"] == 1).all())
        if fixed and not series:
            continue  # the same in every row
        use: Use = "known" if name in known else "fixed" if fixed else "past"
        yield Covariate(column, use, levels)


def _described(panel: Panel, plain: Forecast) -> Forecast:
    """Add the seasons, scales, calendar and origins that the series allow."""
    known = np.isfinite(panel.target)
    if not known.any():
        raise TableError(
            say("Column {column!r} has no value to forecast from.", column=plain.target.name),
            say("Give the past values of each series."),
        )
    if _constant(panel.target):
        raise TableError(
            say(
                "Column {column!r} never changes in any series, so there is nothing to forecast.",
                column=plain.target.name,
            ),
            say("Choose another column."),
        )
    length = int(known.sum(1).max())
    cycles = [
        m for m in plain.frequency.seasons() if length >= 3 * m or (m > 200 and length >= 2.5 * m)
    ]
    season = min([*cycles, 1], key=lambda m: (_naive_error(panel, m, plain.horizon), -m))
    per_day = plain.frequency.per_day
    described = structs.replace(
        plain,
        seasons=(season, *(m for m in cycles if m != season)),
        calendar=_calendar(plain.frequency, length),
        end=int(panel.ends.max()),
        stride=per_day if per_day in cycles else 1,
    )
    if described.scaled:
        described = structs.replace(described, scales=tuple(scales_of(panel, season).tolist()))
    return described


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


def _calendar(frequency: Frequency, length: int) -> tuple[str, ...]:
    """Return the columns of the calendar of which the series have seen at least two cycles."""
    if not frequency.dated:
        return ()
    years = length / frequency.per_year
    if frequency.unit == "months":
        return ("month",) if years >= 2 else ()
    if frequency.step > 1.5 * 86_400_000_000 and frequency.unit == "us":
        return ("year, sine", "year, cosine") if years >= 2 else ()
    names = ["weekday"]
    if frequency.per_day:
        names.append("clock" if frequency.per_day <= 48 else "time of day")
    if years >= 0.25:
        names.append("day of month")
    if years >= 2:
        names += ["year, sine", "year, cosine"]
    return tuple(names)


def _windows(table: Table, panel: Panel, known: Forecast) -> Windows:
    windows = Windows.every(panel, known)
    origins = len(np.unique(windows.origins))
    if origins < FEWEST_ORIGINS:
        longest = int(np.isfinite(panel.target).sum(1).max())
        raise TableError(
            say(
                "{source} is too short for a horizon of {horizon:,} steps: its longest series has "
                "{length:,} values, and only {origins} origins have that many after them.",
                source=table.source,
                horizon=known.horizon,
                length=longest,
                origins=origins,
            ),
            say("Give a longer history or a shorter --horizon."),
        )
    return windows


def _drawn(windows: Windows, share: float, seed: int) -> tuple[pl.DataFrame, np.ndarray, float]:
    """Return rows of windows, their places among all (n,), and the share of them that judges.

    There are at most `MOST_LEARNED` and `MOST_JUDGED`.
    Of the latest origins whole windows are drawn, of the others single rows: windows of many
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
    learned, judged = windows.take(earlier).frame(), windows.take(later).frame()
    places = [windows.rows[each].reshape(-1) for each in (earlier, later)]
    if len(learned) > MOST_LEARNED:
        kept = np.sort(rng.choice(len(learned), MOST_LEARNED, replace=False))
        learned, places[0] = learned[kept], places[0][kept]
    rows = len(learned) + len(judged)
    return pl.concat([learned, judged]), np.concatenate(places), len(judged) / rows


def _notes(
    panel: Panel,
    known: Forecast,
    windows: Windows,
    raw: Schema,
    stamps: np.ndarray,
    codes: np.ndarray,
    drawn: int,
) -> Iterator[str]:
    """Say what was understood of the series."""
    yield say_plural(
        "{count:,} series of {frequency}; forecast {horizon:,} steps ahead from {origins:,} "
        "origins.",
        "{count:,} series of {frequency} each; forecast {horizon:,} steps ahead from {origins:,} "
        "origins.",
        len(panel.keys),
        frequency=known.frequency.in_words,
        horizon=known.horizon,
        origins=len(np.unique(windows.origins)),
    )
    if known.season > 1:
        yield say("The baseline repeats the last season, of {season:,} steps.", season=known.season)
    else:
        yield say("The baseline repeats the last value: no season is shown to do better.")
    if known.scaled:
        yield say(
            "Errors are multiples of each series' usual change: of the root mean square of "
            "differences between values one season apart."
        )
    every = len(windows) * known.horizon
    if every > drawn:
        yield say(
            "Of {every:,} pairs of an origin and a step ahead, {drawn:,} are drawn at random.",
            drawn=drawn,
            every=every,
        )
    target = panel.target
    spans = [np.flatnonzero(np.isfinite(row)) for row in target]
    gaps = sum(int(at[-1] - at[0] + 1 - len(at)) for at in spans if len(at))
    if gaps:
        yield say_plural(
            "{count:,} stamp within the series has no value; it counts as missing.",
            "{count:,} stamps within the series have no value; they count as missing.",
            gaps,
        )
    past = [each.column.name for each in known.covariates if each.use == "past"]
    if past:
        yield say_plural(
            "Column {names} is used up to the origin only; --known takes it as known beforehand.",
            "Columns {names} are used up to the origin only; --known takes them as known "
            "beforehand.",
            len(past),
            names=quoted(past),
        )
    used = {each.column.name for each in known.covariates}
    left = [
        column.name
        for column in raw.features
        if column.name not in used and column.name not in {each.name for each in known.series}
    ]
    if left:
        yield say_plural(
            "Column {names} is not used in a forecast.",
            "Columns {names} are not used in a forecast.",
            len(left),
            names=quoted(left),
        )
    shared = len(stamps) - len(np.unique(np.column_stack([codes, stamps]), axis=0))
    if shared:
        yield say_plural(
            "{count:,} stamp is there twice, as the clock was set back; it has the mean.",
            "{count:,} stamps are there twice, as the clock was set back; they have the mean.",
            shared,
        )
    ended = int((panel.ends < panel.ends.max()).sum())
    if ended:
        yield say_plural(
            "{count:,} series ends before the last stamp; it is continued after its own end.",
            "{count:,} series end before the last stamp; each is continued after its own end.",
            ended,
        )


def _reason(column: Column, known: Forecast) -> str:
    """Say what a column of a forecast's rows is."""
    name, fixed = column.name, {each.name for each in known.series}
    uses = {each.column.name: each.use for each in known.covariates}
    if name == known.time.name:
        return say("The stamp that is forecast; its place in the calendar stands in other columns.")
    if name == ORIGIN:
        return say(
            "The last stamp that is looked at; it orders the rows, so that the past predicts."
        )
    if name == STEP:
        return say("How many steps the forecast lies ahead of its origin.")
    if name in known.calendar_columns:
        return say("The place in the calendar of the stamp that is forecast.")
    if name in fixed or name == SERIES or uses.get(name) == "fixed":
        return say("The same at all stamps of a series.")
    if uses.get(name) == "past":
        return say("Its value at the origin.")
    if any(name.startswith(each) for each, use in uses.items() if use == "known"):
        return say("Known beforehand: at the stamp that is forecast, or where the last season is.")
    if name == f"{known.target.name}, naive":
        return say("What repeating the last season forecasts.")
    return say("Known at the origin, less what repeating the last season forecasts.")


def _schema(pairs: Table, known: Forecast, raw: Schema) -> Schema:
    """Return what the rows are: their columns, and the series that they come from."""
    frame, target = pairs.frame, known.target.name
    texts = [name for name in frame.columns if frame[name].dtype == pl.String]
    plain = [
        name
        for name in frame.columns
        if name not in (*texts, target, ORIGIN, known.time.name) and frame[name].dtype.is_numeric()
    ]
    varied = [name for name in frame.columns if frame[name].n_unique() > 1]
    overrides = Overrides(
        numeric=tuple(name for name in plain if name in varied),
        categorical=tuple(name for name in texts if name in varied),
        drop=(known.time.name,),
        time=ORIGIN,
    )
    schema = infer(pairs, target=target, task="regression", overrides=overrides)
    assert schema.target is not None
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
            reason=reason if column.name == target else _reason(column, known),
            doubts=(),
        )
        for column in schema.columns
    )
    return structs.replace(schema, columns=columns, target=learned, forecast=known)
