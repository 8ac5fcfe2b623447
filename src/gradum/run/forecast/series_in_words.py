"""What was understood of series, in sentences, and what each column of their rows is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from gradum.messages import say, say_plural
from gradum.scores.figures import percent
from gradum.tables.check.differences import Difference
from gradum.tables.columns import Column
from gradum.tables.forecast.calendar import OF_HOLIDAYS
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.pairs import SERIES, Windows
from gradum.tables.forecast.panel import Panel, in_words
from gradum.tables.schema.schema import Schema
from gradum.tables.wording import quoted


def on_rows(windows: Windows, drawn: int) -> Iterator[str]:
    """Say which rows the series become, of which so many are drawn, and their baseline."""
    known = windows.known
    yield say_plural(
        "{count:,} series of {frequency}.",
        "{count:,} series of {frequency} each.",
        len(windows.panel.keys),
        frequency=known.frequency.in_words,
    )
    yield say_plural(
        "Forecast {count:,} step ahead from {origins:,} origins.",
        "Forecast {count:,} steps ahead from {origins:,} origins.",
        known.horizon,
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


def on_middle(asked: str | None, usual: str, zeros: float) -> Iterator[str]:
    """Say what middle of the values a forecast is, where no loss was asked for.

    Parameters
    ----------
    asked, usual : str
        The loss that was asked for, and the one that is taken otherwise.
    zeros : float
        The share of values that are 0.
    """
    if asked is not None:
        return
    if usual == "squared_error":
        yield say(
            "{share} of the values are 0, so forecasts are means: medians would often be 0. --loss "
            "absolute_error forecasts medians.",
            share=percent(zeros),
        )
    else:
        yield say(
            "Forecasts are medians: half of the values should lie above them. --loss squared_error "
            "forecasts means, which add up."
        )


def on_series(panel: Panel, known: Forecast) -> Iterator[str]:
    """Say which of several series tell little by themselves: the shortest first, and flat ones."""
    if len(panel.keys) < 2:
        return
    lengths, needed = np.isfinite(panel.target).sum(1), known.horizon + known.season
    order = np.argsort(lengths, kind="stable")
    short = [in_words(panel.keys[place]) for place in order if 0 < lengths[place] < needed]
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


def on_holidays(known: Forecast, country: str) -> Iterator[str]:
    """Say whether holidays that were asked for are learned from, and how long they are known."""
    if not country:
        return
    if any(name.partition(",")[0] in OF_HOLIDAYS for name in known.calendar):
        yield say(
            "Public holidays of {country} are learned from; the model keeps their dates up to the "
            "end of {year}.",
            country=country,
            year=known.holidays[-1][:4],
        )
    else:
        yield say(
            "Public holidays of {country} are not learned from: the series hold too few of them, "
            "or their stamps are not of days, weeks or months.",
            country=country,
        )


def on_stamps(panel: Panel, codes: np.ndarray, stamps: np.ndarray) -> Iterator[str]:
    """Say where stamps lack a value or are there twice, given each row's series and stamp (n,)."""
    spans = [np.flatnonzero(np.isfinite(row)) for row in panel.target]
    lengths = np.array([int(at[-1] - at[0] + 1) if len(at) else 0 for at in spans])
    gaps = lengths - [len(at) for at in spans]
    worst = int(gaps.argmax())
    if gaps.any():
        yield say_plural(
            "{count:,} stamp within the series has no value. None is made up: a column that looks "
            "there is empty, and means leave it out.",
            "{count:,} stamps within the series have no value. None is made up: a column that "
            "looks there is empty, and means leave them out.",
            int(gaps.sum()),
        )
    if gaps.any() and len(spans) > 1:
        yield say(
            "The most are missing in series {series!r}: {missing:,} of {length:,}.",
            series=in_words(panel.keys[worst]),
            missing=int(gaps[worst]),
            length=int(lengths[worst]),
        )
    empty = [in_words(key) for key, at in zip(panel.keys, spans, strict=True) if not len(at)]
    if empty:
        yield say_plural(
            "{count:,} series has no value at all, and is not forecast: {names}.",
            "{count:,} series have no value at all, and are not forecast: {names}.",
            len(empty),
            names=quoted(empty),
        )
    shared = len(stamps) - len(np.unique(np.column_stack([codes, stamps]), axis=0))
    if shared:
        yield say_plural(
            "{count:,} stamp is there twice, as the clock was set back; it has the mean.",
            "{count:,} stamps are there twice, as the clock was set back; they have the mean.",
            shared,
        )
    yield from on_ends(panel)


def on_ends(panel: Panel) -> Iterator[str]:
    """Say which series with a value end before the others."""
    early = np.flatnonzero((panel.first <= panel.ends) & (panel.ends < panel.ends.max()))
    if len(early):
        yield say_plural(
            "{count:,} series ends before the last stamp, and is continued after its own end: "
            "{names}.",
            "{count:,} series end before the last stamp, and are continued after their own ends: "
            "{names}.",
            len(early),
            names=quoted([in_words(panel.keys[place]) for place in early]),
        )


def on_naive(windows: Windows) -> Iterator[str]:
    """Say for how many forecasts the value a season before is missing, and what stands in."""
    missing = ~windows.naive_is_known
    if missing.any():
        yield say_plural(
            "For {count:,} of {every:,} forecasts the value a season before is missing: that of "
            "an earlier season stands in, or else the last value.",
            "For {count:,} of {every:,} forecasts the value a season before is missing: that of "
            "an earlier season stands in, or else the last value.",
            int(missing.sum()),
            every=missing.size,
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
                "forecast; its median, or its commonest value, stands in.",
                "Column {column!r} is known beforehand, but not given at {count:,} stamps that are "
                "forecast; its median, or its commonest value, stands in.",
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
    if name in known.classical_columns.values():
        return say("A forecast from the origin, less what repeating the last season forecasts.")
    if name == f"{known.target.name}, naive":
        return say("What repeating the last season forecasts.")
    return say("Known at the origin, less what repeating the last season forecasts.")
