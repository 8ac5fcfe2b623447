"""The confusion of classes."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.messages import say
from gradum.scores.figures import rows_figure
from gradum.scores.schemes import row_parts, whole
from gradum.study.evidence import Evidence

MOST_CLASSES = 40
MOST_MISTAKEN = 15
ROUNDED = 6  # decimals, so that sums of fractions of rows are equal where they should be


class Confusion(msgspec.Struct, frozen=True):
    """Counts of judged rows by true and by predicted class."""

    labels: tuple[str, ...]
    """The classes shown, in the model's order: all, or the `MOST_CLASSES` commonest."""
    counts: tuple[tuple[int | float, ...], ...]
    """(K, K): the row is the true class, the column the predicted one. The numbers of rows,
    whatever their weight; if several folds predicted a row, each prediction counts as a fraction of
    it."""
    mistaken: tuple[tuple[str, str, int | float], ...]
    """True class, predicted class, rows: the most frequent mistakes, most frequent first, at most
    `MOST_MISTAKEN` of them, for any class, shown or not."""
    others: str = ""
    """A sentence on the classes left out of ``counts``, where there are too many to read."""


def confusion(evidence: Evidence) -> Confusion:
    """Count the judged rows by true and predicted class."""
    true, predicted = evidence.target, evidence.prediction.value.astype(np.intp)
    parts = row_parts(evidence.rows)
    classes = len(evidence.classes)
    most = np.argsort(-np.bincount(true, parts, classes).round(), kind="stable")
    shown = np.sort(most[:MOST_CLASSES])
    place = np.full(classes, len(shown))
    place[shown] = np.arange(len(shown))
    side = len(shown) + 1  # the last row and column hold the classes that are not shown
    pairs = place[true] * side + place[predicted]
    counts = np.bincount(pairs, parts, side**2).reshape(side, side)[:-1, :-1]
    return Confusion(
        labels=tuple(evidence.classes[k] for k in shown),
        counts=tuple(tuple(map(whole, line)) for line in counts.tolist()),
        mistaken=_mistaken(evidence.classes, true, predicted, parts),
        others=_others(classes, len(shown), whole(parts.sum()), whole(counts.sum())),
    )


def _mistaken(
    labels: tuple[str, ...], true: np.ndarray, predicted: np.ndarray, parts: np.ndarray
) -> tuple[tuple[str, str, float], ...]:
    wrong = true != predicted
    pairs, pair = np.unique(true[wrong] * len(labels) + predicted[wrong], return_inverse=True)
    rows = np.bincount(pair, parts[wrong], len(pairs)).round(ROUNDED)
    first = np.argsort(-rows, kind="stable")[:MOST_MISTAKEN]
    return tuple(
        (labels[pair // len(labels)], labels[pair % len(labels)], whole(count))
        for pair, count in zip(pairs[first].tolist(), rows[first].tolist(), strict=True)
    )


def _others(classes: int, shown: int, rows: float, counted: float) -> str:
    if shown == classes:
        return ""
    return say(
        "Only the {shown} most common of {classes:,} classes are shown; {others} of {rows} "
        "judged rows are of another class, or were taken for one.",
        shown=shown,
        classes=classes,
        others=rows_figure(rows - counted),
        rows=rows_figure(rows),
    )
