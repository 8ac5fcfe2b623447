"""The columns that the convex solvers work on: a dense block next to a sparse one.

One-hot columns of many levels and n-grams of text stay sparse; everything else is dense.
Products and weighted Gram matrices are formed block by block, so nothing is ever
expanded. All arithmetic is float64.

Shapes: n rows; D = d + v columns, the d dense ones first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from gradum.errors import ShapeError

Layer = dict[str, np.ndarray]  # {"weight": [D, k], "bias": [k]}, as in a network's parameters

ROWS_PER_BLOCK = 4096  # of a weighted copy, so that it stays in the processor's cache


@dataclass(frozen=True)
class Columns:
    """A matrix [n, D] in two blocks.

    Parameters
    ----------
    dense : ndarray of shape (n, d)
        The dense block, float64.
    sparse : csr_array of shape (n, v), optional
        The sparse block, float64.
    shift : ndarray of shape (v,), optional
        Subtracted from every row of the sparse block, without being stored there: a
        centred sparse column is not sparse.
    """

    dense: np.ndarray
    sparse: Any = None
    shift: np.ndarray | None = None

    @classmethod
    def of(cls, matrix: Any, sparse_block: Any = None) -> Columns:
        """Wrap an array, a SciPy sparse matrix, or a dense block and a sparse one.

        Raises
        ------
        ShapeError
            The array is not two-dimensional, or the blocks differ in rows.
        """
        if isinstance(matrix, Columns):
            return matrix
        if sparse.issparse(matrix):
            return cls(np.zeros((matrix.shape[0], 0)), _csr(matrix))
        dense = np.asarray(matrix, np.float64)
        if dense.ndim != 2:
            raise ShapeError(f"The columns have shape {dense.shape}.", "Give an array [n, d].")
        if sparse_block is None:
            return cls(dense)
        if sparse_block.shape[0] != len(dense):
            raise ShapeError(
                f"The dense block has shape {dense.shape}, the sparse {sparse_block.shape}.",
                "Both need the same number of rows.",
            )
        return cls(dense, _csr(sparse_block))

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        rows, width = self.dense.shape
        return rows, width + (0 if self.sparse is None else int(self.sparse.shape[-1]))

    def __matmul__(self, right: np.ndarray) -> np.ndarray:
        """Return X @ right, for right [D] or [D, k]."""
        if self.sparse is None:
            return self.dense @ right
        width = self.dense.shape[1]
        above, below = right[:width], right[width:]
        product = self.sparse @ below
        if self.shift is not None:
            product -= self.shift @ below
        return product + self.dense @ above if width else product

    def transpose_product(self, left: np.ndarray) -> np.ndarray:
        """Return Xᵀ @ left, for left [n] or [n, k]."""
        above = self.dense.T @ left
        if self.sparse is None:
            return above
        below = self.sparse.T @ left
        if self.shift is not None:
            below -= np.multiply.outer(self.shift, left.sum(axis=0))
        return np.concatenate([above, below])

    def gram(self, weight: np.ndarray) -> np.ndarray:
        """Return Xᵀ diag(weight) X, [D, D], for weight [n], all >= 0."""
        dense_gram = _weighted_gram(self.dense, weight)
        if self.sparse is None:
            return dense_gram
        width = self.dense.shape[1]
        gram = np.empty((self.shape[1],) * 2)
        gram[:width, :width] = dense_gram
        weighted = sparse.csr_array(self.sparse.multiply(weight[:, None]))
        gram[width:, width:] = (weighted.T @ self.sparse).toarray()
        cross = weighted.T @ self.dense
        if self.shift is not None:
            sums = weighted.sum(axis=0)
            half = np.outer(sums - weight.sum() / 2 * self.shift, self.shift)
            gram[width:, width:] -= half + half.T
            cross -= np.outer(self.shift, weight @ self.dense)
        gram[width:, :width] = cross
        gram[:width, width:] = cross.T
        return gram

    def squares(self, weight: np.ndarray) -> np.ndarray:
        """Return the diagonal of the weighted Gram matrix, [D]."""
        dense = weight @ np.square(self.dense)
        if self.sparse is None:
            return dense
        below = self.sparse.multiply(self.sparse).T @ weight
        if self.shift is not None:
            sums = self.sparse.T @ weight
            below += self.shift * (self.shift * weight.sum() - 2.0 * sums)
        return np.concatenate([dense, np.maximum(below, 0.0)])

    def take(self, rows: np.ndarray) -> Columns:
        """Return some rows."""
        block = None if self.sparse is None else sparse.csr_array(self.sparse[rows])
        return replace(self, dense=self.dense[rows], sparse=block)

    def to_dense(self) -> np.ndarray:
        """Return the matrix as one array [n, D]."""
        if self.sparse is None:
            return self.dense
        block = self.sparse.toarray()
        return np.hstack([self.dense, block if self.shift is None else block - self.shift])


@dataclass(frozen=True)
class Standardised:
    """Columns Z = (X − centre) / scale, and the way back to the units of X.

    Parameters
    ----------
    columns : Columns
        Z; a column without spread is all zeros.
    centre, scale : ndarray of shape (D,)
        Weighted mean (0 without an intercept) and root mean square about it; the scale is
        1 for a column without spread.
    alive : ndarray of shape (D,)
        Whether the column has spread.
    """

    columns: Columns
    centre: np.ndarray
    scale: np.ndarray
    alive: np.ndarray

    @classmethod
    def of(cls, columns: Columns, weight: np.ndarray, *, centred: bool) -> Standardised:
        """Measure and standardise columns, for weight [n] that sums to 1."""
        dense, *dense_measures = _standardise_dense(columns.dense, weight, centred)
        if columns.sparse is None:
            return cls(Columns(dense), *dense_measures)
        block, *sparse_measures = _measure_sparse(columns.sparse, weight, centred)
        centre, scale, alive = (
            np.concatenate(pair) for pair in zip(dense_measures, sparse_measures, strict=True)
        )
        width = dense.shape[1]
        shift = centre[width:] / scale[width:] if centred else None
        return cls(Columns(dense, block, shift), centre, scale, alive)

    def restore(self, coefficients: np.ndarray, level: np.ndarray | None) -> Layer:
        """Turn coefficients [D, k] of Z, and the level [k] at its centre, into those of X."""
        weight = coefficients / self.scale[:, None]
        if level is None:
            return {"weight": weight}
        return {"weight": weight, "bias": level - self.centre @ weight}

    def adopt(self, layer: Layer) -> tuple[np.ndarray, np.ndarray]:
        """Turn coefficients and intercept of X into those of Z; undoes ``restore``."""
        weight = np.asarray(layer["weight"], np.float64)
        level = self.centre @ weight + layer.get("bias", 0.0)
        return weight * (self.scale * self.alive)[:, None], level


def _csr(matrix: Any) -> sparse.csr_array:
    return sparse.csr_array(matrix, dtype=np.float64)


def _row_blocks(rows: int) -> list[slice]:
    return [slice(start, start + ROWS_PER_BLOCK) for start in range(0, rows, ROWS_PER_BLOCK)]


def _weighted_gram(dense: np.ndarray, weight: np.ndarray) -> np.ndarray:
    gram = np.zeros((dense.shape[1],) * 2)
    root = np.sqrt(weight)[:, None]
    for rows in _row_blocks(len(dense)):
        block = dense[rows] * root[rows]
        gram += block.T @ block
    return gram


def _standardise_dense(
    dense: np.ndarray, weight: np.ndarray, centred: bool
) -> tuple[np.ndarray, ...]:
    # Measured from the first row, a constant column is exactly zero, whatever its value.
    origin = dense[0] if centred else np.zeros(dense.shape[1])
    standardised = np.empty(dense.shape)
    mean, square = np.zeros(dense.shape[1]), np.zeros(dense.shape[1])
    for rows in _row_blocks(len(dense)):
        np.subtract(dense[rows], origin, out=standardised[rows])
        mean += weight[rows] @ standardised[rows]
    if not centred:
        mean[:] = 0.0
    for rows in _row_blocks(len(dense)):
        standardised[rows] -= mean
        square += weight[rows] @ np.square(standardised[rows])
    scale = np.sqrt(square)
    alive = scale > 1e-13 * np.abs(mean)
    scale[~alive] = 1.0
    standardised *= alive / scale
    return standardised, origin + mean, scale, alive


def _measure_sparse(block: Any, weight: np.ndarray, centred: bool) -> tuple[Any, ...]:
    mean = block.T @ weight
    square = block.multiply(block).T @ weight
    centre = mean if centred else np.zeros_like(mean)
    variance = square - centre**2
    # The difference of two nearly equal numbers is rounding, not spread.
    alive = variance > 1e-12 * square
    scale = np.where(alive, np.sqrt(np.maximum(variance, 0.0)), 1.0)
    # A column without spread is emptied, and its shift with it.
    scaled = sparse.csr_array(block.multiply(np.where(alive, 1.0 / scale, 0.0)[None, :]))
    return scaled, np.where(alive, centre, 0.0), scale, alive
