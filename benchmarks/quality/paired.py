"""Paired differences: the ratio of two methods' errors on the same splits, table by table.

For a table, the ratio is the geometric mean over its splits; over tables, it is the geometric mean
of the tables' ratios. Both have 95% intervals by Student's t. Splits of one table share rows, so
the variance of their mean is not s² / J but s² (1 / J + 1 / 4), for J splits with a fifth for
testing (Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error. Machine Learning
52, 239–281).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, t

from benchmarks.quality.outcomes import Outcome
from benchmarks.quality.split import TEST_SHARE
from gradum.margins import first_greatest

LEVEL = 0.95  # of all intervals
LEAST_ERROR = 1e-6  # smaller errors count as this when errors are divided


@dataclass(frozen=True)
class Estimate:
    """A number and the interval that it lies in; the bounds are NaN if they are not known."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class OnTable:
    """The ratio of errors on one table: 0 if only the other failed, infinite if only this one."""

    name: str
    splits: int
    ratio: Estimate


@dataclass(frozen=True)
class Paired:
    """A method's errors over the reference's, on the splits on which both were tried.

    Attributes
    ----------
    tables : tuple of OnTable
    cpu : float
        The median over splits of the ratio of CPU seconds; NaN if they are not known.
    """

    method: str
    reference: str
    tables: tuple[OnTable, ...]
    cpu: float

    @property
    def both_succeeded(self) -> tuple[OnTable, ...]:
        """The tables on which neither failed: only their ratios can be averaged."""
        return tuple(table for table in self.tables if 0 < table.ratio.value < math.inf)

    @property
    def logs(self) -> np.ndarray:
        """The logarithms of the ratios on these tables."""
        return np.log([table.ratio.value for table in self.both_succeeded])

    @property
    def mean(self) -> Estimate:
        """The geometric mean over these tables."""
        return _geometric(self.logs, 1 / max(len(self.logs), 1))

    @property
    def median(self) -> float:
        """The median over tables, including those on which one of the two failed."""
        return float(np.median([table.ratio.value for table in self.tables]))

    @property
    def most_extreme(self) -> OnTable | None:
        """The first of the averaged tables whose ratio is farthest from their median."""
        if not self.both_succeeded:
            return None
        distances = np.abs(self.logs - np.median(self.logs))
        return self.both_succeeded[int(first_greatest(distances))]

    @property
    def without_most_extreme(self) -> Paired:
        """The mean over the other tables."""
        rest = tuple(table for table in self.tables if table != self.most_extreme)
        return Paired(self.method, self.reference, rest, self.cpu)

    @property
    def worse(self) -> int:
        """Tables on which the method errs more than the reference."""
        return sum(table.ratio.value > 1 for table in self.tables)

    @property
    def better(self) -> int:
        """Tables on which it errs less."""
        return sum(table.ratio.value < 1 for table in self.tables)

    @property
    def share_worse(self) -> Estimate:
        """The share of the tables with a difference on which it is worse (Wilson's interval)."""
        if not self.worse + self.better:
            return Estimate(math.nan)
        test = binomtest(self.worse, self.worse + self.better)
        low, high = test.proportion_ci(LEVEL, method="wilson")
        return Estimate(test.statistic, float(low), float(high))


def paired(fits: Iterable[Outcome], method: str, reference: str) -> Paired | None:
    """Compare two methods on the splits that both were tried on, except those where both failed.

    None if there is no such split.

    Parameters
    ----------
    fits : iterable of Outcome
        Fits of one kind of split and size.
    """
    by_method: dict[str, dict[tuple[str, int], Outcome]] = {method: {}, reference: {}}
    for fit in fits:
        if fit.method in by_method:
            by_method[fit.method][fit.set, fit.seed] = fit
    logs: dict[str, list[float]] = {}
    seconds = []
    for split in sorted(by_method[method].keys() & by_method[reference].keys()):
        one, other = by_method[method][split], by_method[reference][split]
        if math.isfinite(min(one.loss, other.loss)):
            logs.setdefault(split[0], []).append(_log_ratio(one.loss, other.loss))
        if one.cpu_s and other.cpu_s:
            seconds.append(one.cpu_s / other.cpu_s)
    if not logs:
        return None
    tables = tuple(OnTable(name, len(some), _over_splits(some)) for name, some in logs.items())
    return Paired(method, reference, tables, float(np.median(seconds)) if seconds else math.nan)


def _log_ratio(one: float, other: float) -> float:
    if math.isinf(one) or math.isinf(other):
        return math.inf if one > other else -math.inf
    return math.log(max(one, LEAST_ERROR) / max(other, LEAST_ERROR))


def _over_splits(logs: Sequence[float]) -> Estimate:
    """Return the geometric mean: infinite if the method failed, else 0 if the reference did."""
    if math.inf in logs or -math.inf in logs:
        return Estimate(math.inf if math.inf in logs else 0.0)
    return _geometric(np.array(logs), 1 / len(logs) + TEST_SHARE / (1 - TEST_SHARE))


def _geometric(logs: np.ndarray, factor: float) -> Estimate:
    """Return exp of the mean and of its t interval; s² ``factor`` is the variance of the mean."""
    if not len(logs):
        return Estimate(math.nan)
    mean = float(logs.mean())
    if len(logs) == 1:
        return Estimate(math.exp(mean))
    half = t.ppf((1 + LEVEL) / 2, len(logs) - 1) * math.sqrt(factor) * logs.std(ddof=1)
    return Estimate(math.exp(mean), math.exp(mean - half), math.exp(mean + half))
