"""Intervals that follow time: a threshold that rises with every miss and falls with every hit.

Rows in the order of time are not exchangeable, so split conformal prediction promises nothing about
them. What can be promised for any sequence, even one made by an adversary, is the long-run rate of
misses, so long as outcomes come in. A threshold θ is compared with the scores of the rows of time
t, before these are known, and then moves (quantile tracking)::

    e_t = share of the rows of time t whose score is above θ_t
    θ_(t+1) = θ_t + η (e_t − α)

Summed over T times, this gives an identity, whatever the scores were::

    (1/T) Σ e_t − α = (θ_(T+1) − θ_1) / (η T)

A θ above all scores falls, and a θ below all scores rises. So with scores in [a, b] and θ_1 among
them, the right side is at most (b − a + η) / (η T) in absolute value.

Scores are tracked on an unbounded scale: the logarithm of |t| for numbers and the log-odds of 1 − p
for classes. A step is then a factor, which means the same in every unit, and no threshold is
infinite. Adaptive conformal inference (Gibbs and Candès 2021), which moves α instead, promises as
much, but its intervals are the whole line whenever its α falls below 0, as after a few misses in a
row. DtACI (Gibbs and Candès 2024) mixes several steps at every time, and its long-run rate is exact
only as this mixing fades out. Here one step is chosen, once, on the judged rows.

All rows of one time count as one, since their outcomes come together. So the rate is that of times;
it is also that of rows if every time has equally many.

Source: Angelopoulos, Candès and Tibshirani, Conformal PID Control for Time Series Prediction
(NeurIPS 2023), Proposition 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.special import expit, logit

from gradum.margins import first_least
from gradum.run.intervals.conformal.score_list import ScoreList

STEPS = (0.05, 0.1, 0.2)
"""The values from which η is chosen: a miss raises a size by about η, a hit lowers it by η α.

Scores that grow e-fold cost 1/η more misses than aimed at, so smaller steps would be too slow.
"""


@dataclass(frozen=True)
class ScoreTransform:
    """An unbounded monotone scale on which scores are tracked, and the way back."""

    onto: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    """They take scores (n,), or thresholds."""


def _logarithm(deviation: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.abs(deviation), np.finfo(float).tiny))


def _log_odds(score: np.ndarray) -> np.ndarray:
    least = np.finfo(float).eps
    return logit(np.clip(score, least, 1.0 - least))


SCALE_OF_NUMBERS = ScoreTransform(_logarithm, np.exp)
"""log |t|; 0 is replaced by the smallest number."""

SCALE_OF_CLASSES = ScoreTransform(_log_odds, expit)
"""The log-odds of 1 − p; 0 and 1 are replaced by 2⁻⁵² and 1 − 2⁻⁵²."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Thresholds of n rows, each from outcomes of earlier times alone, and the one after them."""

    thresholds: np.ndarray
    """Of shape (n,). θ at the time of each row, on the scale of the scores."""
    last: float
    """The threshold of rows that come after all outcomes."""


@dataclass(frozen=True)
class Tracker:
    """The present threshold, and how far it moves."""

    threshold: float
    """θ_1, on the scale of the scores."""
    miscoverage: float
    """α, the intended rate of misses."""
    step: float
    """η."""

    @classmethod
    def begun(
        cls, scores: np.ndarray, time: np.ndarray, miscoverage: float
    ) -> tuple[Tracker, np.ndarray]:
        """Begin in the middle of judged rows; return also which rows come later (n,).

        The earlier half of the times gives the first threshold, the 1 − α quantile of its scores.
        The later half is followed with each of the `STEPS`; the step with the lowest quantile loss
        is taken.

        Parameters
        ----------
        scores : ndarray of shape (n,)
            The scores of judged rows, all known, on the scale on which they are tracked.
        time : ndarray of shape (n,)
            When they were known, in any type that can be sorted.
        miscoverage : float
            α.
        """
        _, moments = np.unique(time, return_inverse=True)
        later = moments > moments.max() // 2
        ranked = ScoreList.of(scores[~later], np.ones(np.count_nonzero(~later)))
        start = ranked.quantile(1.0 - miscoverage)
        trackers = [cls(start, miscoverage, step) for step in STEPS]
        if not later.any():
            return trackers[0], later
        followed = [tracker.follow(scores[later], moments[later]) for tracker in trackers]
        losses = [quantile_loss(scores[later], on.thresholds, miscoverage) for on in followed]
        return trackers[int(first_least(np.array(losses)))], later

    @classmethod
    def warmed_up(cls, scores: np.ndarray, time: np.ndarray, miscoverage: float) -> Tracker:
        """Begin at the end of judged rows, having followed their later half; see `begun`."""
        tracker, later = cls.begun(scores, time, miscoverage)
        return replace(tracker, threshold=tracker.follow(scores[later], time[later]).last)

    def follow(self, scores: np.ndarray, time: np.ndarray) -> Followed:
        """Return the thresholds of rows, each from the outcomes of earlier times.

        Parameters
        ----------
        scores : ndarray of shape (n,)
            Scores on the scale of the threshold; NaN if the outcome is not known. A time without
            any outcome moves nothing.
        time : ndarray of shape (n,)
            Times of any type that can be sorted; the rows may be in any order.
        """
        _, moments = np.unique(time, return_inverse=True)
        order = np.argsort(moments, kind="stable")
        starts = np.searchsorted(moments[order], np.arange(moments.max(initial=-1) + 2))
        ordered, theta = scores[order].tolist(), self.threshold
        of_moment = np.empty(len(starts) - 1)
        for moment, (start, end) in enumerate(pairwise(starts.tolist())):
            of_moment[moment] = theta
            known = [score for score in ordered[start:end] if score == score]
            if known:
                missed = sum(score > theta for score in known) / len(known)
                theta += self.step * (missed - self.miscoverage)
        return Followed(of_moment[moments], theta)


def quantile_loss(scores: np.ndarray, thresholds: np.ndarray, miscoverage: float) -> float:
    """Return the mean quantile loss at 1 − α: (1 − α)(s − θ) above the threshold, α (θ − s) below.

    Its expectation is lowest where θ is the quantile.
    """
    above = scores - thresholds
    return float(np.mean(np.maximum((1.0 - miscoverage) * above, -miscoverage * above)))
