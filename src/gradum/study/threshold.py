"""The decision threshold that costs least, given what each kind of mistake costs."""

from __future__ import annotations

import msgspec

from gradum.fitting.spec import Cost
from gradum.scores.bootstrap import Interval
from gradum.study.evidence import Evidence


class Threshold(msgspec.Struct, frozen=True):
    """Predict ``positive`` where its probability is at least the threshold.

    Parameters
    ----------
    positive, negative : str
        The second and the first class.
    false_positive_cost, false_negative_cost : float
        Of predicting ``positive`` where ``negative`` is true, and of the reverse.
    threshold : Interval
        The threshold of least cost on the judged rows, with its bootstrap interval.
    cost : Interval
        Mean cost a row at that threshold, found on rows that did not choose it (cross-fitted).
    cost_at_half : Interval
        The same at 0.5, which is what `predict` uses unless told.
    saved : Interval
        cost_at_half - cost, paired.
    theoretical : float
        FP / (FP + FN): the best threshold if the probabilities are calibrated.
    counts : dict of str to int
        "true positives", "false positives", "true negatives", "false negatives" at the threshold.
    curve : tuple of (float, float)
        Threshold, mean cost a row, by rising threshold; at most 200 points.
    sentence : str
        What to do, in plain words.
    """

    positive: str
    negative: str
    false_positive_cost: float
    false_negative_cost: float
    threshold: Interval
    cost: Interval
    cost_at_half: Interval
    saved: Interval
    theoretical: float
    counts: dict[str, int]
    curve: tuple[tuple[float, float], ...]
    sentence: str


def threshold(evidence: Evidence, cost: Cost) -> Threshold:
    """Find the threshold of least mean cost on the judged rows of a binary task."""
    raise NotImplementedError
