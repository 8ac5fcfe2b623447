"""Columns in standard units, Z = (X − centre) / scale, without a copy of X.

Convex solvers work on Z, in which a unit means about the same in every column, and return
coefficients of X. Z is never stored: a product with it is one with X, corrected for centre and
scale. Only if a column's mean is so many times its spread that the correction would lose digits,
the dense block is first centred in a copy.

Centre and scale are measured on a sample of the rows. They are a choice of units and not part of
the problem: the answer does not depend on them.

Shapes: n rows, D columns, k outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from gradum.margins import STILL, of_sums
from gradum.solvers.matrix import Columns, Layer

ROWS_PER_BLOCK = 4096  # in a standardised copy, so that it stays in the processor's cache
ENTRIES_MEASURED = 200_000  # in the dense block
FEWEST_MEASURED = 2_000  # rows
LARGEST_OFFSET = 1e3  # spreads between a column's mean and 0 up to which no digits are lost


@dataclass(frozen=True)
class StandardColumns:
    """Z = (X − centre) / scale, as products."""

    given: Columns
    """Of shape (n, D). X."""
    raw: Columns
    """Of shape (n, D). X − origin."""
    origin: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    """Of shape (D,). Z = (raw − centre) / scale. The scale is 1 for a column that does not vary."""
    alive: np.ndarray
    """Of shape (D,). Whether the column varies. One that does not is 0 throughout, even without an
    intercept."""

    @classmethod
    def of(cls, columns: Columns, weight: np.ndarray, *, centred: bool) -> StandardColumns:
        """Measure the columns, for weight [n] that sums to 1."""
        centre, scale, alive = _measure(columns, weight, centred)
        offset = np.abs(centre) / scale
        width = columns.dense.shape[1]
        if offset[width:].max(initial=0.0) > LARGEST_OFFSET:  # nearly full, so sparse in name only
            return cls.of(Columns(columns.to_dense()), weight, centred=centred)
        origin, raw = np.zeros(len(centre)), columns
        if width and offset[:width].max() > LARGEST_OFFSET:
            origin[:width] = centre[:width]
            raw = replace(columns, dense=columns.dense - centre[:width])
        return cls(columns, raw, origin, centre - origin, scale, alive)

    @classmethod
    def as_given(cls, columns: Columns) -> StandardColumns:
        """Treat the columns as being in standard units already."""
        width = columns.shape[1]
        nothing, one = np.zeros(width), np.ones(width)
        return cls(columns, columns, nothing, nothing, one, np.ones(width, bool))

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        return self.raw.shape

    def take(self, rows: Any) -> StandardColumns:
        """Return some rows, in the same units."""
        raw = self.raw.take(rows)
        return replace(
            self, given=raw if self.raw is self.given else self.given.take(rows), raw=raw
        )

    @property
    def dense_part(self) -> StandardColumns:
        """The dense columns alone."""
        width = self.raw.dense.shape[1]
        arrays = (self.origin, self.centre, self.scale, self.alive)
        blocks = (Columns(self.given.dense), Columns(self.raw.dense))
        return StandardColumns(*blocks, *(array[:width] for array in arrays))

    def __matmul__(self, right: np.ndarray) -> np.ndarray:
        """Return Z @ right, for right [D] or [D, k]."""
        scaled = (right.T * (self.alive / self.scale)).T
        return self.raw @ scaled - self.centre @ scaled

    def transpose_product(self, left: np.ndarray) -> np.ndarray:
        """Return Zᵀ @ left, for left [n] or [n, k]."""
        product = self.raw.transpose_product(left)
        product -= np.multiply.outer(self.centre, left.sum(axis=0))
        return (product.T * (self.alive / self.scale)).T

    def gram(self, weight: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
        """Return Zᵀ diag(weight) Z, float64 [D, D], summed in the given dtype."""
        dense, block = self.raw.dense, self.raw.sparse
        width = dense.shape[1]
        top = self._dense_gram(weight, dtype)
        if block is None:
            return top
        gram = np.empty((self.shape[1],) * 2)
        gram[:width, :width] = top
        # SciPy's own product with a column, and its sum, take five times as long for few rows.
        of_entries = np.repeat(weight, np.diff(block.indptr))
        weighted = sparse.csr_array(
            (block.data * of_entries, block.indices, block.indptr), shape=block.shape
        )
        sums, centre = weighted.T @ np.ones(len(weight)), self.centre[width:]
        half = np.outer(sums - weight.sum() / 2 * centre, centre)
        gram[width:, width:] = (weighted.T @ block).toarray() - half - half.T
        cross = (dense.T @ weighted).T - np.outer(sums, self.centre[:width])
        cross -= np.outer(centre, dense.T @ weight - weight.sum() * self.centre[:width])
        units = self.alive / self.scale
        gram[width:, width:] *= np.outer(units[width:], units[width:])
        gram[width:, :width] = cross * np.outer(units[width:], units[:width])
        gram[:width, width:] = gram[width:, :width].T
        return gram

    def _dense_gram(self, weight: np.ndarray, dtype: Any) -> np.ndarray:
        dense, units = self.raw.dense, self.alive / self.scale
        width = dense.shape[1]
        units, centre = units[:width], self.centre[:width]
        root = np.sqrt(weight)
        gram = np.zeros((width, width))
        for start in range(0, len(dense), ROWS_PER_BLOCK):
            rows = slice(start, start + ROWS_PER_BLOCK)
            block = np.subtract(dense[rows], centre, dtype=dtype, casting="same_kind")
            block *= root[rows, None].astype(dtype)
            gram += block.T @ block
        return gram * np.outer(units, units)

    def squares(self, weight: np.ndarray) -> np.ndarray:
        """Return the diagonal of the weighted Gram matrix, [D]."""
        squares, total = self.raw.squares(weight), weight.sum()
        squares -= self.centre * (2.0 * self.raw.transpose_product(weight) - total * self.centre)
        return np.maximum(squares, 0.0) * self.alive / self.scale**2

    def to_dense(self) -> np.ndarray:
        """Return Z, [n, D]."""
        return (self.raw.to_dense() - self.centre) * (self.alive / self.scale)

    def restore(self, coefficients: np.ndarray, level: np.ndarray | None) -> Layer:
        """Turn coefficients [D, k] of Z, and the level [k] at its centre, into those of X."""
        weight = coefficients * (self.alive / self.scale)[:, None]
        if level is None:
            return {"weight": weight}
        return {"weight": weight, "bias": level - (self.origin + self.centre) @ weight}

    def adopt(self, layer: Layer) -> tuple[np.ndarray, np.ndarray]:
        """Turn coefficients and intercept of X into those of Z; undoes ``restore``."""
        weight = np.asarray(layer["weight"], np.float64) * self.alive[:, None]
        level = (self.origin + self.centre) @ weight + layer.get("bias", 0.0)
        return weight * self.scale[:, None], level


def _measure(columns: Columns, weight: np.ndarray, centred: bool) -> tuple[np.ndarray, ...]:
    """Return centre (0 if not centred), scale and whether the column varies."""
    rows = columns.shape[0]
    most = max(ENTRIES_MEASURED // max(columns.dense.shape[1], 1), FEWEST_MEASURED)
    stride = -(-rows // most)
    part = slice(None, None, stride)
    share = weight[part]
    if not share.sum() > 0:
        part, share = slice(None), weight
    share = share / share.sum()
    # Relative to the first row, a constant column is exactly zero, whatever its value.
    origin = columns.dense[0] if centred else np.zeros(columns.dense.shape[1])
    sample = columns.dense[part] - origin
    mean = share @ sample if centred else np.zeros(len(origin))
    sample -= mean
    square, mean = share @ np.square(sample, out=sample), origin + mean
    still = np.flatnonzero(square <= (STILL * mean) ** 2)
    if stride > 1 and len(still):  # in the sample, but perhaps not elsewhere
        others = columns.dense[:, still]
        square[still] = weight @ np.square(others - mean[still])
        still = still[np.ptp(others, axis=0) <= STILL * np.abs(mean[still])]
    alive = square > 0
    alive[still] = False
    if columns.sparse is not None:
        below, spread = _measure_sparse(columns.sparse, weight, centred)
        # The mean of a sparse column is a plain sum over the rows.
        rounding = max(STILL, of_sums(rows))
        alive = np.concatenate([alive, spread > (rounding * below) ** 2])
        mean, square = np.concatenate([mean, below]), np.concatenate([square, spread])
    return mean, np.where(alive, np.sqrt(square), 1.0), alive


def _measure_sparse(block: Any, weight: np.ndarray, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return each column's centre (0 if not centred) and its mean square about that."""
    width = block.shape[1]
    mean = block.T @ weight if centred else np.zeros(width)
    share = np.repeat(weight, np.diff(block.indptr))
    about = share * (block.data - mean[block.indices]) ** 2
    square = np.bincount(block.indices, about, minlength=width)
    zeros = 1.0 - np.bincount(block.indices, share, minlength=width)
    return mean, square + np.maximum(zeros, 0.0) * mean**2
