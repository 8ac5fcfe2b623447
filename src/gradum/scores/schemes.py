"""The bootstrap of rows, of groups or of blocks in time.

B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993; drawing one fewer of each kind,
so that the variance has no bias: T. Hesterberg, Unbiasing the Bootstrap, 2004; blocks in time: D.
Politis and J. Romano, A circular block-resampling procedure for stationary data, 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from gradum.messages import marked
from gradum.scores.interval import FEWEST_ROWS

FEWEST_GROUPS = 5  # with so many, intervals for normal errors cover in 93% of draws
FEWEST_STRETCHES = 10  # fewer do not show how long errors stay correlated
FEWEST_SPANS = 3  # of stretches whose length is known, Student's quantile makes up for so few
ROWS, GROUPS = marked("independent rows"), marked("independent groups")
STRETCHES = marked("independent stretches of time")
ONE = {
    ROWS: marked("independent row"),
    GROUPS: marked("independent group"),
    STRETCHES: marked("independent stretch of time"),
}
LONGEST_BLOCK = 1 / 5  # as a share of all rows
ROUNDING = 1e-6  # of a row


class Scheme(Protocol):
    """A way of drawing rows with replacement."""

    @property
    def what(self) -> str:
        """What it draws, in the plural."""
        ...

    @property
    def fewest(self) -> int:
        """How many of them an interval needs."""
        ...

    @property
    def rows(self) -> int:
        """Number of rows, n."""
        ...

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Return each row's weight in each resample, 1 on average: float64 (count, n)."""
        ...

    def distinct(self, rows: np.ndarray) -> float:
        """Count the rows of a mask (n,), each once however often it was predicted.

        If the mask has only some of a row's predictions, it has that part of the row.
        """
        ...

    def independent(self, rows: np.ndarray) -> float:
        """Count the independently drawn rows, groups or blocks that hold rows of a mask (n,)."""
        ...


@dataclass(frozen=True, eq=False)
class ByRow:
    """Draw single rows within their classes, and also the shares of the classes.

    Of a class's k rows, k − 1 are drawn. The classes then get the shares in N rows drawn from the
    table. The table is what is known about the shares: either the judged rows alone, or all rows if
    the judged ones are a part of them with the same shares.
    """

    rows: int
    """n."""
    order: np.ndarray
    """Of shape (n,). Row numbers, sorted by class."""
    start: np.ndarray
    size: np.ndarray
    """Of shape (m,). For each of the m rows drawn: where its class begins in that order, and how
    many rows it has."""
    code: np.ndarray
    """Of shape (n,). The class of each row, 0 .. K-1."""
    of_class: np.ndarray
    """Of shape (K,). Rows of each class."""
    known: np.ndarray
    """Of shape (K,). Rows of each class in the table."""
    what: str = ROWS
    fewest: int = FEWEST_ROWS

    @classmethod
    def of(cls, classes: np.ndarray, table: np.ndarray | None) -> ByRow:
        """Take the n rows' class codes, and those of the table if it has more rows."""
        present, code, sizes = np.unique(classes, return_inverse=True, return_counts=True)
        drawn = np.maximum(sizes - 1, 1)
        firsts = np.cumsum(sizes) - sizes
        known = sizes
        if table is not None:
            known = np.array([np.count_nonzero(table == group) for group in present], sizes.dtype)
        return cls(
            len(classes),
            np.argsort(code, kind="stable"),
            np.repeat(firsts, drawn),
            np.repeat(sizes, drawn),
            code,
            sizes,
            known,
        )

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Let each place among the sorted rows draw one of the places of its class."""
        weights = np.empty((count, self.rows))
        if not self.rows:
            return weights
        table = self.known.sum()
        expected, worth = self.known / table, self.of_class / np.maximum(self.of_class - 1, 1)
        for line in weights:
            shares = rng.multinomial(table, expected) / self.known
            places = self.start + (rng.random(len(self.start)) * self.size).astype(np.intp)
            line[:] = np.bincount(self.order[places], minlength=self.rows)
            line *= (shares * worth)[self.code]
        return weights

    def distinct(self, rows: np.ndarray) -> int:
        """Count the rows."""
        return int(np.count_nonzero(rows))

    def independent(self, rows: np.ndarray) -> float:
        """Count the rows."""
        return float(np.count_nonzero(rows))


@dataclass(frozen=True, eq=False)
class ByGroup:
    """Draw whole groups: G − 1 of the G groups."""

    rows: int
    """n."""
    group: np.ndarray
    """Of shape (n,). The group of each row, 0 .. G-1."""
    groups: int
    """G."""
    part: np.ndarray
    """Of shape (n,). Which part of its row each prediction is: 1 divided by the row's number of
    predictions."""
    what: str = GROUPS
    fewest: int = FEWEST_GROUPS

    @classmethod
    def in_time(cls, places: np.ndarray, length: int) -> ByGroup:
        """Take n places on a grid of stamps, cut into equal stretches of at least some length.

        Rows of one stamp, such as those of several series and origins, are drawn together. The
        stretches are disjoint, so that few suffice: C. Chien, D. Goldsman and B. Melamed,
        Large-sample results for batch means, 1997.
        """
        since = places - places.min(initial=places.max(initial=0))
        stamps = int(since.max(initial=0)) + 1
        stretches = max(stamps // length, 1)
        part = np.ones(len(places))
        group = (since * stretches // stamps).astype(np.intp)
        return cls(len(places), group, stretches, part, STRETCHES, FEWEST_SPANS)

    @classmethod
    def of(cls, groups: np.ndarray, numbers: np.ndarray | None) -> ByGroup:
        """Take n group codes, and n row numbers if a row may occur again."""
        distinct, group = np.unique(groups, return_inverse=True)
        part = np.ones(len(groups)) if numbers is None else row_parts(numbers)
        return cls(len(groups), group, len(distinct), part)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw groups, and weight each row by how often its group was drawn."""
        weights = np.empty((count, self.rows))
        times = max(self.groups - 1, 1)
        for line in weights:
            drawn = rng.integers(0, max(self.groups, 1), times if self.groups else 0)
            line[:] = np.bincount(drawn, minlength=self.groups)[self.group]
        return weights * (self.groups / times)

    def distinct(self, rows: np.ndarray) -> float:
        """Count the rows, not their predictions."""
        return whole(float(self.part[rows].sum()))

    def independent(self, rows: np.ndarray) -> float:
        """Count the groups that hold some of the rows."""
        return float(np.count_nonzero(np.bincount(self.group[rows], minlength=self.groups)))


@dataclass(frozen=True, eq=False)
class ByBlock:
    """Draw blocks of rows that are consecutive in time, with the end joined to the start.

    As many blocks are drawn as cover all rows except one block's; the last one is cut short.
    """

    rows: int
    order: np.ndarray
    length: int
    what: str = STRETCHES
    fewest: int = FEWEST_STRETCHES

    @classmethod
    def of(cls, time: np.ndarray, losses: Sequence[np.ndarray]) -> ByBlock:
        """Take n sortable times, and the losses of the rows under several models, each (n,).

        The block length is the longest that any model's losses, or any two models' differences of
        losses, need.
        """
        rows, order = len(time), np.argsort(time, kind="stable")
        usual = int(np.ceil(np.round(np.cbrt(rows), 9)))
        compared = [one - other for one, other in combinations(losses, 2)]
        length = max(
            (block_length(losses_of[order]) for losses_of in (*losses, *compared)), default=usual
        )
        return cls(rows, order, max(1, min(length, int(LONGEST_BLOCK * rows))))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw where each block starts, and continue around the circle from there."""
        weights = np.empty((count, self.rows))
        drawn = max(self.rows - self.length, min(self.rows, 1))
        offsets = np.arange(drawn) % self.length
        for line in weights:
            starts = rng.integers(0, self.rows, -(-drawn // self.length))
            places = (np.repeat(starts, self.length)[:drawn] + offsets) % self.rows
            line[:] = np.bincount(self.order[places], minlength=self.rows)
        return weights * (self.rows / max(drawn, 1))

    def distinct(self, rows: np.ndarray) -> int:
        """Count the rows."""
        return int(np.count_nonzero(rows))

    def independent(self, rows: np.ndarray) -> float:
        """Count the blocks, or the rows if they are fewer."""
        return float(min(self.rows / self.length, np.count_nonzero(rows)))


def row_parts(numbers: np.ndarray) -> np.ndarray:
    """Return which part of its row each prediction is (n,): 1 / how often the row occurs."""
    _, place, times = np.unique(numbers, return_inverse=True, return_counts=True)
    return 1.0 / times[place]


def whole(count: float) -> int | float:
    """Return a sum of parts of rows, as an int if it is whole up to rounding."""
    nearest = round(count)
    return nearest if abs(count - nearest) < ROUNDING else count


def block_length(values: np.ndarray) -> int:
    """Choose a block length for n values in time order.

    It is twice the length that is best for the variance of the mean, (2 g² / D)^(1/3) n^(1/3) with
    g = Σ λ(k/m) |k| R(k) and D = 4/3 (Σ λ(k/m) R(k))². R is the autocovariance, λ the flat-top
    window, and m twice the lag from which on R is nowhere above chance. D. Politis and H. White,
    Automatic block-length selection for the dependent bootstrap, 2004, corrected by A. Patton,
    2009. The length is doubled because intervals need longer blocks than variances do: with
    autoregressive errors of 0.9 and 1,000 rows, intervals of a mean square then cover in 93% of
    draws instead of 91%.
    """
    n = len(values)
    quiet = max(5, int(np.ceil(np.sqrt(np.log10(max(n, 2))))))
    most = min(int(np.ceil(np.sqrt(n))) + quiet, n - 1)
    if most < 1:
        return 1
    covariance = _autocovariance(values, most + quiet)
    if not covariance[0] > 0:
        return 1
    loud = np.abs(covariance[1:] / covariance[0]) >= 2 * np.sqrt(np.log10(n) / n)
    runs = np.lib.stride_tricks.sliding_window_view(loud, min(quiet, len(loud)))
    ended = np.flatnonzero(~runs.any(axis=1))
    last = int(ended[0]) if len(ended) else most
    window = min(2 * max(last, 1), most)
    lags = np.arange(1, window + 1)
    kept = np.minimum(1.0, 2.0 * (1.0 - lags / window)) * covariance[1 : window + 1]
    slope = 2.0 * float(lags @ kept)
    level = 4.0 / 3.0 * float(covariance[0] + 2.0 * kept.sum()) ** 2
    if not level > 0:
        return 1
    best = np.cbrt(2.0 * slope**2 / level * n)
    # A length in whole rows must not depend on the last bits.
    return 2 * max(1, int(np.ceil(np.round(min(best, 3.0 * np.sqrt(n), n / 3.0), 6))))


def _autocovariance(values: np.ndarray, lags: int) -> np.ndarray:
    """Return Σ (vᵢ − v̄)(vᵢ₊ₖ − v̄) / n for k = 0 .. lags, by Fourier transform."""
    n = len(values)
    spectrum = np.fft.rfft(values - values.mean(), 2 * n)
    covariance = np.fft.irfft(spectrum * spectrum.conj(), 2 * n)[: lags + 1] / n
    return np.where(np.abs(covariance) > 1e-12 * abs(covariance[0]), covariance, 0.0)
