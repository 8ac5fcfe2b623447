"""The errors of a model on the rows that judged it, and the highest rate that they allow."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
from scipy.special import betaincinv

from gradum.randomness import stream
from gradum.run.judging.judge_rungs import Seen, Truth
from gradum.rungs.rung import Prediction
from gradum.scores.interval import NORMAL_95, Basis

COMMON = 0.9  # of numbers: this share of the judged rows has no error
MOST_ROWS, RESAMPLES = 10_000, 250  # from which the effect of groups or times is found


class JudgedErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Errors among the judged rows, where each row counts once, whatever its weight."""

    rows: int
    errors: int
    independent: float
    """How many independent rows would tell as much about the rate: all of them, or fewer if rows
    belong together by group or by time."""
    beyond: float | None = None
    """For numbers, an error is a prediction for a row, whatever its exposure, that is farther than
    this from the target, in its unit: the 0.9 quantile of the judged rows' distances. None for
    classes, where an error is a wrong class."""

    @property
    def rate(self) -> float:
        """The share of errors."""
        return self.errors / self.rows

    def highest_rate(self, alpha: float) -> float:
        """Return the rate that is exceeded with probability at most α, given these errors.

        This is the 1 − α quantile of Beta(k + 1, n − k), where n is the number of independent rows
        and k that of their errors (C. Clopper and E. Pearson, The use of confidence or fiducial
        limits, 1934; n as in E. Korn and B. Graubard, 1998). For n numbers without ties it is
        exact, although they determined what counts as an error: the share beyond their (n − k)th
        distance is distributed as Beta(k + 1, n − k).
        """
        correct = self.independent * (1.0 - self.rate)
        if correct <= 0:
            return 1.0
        return float(betaincinv(self.independent * self.rate + 1.0, correct, 1.0 - alpha))

    def is_sound(self, classes: int) -> bool:
        """Whether the counts are possible, and ``beyond`` is a distance, or None for classes."""
        counted = 0 <= self.errors <= self.rows and 0 < self.independent <= self.rows
        if classes or self.beyond is None:
            return counted and bool(classes) and self.beyond is None
        return counted and 0 <= self.beyond < np.inf


def judged_errors(
    truth: Truth,
    rows: np.ndarray,
    prediction: Prediction,
    seed: int,
    *,
    exposure: np.ndarray | None = None,
    beyond: float | None = None,
) -> JudgedErrors:
    """Count the errors of predictions of some of a table's rows that were not learned from.

    Parameters
    ----------
    rows : ndarray of shape (m,)
        The rows, without repeats.
    prediction : Prediction
        The predictions of these rows, per unit of exposure as the truth is.
    seed : int
        The seed of the run.
    exposure : ndarray of shape (m,), optional
        How many units each of these rows has.
    beyond : float, optional
        For numbers: the distance beyond which a prediction is an error.
    """
    target, predicted = truth.target[rows], prediction.value
    if exposure is not None:
        target, predicted = target * exposure, predicted * exposure
    if truth.task == "regression" and beyond is None:
        distance = np.abs(predicted - target)
        beyond = float(np.quantile(distance, COMMON, method="inverted_cdf"))
    wrong = is_wrong(target, predicted, beyond)
    independent = float(len(rows))
    if truth.groups is not None or truth.time is not None:
        independent = _independent(truth, rows, prediction, wrong, seed)
    return JudgedErrors(len(rows), int(wrong.sum()), independent, beyond)


def is_wrong(target: np.ndarray, predicted: np.ndarray, beyond: float | None) -> np.ndarray:
    """Return which of n rows are errors, as `JudgedErrors` defines them."""
    return predicted != target if beyond is None else np.abs(predicted - target) > beyond


def _independent(
    truth: Truth, rows: np.ndarray, prediction: Prediction, wrong: np.ndarray, seed: int
) -> float:
    """Return p (1 − p) / SE², where SE is the resampled standard error of the rate p.

    The result is divided by the squared ratio of Student's quantile to the normal one, with one
    degree of freedom less than there are groups or stretches of time.
    """
    rng = stream(seed, "study", "judged errors")
    if len(rows) > MOST_ROWS:
        some = np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))
        rows, prediction, wrong = rows[some], prediction.take(some), wrong[some]
    resamples = replace(truth.resamples(Seen(rows, {"judged": prediction}), rng), count=RESAMPLES)
    drawn = np.concatenate([weights @ wrong / weights.sum(axis=1) for weights in resamples])
    held, most = resamples.scheme.independent(np.ones(len(rows), bool)), float(len(rows))
    spread, rate = float(drawn.std(ddof=1)), float(wrong.mean())
    if not spread > 0:
        return held
    few = (NORMAL_95 / Basis(len(rows), held).quantile()) ** 2
    return min(rate * (1.0 - rate) / spread**2 * few, most)
