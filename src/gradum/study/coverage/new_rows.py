"""Coverage of new rows by their intervals or sets, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from gradum.messages import say
from gradum.run.conformal.guarantee import Name
from gradum.run.dataset import Dataset
from gradum.run.fitted import Fitted
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judge import Judge
from gradum.rungs.rung import Prediction
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval
from gradum.study.coverage.coverage import COVERAGE
from gradum.study.coverage.covered_groups import LEVEL
from gradum.study.shortfall import exact_share, shortfall_of_new


class NewCoverage(msgspec.Struct, frozen=True):
    """Coverage of rows that are new to the run, by intervals or sets for 90%.

    Parameters
    ----------
    guarantee : str
        Its name: "split", "cross", "adaptive" or "none".
    nominal : float
        The coverage asked for.
    rows, covered : int
        The number of new rows, and how many of them are covered.
    share : Interval
        covered / rows, with its exact 95% interval.
    p_value : float or None
        The probability of so few covered rows, or fewer, if new rows were like the judged ones
        (beta-binomial); None where no distribution is known.
    sentence : str
        The result in words.
    """

    guarantee: Name
    nominal: float
    rows: int
    covered: int
    share: Interval
    p_value: float | None
    sentence: str


def coverage_of_new(
    fitted: Fitted,
    judges: Sequence[Judge],
    dataset: Dataset,
    prediction: Prediction,
    new: np.ndarray,
) -> NewCoverage | None:
    """Count the rows of a mask (n,) that are covered; None where the model keeps no scores.

    Parameters
    ----------
    fitted : Fitted
    judges : sequence of Judge
        The judges that CV+ needs, where they are at hand.
    dataset : Dataset
        n rows with their targets.
    prediction : Prediction
        The predictions of the rung in use for these rows.
    new : boolean ndarray of shape (n,)
        Which rows the run did not have.
    """
    guarantee = fitted.guarantee
    if guarantee is None or fitted.used not in guarantee.scores.by_rung or not new.any():
        return None
    conformal = ConformalPredictor.of(fitted, judges, COVERAGE)
    if any(column not in dataset.frame.columns for column in conformal.also):
        return None
    if fitted.classes:
        held = conformal.sets(dataset.frame, prediction)
        within = held[np.arange(len(dataset)), dataset.target]
    else:
        low, high = conformal.intervals(dataset.frame).T
        within = (low <= dataset.target) & (dataset.target <= high)
    rows, covered = int(np.count_nonzero(new)), int(np.count_nonzero(within & new))
    name, scores = conformal.terms.name, guarantee.scores
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
