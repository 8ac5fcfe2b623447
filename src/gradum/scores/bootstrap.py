"""How sure a score is: percentile intervals over bootstrap resamples of the rows.

B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993; blocks in time: D. Politis and
J. Romano, A circular block-resampling procedure for stationary data, 1992.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradum.errors import ShapeError
from gradum.scores.metrics import METRICS, Weighting, metrics_of, score
from gradum.scores.outcome import Outcome

BLOCK_BYTES = 2**22  # fits the cache: four times faster than blocks of 64 MiB


@dataclass(frozen=True)
class Interval:
    """A value, the interval around it and the standard deviation of its resampled values."""

    value: float
    low: float
    high: float
    standard_error: float


class Scheme(Protocol):
    """A way of drawing rows with replacement."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Count how often each of n rows was drawn in each resample: float64 (count, n)."""
        ...


@dataclass(frozen=True, eq=False)
class ByRow:
    """Draw single rows, from each stratum as many as it has."""

    rows: int
    order: np.ndarray
    start: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, strata: np.ndarray) -> ByRow:
        """Take n stratum codes."""
        order = np.argsort(strata, kind="stable")
        _, first, place, sizes = np.unique(
            strata[order], return_index=True, return_inverse=True, return_counts=True
        )
        return cls(len(strata), order, first[place], sizes[place])

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Let each place of the sorted rows draw one of the places of its stratum."""
        counts = np.empty((count, self.rows))
        for line in counts:
            places = self.start + (rng.random(self.rows) * self.size).astype(np.intp)
            line[:] = np.bincount(self.order[places], minlength=self.rows)
        return counts


@dataclass(frozen=True, eq=False)
class ByGroup:
    """Draw whole groups, as many as there are."""

    rows: int
    group: np.ndarray
    groups: int

    @classmethod
    def of(cls, groups: np.ndarray) -> ByGroup:
        """Take n group codes."""
        distinct, group = np.unique(groups, return_inverse=True)
        return cls(len(groups), group, len(distinct))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw groups, and count each row as often as its group."""
        counts = np.empty((count, self.rows))
        for line in counts:
            drawn = rng.integers(0, self.groups, self.groups)
            line[:] = np.bincount(drawn, minlength=self.groups)[self.group]
        return counts


@dataclass(frozen=True, eq=False)
class ByBlock:
    """Draw blocks of ⌈n^(1/3)⌉ rows that follow one another in time, the end joined to the start.

    As many as cover n rows, the last one cut short.
    """

    rows: int
    order: np.ndarray
    length: int

    @classmethod
    def of(cls, time: np.ndarray) -> ByBlock:
        """Take n sortable times."""
        length = max(1, int(np.ceil(np.round(np.cbrt(len(time)), 9))))
        return cls(len(time), np.argsort(time, kind="stable"), length)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw where each block starts, and go round the circle from there."""
        counts = np.empty((count, self.rows))
        offsets = np.arange(self.rows) % self.length
        blocks = -(-self.rows // self.length)
        for line in counts:
            starts = rng.integers(0, self.rows, blocks)
            places = (np.repeat(starts, self.length)[: self.rows] + offsets) % self.rows
            line[:] = np.bincount(self.order[places], minlength=self.rows)
        return counts


@dataclass(frozen=True, eq=False)
class Resamples:
    """B resamples of n rows, in blocks of at most 4 MiB, the same each time they are gone through.

    So several models are compared on the same draws without storing them. Iterating yields
    float64 arrays (b, n) of how often each row was drawn; their lines add up to B.

    Parameters
    ----------
    scheme : ByRow, ByGroup or ByBlock
        How rows are drawn.
    count : int
        B, the number of resamples.
    seed : int
        Of the generator that each pass starts anew.
    """

    scheme: Scheme
    count: int
    seed: int

    @classmethod
    def draw(
        cls,
        rows: int,
        *,
        strata: np.ndarray | None = None,
        groups: np.ndarray | None = None,
        time: np.ndarray | None = None,
        count: int | None = None,
        rng: np.random.Generator,
    ) -> Resamples:
        """Choose how n rows are drawn: in blocks of time, else by group, else within strata.

        Parameters
        ----------
        rows : int
            n.
        strata, groups, time : ndarray of shape (n,), optional
            Class codes, group codes, sortable times.
        count : int, optional
            B; 1000 up to 20,000 rows, beyond that 2·10⁷ / n but at least 200, which bounds the
            time: all metrics of a binary outcome of 65,000 rows take about a second.
        rng : numpy.random.Generator
            Gives one seed.
        """
        for name, codes in (("strata", strata), ("groups", groups), ("time", time)):
            if codes is not None and codes.shape != (rows,):
                raise ShapeError(f"The {name} have shape {codes.shape}, the rows ({rows},).")
        if time is not None:
            scheme: Scheme = ByBlock.of(time)
        elif groups is not None:
            scheme = ByGroup.of(groups)
        else:
            scheme = ByRow.of(np.zeros(rows, np.int8) if strata is None else strata)
        if count is None:
            count = int(np.clip(2e7 / max(rows, 1), 200, 1000))
        return cls(scheme, count, int(rng.integers(2**63)))

    @property
    def rows(self) -> int:
        """n, the number of rows."""
        return self.scheme.rows

    def __iter__(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        step = max(1, BLOCK_BYTES // (8 * max(self.rows, 1)))
        for start in range(0, self.count, step):
            yield self.scheme.draw(min(step, self.count - start), rng)


def resampled(
    outcomes: Sequence[Outcome], resamples: Resamples, metrics: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Compute metrics of several outcomes of the same rows on the same resamples, in one pass.

    Parameters
    ----------
    outcomes : sequence of Outcome
        m outcomes of n rows each and of one task.
    resamples : Resamples
        Of n rows.
    metrics : sequence of str, optional
        Names; all of the task if left out.

    Returns
    -------
    dict of str to ndarray of shape (m, B)
        NaN where a resample leaves a metric undefined.

    Raises
    ------
    ShapeError
        When an outcome has not the resamples' number of rows.
    """
    for outcome in outcomes:
        if len(outcome) != resamples.rows:
            raise ShapeError(f"An outcome has {len(outcome)} rows, the resamples {resamples.rows}.")
    names = [each.name for each in metrics_of(outcomes[0].task)] if metrics is None else metrics
    values = {name: np.empty((len(outcomes), resamples.count)) for name in names}
    start = 0
    for counts in resamples:
        stop = start + len(counts)
        for index, outcome in enumerate(outcomes):
            rows = Weighting(outcome, counts if outcome.weight is None else counts * outcome.weight)
            for name in names:
                values[name][index, start:stop] = METRICS[name].function(rows)
        start = stop
    return values


def intervals(outcome: Outcome, resamples: Resamples, level: float = 0.95) -> dict[str, Interval]:
    """Give every metric of an outcome its percentile interval, in one pass over the resamples."""
    values = resampled([outcome], resamples)
    return {name: interval(value, values[name][0], level) for name, value in score(outcome).items()}


def interval(value: float, resampled_values: np.ndarray, level: float = 0.95) -> Interval:
    """Summarise B resampled values: the quantiles (1 ∓ level) / 2 and the standard deviation.

    Resamples that leave the value undefined (NaN) are ignored; if all do, the bounds are NaN.
    """
    defined = resampled_values[~np.isnan(resampled_values)]
    if not len(defined):
        return Interval(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(defined, [(1.0 - level) / 2, (1.0 + level) / 2])
    spread = float(defined.std(ddof=1)) if len(defined) > 1 else 0.0
    return Interval(value, float(low), float(high), spread)
