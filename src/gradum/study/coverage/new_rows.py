"""Coverage of new rows by their intervals or sets, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.run.intervals.conformal.guarantee import Name
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judge import Judge
from gradum.rungs.rung import Prediction
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval
from gradum.study.coverage.coverage import COVERAGE
from gradum.study.coverage.covered_groups import LEVEL
from gradum.study.shortfall import exact_share, shortfall_of_new


class NewCoverage(msgspec.Struct, frozen=True):
    """Coverage of rows that are new to the run, by intervals or sets for 90%."""

    guarantee: Name
    """Its name: "split", "cross", "adaptive" or "none"."""
    nominal: float
    """The coverage asked for."""
    rows: int
    covered: int
    """The number of new rows, and how many of them are covered."""
    share: Interval
    """covered / rows, with its exact 95% interval."""
    p_value: float | None
    """The probability of so few covered rows, or fewer, if new rows were like the judged ones
    (beta-binomial); None where no distribution is known."""
    sentence: str
    """The result in words."""


def covering(fitted: Fitted, judges: Sequence[Judge]) -> ConformalPredictor | None:
    """Return what makes the intervals or sets; None where the model keeps no scores.

    ``judges`` are those that CV+ needs, where they are at hand.
    """
    guarantee = fitted.guarantee
    if guarantee is None or fitted.used not in guarantee.scores.by_rung:
        return None
    return ConformalPredictor.of(fitted, judges, COVERAGE)


def covered_rows(
    conformal: ConformalPredictor, frame: pl.DataFrame, target: np.ndarray, prediction: Prediction
) -> np.ndarray | None:
    """Return which checked rows hold their target in their interval or set (n,).

    None where a column is absent by which intervals are made.

    Parameters
    ----------
    frame : DataFrame
        n checked rows.
    target : ndarray of shape (n,)
        Numbers for the exposure of each row, as intervals are, or class codes.
    prediction : Prediction
        The predictions of the rung in use for these rows.
    """
    if any(column not in frame.columns for column in conformal.also):
        return None
    if conformal.classes:
        return conformal.sets(frame, prediction)[np.arange(len(frame)), target]
    low, high = conformal.intervals(frame).T
    return (low <= target) & (target <= high)


def coverage_of_new(
    conformal: ConformalPredictor, within: np.ndarray, new: np.ndarray
) -> NewCoverage:
    """Count the rows that are covered among those that the run did not have.

    Parameters
    ----------
    within : boolean ndarray of shape (n,)
        Which rows are covered, as `covered_rows` says.
    new : boolean ndarray of shape (n,)
        Which rows are new to the run; at least one.
    """
    rows, covered = int(np.count_nonzero(new)), int(np.count_nonzero(within & new))
    name, scores = conformal.terms.name, conformal.scores
    alike = scores.group is None and scores.weight is None and scores.level is None
    p_value = None
    if name == "split" and alike and not conformal.by_class:
        p_value = shortfall_of_new(covered, rows, len(scores), COVERAGE)
    share = exact_share(covered, rows)
    return NewCoverage(
        name, COVERAGE, rows, covered, share, p_value, _sentence(share.value, rows, p_value)
    )


def _sentence(share: float, rows: int, p_value: float | None) -> str:
    values = {
        "rows": rows,
        "share": percent(share, decimals=1),
        "nominal": percent(COVERAGE),
        "p": figure(p_value, digits=2),
    }
    if p_value is None:
        return say(
            "Of {rows:,} new rows {share} are covered, where {nominal} were asked for.", **values
        )
    if p_value <= LEVEL:
        return say(
            "Of {rows:,} new rows only {share} are covered, where {nominal} were asked for: fewer "
            "than chance explains (p = {p}), so that these rows are not like those that judged.",
            **values,
        )
    return say(
        "Of {rows:,} new rows {share} are covered, where {nominal} were asked for: chance explains "
        "that (p = {p}).",
        **values,
    )
