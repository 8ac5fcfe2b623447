"""The columns that the convex solvers work on: a dense block next to a sparse one.

One-hot columns with many levels and n-grams of text stay sparse; everything else is dense, and
one-hot columns with few levels are stored compactly. Products and weighted Gram matrices are formed
block by block, so nothing is ever expanded. All arithmetic is float64.

Shapes: n rows; D = d + v columns, the d dense ones first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from gradum.errors import ShapeError
from gradum.solvers.byte_columns import ByteColumns, Dense

Layer = dict[str, np.ndarray]  # {"weight": [D, k], "bias": [k]}, as in a network's parameters

ROWS_PER_BLOCK = 4096  # in a weighted copy, so that it stays in the processor's cache


@dataclass(frozen=True)
class Columns:
    """A matrix [n, D] in two blocks."""

    dense: Dense
    """Of shape (n, d). The dense block, float64."""
    sparse: Any = None
    """Of shape (n, v). The sparse block, float64."""

    @classmethod
    def of(cls, matrix: Any, sparse_block: Any = None) -> Columns:
        """Wrap an array, a compact or a SciPy sparse matrix, or a dense and a sparse block.

        Raises
        ------
        ShapeError
            The array is not two-dimensional, or the blocks have different numbers of rows.
        """
        if isinstance(matrix, Columns):
            return matrix
        if sparse.issparse(matrix):
            return cls(np.zeros((matrix.shape[0], 0)), _csr(matrix))
        dense = matrix if isinstance(matrix, ByteColumns) else np.asarray(matrix, np.float64)
        if len(dense.shape) != 2:
            raise ShapeError(
                "The columns have shape {shape}.", "Give an array [n, d].", shape=dense.shape
            )
        if sparse_block is None:
            return cls(dense)
        if sparse_block.shape[0] != len(dense):
            raise ShapeError(
                "The dense block has shape {shape}, the sparse {sparse_shape}.",
                "Both need the same number of rows.",
                shape=dense.shape,
                sparse_shape=sparse_block.shape,
            )
        return cls(dense, _csr(sparse_block))

    @property
    def shape(self) -> tuple[int, int]:
        """(n, D)."""
        rows, width = self.dense.shape
        return rows, width + (0 if self.sparse is None else int(self.sparse.shape[-1]))

    @property
    def is_dense(self) -> bool:
        """Whether it has no sparse block."""
        return self.sparse is None

    def __matmul__(self, right: np.ndarray) -> np.ndarray:
        """Return X @ right, for right [D] or [D, k]."""
        if self.sparse is None:
            return self.dense @ right
        width = self.dense.shape[1]
        above, below = right[:width], right[width:]
        product = self.sparse @ below
        return product + self.dense @ above if width else product

    def transpose_product(self, left: np.ndarray) -> np.ndarray:
        """Return Xᵀ @ left, for left [n] or [n, k]."""
        above = self.dense.T @ left
        return above if self.sparse is None else np.concatenate([above, self.sparse.T @ left])

    def squares(self, weight: np.ndarray) -> np.ndarray:
        """Return the diagonal of the weighted Gram matrix, [D]."""
        dense = np.zeros(self.dense.shape[1])
        for start in range(0, len(weight), ROWS_PER_BLOCK):
            rows = slice(start, start + ROWS_PER_BLOCK)
            dense += weight[rows] @ np.square(self.dense[rows])
        if self.sparse is None:
            return dense
        return np.concatenate([dense, self.sparse.multiply(self.sparse).T @ weight])

    def take(self, rows: np.ndarray | slice) -> Columns:
        """Return some rows."""
        block = None if self.sparse is None else self.sparse[rows]
        return replace(self, dense=self.dense[rows], sparse=block)

    def to_dense(self) -> np.ndarray:
        """Return the matrix as one array [n, D]."""
        dense = np.asarray(self.dense)
        return dense if self.sparse is None else np.hstack([dense, self.sparse.toarray()])


def stretch(rows: np.ndarray) -> np.ndarray | slice:
    """Return consecutive positions as a slice, which copies nothing."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _csr(matrix: Any) -> sparse.csr_array:
    return sparse.csr_array(matrix, dtype=np.float64)
