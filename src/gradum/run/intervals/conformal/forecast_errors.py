"""Bands of forecasts from the errors of earlier ones, by series and step ahead.

An error t, of series i from origin o and h steps ahead, is known at o + h. Its weight w halves with
every half-life since then, so that a drift of the latest errors moves and widens the bands
(Barber, Candès, Ramdas, Tibshirani, Conformal prediction beyond exchangeability, Annals of
Statistics 51, 2023). With a_h the weighted mean of |t| at step h, c_i that of |t| / a_h over a
series, and b_i the weighted mean of u = t / (a_h c_i) over it, the band is

    a_h c_i (b_i ± f_i q),    q the weighted 1 − α quantile of |u − b_i|.

a_h is drawn towards the mean of steps nearby, c_i towards 1 and b_i towards 0, as if `PRIOR`
independent errors had said so.

Errors are no independent rows. Those from origins k < h apart share h − k of h shocks, so that
their squares correlate by about (1 − k / h)², which adds up to 2 h / 3: a stretch of so many stamps
counts as one. S series count as S / (1 + (S − 1) ρ), with the mean correlation ρ of two series'
errors at one origin and step, drawn towards 1 by one stretch. With N independent errors in all, and
n of a series, which have the part k = n / (n + `PRIOR`) in its c and b, the band is wider, as
Student's intervals are, and as b is not exact and is too close to these errors themselves:

    f = `AHEAD` t_ν / z · √((1 + k² / n) / (1 − (2 k − k²) / n)),    1 / ν = 1 / N + k² / n,

where t_ν and z are the 1 − α / 2 quantiles of Student's law and the normal one.

A series without an error has the quantile of |t| / a_h, each series counting alike, with b = 0 and
1 / ν = 1 / N + 1 / S; if it is new, 1 / ν is 1 / m more where its scale is the mean of m changes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import ndtri, stdtrit

from gradum.run.intervals.conformal.score_list import ScoreList

PRIOR = 8.0
"""How many independent errors outweigh what is likely beforehand of a series or a step."""

HORIZONS, PART = 2.0, 0.25
"""The half-life of weights in horizons, and as a part of the time of all errors: the longer."""

AHEAD = 1.08
"""How much wider bands are than judged errors say: what comes is less like them than they are like
each other. It was chosen on the five public sets for choosing of `benchmarks.forecast`, of whose
hidden values 90% bands held 87.7% without it and 90.1% with it."""

AFTER_CHANGE = 0.5
"""The half-life in horizons after a change: with 1, bands hold 87% two weeks after a trend bent."""

NEXT = 0.5
"""The weight of the next step among those nearby."""


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """The errors of n forecasts, in a unit that series share; NaN where the outcome is unknown."""

    error: np.ndarray
    series: np.ndarray
    """Of shape (n,). The code of the series; −1 for one that was not learned from."""
    origin: np.ndarray
    step: np.ndarray
    """Of shape (n,). The place of the origin on the grid, and how many steps ahead."""

    def __len__(self) -> int:
        return len(self.error)

    @property
    def due(self) -> np.ndarray:
        """The place (n,) at which each outcome is known."""
        return self.origin + self.step

    @property
    def known(self) -> np.ndarray:
        """Which outcomes are known (n,)."""
        return np.isfinite(self.error)

    def take(self, rows: np.ndarray) -> ForecastErrors:
        """Return those at positions, or of a mask."""
        return ForecastErrors(*(getattr(self, each.name)[rows] for each in fields(ForecastErrors)))

    def then(self, later: ForecastErrors) -> ForecastErrors:
        """Return these errors and later ones."""
        pairs = ((getattr(self, each.name), getattr(later, each.name)) for each in fields(self))
        return ForecastErrors(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, eq=False)
class ForecastBand:
    """What errors whose outcomes are known say of others."""

    size: np.ndarray
    """Of shape (H,). a, by step."""
    factor: np.ndarray
    bias: np.ndarray
    own: np.ndarray
    """Of shape (S,). c, b and n, by series."""
    stretches: float
    """How many independent stretches of time the errors have."""
    independent: float
    """N, how many independent errors there are."""
    within: ScoreList
    """|u − b| of each error."""
    pooled: ScoreList
    """|t| / a of each error."""

    @classmethod
    def of(
        cls,
        errors: ForecastErrors,
        horizon: int,
        series: int,
        stride: int = 1,
        *,
        changed: bool = False,
    ) -> ForecastBand:
        """Learn from errors (n,), at least one, all known, of origins ``stride`` places apart.

        If the latest are ``changed`` beyond chance, those before are soon forgotten.
        """
        due, code = errors.due, np.where(errors.series < 0, series, errors.series)
        age = due.max() - due
        life = max(HORIZONS * horizon, PART * (due.max() - errors.origin.min()))
        life = AFTER_CHANGE * horizon if changed else life
        weight = 0.5 ** (age / life)
        stamps, total = np.bincount(age, weight), np.bincount(code, weight, series + 1)
        shared = max(2 / 3 * np.average(errors.step, weights=weight) / stride, 1.0)
        stretches = max(stamps.sum() ** 2 / np.square(stamps).sum() / shared, 1.0)
        own, several = stretches * total / total.max(), np.count_nonzero(total)
        size = _by_step(np.abs(errors.error), errors.step, weight, horizon, stretches * several)
        relative = errors.error / size[errors.step - 1]
        counted = np.maximum(total, np.finfo(float).tiny)
        part = own / (own + PRIOR)
        mean = np.bincount(code, weight * np.abs(relative), series + 1) / counted
        factor = 1 + part * (mean - 1)
        alike = relative / factor[code]
        bias = part * np.bincount(code, weight * alike, series + 1) / counted
        alike = alike - bias[code]
        correlation = (stretches * _correlation(errors, alike) + 1) / (stretches + 1)
        return cls(
            size,
            factor[:series],
            bias[:series],
            own[:series],
            stretches,
            stretches * several / (1 + (several - 1) * correlation),
            ScoreList.of(np.abs(alike), weight),
            ScoreList.of(np.abs(relative), weight / counted[code]),
        )

    def ends(
        self,
        series: np.ndarray,
        step: np.ndarray,
        coverage: float,
        changes: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the errors (m, 2) between which those of a series and step lie; 0 is within.

        Parameters
        ----------
        series, step : ndarray of shape (m,)
            As in `ForecastErrors`.
        coverage : float
            1 − α.
        changes : ndarray of shape (m,), optional
            How many changes tell the scale of each series that was not learned from; None if these
            are many.
        """
        learned = series >= 0
        own = np.where(learned, self.own[series], 0.0)
        seen, several = own > 0, np.count_nonzero(self.own)
        part, own = own / (own + PRIOR), np.maximum(own, 1.0)
        rough = 1 / self.independent + np.where(seen, part**2 / own, 1 / several)
        if changes is not None:
            rough = rough + np.where(learned, 0.0, 1 / np.maximum(changes, 1.0))
        both = (1 + coverage) / 2
        wide = AHEAD * stdtrit(1 / np.minimum(rough, 1.0), both) / ndtri(both)
        wide = wide * np.sqrt((1 + part**2 / own) / (1 - (2 * part - part**2) / own))
        wide = wide * np.where(seen, self.within.quantile(coverage), self.pooled.quantile(coverage))
        size = self.size[step - 1] * np.where(seen, self.factor[series], 1.0)
        bias = np.where(seen, self.bias[series], 0.0)
        low, high = size * (bias - wide), size * (bias + wide)
        return np.column_stack([np.minimum(low, 0.0), np.maximum(high, 0.0)])


def _by_step(
    size: np.ndarray, step: np.ndarray, weight: np.ndarray, horizon: int, independent: float
) -> np.ndarray:
    """Return the usual size (H,) at each step; beyond the last one seen, it grows as a walk's.

    It is drawn towards that of steps nearby, as if `PRIOR` independent errors had shown theirs.
    """
    steps = np.arange(1, horizon + 1)
    sums, counts = (np.bincount(step - 1, each, horizon) for each in (weight * size, weight))
    near = NEXT ** np.abs(steps[:, None] - steps)
    more = PRIOR / independent * counts.max() / (near @ counts)
    usual, last = (sums + more * (near @ sums)) / (counts + more * (near @ counts)), step.max()
    usual[last:] = usual[last - 1] * np.sqrt(steps[last:] / last)
    return np.maximum(usual, np.finfo(float).tiny)


def _correlation(errors: ForecastErrors, error: np.ndarray) -> float:
    """Return the mean correlation, at least 0, of two series' errors at one origin and step."""
    horizon = int(errors.step.max()) + 1
    place = (errors.origin - errors.origin.min()) * horizon + errors.step
    _, place = np.unique(place, return_inverse=True)
    count, total, squares = (np.bincount(place, each) for each in (None, error, error**2))
    both, each = np.sum(total**2 - squares), np.sum((count - 1) * squares)
    return float(np.clip(both / each, 0.0, 1.0)) if each > 0 else 1.0
