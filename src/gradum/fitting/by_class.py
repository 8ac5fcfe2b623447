"""Precision, recall and F1 of each class, with intervals."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from gradum.scores.bootstrap import scheme_basis
from gradum.scores.interval import Basis, Interval, Sampled, Shares, of_shares
from gradum.scores.of_classes import f1_of_classes, precision_of_classes, recall_of_classes
from gradum.scores.outcome import Outcome
from gradum.scores.schemes import Scheme
from gradum.scores.weighting import Weighting

MOST_CLASSES = 200


class ClassScores(msgspec.Struct, frozen=True):
    """One class on the judged rows.

    Parameters
    ----------
    label : str
        The class, as text.
    support : int
        Judged rows that are of it, whatever their weight.
    predicted : int
        Judged rows that are predicted as it.
    precision : Interval
        Share of the rows predicted as the class that are of it; 0 where none is predicted so.
    recall : Interval
        Share of its rows that are predicted as it.
    f1 : Interval
        2·hits / (rows of the class + rows predicted as it).
    """

    label: str
    support: int
    predicted: int
    precision: Interval
    recall: Interval
    f1: Interval


def class_scores(
    outcome: Outcome,
    sample: Outcome,
    drawn: dict[str, Sampled],
    scheme: Scheme,
    labels: tuple[str, ...],
    numbers: np.ndarray,
) -> tuple[ClassScores, ...]:
    """Score each class that a judged row has, or the `MOST_CLASSES` commonest, in their order.

    Parameters
    ----------
    outcome : Outcome
        Of all n judged rows.
    sample : Outcome
        Of those that are resampled: all, or some of them.
    drawn : dict
        The resampled ``macro_precision``, ``balanced_accuracy`` and ``macro_f1`` of the sample,
        which are means of the shares wanted here.
    scheme : Scheme
        How the sample is resampled.
    labels : tuple of str
        The classes [K].
    numbers : ndarray of shape (n,)
        Which row each is, the same where one was predicted several times.
    """
    rows = Weighting(outcome, outcome.weights[None, :])
    values = [
        measure(rows)[0] for measure in (precision_of_classes, recall_of_classes, f1_of_classes)
    ]
    shares = [drawn[name].shares for name in ("macro_precision", "balanced_accuracy", "macro_f1")]
    support = _distinct(outcome.target, numbers, len(labels))
    predicted = _distinct(outcome.predicted, numbers, len(labels))
    shown = np.sort(np.argsort(-support, kind="stable")[:MOST_CLASSES])
    scores = []
    for code in shown[support[shown] > 0].tolist():
        of_class, named = sample.target == code, sample.predicted == code
        kinds = (named if named.any() else of_class, of_class, of_class)
        intervals = [
            _interval(value[code], share, code, scheme_basis([kind], scheme))
            for value, share, kind in zip(values, shares, kinds, strict=True)
        ]
        scores.append(
            ClassScores(labels[code], int(support[code]), int(predicted[code]), *intervals)
        )
    return tuple(scores)


def _distinct(codes: np.ndarray, numbers: np.ndarray, classes: int) -> np.ndarray:
    """Count the rows of each class (K,), once however often one was predicted."""
    pairs = np.unique(numbers.astype(np.int64) * classes + codes)
    return np.bincount(pairs % classes, minlength=classes)


def _interval(value: float, shares: Shares | None, code: int, basis: Basis) -> Interval:
    assert shares is not None
    drawn = shares.draws[:, code] + (value - shares.value[code])
    rows = np.array([float(max(basis.rows, 1))])
    alone = Shares(np.array([value]), drawn[:, None], rows)
    share = of_shares(Sampled(float(value), drawn, basis, shares=alone))
    # Where resamples all lack the class there is no error either.
    return replace(share, standard_error=float(np.nan_to_num(share.standard_error)))
