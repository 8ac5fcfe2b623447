"""The share of a target that a single column explains in rows that it was not fitted on.

The column is cut into cells: its levels, or its quantiles at several resolutions, with missing
values apart. The target's means or class shares in the cells of one half of the rows predict the
other half, and vice versa, so that fine cells gain nothing by fitting noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from gradum.tables.kinds import Kind

# What counts as nearly all: noise of a sixth of the target's standard deviation; a class that is
# predicted wrong in 2% of the rows, but never less than four fifths of the log loss.
LEAST_OF_VARIANCE = 0.97
MOST_WRONG, LEAST_OF_LOG_LOSS = 0.02, 0.8
CELLS = 512  # a power of two: neighbouring cells are joined in pairs
PSEUDO_ROWS = 0.1
LEAST_SUPPORT = 0.5


@dataclass(frozen=True)
class Finding:
    """What a column explains, in the rows whose cell also has rows in the other half."""

    share: float
    """The explained share of the variance, or of the log loss; below 0 if guessing does better."""
    nats: float
    """The gain in log-likelihood over guessing."""
    support: float
    """The share of rows whose cell also has rows in the other half."""
    least: float
    """The ``share`` that counts as nearly all."""


NOTHING = Finding(0.0, 0.0, 0.0, 1.0)


class AssociationMeasure(Protocol):
    """A target of n rows, and how well its sums in cells predict it."""

    def sums(self, codes: np.ndarray, count: int) -> np.ndarray:
        """Return the sums over the rows of each cell that are needed to predict: (count, k)."""
        ...

    def explained(self, sums: np.ndarray) -> Finding:
        """Predict each half by the cells of the other half, given the sums (2, cells, k)."""
        ...


def best(measure: AssociationMeasure, cells: Cells, half: np.ndarray) -> Finding:
    """Return the finding at the resolution that explains most, among those with enough support.

    Parameters
    ----------
    measure : AssociationMeasure
        The target.
    cells : Cells
        The column.
    half : ndarray of shape (n,)
        0 or 1: the half that each row belongs to.
    """
    findings = [measure.explained(sums) for sums in cells.resolutions(measure, half)]
    supported = [finding for finding in findings if finding.support >= LEAST_SUPPORT]
    return max(supported, key=lambda finding: finding.share, default=NOTHING)


@dataclass(frozen=True)
class Cells:
    """The cell of a column that each of n rows is in."""

    codes: np.ndarray
    """Of shape (n,). Cell numbers; the cells of missing values come after those of values."""
    count: int
    """The number of cells for values."""
    coarser: int
    """How many neighbouring cells form one cell at the next coarser resolution."""

    @classmethod
    def of(cls, values: pl.Series, kind: Kind) -> Cells:
        """Divide a typed column into cells as its kind allows."""
        if kind.is_ordered:
            return cls.of_numbers(values)
        return cls.of_levels(values) if kind.has_levels else cls.of_presence(values)

    @classmethod
    def of_levels(cls, values: pl.Series) -> Cells:
        """Give each level a cell."""
        levels, codes = np.unique(values.drop_nulls().hash().to_numpy(), return_inverse=True)
        return cls._of(values, codes, max(len(levels), 2), max(len(levels), 2))

    @classmethod
    def of_numbers(cls, values: pl.Series) -> Cells:
        """Give each quantile a cell; equal numbers share one."""
        numbers = values.drop_nulls().to_physical().to_numpy()
        order = np.argsort(numbers)
        ascending = numbers[order]
        starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]][: len(numbers)])
        first_of_equals = np.repeat(starts, np.diff(np.r_[starts, len(numbers)]))
        codes = np.empty(len(numbers), np.intp)
        codes[order] = first_of_equals * CELLS // max(len(numbers), 1)
        return cls._of(values, codes, CELLS, 2)

    @classmethod
    def of_presence(cls, values: pl.Series) -> Cells:
        """Give all values one cell."""
        present = len(values) - values.null_count()
        return cls._of(values, np.zeros(present, np.intp), 1, 2)

    @classmethod
    def _of(cls, values: pl.Series, codes: np.ndarray, count: int, coarser: int) -> Cells:
        if not values.null_count():
            return cls(codes, count, coarser)
        whole = np.full(len(values), count)
        whole[values.is_not_null().to_numpy()] = codes
        return cls(whole, count, coarser)

    def resolutions(self, measure: AssociationMeasure, half: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the measure's sums (2, cells, k) in each half, from fine to coarse.

        If values are missing, each resolution comes twice: with a cell for missing values, and
        without.
        """
        parts = 1 + bool(self.codes.max() >= self.count)
        count = self.count
        size = parts * count
        sums = measure.sums(half * size + self.codes, 2 * size).reshape(2, parts, count, -1)
        while True:
            yield sums.reshape(2, parts * count, -1)
            if parts > 1:
                yield sums[:, 0]
            if count == 1:
                return
            count //= self.coarser
            sums = sums.reshape(2, parts, count, self.coarser, -1).sum(axis=3)


@dataclass(frozen=True)
class Classes:
    """Class codes, predicted by their shares p in a cell; the loss is −Σ ln p of the true class."""

    target: np.ndarray
    classes: int
    shares: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> Classes:
        """Take n class codes."""
        counts = np.bincount(codes)
        present = np.flatnonzero(counts)
        return cls(np.searchsorted(present, codes), len(present), counts[present] / len(codes))

    @property
    def least(self) -> float:
        """1 − (h(e) + e ln(K − 1)) / H: what a share e of wrong classes leaves of the entropy H."""
        e, shares = MOST_WRONG, self.shares
        left = -e * np.log(e) - (1 - e) * np.log(1 - e) + e * np.log(max(self.classes - 1, 1))
        entropy = -np.sum(shares * np.log(shares))
        return max(LEAST_OF_LOG_LOSS, float(1 - left / entropy)) if entropy > 0 else 1.0

    def sums(self, codes: np.ndarray, count: int) -> np.ndarray:
        """Count the rows of each class."""
        joint = np.bincount(codes * self.classes + self.target, minlength=count * self.classes)
        return joint.reshape(count, self.classes).astype(np.float64)

    def explained(self, sums: np.ndarray) -> Finding:
        """Compare the log loss with the entropy of the same rows."""
        other = sums[::-1]
        known = other.sum(axis=2, keepdims=True)
        sums_known = np.where(known > 0, sums, 0.0)
        probability = (other + PSEUDO_ROWS * self.shares) / (known + PSEUDO_ROWS)
        totals = sums_known.sum(axis=(0, 1))
        rows = totals.sum()
        present = totals[totals > 0]
        baseline = -np.sum(present * np.log(present / rows))
        if baseline <= 0:
            return NOTHING
        loss = -np.sum(sums_known * np.log(probability))
        share, nats = float(1 - loss / baseline), float(baseline - loss)
        return Finding(share, nats, float(rows) / len(self.target), self.least)


@dataclass(frozen=True)
class NumberTarget:
    """Numbers and their ranks, predicted by their mean in a cell; the loss is the squared error.

    The output that is explained better counts: ranks suit a target with long tails, numbers a
    target in which noise blurs the order of near neighbours.
    """

    outputs: np.ndarray

    @classmethod
    def of(cls, target: np.ndarray) -> NumberTarget:
        """Take n numbers."""
        outputs = np.stack([target, pl.Series(target).rank().to_numpy()])
        outputs -= outputs.mean(axis=1, keepdims=True)
        deviation = outputs.std(axis=1, keepdims=True)
        return cls(outputs / np.where(deviation > 0, deviation, 1.0))

    def sums(self, codes: np.ndarray, count: int) -> np.ndarray:
        """Count the rows, and sum both outputs and their squares."""
        weights = [None, *self.outputs, *self.outputs**2]
        return np.stack([np.bincount(codes, column, minlength=count) for column in weights], axis=1)

    def explained(self, sums: np.ndarray) -> Finding:
        """Compare the squared error with the variance of the same rows."""
        known = sums[::-1, :, :1]
        mean = sums[::-1, :, 1:3] / (known + PSEUDO_ROWS)
        counts = np.where(known > 0, sums, 0.0)
        rows, total, square = counts[..., :1], counts[..., 1:3], counts[..., 3:]
        count = rows.sum()
        if not count:
            return NOTHING
        left = (square - 2 * mean * total + mean**2 * rows).sum(axis=(0, 1))
        whole = square.sum(axis=(0, 1)) - total.sum(axis=(0, 1)) ** 2 / count
        share = float(np.max(1 - left[whole > 0] / whole[whole > 0], initial=0.0))
        nats = float(-count / 2 * np.log(max(1 - share, 1e-12)))
        return Finding(share, nats, float(count) / self.outputs.shape[1], LEAST_OF_VARIANCE)
