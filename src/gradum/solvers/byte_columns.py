"""A dense block whose small whole numbers take one byte each until they are multiplied.

In float64, the 0/1 columns for the levels of categories would take most of a fit's memory. Products
expand them some rows at a time; NumPy's functions expand all that they get.

Shapes: n rows, d columns of numbers, v columns of whole numbers from −128 to 127.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS_PER_BLOCK = 8192  # in an expanded copy, so that it stays in the processor's cache


@dataclass(frozen=True, eq=False)
class ByteColumns:
    """A matrix [n, d + v]: numbers, followed by whole numbers."""

    numbers: np.ndarray
    """Of shape (n, d). float64."""
    whole: np.ndarray
    """Of shape (n, v). int8."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d + v)."""
        return len(self.numbers), self.numbers.shape[1] + self.whole.shape[1]

    @property
    def size(self) -> int:
        """The number of entries, n (d + v)."""
        return self.shape[0] * self.shape[1]

    @property
    def strides(self) -> tuple[int, int]:
        """The strides of the expanded matrix, which is row-major."""
        return 8 * self.shape[1], 8

    def __len__(self) -> int:
        return len(self.numbers)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Expand the matrix."""
        return np.concatenate([self.numbers, self.whole], axis=1, dtype=dtype or np.float64)

    def __getitem__(self, key: Any) -> Any:
        """Return a row, expanded; some rows; or some rows of some columns, in their order."""
        if isinstance(key, tuple):
            rows, chosen = key
            first, rest = np.split(chosen, [np.searchsorted(chosen, self.numbers.shape[1])])
            rest = rest - self.numbers.shape[1]
            return ByteColumns(self.numbers[rows][:, first], self.whole[rows][:, rest])
        if isinstance(key, int):
            return np.concatenate([self.numbers[key], self.whole[key]])
        return ByteColumns(self.numbers[key], self.whole[key])

    def __matmul__(self, right: np.ndarray) -> np.ndarray:
        """Return X @ right, for right [d + v] or [d + v, k]."""
        width = self.numbers.shape[1]
        product = self.numbers @ right[:width]
        for rows in self._blocks():
            product[rows] += self.whole[rows].astype(np.float64) @ right[width:]
        return product

    @property
    def T(self) -> Transposed:
        """Xᵀ, to be multiplied with."""
        return Transposed(self)

    def transpose_product(self, left: Any) -> np.ndarray:
        """Return Xᵀ @ left, for left [n] or [n, k], dense or sparse."""
        below = np.zeros((self.whole.shape[1], *left.shape[1:]))
        for rows in self._blocks():
            below += self.whole[rows].T.astype(np.float64) @ left[rows]
        return np.concatenate([self.numbers.T @ left, below])

    def _blocks(self) -> list[slice]:
        return [slice(at, at + ROWS_PER_BLOCK) for at in range(0, len(self), ROWS_PER_BLOCK)]


Dense = np.ndarray | ByteColumns


@dataclass(frozen=True, eq=False)
class Transposed:
    """Xᵀ of a matrix X of byte columns."""

    of: ByteColumns

    def __matmul__(self, left: Any) -> np.ndarray:
        """Return Xᵀ @ left."""
        return self.of.transpose_product(left)
