"""How far forecasts and their intervals are from what came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.forecast.answers import COVERAGES, Answers
from benchmarks.forecast.sets import PublicSet

SHOWN = (0.8, 0.9)
THIRDS = 3


@dataclass(frozen=True)
class Measures:
    """What a side reaches on a set.

    Parameters
    ----------
    mase : float
        The mean over series of mean |e| / mean |y[t] − y[t − m]|, the latter of what is shown.
    loss : float
        The weighted quantile loss: twice the pinball loss at the deciles, over Σ |y|, as a mean of
        the deciles; NaN without intervals.
    covered : dict
        By coverage of `SHOWN`: the share of hidden values within; NaN without intervals.
    by_third : ndarray of shape (3,)
        The same of 90% intervals, by third of the horizon.
    withheld : float
        The share of 90% intervals that is withheld; the others are those that count.
    seconds : float
    note : str
    """

    mase: float
    loss: float
    covered: dict[float, float]
    by_third: np.ndarray
    withheld: float
    seconds: float
    note: str

    @classmethod
    def of(cls, answers: Answers, asked: PublicSet) -> Measures:
        """Hold answers against the hidden values."""
        truth = asked.truth
        errors = np.abs(answers.mean - truth) / asked.scales[:, None]
        if not np.isfinite(errors).all():
            raise ValueError(f"a forecast of {asked.name} is no number")
        covered = dict.fromkeys(SHOWN, np.nan)
        by_third, withheld = np.full(THIRDS, np.nan), np.nan
        if len(answers.ends):
            low, high = np.moveaxis(answers.ends, 1, 0)
            given = np.isfinite(low) & np.isfinite(high)
            within = np.where(given, (truth >= low) & (truth <= high), np.nan)
            of = {each: within[COVERAGES.index(each)] for each in SHOWN}
            covered = {each: _mean(there) for each, there in of.items()}
            by_third = np.array([_mean(each) for each in np.array_split(of[0.9], THIRDS, axis=1)])
            withheld = float(1 - given[COVERAGES.index(0.9)].mean())
        return cls(
            float(errors.mean()),
            _loss(answers, truth),
            covered,
            by_third,
            withheld,
            answers.seconds,
            answers.note,
        )


def _loss(answers: Answers, truth: np.ndarray) -> float:
    """Return the weighted quantile loss; where an interval is withheld, of the other steps."""
    if not len(answers.ends):
        return np.nan
    quantiles = {0.5: answers.mean}
    for coverage, (low, high) in zip(COVERAGES[:4], answers.ends[:4], strict=True):
        quantiles |= {(1 - coverage) / 2: low, (1 + coverage) / 2: high}
    given = np.isfinite(list(quantiles.values())).all(0)
    losses = [
        np.maximum(level * (truth - each), (level - 1) * (truth - each))[given].sum()
        for level, each in quantiles.items()
    ]
    return float(2 * np.mean(losses) / np.abs(truth[given]).sum())


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def geometric(values: list[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(values))))
