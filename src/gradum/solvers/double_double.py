"""Products of a matrix to twice the precision of float64, at the speed of BLAS.

A number is held as a pair, the unevaluated sum of a float64 and of its remainder.

A product is exact if its factors have few enough bits. Every column of X is scaled by a power of
two to entries below 1 and cut into slices X = X₁ + X₂ + X₃ + rest, where Xᵢ holds the next β bits
after the point; a vector v is cut likewise. With 2 β + log₂ m < 53, every sum of m terms of Xᵢ vⱼ
is exact in float64, in whatever order BLAS adds them; the products with a rest are rounded, and are
below 2⁻³ᵝ of the whole. The result differs from the true product by about 2⁻¹⁰⁰ m max|X| max|v|,
column by column of X, however much cancels.

Shapes: n rows, D columns, k vectors at once.

Sources: Dekker, Numerische Mathematik 18 (1971) (pairs); Ozaki, Ogita, Oishi and Rump, Numerical
Algorithms 59 (2012) (slices).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from gradum.solvers.matrix import Columns

SLICES = 3
ENTRIES_PER_BLOCK = 2**15  # so that a block and its slices stay in the processor's cache
MOST_ROWS_PER_BLOCK = 4096


@dataclass(frozen=True)
class Pair:
    """Numbers high + low, where low is at most half a unit in the last place of high."""

    high: np.ndarray
    low: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Pair:
        """Wrap float64 numbers."""
        return cls(values, np.zeros_like(values))

    def __add__(self, other: Pair) -> Pair:
        total, error = _two_sum(self.high, other.high)
        return Pair(*_fast_two_sum(total, error + (self.low + other.low)))

    def __neg__(self) -> Pair:
        return Pair(-self.high, -self.low)

    def __sub__(self, other: Pair) -> Pair:
        return self + -other

    def __mul__(self, other: Pair) -> Pair:
        product, error = _two_product(self.high, other.high)
        cross = self.high * other.low + self.low * other.high
        return Pair(*_fast_two_sum(product, error + cross))

    def __getitem__(self, key: Any) -> Pair:
        return Pair(self.high[key], self.low[key])


def total(pair: Pair) -> Pair:
    """Return the sums over the first axis, which is kept with length 1."""
    parts = _slices(pair, _size(pair.high), _bits(len(pair.high)))
    first, *others = (part.sum(axis=0, keepdims=True) for part in parts)
    result = Pair.of(first)
    for part in others:
        result += Pair.of(part)
    return result


class DoubleDoubleColumns:
    """A dense or sparse matrix [n, D], for products with pairs.

    Parameters
    ----------
    columns : Columns
        The matrix X, without a shift.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        rows, width = columns.shape
        largest = [_largest(np.asarray(columns.dense))]
        if columns.sparse is not None:
            largest.append(_largest(columns.sparse))
        exponent = np.clip(np.frexp(np.concatenate(largest))[1], -1000, 1000)
        self.scale = np.ldexp(1.0, exponent)[:, None]
        self.rows_per_block = int(np.clip(ENTRIES_PER_BLOCK // max(width, 1), 64, rows or 1))
        self.rows_per_block = min(self.rows_per_block, MOST_ROWS_PER_BLOCK)
        self.bits = _bits(max(self.rows_per_block, width))

    def product(self, right: Pair) -> Pair:
        """Return X @ right, for right [D, k]."""
        scaled = Pair(right.high * self.scale, right.low * self.scale)
        parts = _slices(scaled, _size(scaled.high), self.bits)
        width = self.columns.dense.shape[1]
        results = []
        for _, dense, below in self._blocks():
            result = _multiply(dense, [part[:width] for part in parts])
            if below:
                result += _multiply(below, [part[width:] for part in parts])
            results.append(result)
        return Pair(
            np.concatenate([result.high for result in results]),
            np.concatenate([result.low for result in results]),
        )

    def transpose_product(self, left: Pair) -> Pair:
        """Return Xᵀ @ left, for left [n, k]."""
        result = Pair.of(np.zeros((len(self.scale), left.high.shape[1])))
        size = _size(left.high)
        for rows, dense, below in self._blocks():
            parts = _slices(left[rows], size, self.bits)
            block = _multiply([part.T for part in dense], parts)
            if below:
                lower = _multiply([part.T for part in below], parts)
                block = Pair(
                    np.concatenate([block.high, lower.high]), np.concatenate([block.low, lower.low])
                )
            result += block
        return Pair(result.high * self.scale, result.low * self.scale)

    def _blocks(self) -> Iterator[tuple[slice, list[np.ndarray], list[Any]]]:
        """Yield rows and the slices of their dense and sparse columns."""
        width = self.columns.dense.shape[1]
        above, below = 1.0 / self.scale[:width, 0], 1.0 / self.scale[width:, 0]
        for start in range(0, self.columns.shape[0], self.rows_per_block):
            rows = slice(start, start + self.rows_per_block)
            dense = _slices(Pair.of(self.columns.dense[rows] * above), 1.0, self.bits)
            if self.columns.sparse is None:
                yield rows, dense, []
                continue
            block = self.columns.sparse[rows]
            values = _slices(Pair.of(block.data * below[block.indices]), 1.0, self.bits)
            yield (
                rows,
                dense,
                [
                    sparse.csr_array((part, block.indices, block.indptr), shape=block.shape)
                    for part in values
                ],
            )


def _multiply(left: list[Any], right: list[np.ndarray]) -> Pair:
    """Return the product of two sliced matrices; products of slices i + j < SLICES are exact."""
    vectors = right[0].shape[1]
    levels: list[Any] = [0.0] * (SLICES + 1)
    tails = [right[-1]]
    for part in right[-2::-1]:
        tails.append(part + tails[-1])
    for i, (part, tail) in enumerate(zip(left, tails, strict=True)):
        product = part @ np.hstack([*right[: SLICES - i], tail])
        for j in range(SLICES - i + 1):
            levels[i + j] = levels[i + j] + product[:, j * vectors : (j + 1) * vectors]
    result = Pair.of(levels[0])
    for level in levels[1:]:
        result += Pair.of(level)
    return result


def _slices(pair: Pair, size: Any, bits: int) -> list[np.ndarray]:
    """Cut numbers of size up to ``size``, a power of two, into slices of ``bits`` bits."""
    rest, unit, parts = pair.high, size, []
    for _ in range(SLICES):
        unit = unit * 2.0**-bits
        anchor = 1.5 * 2.0**52 * unit  # adding it rounds to a multiple of the unit
        part = (rest + anchor) - anchor
        rest = rest - part
        parts.append(part)
    return [*parts, rest + pair.low]


def _bits(terms: int) -> int:
    return (52 - int(np.ceil(np.log2(max(terms, 2))))) // 2


def _size(values: np.ndarray) -> np.ndarray:
    """Return a power of two above every entry of a column, [k]."""
    return np.ldexp(1.0, np.frexp(np.abs(values).max(axis=0, initial=0.0))[1])


def _largest(block: Any) -> np.ndarray:
    if not block.shape[1]:
        return np.zeros(0)
    if sparse.issparse(block):
        return abs(block).max(axis=0).toarray().ravel()
    return np.maximum(block.max(axis=0), -block.min(axis=0))


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def _fast_two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = a + b
    return total, b - (total - a)


def _two_product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    large = a * (2.0**27 + 1.0)
    high = large - (large - a)
    return high, a - high
