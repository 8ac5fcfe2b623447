"""Precision, recall and F1 of each class, with intervals."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from gradum.scores.bootstrap import scheme_basis, share_rows
from gradum.scores.interval import Interval, Sampled, Shares, of_shares
from gradum.scores.metrics import METRICS, Metric
from gradum.scores.outcome import Outcome
from gradum.scores.schemes import Scheme, row_parts, whole
from gradum.scores.weighting import Weighting

MOST_CLASSES = 200
MEANS = {"precision": "macro_precision", "recall": "balanced_accuracy", "f1": "macro_f1"}
"""The score of one class, and the mean of that score over the classes."""


class ClassScores(msgspec.Struct, frozen=True):
    """The scores of one class on the judged rows."""

    label: str
    """The class, as text."""
    support: int
    """The number of judged rows of the class, whatever their weight."""
    predicted: int | float
    """The number of judged rows predicted as the class, whatever their weight. If several folds
    predicted a row, it counts by the share of its predictions that are this class."""
    precision: Interval
    """Share of the rows predicted as the class that are of the class; NaN if none is predicted
    so."""
    recall: Interval
    """Share of the rows of the class that are predicted as the class."""
    f1: Interval
    """2·hits / (rows of the class + rows predicted as the class)."""
    hits: int | float | None = None
    """The number of judged rows of the class that are predicted as the class, counted like
    ``predicted``; None in files of versions that did not write it."""


def class_scores(
    outcome: Outcome,
    sample: Outcome,
    drawn: dict[str, Sampled],
    scheme: Scheme,
    labels: tuple[str, ...],
    numbers: np.ndarray,
) -> tuple[ClassScores, ...]:
    """Score each class that judged rows have, or the `MOST_CLASSES` commonest, in class order.

    With two classes, the second has the values and intervals of the metrics of the same names.

    Parameters
    ----------
    outcome : Outcome
        The outcome of all n judged rows.
    sample : Outcome
        The outcome of the rows that are resampled: all, or some of them.
    drawn : dict
        The resampled `MEANS` of the sample, by name.
    scheme : Scheme
        How the sample is resampled.
    labels : tuple of str
        The classes [K].
    numbers : ndarray of shape (n,)
        The number of each row, which is the same if a row was predicted several times.
    """
    rows, parts = Weighting(outcome, outcome.weights[None, :]), row_parts(numbers)
    hit = outcome.predicted == outcome.target
    support, predicted, hits = (
        np.bincount(codes, weights=counted, minlength=len(labels))
        for codes, counted in (
            (outcome.target, parts),
            (outcome.predicted, parts),
            (outcome.target, parts * hit),
        )
    )
    values = {name: _shares_of(METRICS[mean], rows) for name, mean in MEANS.items()}
    shown = np.sort(np.argsort(-support.round(), kind="stable")[:MOST_CLASSES])
    scores = []
    for code in shown[support[shown] > 0].tolist():
        intervals = {
            name: _interval(
                METRICS[name], float(values[name][code]), drawn[mean].shares, sample, code, scheme
            )
            for name, mean in MEANS.items()
        }
        counts = round(float(support[code])), whole(float(predicted[code]))
        of_hits = whole(float(hits[code]))
        scores.append(ClassScores(labels[code], *counts, **intervals, hits=of_hits))
    return tuple(scores)


def _shares_of(metric: Metric, rows: Weighting) -> np.ndarray:
    assert metric.shares is not None
    return metric.shares(rows)[0]


def _interval(
    metric: Metric, value: float, shares: Shares | None, sample: Outcome, code: int, scheme: Scheme
) -> Interval:
    """Return the interval of a class's share, from the resampled shares of all classes."""
    assert shares is not None
    kind = metric.rows_of(sample, code)
    basis = scheme_basis([kind], scheme)
    drawn = shares.draws[:, code] + (value - shares.value[code])
    rows = np.array([share_rows(metric, sample, [kind], scheme)])
    alone = Shares(np.array([value]), drawn[:, None], rows)
    share = of_shares(Sampled(value, drawn, basis, shares=alone))
    # If all resamples lack the class, there is no error either.
    return replace(share, standard_error=float(np.nan_to_num(share.standard_error)))
