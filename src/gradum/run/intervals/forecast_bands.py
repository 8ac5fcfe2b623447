"""Bands of a forecast's rows, from judged errors and from later outcomes as they come in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from gradum.run.intervals.conformal.forecast_errors import ForecastBand, ForecastErrors
from gradum.run.intervals.conformal.guarantee import JudgedScores, Terms
from gradum.tables.forecast.facet import ORIGIN, STEP, Forecast

PACE = 0.05
"""How far a stamp whose outcomes are all missed widens later bands, as a logarithm."""

MOST_TIMES = 200
"""So many times are bands made anew; more origins are answered several at a time."""


@dataclass(frozen=True, eq=False)
class ForecastBands:
    """The bands of a forecast whose errors were judged from several origins."""

    known: Forecast
    judged: ForecastErrors
    together: bool
    """Whether it is not kept which errors are of which series."""
    changed: bool = False
    """Whether the latest errors are unlike all before."""

    @classmethod
    def of(
        cls, known: Forecast, terms: Terms, scores: JudgedScores, rung: str, *, changed: bool
    ) -> ForecastBands:
        """Return the bands that the judged scores of a rung give."""
        assert scores.moment is not None
        assert scores.level is not None
        ago = scores.moment.max(initial=0) - scores.moment + 1
        steps = np.array([float(level or 0) for level in terms.levels]).astype(int)
        series = np.zeros(len(scores), int) if scores.series is None else scores.series
        errors = ForecastErrors(
            scores.by_rung[rung], series, known.end - known.stride * ago, steps[scores.level]
        )
        return cls(known, errors, scores.series is None, changed)

    def errors(self, frame: pl.DataFrame, error: np.ndarray) -> ForecastErrors:
        """Return the errors (n,), perhaps not known, of the rows of a frame."""
        places = self.known.frequency.places(frame[ORIGIN].to_physical().to_numpy())
        series = self.known.codes_in(frame)
        return ForecastErrors(
            error,
            np.minimum(series, 0) if self.together else series,
            places.astype(int),
            frame[STEP].to_numpy().astype(int),
        )

    def follow(
        self, rows: ForecastErrors, coverage: float, changes: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the ends (n, 2) of each row's band, as errors.

        A row whose outcome is known is answered from what was known at its origin, another one from
        all outcomes. Bands are e^θ times as wide as errors say, and θ rises with each stamp by
        `PACE` times the share of its outcomes that were missed, less α: in the long run, the share
        α of outcomes is missed, whatever happens, as in `gradum.run.intervals.conformal.adaptive`.

        Parameters
        ----------
        rows : ForecastErrors
            n rows.
        coverage : float
            1 − α.
        changes : ndarray of shape (n,), optional
            As in `ForecastBand.ends`.
        """
        ends, missed = np.full((len(rows), 2), np.nan), np.zeros(len(rows))
        known, due, theta, before = rows.known, rows.due, 0.0, -np.inf
        times = np.unique(rows.origin[known])
        times = [*times[:: -(-len(times) // MOST_TIMES) or 1].tolist(), np.inf]
        for now, following in pairwise([*times, np.nan]):
            news = known & (before < due) & (due <= now)
            theta += PACE * _surprise(due[news], missed[news], coverage)
            asked = (
                ~known
                if now == np.inf
                else known & (now <= rows.origin) & (rows.origin < following)
            )
            band = self.band(now, rows.take(known & (due <= now)))
            new = None if changes is None else changes[asked]
            there = band.ends(rows.series[asked], rows.step[asked], coverage, new)
            ends[asked] = np.exp(theta) * there
            low, high = ends[asked].T
            missed[asked] = (rows.error[asked] < low) | (rows.error[asked] > high)
            before = now
        return ends

    def band(self, now: float = np.inf, since: ForecastErrors | None = None) -> ForecastBand:
        """Return what is known at a time: of judged errors, all if none is, and of those since."""
        judged = self.judged.take(self.judged.due <= now)
        errors = judged if len(judged) else self.judged
        return ForecastBand.of(
            errors if since is None else errors.then(since),
            self.known.horizon,
            1 if self.together else len(self.known.keys),
            self.known.stride,
            changed=self.changed,
        )


def _surprise(due: np.ndarray, missed: np.ndarray, coverage: float) -> float:
    """Return the sum over stamps of the share of outcomes (n,) that were missed, less α."""
    _, stamp = np.unique(due, return_inverse=True)
    share = np.bincount(stamp, missed) / np.bincount(stamp)
    return float(np.sum(share - (1 - coverage)))
