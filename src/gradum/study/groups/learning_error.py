"""Standard errors of measures by group that come from the error of learning.

A model of the right form has errors too: with a level for each group, it misses the log-odds of a
group g by a standard error of 1 / √(n_g · mean p (1 − p)), the inverse root of the information in
the n_g rows that it learned from. How far a measure moves when the log-odds of the whole group do
is its error of learning. For a selection rate this is no less than what chance does to as many
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from gradum.rungs.rung import Prediction
from gradum.scores.weighting import Weighting
from gradum.study.evidence import Evidence
from gradum.study.groups.groups import GroupMeasure
from gradum.study.resampling import Subset


def learning_errors(
    evidence: Evidence, sides: Sequence[np.ndarray], measures: Sequence[GroupMeasure], learned: int
) -> np.ndarray:
    """Return the error of learning of k measures on s sides (s, k); 0 unless there are two classes.

    It is half the distance between the measures for log-odds one standard error higher and lower.

    Parameters
    ----------
    sides : sequence of boolean ndarray of shape (m,)
        Which judged rows are in each group, or outside it.
    learned : int
        How many rows the model learned from; groups had the same shares of them.
    """
    errors, every = np.zeros((len(sides), len(measures))), np.arange(len(evidence))
    if evidence.task != "binary":
        return errors
    for side, line in zip(sides, errors, strict=True):
        step = _standard_error(evidence, side, learned)
        if not np.isfinite(step):
            continue
        low, high = (
            Subset.of(_moved(evidence, sign * step), every, side).weighting(
                evidence.weight[None, :]
            )
            for sign in (-1.0, 1.0)
        )
        line[:] = [_half_apart(measure, low, high) for measure in measures]
    return np.nan_to_num(errors)


def _half_apart(measure: GroupMeasure, low: Weighting, high: Weighting) -> float:
    return float(abs(measure.function(high) - measure.function(low))[0]) / 2


def _standard_error(evidence: Evidence, side: np.ndarray, learned: int) -> float:
    """Return the standard error of the log-odds of a side's rows; infinite without information."""
    share = evidence.prediction.shares[side, 1]
    information = learned / len(evidence) * float((share * (1.0 - share)).sum())
    return information**-0.5 if information > 0 else np.inf


def _moved(evidence: Evidence, step: float) -> Evidence:
    """Return the evidence with higher log-odds of the second class in all rows."""
    probability, balanced = evidence.prediction.shares, evidence.prediction.balanced
    prediction = Prediction.of_classes(
        _shifted(probability, step), None if balanced is None else _shifted(balanced, step)
    )
    return replace(evidence, prediction=prediction)


def _shifted(probability: np.ndarray, step: float) -> np.ndarray:
    second = expit(logit(probability[:, 1]) + step)
    return np.column_stack([1.0 - second, second])
