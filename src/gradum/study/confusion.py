"""The confusion of classes."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.messages import say
from gradum.study.evidence import Evidence

MOST_CLASSES = 40
MOST_MISTAKEN = 15


class Confusion(msgspec.Struct, frozen=True):
    """Counts of judged rows by true and by predicted class.

    Parameters
    ----------
    labels : tuple of str
        The classes shown, in the order of the model's: all, or the `MOST_CLASSES` commonest.
    counts : tuple of tuple of int
        (K, K): row of the true class, column of the predicted one. Rows, whatever their weight.
    mistaken : tuple of (str, str, int)
        True class, predicted class, rows: the most frequent mistakes, most frequent first, at
        most `MOST_MISTAKEN` of them; of any class, shown or not.
    others : str
        A sentence on classes left out of ``counts`` where there are more than can be read.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    mistaken: tuple[tuple[str, str, int], ...]
    others: str = ""


def confusion(evidence: Evidence) -> Confusion:
    """Count the judged rows by true and predicted class."""
    true, predicted = evidence.target, evidence.prediction.value.astype(np.intp)
    classes = len(evidence.classes)
    shown = _commonest(true, classes)
    place = np.full(classes, len(shown))
    place[shown] = np.arange(len(shown))
    side = len(shown) + 1  # the last row and column take the classes that are not shown
    pairs = place[true] * side + place[predicted]
    counts = np.bincount(pairs, minlength=side**2).reshape(side, side)[:-1, :-1]
    return Confusion(
        labels=tuple(evidence.classes[k] for k in shown),
        counts=tuple(tuple(line) for line in counts.tolist()),
        mistaken=_mistaken(evidence.classes, true, predicted),
        others=_others(classes, len(shown), len(true), int(counts.sum())),
    )


def _commonest(true: np.ndarray, classes: int) -> np.ndarray:
    """Return the codes of the classes with most rows, by rising code."""
    rows = np.bincount(true, minlength=classes)
    return np.sort(np.argsort(-rows, kind="stable")[:MOST_CLASSES])


def _mistaken(
    labels: tuple[str, ...], true: np.ndarray, predicted: np.ndarray
) -> tuple[tuple[str, str, int], ...]:
    wrong = true != predicted
    pairs, rows = np.unique(true[wrong] * len(labels) + predicted[wrong], return_counts=True)
    first = np.argsort(-rows, kind="stable")[:MOST_MISTAKEN]
    return tuple(
        (labels[pair // len(labels)], labels[pair % len(labels)], count)
        for pair, count in zip(pairs[first].tolist(), rows[first].tolist(), strict=True)
    )


def _others(classes: int, shown: int, rows: int, counted: int) -> str:
    if shown == classes:
        return ""
    return say(
        "The {shown} commonest of {classes:,} classes are shown; {others:,} of {rows:,} judged "
        "rows are of another class, or were taken for one.",
        shown=shown,
        classes=classes,
        others=rows - counted,
        rows=rows,
    )
