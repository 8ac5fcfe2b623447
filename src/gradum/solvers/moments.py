"""Means, the Gram matrix and residuals of columns, in passes over blocks of rows.

The columns are never copied as a whole. An origin near the mean is subtracted from each block
before it is multiplied, which keeps the digits that XᵀX − n x̄ x̄ᵀ would lose: centring the
products afterwards then subtracts almost nothing.

Shapes: n rows, D = d + v columns, the d dense ones first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from scipy import sparse

from gradum.margins import LAST_DIGITS, STILL, of_sums
from gradum.solvers.byte_columns import Dense
from gradum.solvers.matrix import Columns

ENTRIES_PER_BLOCK = 2**16  # in a shifted copy, so that it stays in the processor's cache
FEWEST_ROWS_PER_BLOCK = 2048  # for a product to be worth its overhead
FARTHEST_ORIGIN = 10.0  # spreads between mean and origin, which cost the Gram matrix two digits


@dataclass(frozen=True)
class Frame:
    """The centres and scales of the columns: Z = (X − centre) / scale."""

    origin: np.ndarray
    """Of shape (D,). A point relative to which a constant dense column is exactly 0; 0 for sparse
    columns, and without an intercept."""
    drift: np.ndarray
    """Of shape (D,). The weighted mean, relative to the origin; 0 without an intercept."""
    scale: np.ndarray
    """Of shape (D,). Root mean square about origin + drift; 1 for a column without spread."""
    alive: np.ndarray
    """Of shape (D,). Whether the column has spread; if not, Z is 0."""

    @classmethod
    def of(cls, columns: Columns, weight: np.ndarray, *, centred: bool) -> Frame:
        """Measure columns that may be expanded, for weight [n] that sums to 1."""
        dense = columns.to_dense()
        origin = near_the_mean(dense) if centred else np.zeros(dense.shape[1])
        moved = dense - origin
        drift = weight @ moved * centred
        moved -= drift
        variance = np.einsum("i,ij,ij->j", weight, moved, moved)
        return cls.beyond(np.zeros_like(drift), origin, drift, variance)

    @classmethod
    def beyond(
        cls, rounding: np.ndarray, origin: np.ndarray, drift: np.ndarray, variance: np.ndarray
    ) -> Frame:
        """Return the frame of columns, which have spread if their variance exceeds rounding.

        This is the rounding of the variance's own sums, and of a constant column's values.
        """
        alive = variance > np.maximum(rounding, (STILL * (origin + drift)) ** 2)
        return cls(origin, drift, np.sqrt(np.where(alive, variance, 1.0)), alive)

    @property
    def centre(self) -> np.ndarray:
        """The weighted mean, [D]."""
        return self.origin + self.drift

    @property
    def about_0(self) -> Frame:
        """The same frame, relative to 0."""
        return replace(self, origin=np.zeros_like(self.origin), drift=self.centre)

    def expand(self, columns: Columns) -> np.ndarray:
        """Return Z, [n, D], dense."""
        standardised = columns.to_dense() - self.origin
        standardised -= self.drift
        standardised *= self.alive / self.scale
        return standardised


def near_the_mean(dense: Dense) -> np.ndarray:
    """Return the mean [d] of at most 1000 evenly spaced rows; exact for a constant column."""
    rows = np.linspace(0, len(dense) - 1, min(len(dense), 1000)).astype(int)
    return dense[0] + (dense[rows] - dense[0]).mean(axis=0)


class BlockedColumns:
    """Columns, target and weights, for passes over blocks of rows.

    Parameters
    ----------
    columns : Columns
        The matrix X.
    target : ndarray of shape (n,)
        y.
    weight : ndarray of shape (n,) or None
        Weights v >= 0; 1 if None. The means below are weighted by v / Σ v.
    """

    def __init__(self, columns: Columns, target: np.ndarray, weight: np.ndarray | None) -> None:
        self.columns, self.target, self.weight = columns, target, weight
        self.total = float(len(target) if weight is None else weight.sum())

    def products(self, origin: np.ndarray, level: float) -> np.ndarray:
        """Return the mean of x̃ x̃ᵀ, [D + 2, D + 2], for x̃ = (x − origin, y − level, 1).

        Only the upper triangle is filled.
        """
        width, others = self.columns.dense.shape[1], self.columns.sparse
        square = np.zeros((width + 2,) * 2, order="F")
        (add_square,) = scipy.linalg.get_blas_funcs(("syrk",), (square,))
        root = None if self.weight is None else np.sqrt(self.weight)
        cross = np.zeros((len(origin) - width, width + 2))
        for rows, block in self._blocks(origin, border=2):
            np.subtract(self.target[rows], level, out=block[:, -2])
            block[:, -1] = 1.0
            if root is not None:
                block *= root[rows, None]
            if others is not None:
                part = block if root is None else block * root[rows, None]
                cross += others[rows].T @ part
            factor, transposed = (block.T, 0) if block.flags.c_contiguous else (block, 1)
            square = add_square(1.0, factor, 1.0, square, trans=transposed, overwrite_c=1)
        if others is not None:
            square = self._bordered(square, cross)
        square /= self.total
        return square

    def _bordered(self, square: np.ndarray, cross: np.ndarray) -> np.ndarray:
        """Insert the sparse columns between the dense ones and the two border columns."""
        width, block = self.columns.dense.shape[1], self.columns.sparse
        weighted = block if self.weight is None else block.multiply(self.weight[:, None])
        whole = np.zeros((len(square) + len(cross),) * 2)
        whole[:width, :width] = square[:width, :width]
        whole[:width, -2:] = square[:width, -2:]
        whole[-2:, -2:] = square[-2:, -2:]
        whole[width:-2, width:-2] = (block.T @ sparse.csr_array(weighted)).toarray()
        whole[:width, width:-2] = cross[:, :width].T
        whole[width:-2, -2:] = cross[:, width:]
        return whole

    def slope(
        self, coefficients: np.ndarray, origin: np.ndarray, level: float
    ) -> tuple[np.ndarray, float, float]:
        """Return the means of (x − origin) r, r and r², for r = y − (x − origin)·b − level.

        The origin of the sparse columns is 0.
        """
        width, others = self.columns.dense.shape[1], self.columns.sparse
        residual = self.target - level
        if others is not None:
            residual -= others @ coefficients[width:]
        weighted = residual if self.weight is None else np.empty_like(residual)
        slope = np.zeros(len(coefficients))
        for rows, block in self._blocks(origin):
            residual[rows] -= block @ coefficients[:width]
            if self.weight is not None:
                np.multiply(self.weight[rows], residual[rows], out=weighted[rows])
            slope[:width] += weighted[rows] @ block
        if others is not None:
            slope[width:] = others.T @ weighted
        squares = float(residual @ weighted)
        return slope / self.total, float(weighted.sum()) / self.total, squares / self.total

    def _blocks(self, origin: np.ndarray, *, border: int = 0) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield rows and their dense columns − origin, in a buffer with the layout of X.

        Without a border and with origin 0, the columns are those of X itself.
        """
        dense = self.columns.dense
        rows, width = dense.shape
        size = min(max(ENTRIES_PER_BLOCK // (width + 1), FEWEST_ROWS_PER_BLOCK), rows)
        if not border and not origin[:width].any():
            yield from ((slice(i, i + size), dense[i : i + size]) for i in range(0, rows, size))
            return
        order = "C" if dense.strides[-1] <= dense.strides[0] else "F"
        buffer = np.empty((size, width + border), order=order)
        for start in range(0, rows, size):
            block = buffer[: min(size, rows - start)]
            np.subtract(dense[start : start + size], origin[:width], out=block[:, :width])
            yield slice(start, start + len(block)), block


@dataclass(frozen=True)
class Moments:
    """First and second moments of columns and target."""

    frame: Frame
    """Origin, mean and spread of the columns."""
    level: float
    """The target's weighted mean; 0 without an intercept."""
    gram: np.ndarray
    """Of shape (D, D). The upper triangle of ZᵀWZ for the standardised columns."""
    cross: np.ndarray
    """Of shape (D,). ZᵀW(y − level)."""

    @classmethod
    def of(cls, passes: BlockedColumns, *, centred: bool) -> Moments:
        """Measure in one pass, or in two if the origin turns out to be far from the mean."""
        columns = passes.columns
        origin, level = np.zeros(columns.shape[1]), 0.0
        if not centred:
            return cls._about(origin, level, passes, centred=False)
        dense = slice(columns.dense.shape[1])
        origin[dense] = near_the_mean(columns.dense)
        level = float(near_the_mean(passes.target[:, None])[0])
        moments = cls._about(origin, level, passes, centred=True)
        drift = moments.frame.drift[dense]
        if (np.abs(drift) > FARTHEST_ORIGIN * moments.frame.scale[dense]).any():
            origin[dense] += drift
            moments = cls._about(origin, moments.level, passes, centred=True)
        return moments

    @classmethod
    def _about(
        cls, origin: np.ndarray, level: float, passes: BlockedColumns, *, centred: bool
    ) -> Moments:
        products = passes.products(origin, level)
        second = np.diag(products)[:-2].copy()
        mean = products[:-1, -1] * centred
        products = products[:-1, :-1]
        products -= np.multiply.outer(mean, mean)
        # A difference of two nearly equal numbers is rounding, not spread.
        rounding = max(LAST_DIGITS, of_sums(passes.columns.shape[0])) * second
        frame = Frame.beyond(rounding, origin, mean[:-1], np.diag(products)[:-1])
        units = frame.alive / frame.scale
        gram = products[:-1, :-1]
        gram *= units[:, None]
        gram *= units
        return cls(frame, level + mean[-1], gram, products[:-1, -1] * units)
