"""A forecast of series: errors by step ahead on the judged origins, and how the series go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import polars as pl

from gradum.messages import say, say_plural, sentences
from gradum.run.forecast.continued_series import ContinuedSeries
from gradum.run.run import Run
from gradum.scores.figures import figure, in_unit, percent
from gradum.study.evidence import Evidence
from gradum.study.findings.judged_series import JudgedSeries, drawn_stamps, judged_series
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.panel import in_words

MOST_SERIES = 4
MOST_PAST = 150  # values of a series that are drawn before its end
COVERAGES = (0.5, 0.9)


class Ahead(msgspec.Struct, frozen=True):
    """The judged errors at one step ahead."""

    step: int
    error: float
    naive: float
    """The weighted mean absolute error of the rung in use, and of repeating the last season, in the
    target's own unit."""


class Fan(msgspec.Struct, frozen=True):
    """How one series goes on, in the target's units."""

    series: str
    """Its name; empty for the only one."""
    past: tuple[tuple[str | float, float], ...]
    """(stamp, value). The last values, the stamps as text or numbers; at most `MOST_PAST`."""
    ahead: tuple[tuple[str | float, float, float, float, float, float], ...]
    """(stamp, value, …). For each step the stamp, the forecast, and the ends of the intervals of
    50% and of 90%."""
    named: tuple[str, ...]
    """The stamps of these steps as the table writes them."""


class ForecastFinding(msgspec.Struct, frozen=True):
    """What the judged origins show of a forecast, and the forecast itself."""

    horizon: int
    origins: int
    """How many origins judged."""
    steps: tuple[Ahead, ...]
    fans: tuple[Fan, ...]
    """The `MOST_SERIES` series with the largest last values; empty where no row may be shown."""
    series: int
    """How many series there are."""
    sentence: str
    """What the errors show, in words."""
    judged: JudgedSeries | None = None
    """Each series on these origins; None in files of versions that did not write it."""


def forecast(run: Run, evidence: Evidence) -> ForecastFinding | None:
    """Study the judged origins of a forecast; None for rows of a table."""
    known = run.fitted.schema.forecast
    if known is None:
        return None
    steps = tuple(_steps(evidence))
    origins = evidence.frame[ORIGIN].n_unique()
    return ForecastFinding(
        horizon=known.horizon,
        origins=origins,
        steps=steps,
        fans=fans_of(ContinuedSeries.of(run.fitted)) if run.fitted.history is not None else (),
        series=len(known.keys),
        sentence=_sentence(steps, origins, run.fitted.schema.target_unit),
        judged=judged_series(run, evidence),
    )


def _steps(evidence: Evidence) -> Any:
    step = evidence.frame[STEP].to_numpy().astype(int)
    scale = evidence.scale
    target, said = evidence.target * scale, evidence.prediction.value * scale
    missed = np.abs(target - said)
    for each in np.unique(step).tolist():
        rows = (step == each) & np.isfinite(scale)
        weight = evidence.weight[rows]
        error = float(np.average(missed[rows], weights=weight))
        # The target is what the naive forecast misses.
        yield Ahead(each, error, float(np.average(np.abs(target[rows]), weights=weight)))


def _sentence(steps: tuple[Ahead, ...], origins: int, unit: str) -> str:
    first, last = steps[0], steps[-1]
    judged = say_plural(
        "Judged from {count:,} origin, all later than what was learned.",
        "Judged from {count:,} origins, all later than what was learned.",
        origins,
    )
    errors = say(
        "{first} steps ahead it is off by {near}, {last} steps ahead by {far}; repeating the last "
        "season by {naive_near} and {naive_far}.",
        first=first.step,
        near=in_unit(figure(first.error), unit),
        last=last.step,
        far=in_unit(figure(last.error), unit),
        naive_near=in_unit(figure(first.naive), unit),
        naive_far=in_unit(figure(last.naive), unit),
    )
    worse = sum(each.error >= each.naive for each in steps)
    if not worse:
        return sentences([judged, errors])
    return sentences(
        [
            judged,
            errors,
            say(
                "At {share} of the steps it is no better than that.",
                share=percent(worse / len(steps)),
            ),
        ]
    )


def fans_of(going_on: ContinuedSeries) -> tuple[Fan, ...]:
    """Return how the largest series go on."""
    windows = going_on.windows
    known: Forecast = windows.known
    size = np.nan_to_num(windows.at(windows.origins[:, None])[:, 0])
    shown = np.sort(np.argsort(-size, kind="stable")[:MOST_SERIES])
    chosen = replace(going_on, windows=windows.take(shown))
    width = known.horizon
    columns = [chosen.predicted()[:, None], *(chosen.intervals(share) for share in COVERAGES)]
    ends = np.hstack(columns).reshape(len(shown), width, 5)
    names = known.as_given(chosen.windows.frame()[known.time.name]).cast(pl.String).to_list()
    return tuple(
        Fan(
            in_words(windows.panel.keys[chosen.windows.series[number]]),
            tuple(_past(chosen, number)),
            tuple(
                (stamp, *each)
                for stamp, each in zip(
                    _stamps(known, chosen.windows.places[number]),
                    ends[number].tolist(),
                    strict=True,
                )
            ),
            tuple(names[number * width : (number + 1) * width]),
        )
        for number in range(len(shown))
    )


def _past(chosen: ContinuedSeries, number: int) -> Any:
    """Yield the last values of a series: three horizons and four short seasons, if there are."""
    windows = chosen.windows
    known = windows.known
    length = min(max(3 * known.horizon, 4 * min(m for m in known.seasons)), MOST_PAST)
    places = windows.origins[number] - np.arange(length)[::-1]
    values = windows.take(np.array([number])).at(places[None, :])[0]
    for stamp, value in zip(_stamps(known, places), values.tolist(), strict=True):
        if np.isfinite(value):
            yield stamp, value


def _stamps(known: Forecast, places: np.ndarray) -> list[str | float]:
    return drawn_stamps(known, known.frequency.stamps(places))
