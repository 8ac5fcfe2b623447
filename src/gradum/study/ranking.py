"""How well the probabilities rank the rows of a class before the others: ROC, precision–recall."""

from __future__ import annotations

import msgspec

from gradum.scores.bootstrap import Interval
from gradum.study.evidence import Evidence


class RankingCurve(msgspec.Struct, frozen=True):
    """One class against the rest.

    Parameters
    ----------
    label : str
        The class: the second of two, or each of several.
    prevalence : float
        Its weighted share of the judged rows: the precision of a ranking by chance.
    auc, average_precision : Interval
    roc : tuple of (float, float, float)
        False-positive rate, true-positive rate, threshold; from (0, 0) to (1, 1), at most
        `MOST_POINTS` points that keep the shape.
    precision_recall : tuple of (float, float, float)
        Recall, precision, threshold, by rising recall.
    """

    label: str
    prevalence: float
    auc: Interval
    average_precision: Interval
    roc: tuple[tuple[float, float, float], ...]
    precision_recall: tuple[tuple[float, float, float], ...]


MOST_POINTS = 200
MOST_CLASSES = 8


def ranking_curves(evidence: Evidence) -> tuple[RankingCurve, ...]:
    """Draw the curves of the second of two classes, or of the `MOST_CLASSES` commonest."""
    raise NotImplementedError
