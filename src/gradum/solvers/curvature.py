"""The Hessian of a linear model's objective, and two ways to solve with it.

    H = Σᵢ wᵢ (z̃ᵢ z̃ᵢᵀ) ⊗ Cᵢ + diag(penalty),        z̃ᵢ = (zᵢ, 1),

where Cᵢ = d² loss / d logits² is a number for one output, and diag(pᵢ) − pᵢ pᵢᵀ for the log loss of
k > 1 classes. The latter is singular: adding one vector to the coefficients of all classes changes
nothing. Gradients have no component in that direction, so steps kept out of it have none either.

Shapes: n rows, D columns, k outputs; points, gradients and steps are [D + 1, k], the last
row the intercept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.linalg

from gradum.margins import of_sums
from gradum.solvers.standard import StandardColumns

ROWS_PER_BLOCK = 1024  # in the expanded products, so that they stay in the processor's cache
MOST_PRODUCTS = 250


class SupportsProduct(Protocol):
    """A symmetric matrix that is used only in products."""

    def __matmul__(self, step: np.ndarray) -> np.ndarray:
        """Return H @ step."""
        ...


@dataclass(frozen=True)
class Curvature:
    """The Hessian at one point, not formed."""

    columns: StandardColumns
    """Z, [n, D]."""
    penalty: np.ndarray
    """Of shape (D, 1). Curvature of the penalty."""
    weight: np.ndarray
    """Of shape (n,). Row weights that sum to 1."""
    second: np.ndarray
    """Of shape (n, k). The diagonal of C: the loss's second derivative for one output, p (1 − p)
    for more."""
    probability: np.ndarray | None
    """Of shape (n, k). For k > 1: p, the softmax of the logits."""
    fit_intercept: bool
    """Whether the last row may move."""

    def __matmul__(self, step: np.ndarray) -> np.ndarray:
        """Return H @ step."""
        logits = self.columns @ step[:-1] + step[-1]
        if self.probability is None:
            bent = self.second * logits
        else:
            bent = self.probability * logits
            bent -= self.probability * bent.sum(axis=1, keepdims=True)
        bent *= self.weight[:, None]
        product = np.empty_like(step)
        product[:-1] = self.columns.transpose_product(bent) + self.penalty * step[:-1]
        product[-1] = bent.sum(axis=0) if self.fit_intercept else 0.0
        return product

    def matrix(self, dtype: Any = np.float64) -> np.ndarray:
        """Return H, float64 [(D + 1) k, (D + 1) k], summed in the given dtype."""
        if self.probability is None:
            hessian = bordered_gram(self.columns, self.weight * self.second[:, 0], dtype)
        else:
            hessian = self._softmax_matrix(self.probability, dtype)
        outputs = self.second.shape[1]
        diagonal = np.einsum("ii->i", hessian)
        diagonal[:-outputs] += np.repeat(self.penalty[:, 0], outputs)
        if not self.fit_intercept:
            hessian[-outputs:] = hessian[:, -outputs:] = 0.0
            diagonal[-outputs:] = 1.0
        return hessian

    def _softmax_matrix(self, probability: np.ndarray, dtype: Any) -> np.ndarray:
        rows, width, outputs = len(probability), self.columns.shape[1] + 1, probability.shape[1]
        hessian = np.zeros((width * outputs,) * 2)
        for start in range(0, rows, ROWS_PER_BLOCK):
            part = slice(start, min(start + ROWS_PER_BLOCK, rows))
            dense = np.ones((part.stop - start, width), dtype)
            dense[:, :-1] = self.columns.take(part).to_dense()
            root = np.sqrt(self.weight[part])[:, None]
            share = (probability[part] * root).astype(dtype)
            product = (dense[:, :, None] * share[:, None, :]).reshape(len(share), -1)
            hessian -= product.T @ product
        blocks = hessian.reshape(width, outputs, width, outputs)
        weighted = self.weight[:, None] * probability
        for output in range(outputs):
            blocks[:, output, :, output] += bordered_gram(self.columns, weighted[:, output], dtype)
        return hessian


@dataclass(frozen=True)
class Factored:
    """The full H and its Cholesky factor, with a ridge if H is singular."""

    hessian: np.ndarray
    factor: Any
    outputs: int
    ridge: float

    @classmethod
    def of(cls, hessian: np.ndarray, outputs: int = 1, *, softmax: bool = False) -> Factored:
        """Factorise; ``softmax`` says that adding one vector to all outputs changes nothing."""
        size = max(np.trace(hessian) / len(hessian), np.finfo(np.float64).tiny)
        filled = hessian.copy()
        if softmax:
            # This fills only the direction in which nothing changes.
            rows = len(hessian) // outputs
            blocks = filled.reshape(rows, outputs, rows, outputs)
            blocks[np.arange(rows), :, np.arange(rows), :] += size / outputs
        ridge = 0.0
        while True:
            np.einsum("ii->i", filled)[:] += ridge
            try:
                factor = scipy.linalg.cho_factor(filled, check_finite=False)
            except scipy.linalg.LinAlgError:
                ridge = max(1e-12 * size, 100 * ridge)
                continue
            return cls(hessian, factor, outputs, ridge)

    def step(self, gradient: np.ndarray) -> np.ndarray:
        """Return −H⁻¹ gradient, [D + 1, k]."""
        step = scipy.linalg.cho_solve(self.factor, -gradient.ravel(), check_finite=False)
        return step.reshape(gradient.shape)

    def determined(self, free: np.ndarray) -> np.ndarray:
        """Return H with the direction that leaves a softmax unchanged filled in free rows."""
        hessian, outputs = self.hessian.copy(), self.outputs
        rows, chosen = len(hessian) // outputs, np.flatnonzero(free)
        blocks = hessian.reshape(rows, outputs, rows, outputs)
        blocks[chosen, :, chosen, :] += np.trace(hessian) / len(hessian) / outputs
        return hessian

    @property
    def condition(self) -> float:
        """Condition number of a root of H, thus of the columns, estimated in the 1-norm."""
        (estimate,) = scipy.linalg.get_lapack_funcs(("pocon",), (self.factor[0],))
        norm = np.abs(self.hessian).sum(axis=0).max()
        reciprocal, _ = estimate(self.factor[0], norm, uplo="L" if self.factor[1] else "U")
        return float(reciprocal**-0.5) if reciprocal > 0 else np.inf

    def rank(self, rounding: float) -> int:
        """Rank of H; see `numerical_rank`."""
        return numerical_rank(self.hessian, rounding)


def numerical_rank(matrix: np.ndarray, rounding: float = 0.0) -> int:
    """Return the rank of a positive matrix, scaled to a unit diagonal, by Cholesky with pivoting.

    ``rounding`` is that of the matrix's sums over rows; a smaller pivot counts as 0. Whether
    Cholesky without pivoting fails depends on the processor's last bits.
    """
    root = np.sqrt(np.maximum(np.diag(matrix), np.finfo(np.float64).tiny))
    scaled = matrix / np.outer(root, root)
    (pivoted,) = scipy.linalg.get_lapack_funcs(("pstrf",), (scaled,))
    return int(pivoted(scaled, tol=max(rounding, of_sums(len(scaled))))[2])


def truncated_step(
    curvature: SupportsProduct,
    gradient: np.ndarray,
    precondition: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return −H⁻¹ gradient by preconditioned conjugate gradients, stopped early.

    The residual falls to between 0.1 and 0.001 of ‖g‖, in the preconditioner's norm; the smaller
    ‖g‖ is, the lower it falls, since an exact step would be wasted far from the optimum.
    """
    step = np.zeros_like(gradient)
    residual = -gradient
    preconditioned = precondition(residual)
    direction = preconditioned
    square = first = float(np.sum(residual * preconditioned))
    goal = np.clip(first**0.25, 1e-3, 0.1) ** 2 * first
    for _ in range(MOST_PRODUCTS):
        product = curvature @ direction
        bend = float(np.sum(direction * product))
        if bend <= 0.0:
            break
        length = square / bend
        step += length * direction
        residual -= length * product
        preconditioned = precondition(residual)
        previous, square = square, float(np.sum(residual * preconditioned))
        if square <= goal:
            break
        direction = preconditioned + square / previous * direction
    return step if step.any() else preconditioned


def bordered_gram(
    columns: StandardColumns, weight: np.ndarray, dtype: Any = np.float64
) -> np.ndarray:
    """Return the weighted Gram matrix of the columns and a column of ones, [D + 1, D + 1]."""
    width = columns.shape[1]
    gram = np.empty((width + 1, width + 1))
    gram[:width, :width] = columns.gram(weight, dtype)
    gram[width, :width] = gram[:width, width] = columns.transpose_product(weight)
    gram[width, width] = weight.sum()
    return gram
