"""Scores by what a prediction costs under the loss that models learn: deviance, pinball loss."""

from __future__ import annotations

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting, ratio


def deviance(rows: Weighting) -> np.ndarray:
    """Mean deviance: Σ w d(y, ŷ) / Σ w, where d is 0 for ŷ = y; of the law that the loss states.

    With exposures, y and ŷ are rates and exposures are weights: the deviance of counts, a unit.
    """
    return rows.mean(costs(rows.outcome))


def deviance_explained(rows: Weighting) -> np.ndarray:
    """Share of the deviance explained: 1 − Σ w d(y, ŷ) / Σ w d(y, ȳ), for the weighted mean ȳ."""
    return _explained(rows)


def pinball(rows: Weighting) -> np.ndarray:
    """Pinball loss: Σ w max(τ e, (τ − 1) e) / Σ w for the error e = y − ŷ of the quantile τ."""
    return rows.mean(costs(rows.outcome))


def pinball_explained(rows: Weighting) -> np.ndarray:
    """Share of the pinball loss explained: 1 − that of ŷ / that of the rows' own τ-quantile."""
    return _explained(rows)


def _explained(rows: Weighting) -> np.ndarray:
    """Return 1 − cost / cost of the best constant for all rows; NaN where that costs nothing."""
    outcome = rows.outcome
    assert outcome.cost is not None
    if not len(outcome):
        return np.full(len(rows.weights), np.nan)
    constant = outcome.cost.constant(outcome.target, outcome.weights)
    least = outcome.cost.of_rows(np.full(len(outcome), constant), outcome.target)
    return 1.0 - ratio(rows.mean(costs(outcome)), rows.mean(least))


def costs(outcome: Outcome) -> np.ndarray:
    """Return what the prediction of each row costs (n,)."""
    assert outcome.cost is not None
    return outcome.cost.of_rows(outcome.predicted, outcome.target)
