"""Each series of a forecast on the judged origins: its errors, and the judged stretch of some."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl

from gradum.run.forecast.continued_series import stamped
from gradum.run.run import Run
from gradum.study.coverage.coverage import COVERAGE, judged_intervals
from gradum.study.evidence import Evidence
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast
from gradum.tables.forecast.panel import in_words

MOST_LINES = 50  # series in the table, besides the line of all others
MOST_OF_A_KIND = 2  # series whose stretch is drawn: the worst, and the largest; or all of so few
MOST_POINTS = 200  # forecasts in a stretch


class SeriesErrors(msgspec.Struct, frozen=True):
    """The judged errors of one series, or of several together."""

    series: str
    """Its name."""
    forecasts: int
    """How many forecasts judged: pairs of an origin and a step."""
    size: float
    """The mean of the values that were forecast."""
    error: float
    naive: float
    """The weighted mean absolute error of the rung in use, and of repeating the last season, in the
    target's own unit."""
    bias: float
    """The weighted mean of forecast − actual, in the target's own unit."""
    covered: float | None
    """The share of the 90% intervals that hold the actual value; None without intervals."""

    @property
    def share(self) -> float:
        """The error as a share of the naive one; infinite where that is 0, and 0 where both are."""
        if self.naive > 0:
            return self.error / self.naive
        return np.inf if self.error > 0 else 0.0


class Stretch(msgspec.Struct, frozen=True):
    """The judged stretch of one series, in the target's own unit."""

    errors: SeriesErrors
    worst: bool
    largest: bool
    """Why it is shown: its place by error beside the naive one, and by size; neither where all
    series are."""
    points: tuple[tuple[str | float, float, float, float | None, float | None, int], ...]
    """(stamp, actual, forecast, low, high, step). By time. Each origin is the first that is not
    before the last stamp forecast from the one before, so that a stamp is forecast once. The ends
    are those of the 90% interval, None where the origin came before there were any."""
    named: tuple[str, ...]
    """The stamps as the table writes them."""


class JudgedSeries(msgspec.Struct, frozen=True):
    """What the judged origins show of each series."""

    lines: tuple[SeriesErrors, ...]
    """The `MOST_LINES` series with the greatest share of the naive error, worst first."""
    others: SeriesErrors | None
    """All others together."""
    stretches: tuple[Stretch, ...]
    """Of the worst and of the largest series; empty where no row may be shown."""


def judged_series(run: Run, evidence: Evidence) -> JudgedSeries:
    """Study each series on the judged origins of a forecast."""
    rows = _rows(run, evidence)
    codes, keys = _series(evidence)
    each = [_errors(name, rows.filter(codes == code)) for code, name in enumerate(keys)]
    by_share = sorted(range(len(each)), key=lambda code: -each[code].share)
    by_size = sorted(range(len(each)), key=lambda code: -abs(each[code].size))
    rest = by_share[MOST_LINES:]
    worst, largest = by_share[:MOST_OF_A_KIND], by_size[:MOST_OF_A_KIND]
    shown = list(dict.fromkeys([*worst[:1], *largest[:1], *worst, *largest]))
    if len(keys) <= 2 * MOST_OF_A_KIND:
        worst, largest, shown = [], [], by_share
    return JudgedSeries(
        lines=tuple(each[code] for code in by_share[:MOST_LINES]),
        others=_errors("", rows.filter(np.isin(codes, rest))) if rest else None,
        stretches=tuple(
            _stretch(run, each[code], rows.filter(codes == code), code in worst, code in largest)
            for code in shown
            if run.fitted.history is not None
        ),
    )


def _series(evidence: Evidence) -> tuple[np.ndarray, list[str]]:
    """Return the code of each judged row's series (m,), and the names of the series."""
    known = evidence.schema.forecast
    assert known is not None
    names = [each.name for each in known.series if each.name in evidence.frame.columns]
    if not names:
        return np.zeros(len(evidence), np.intp), [""]
    frame = evidence.frame.select(pl.col(names).cast(pl.String).fill_null(""))
    distinct = frame.unique(maintain_order=True)
    codes = frame.join(distinct.with_row_index("\0code"), on=names, maintain_order="left")["\0code"]
    return codes.to_numpy(), [in_words(key) for key in distinct.iter_rows()]


def _rows(run: Run, evidence: Evidence) -> pl.DataFrame:
    """Return what is known of each judged row (m,), in the target's own unit."""
    own, known = evidence.in_own_unit(), evidence.schema.forecast
    assert known is not None
    ends, covered = np.full((2, len(own)), np.nan), np.full(len(own), np.nan)
    judged = judged_intervals(run, COVERAGE)
    if judged is not None and judged.width is not None:
        judged = judged.take(np.isin(judged.rows, own.rows))
        places, width = np.searchsorted(own.rows, judged.rows), judged.width
        assert width is not None
        naive = own.target - evidence.target * evidence.scale
        for side, sign in enumerate((-0.5, 0.5)):
            relative = judged.predicted + sign * width
            ends[side, places] = naive[places] + relative * evidence.scale[places]
        covered[places] = judged.covered
    lowest = 0.0 if known.positive else -np.inf
    return pl.DataFrame(
        {
            "origin": own.frame[ORIGIN],
            "step": own.frame[STEP],
            "stamp": known.until(own.frame),
            "named": stamped(known, own.frame)[known.time.name].cast(pl.String),
            "actual": own.target.astype(np.float64),
            "forecast": own.prediction.value,
            "naive": np.abs(evidence.target * evidence.scale),
            "low": np.maximum(ends[0], lowest),
            "high": ends[1],
            "covered": covered,
            "weight": own.weight,
        }
    )


def _errors(name: str, rows: pl.DataFrame) -> SeriesErrors:
    def mean(values: pl.Series) -> float:
        return float(np.average(values, weights=rows["weight"]))

    covered = rows["covered"].drop_nans()
    missed = rows["forecast"] - rows["actual"]
    return SeriesErrors(
        series=name,
        forecasts=len(rows),
        size=mean(rows["actual"]),
        error=mean(missed.abs()),
        naive=mean(rows["naive"]),
        bias=mean(missed),
        covered=float(np.mean(covered.to_numpy())) if len(covered) else None,
    )


def _stretch(
    run: Run, errors: SeriesErrors, rows: pl.DataFrame, worst: bool, largest: bool
) -> Stretch:
    known = run.fitted.schema.forecast
    assert known is not None
    origins = rows["origin"].to_physical()
    chosen, until = [], -np.inf
    for origin in np.unique(origins).tolist():
        if origin >= until:
            chosen.append(origin)
            until = rows.filter(origins == origin)["stamp"].max()
    shown = rows.filter(origins.is_in(chosen)).sort("stamp").tail(MOST_POINTS)
    columns = [shown[name].to_list() for name in ("actual", "forecast")]
    columns += [[_bounded(end) for end in shown[name]] for name in ("low", "high")]
    stamps = drawn_stamps(known, shown["stamp"].to_numpy())
    return Stretch(
        errors,
        worst,
        largest,
        tuple(zip(stamps, *columns, shown["step"].cast(pl.Int64).to_list(), strict=True)),
        tuple(shown["named"]),
    )


def _bounded(end: float) -> float | None:
    return end if np.isfinite(end) else None


def drawn_stamps(known: Forecast, stamps: np.ndarray) -> list[str | float]:
    """Return stamps (n,) as charts read them: text of moments, or numbers."""
    if not known.frequency.dated:
        return stamps.tolist()
    moments = stamps.astype(np.int64).astype("datetime64[us]")
    return np.datetime_as_string(moments, unit="s").tolist()
