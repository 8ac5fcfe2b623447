"""What was understood of series, in sentences, and what each column of their rows is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gradum.messages import say, say_plural
from gradum.tables.columns import Column
from gradum.tables.differences import Difference
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.pairs import SERIES, Windows
from gradum.tables.forecast.panel import Panel, in_words
from gradum.tables.schema import Schema
from gradum.tables.wording import quoted


def on_rows(windows: Windows, drawn: int) -> Iterator[str]:
    """Say which rows the series become, of which so many are drawn, and their baseline."""
    known = windows.known
    yield say_plural(
        "{count:,} series of {frequency}; forecast {horizon:,} steps ahead from {origins:,} "
        "origins.",
        "{count:,} series of {frequency} each; forecast {horizon:,} steps ahead from {origins:,} "
        "origins.",
        len(windows.panel.keys),
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
            "Models are compared by scaled errors: multiples of each series' usual change, the "
            "root mean square of differences between values one season apart."
        )
    every = len(windows) * known.horizon
    if every > drawn:
        yield say(
            "Of {every:,} pairs of an origin and a step ahead, {drawn:,} are drawn at random.",
            drawn=drawn,
            every=every,
        )


def on_series(panel: Panel, known: Forecast) -> Iterator[str]:
    """Say which of several series tell little by themselves: the shortest first, and flat ones."""
    if len(panel.keys) < 2:
        return
    lengths, needed = np.isfinite(panel.target).sum(1), known.horizon + known.season
    order = np.argsort(lengths, kind="stable")
    short = [in_words(panel.keys[place]) for place in order if lengths[place] < needed]
    if short:
        yield say_plural(
            "{count:,} series has fewer than {needed:,} values, a season and the horizon: {names}."
            " It goes on as the others do; a longer history would tell more.",
            "{count:,} series have fewer than {needed:,} values, a season and the horizon: {names}."
            " They go on as the others do; a longer history would tell more.",
            len(short),
            needed=needed,
            names=quoted(short),
        )
    flat = [
        in_words(key)
        for key, row, length in zip(panel.keys, panel.target, lengths, strict=True)
        if length >= needed and np.nanmin(row) == np.nanmax(row)
    ]
    if flat:
        yield say_plural(
            "{count:,} series never changes: {names}. Leave it out if that is no record of it.",
            "{count:,} series never change: {names}. Leave them out if that is no record of them.",
            len(flat),
            names=quoted(flat),
        )


def on_columns(known: Forecast, raw: Schema) -> Iterator[str]:
    """Say which columns are used up to the origin only, and which not at all."""
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


def on_stamps(panel: Panel, codes: np.ndarray, stamps: np.ndarray) -> Iterator[str]:
    """Say where stamps lack a value or are there twice, given each row's series and stamp (n,)."""
    spans = [np.flatnonzero(np.isfinite(row)) for row in panel.target]
    gaps = sum(int(at[-1] - at[0] + 1 - len(at)) for at in spans if len(at))
    if gaps:
        yield say_plural(
            "{count:,} stamp within the series has no value; it counts as missing.",
            "{count:,} stamps within the series have no value; they count as missing.",
            gaps,
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


def on_future(panel: Panel, known: Forecast) -> Iterator[str]:
    """Say which known columns are missing after the end, in a table with rows after the end."""
    if int(panel.ends.max()) < panel.first + panel.values.shape[2] - 1:
        yield from (each.sentence for each in not_given(Windows.last(panel, known)))


def not_given(windows: Windows) -> Iterator[Difference]:
    """Yield the columns that are known beforehand, but not given at stamps that are forecast."""
    for number, each in enumerate(windows.known.covariates, 1):
        missing = int((~np.isfinite(windows.at(windows.places, number))).sum())
        if each.use == "known" and missing:
            sentence = say_plural(
                "Column {column!r} is known beforehand, but not given at {count:,} stamp that is "
                "forecast; it is taken to be as usual there.",
                "Column {column!r} is known beforehand, but not given at {count:,} stamps that are "
                "forecast; it is taken to be as usual there.",
                missing,
                column=each.column.name,
            )
            yield Difference(each.column.name, "absent column", missing, (), sentence)


def unlike_known(known: Forecast, differences: Iterable[Difference]) -> Iterator[Difference]:
    """Yield the known columns that are given as they never were in what was learned from."""
    given = {each.column.name for each in known.covariates if each.use == "known"}
    for found in differences:
        if found.column in given and found.beyond:
            sentence = say_plural(
                "Column {column!r} is given as it never was in what was learned from, for "
                "{count:,} value that is forecast, which may be far off.",
                "Column {column!r} is given as it never was in what was learned from, for "
                "{count:,} values that are forecast, which may be far off.",
                found.count,
                column=found.column,
            )
            yield Difference(found.column, found.kind, found.count, (), sentence)


def reason_of(column: Column, known: Forecast) -> str:
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
