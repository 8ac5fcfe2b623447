"""Sums and differences of numeric columns that act together, as an additive model shows.

Where two columns act together, as latitude and longitude do along a coast, no function of either
column tells what their sum does, and a network of few rows learns it late. So the residuals of an
additive model are summed in bins of every sum and difference of two columns. The one that tells
most joins the model as a term, and the residuals of that model are examined again.

Shapes: n rows, d numeric columns, k things to tell apart, p terms, B bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from gradum.core.models.pack_network import Pair
from gradum.margins import falling, first_greatest

LEAST_SURE = 6.0  # standard deviations above chance from which on a direction is taken
MOST_COLUMNS = 20  # are paired, those that act most by themselves
FEWEST_VALUES = 10  # a column with no more values than this is not paired
MOST_ROWS = 5_000
BINS = 16  # per direction
MOST_PIECES, ALL_PIECES = 24, 1_000  # of a column's line in the model, and of all lines together
MOST_TERMS = 1_500
RIDGE = 10.0


def looked_at(weight: np.ndarray) -> np.ndarray:
    """Return the places of at most `MOST_ROWS` rows with a weight (n,) above 0, evenly spread."""
    rows = np.flatnonzero(weight > 0)
    return rows[:: max(1, -(-len(rows) // MOST_ROWS))]


def pairs_of(
    columns: np.ndarray, others: np.ndarray, targets: np.ndarray, weight: np.ndarray, *, most: int
) -> tuple[Pair, ...]:
    """Return up to ``most`` pairs (i, j, sign), each a new column z_i + sign z_j, surest first.

    The sums of a direction's residuals, s_b = Σ w r in bin b, are compared with chance. If the sign
    of each r were drawn at random, s_b² / Σ (w r)² would have a mean of 1 and a variance of at most
    2.

    Parameters
    ----------
    columns : ndarray of shape (n, d)
        On the models' scale.
    others : ndarray of shape (n, q)
        What else the additive model may use, such as indicators of levels.
    targets : ndarray of shape (n, k)
        The target, or one indicator per class.
    weight : ndarray of shape (n,)
        Above 0.
    """
    several = [len(np.unique(column)) > FEWEST_VALUES for column in columns.T]
    if most < 1 or sum(several) < 2:
        return ()
    pieces = min(MOST_PIECES, max(2, ALL_PIECES // columns.shape[1]))
    lines = [_line(column, pieces) for column in columns.T]
    x = np.concatenate([*lines, others], axis=1)
    if x.shape[1] > MOST_TERMS:
        return ()
    targets = targets[:, 1:] if targets.shape[1] == 2 else targets  # of two classes, one says all
    fitted = _fitted(x, targets, weight)
    slopes = fitted[: pieces * len(lines)].reshape(len(lines), pieces, -1)
    acting = [np.var(line @ slope, axis=0).sum() for line, slope in zip(lines, slopes, strict=True)]
    paired = falling(np.where(several, acting, -1.0))
    paired = np.sort(paired[: min(sum(several), MOST_COLUMNS)])
    directions = [
        _Direction.of((int(i), int(j), sign), columns)
        for i, j in combinations(paired, 2)
        for sign in (1, -1)
    ]
    chosen: list[Pair] = []
    while directions and len(chosen) < most:
        left = _left_over(x, fitted, targets, weight)
        sure = [direction.sureness(left, weight) for direction in directions]
        surest = directions.pop(int(first_greatest(np.array(sure))))
        if max(sure) < LEAST_SURE:
            break
        chosen.append(surest.pair)
        x = np.concatenate([x, _line(_along(surest.pair, columns), pieces)], axis=1)
        fitted = _fitted(x, targets, weight)
    return tuple(chosen)


@dataclass(frozen=True)
class _Direction:
    """A pair, and the bin of each row (n,)."""

    pair: Pair
    bins: np.ndarray

    @classmethod
    def of(cls, pair: Pair, columns: np.ndarray) -> _Direction:
        values = _along(pair, columns)
        edges = np.quantile(values, np.arange(1, BINS) / BINS)
        return cls(pair, np.searchsorted(edges, values, side="right"))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of values (n, k) in every bin (B, k)."""
        k = values.shape[1]
        places = self.bins[:, None] * k + np.arange(k)
        return np.bincount(places.ravel(), values.ravel(), minlength=BINS * k).reshape(BINS, k)

    def sureness(self, left: np.ndarray, weight: np.ndarray) -> float:
        """Return how far, in standard deviations, the sums are from what chance would give."""
        weighted = weight[:, None] * left
        chance = np.maximum(self.sums(np.square(weighted)), np.finfo(float).tiny)
        evidence = (np.square(self.sums(weighted)) / chance).sum()
        freedom = BINS * left.shape[1]
        return float((evidence - freedom) / np.sqrt(2 * freedom))


def _along(pair: Pair, columns: np.ndarray) -> np.ndarray:
    first, second, sign = pair
    return columns[:, first] + sign * columns[:, second]


def _line(values: np.ndarray, pieces: int) -> np.ndarray:
    """Return the terms of a line that bends at quantiles, (n, pieces): how far along each piece.

    Pieces of length 0, from values that occur many times, are steps.
    """
    knots = np.quantile(values, np.arange(pieces + 1) / pieces)
    length = np.maximum(np.diff(knots), np.finfo(np.float32).tiny)
    return np.clip((values[:, None] - knots[:-1]) / length, 0, 1)


def _fitted(x: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the effects (p, k) of terms x (n, p), by ridge regression."""
    x, targets = _centred(x, weight), _centred(targets, weight)
    weighted = (weight / weight.mean())[:, None] * x
    return np.linalg.solve(weighted.T @ x + RIDGE * np.eye(x.shape[1]), weighted.T @ targets)


def _left_over(
    x: np.ndarray, fitted: np.ndarray, targets: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    return _centred(targets, weight) - _centred(x, weight) @ fitted


def _centred(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return values - np.average(values, axis=0, weights=weight)
