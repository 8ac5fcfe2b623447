"""The answers and targets of judged rows together, summed up for the model file.

It contains no single row: every figure is of at least `BIN_ROWS` rows.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.run.reference.column_counts import BIN_ROWS
from gradum.rungs.rung import Prediction

MOST_BINS = 50
MOST_DEVIATIONS = 99


class ClassBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Judged rows of similar answers: the mean probability and the number of rows of each class."""

    probability: tuple[float, ...]
    rows: tuple[int, ...]


class JudgedClasses(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="classes"):
    """Classes of judged rows, in bins by the predicted class and its probability."""

    bins: tuple[ClassBin, ...]

    def as_rows(self) -> tuple[Prediction, np.ndarray]:
        """Return answers and class codes of rows, related as those of the judged rows were."""
        counts = np.array([one.rows for one in self.bins])
        shares = np.array([one.probability for one in self.bins])
        of_bin, target = np.indices(counts.shape)
        rows = np.repeat(of_bin.ravel(), counts.ravel())
        return Prediction.of_classes(shares[rows]), np.repeat(target.ravel(), counts.ravel())

    def is_sound(self, classes: int, most: int) -> bool:
        """Whether bins have finite probabilities and counts for so many classes.

        There must be at least one row and at most ``most`` rows in all.
        """
        columns = [column for one in self.bins for column in (one.probability, one.rows)]
        whole = classes > 0 and all(len(column) == classes for column in columns)
        finite = all(0 <= share < np.inf for one in self.bins for share in one.probability)
        return whole and finite and _counts_up_to(most, [n for one in self.bins for n in one.rows])


class NumberBin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Judged rows of similar answers: the means of these, and the mean size of their errors."""

    prediction: float
    error: float
    rows: int


class JudgedNumbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="numbers"):
    """Errors of judged rows, in bins by the predicted number."""

    bins: tuple[NumberBin, ...]
    deviations: tuple[float, ...]
    """Quantiles, rising, of the errors of all rows, each divided by the mean error size of its
    bin."""

    def as_rows(self) -> tuple[Prediction, np.ndarray]:
        """Return answers and numbers of rows, related as those of the judged rows were."""
        rows = np.repeat(np.arange(len(self.bins)), [one.rows for one in self.bins])
        predicted = np.array([one.prediction for one in self.bins])[rows]
        size = np.array([one.error for one in self.bins])[rows]
        # The golden ratio spreads the quantiles evenly over the rows of every bin.
        places = (np.arange(len(rows)) * (np.sqrt(5) - 1) / 2 % 1) * len(self.deviations)
        deviations = np.array(self.deviations)[places.astype(int)]
        return Prediction(predicted, None), predicted + size * deviations

    def is_sound(self, classes: int, most: int) -> bool:
        """Whether there are no classes, and scores of up to ``most`` rows would be finite."""
        errors = np.array([one.error for one in self.bins])
        farthest = np.abs(self.deviations).max(initial=0.0)
        with np.errstate(over="ignore"):
            targets = np.abs([one.prediction for one in self.bins]) + errors * farthest
            finite = bool(np.isfinite(targets**2 * most).all() and (errors >= 0).all())
        numbers = classes == 0 and bool(self.deviations)
        return numbers and finite and _counts_up_to(most, [one.rows for one in self.bins])


def _counts_up_to(most: int, counts: list[int]) -> bool:
    return min(counts, default=0) >= 0 and 0 < sum(counts) <= most


JudgedSummary = JudgedClasses | JudgedNumbers


def judged_summary(
    prediction: Prediction, target: np.ndarray, weight: np.ndarray
) -> JudgedSummary | None:
    """Summarise judged rows (m,); None if they are few or do not all weigh the same."""
    if len(target) < BIN_ROWS or weight.min() < weight.max():
        return None
    count = min(len(target) // BIN_ROWS, MOST_BINS)
    if prediction.probability is None:
        return _of_numbers(prediction.middle, target, count)
    return _of_classes(prediction.value, prediction.probability, target, count)


def _of_classes(
    predicted: np.ndarray, probability: np.ndarray, target: np.ndarray, count: int
) -> JudgedClasses:
    two = probability.shape[1] == 2
    by = (probability[:, 1],) if two else (probability.max(axis=1), predicted)
    bins = np.array_split(np.lexsort(by), count)
    classes = probability.shape[1]
    return JudgedClasses(
        tuple(
            ClassBin(
                tuple(probability[rows].mean(axis=0).tolist()),
                tuple(np.bincount(target[rows], minlength=classes).tolist()),
            )
            for rows in bins
        )
    )


def _of_numbers(predicted: np.ndarray, target: np.ndarray, count: int) -> JudgedNumbers:
    bins = np.array_split(np.argsort(predicted, kind="stable"), count)
    error = target - predicted
    sizes = [float(np.abs(error[rows]).mean()) for rows in bins]
    scaled = [error[rows] / (size or 1.0) for rows, size in zip(bins, sizes, strict=True)]
    most = min(len(target) // BIN_ROWS, MOST_DEVIATIONS)
    deviations = np.quantile(np.concatenate(scaled), (np.arange(most) + 0.5) / most)
    return JudgedNumbers(
        tuple(
            NumberBin(float(predicted[rows].mean()), size, len(rows))
            for rows, size in zip(bins, sizes, strict=True)
        ),
        tuple(deviations.tolist()),
    )
