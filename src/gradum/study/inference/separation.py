"""Separation by single columns, where maximum likelihood has no finite answer.

A column of zeros and ones whose rows with one value are all of one class has an infinite
coefficient; as it grows, the likelihood of those rows tends to 1, and that of the others to its
maximum without them. So the column is left out together with the rows, and the estimates of the
others are those of the limit. Where of more than two classes only some are absent from the rows
with one value, these rows still say how often the others occur: such a column is left out alone.

Albert and Anderson, Biometrika 71 (1984).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradum.margins import EPSILON, TIMES
from gradum.solvers.byte_columns import Dense

ROWS_AT_ONCE = 8192  # of the columns, looked through together


@dataclass(frozen=True)
class Perfect:
    """Columns that are left out with the rows in which they are ``value``, all of one class."""

    columns: tuple[int, ...]
    value: int
    class_: int
    rows: int


@dataclass(frozen=True, eq=False)
class Screened:
    """The rows and columns without those of infinite coefficients.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Whether a row is left.
    perfect : tuple of Perfect
    alone : tuple of int
        Columns left out without their rows.
    """

    rows: np.ndarray
    perfect: tuple[Perfect, ...]
    alone: tuple[int, ...]

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns left out."""
        return (
            tuple(column for predictor in self.perfect for column in predictor.columns) + self.alone
        )


def screen(columns: Dense, target: np.ndarray, classes: int, *, fit_intercept: bool) -> Screened:
    """Find the columns of zeros and ones that predict a class, until none is left.

    Parameters
    ----------
    columns : ndarray of shape (n, D)
    target : ndarray of shape (n,)
        Class codes.
    classes : int
        K.
    fit_intercept : bool
        Without one, 0 predicts nothing.
    """
    are_flags = [_is_flag(part).all(axis=0) for part in _parts(columns)]
    binary = np.flatnonzero(np.all(are_flags, axis=0))
    flags = np.concatenate([np.rint(part[:, binary]).astype(np.int8) for part in _parts(columns)])
    indicators = (target[:, None] == np.arange(classes)).astype(np.float64)
    nothing = np.zeros((classes, len(binary)))
    left = np.ones(len(target), bool)
    perfect: list[Perfect] = []
    while True:  # every round uses up a column
        counted = zip(_parts(indicators), _parts(flags), strict=True)
        ones = sum((part.T @ flag.astype(np.float64) for part, flag in counted), nothing)
        present = np.stack([indicators.sum(axis=0)[:, None] - ones > 0, ones > 0])  # (2, K, flags)
        occur = present.sum(axis=1)
        varies = (occur > 0).all(axis=0)
        eligible = np.array([[fit_intercept], [True]]) & varies
        pairs = np.argwhere((occur == 1) & eligible)
        if not len(pairs):
            alone = binary[(eligible & (occur < classes)).any(axis=0)]
            return Screened(left, tuple(perfect), tuple(alone.tolist()))
        class_ = present[pairs[:, 0], :, pairs[:, 1]].argmax(axis=1)
        for value, code in sorted(set(zip(pairs[:, 0].tolist(), class_.tolist(), strict=True))):
            chosen = pairs[(pairs[:, 0] == value) & (class_ == code), 1]
            rows = left & (flags[:, chosen] == value).any(axis=1)
            perfect.append(Perfect(tuple(binary[chosen].tolist()), value, code, int(rows.sum())))
            left &= ~rows
        indicators[~left] = 0.0


def thresholds(columns: Dense, target: np.ndarray, classes: int) -> list[tuple[int, int, int]]:
    """Return the columns of which a threshold splits a class from all others.

    Ties at the threshold are allowed, and values that differ in their last digits are tied. Each is
    a column, a class, and 1 where the class is above the threshold, −1 below.
    """
    lows = np.full((classes, columns.shape[1]), np.inf)
    highs = -lows
    for part, codes in zip(_parts(columns), _parts(target), strict=True):
        for code in range(classes):
            of_class = np.asarray(part[codes == code])
            lows[code] = np.minimum(lows[code], of_class.min(axis=0, initial=np.inf))
            highs[code] = np.maximum(highs[code], of_class.max(axis=0, initial=-np.inf))
    last = TIMES * EPSILON * np.maximum(np.abs(lows), np.abs(highs)).max(axis=0)
    splits = []
    for code in range(classes) if classes > 2 else (1,):
        low, high = np.delete(lows, code, axis=0).min(axis=0), np.delete(highs, code, 0).max(axis=0)
        above = (lows[code] >= high - last) & (highs[code] > low + last)
        below = (highs[code] <= low + last) & (lows[code] < high - last)
        splits += [(int(column), code, 1) for column in np.flatnonzero(above)]
        splits += [(int(column), code, -1) for column in np.flatnonzero(below)]
    return splits


def _is_flag(values: np.ndarray) -> np.ndarray:
    """Tell which values are 0 or 1, but for their last digits."""
    nearest = np.rint(values)
    near = np.abs(values - nearest) <= TIMES * EPSILON
    return near & ((nearest == 0) | (nearest == 1))


def _parts(rows: Any) -> list[Any]:
    """Return views of some rows after the other."""
    return [rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE)]
