"""Three factorisations of a penalised least-squares problem.

Each minimises ‖W^½ (y − Z c)‖² + ‖P^½ c‖² over c, for standardised columns Z [n, D],
weights W and a diagonal penalty P [D], and can be asked again for a correction:

- ``Normal``: Cholesky of Zᵀ W Z + P. It squares the condition of Z, which refinement makes
  up for while that is small; it never expands sparse columns.
- ``Dual``: the same by Cholesky of an n × n matrix, for more columns than rows and P > 0.
- ``Orthogonal``: QR with column pivoting, which works on Z itself and decides its rank. Of
  the minimisers of a rank-deficient problem it takes the one with the smallest ‖S⁻¹ c‖, S
  being the columns' scale: the smallest coefficients in the units of the raw columns,
  and the limit of a vanishing penalty on them.

Source: Björck, Numerical Methods for Least Squares Problems (SIAM, 1996), sections 2.4 to
2.9: QR and rank, iterative refinement, corrected seminormal equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.linalg

from gradum.solvers.matrix import Columns, Standardised

LARGEST_CONDITION = 1e5  # of Z, up to which refined normal equations lose no digits


@dataclass(frozen=True)
class Defect:
    """What an answer c leaves over: a least-squares problem for its correction δ.

    δ minimises ‖upper − W^½ Z δ‖² + ‖lower − P^½ δ‖², whose descent direction at δ = 0 is
    ``descent`` = Zᵀ W^½ upper + P^½ lower, minus half of the objective's gradient.
    """

    upper: np.ndarray
    lower: np.ndarray
    descent: np.ndarray


class Factor(Protocol):
    """A factorisation of the problem for one penalty P."""

    @property
    def condition(self) -> float:
        """Condition number of W^½ Z stacked on P^½, estimated."""
        ...

    @property
    def rank(self) -> int | None:
        """Rank of the same, where it was decided."""
        ...

    def solve(self, defect: Defect) -> np.ndarray:
        """Return the correction [D]."""
        ...


@dataclass(frozen=True)
class Normal:
    """Cholesky of ZᵀWZ + P, with a ridge of rounding size that refinement takes out again."""

    factor: np.ndarray
    condition: float
    rank: int | None

    @classmethod
    def of(cls, gram: np.ndarray, alive: np.ndarray, penalty: np.ndarray) -> Normal:
        """Factorise, for the Gram matrix and which columns have spread."""
        matrix = gram.copy()
        diagonal = np.einsum("ii->i", matrix)
        diagonal += penalty + ~alive  # a column without spread gets the coefficient 0
        norm = np.abs(matrix).sum(axis=0).max(initial=0.0)
        try:
            factor = scipy.linalg.cholesky(matrix, check_finite=False)
        except scipy.linalg.LinAlgError:
            return cls._with_ridge(matrix, norm)
        reciprocal = _reciprocal_condition("pocon", factor, norm)
        if reciprocal < 1e-13:
            return cls._with_ridge(matrix, norm)
        return cls(factor, float(reciprocal**-0.5), int(alive.sum()))

    @classmethod
    def _with_ridge(cls, matrix: np.ndarray, norm: float) -> Normal:
        # Refining with this is the proximal point method: from 0 it tends to the minimiser
        # of smallest norm, losing a factor ridge / eigenvalue of the error at every step.
        np.einsum("ii->i", matrix)[:] += 1e-10 * norm
        return cls(scipy.linalg.cholesky(matrix, check_finite=False), np.inf, None)

    def solve(self, defect: Defect) -> np.ndarray:
        """Return the correction [D]."""
        if not len(self.factor):
            return defect.descent
        return scipy.linalg.cho_solve((self.factor, False), defect.descent, check_finite=False)


@dataclass(frozen=True)
class Dual:
    """Cholesky of I + B Bᵀ, [n, n], for B = W^½ Z P^-½.

    (I + Bᵀ B)⁻¹ = I − Bᵀ (I + B Bᵀ)⁻¹ B.
    """

    scaled: np.ndarray  # B, [n, D]
    root_penalty: np.ndarray
    factor: np.ndarray
    condition: float
    rank: int | None

    @classmethod
    def of(cls, columns: Columns, weight: np.ndarray, penalty: np.ndarray) -> Dual | None:
        """Return the factor, or None where the penalty is too small for it."""
        if not penalty.all():
            return None
        root_penalty = np.sqrt(penalty)
        scaled = columns.to_dense() * np.sqrt(weight)[:, None] / root_penalty
        kernel = scaled @ scaled.T
        norm = np.abs(kernel).sum(axis=0).max()
        if not norm < LARGEST_CONDITION**2:
            return None
        np.einsum("ii->i", kernel)[:] += 1.0
        factor = scipy.linalg.cholesky(kernel, check_finite=False)
        return cls(scaled, root_penalty, factor, float(np.sqrt(1.0 + norm)), None)

    def solve(self, defect: Defect) -> np.ndarray:
        """Return the correction [D]."""
        right = defect.descent / self.root_penalty
        inner = scipy.linalg.cho_solve(
            (self.factor, False), self.scaled @ right, check_finite=False
        )
        return (right - self.scaled.T @ inner) / self.root_penalty


@dataclass(frozen=True)
class Orthogonal:
    """QR of W^½ Z stacked on P^½, first plain (fast), then of its triangle with pivoting."""

    penalised: bool
    outer: np.ndarray | None  # Q of the plain step
    inner: np.ndarray  # Q of the pivoted step
    triangle: np.ndarray
    order: np.ndarray
    scale: np.ndarray
    condition: float
    rank: int | None

    @classmethod
    def of(cls, standardised: Standardised, weight: np.ndarray, penalty: np.ndarray) -> Orthogonal:
        """Factorise; the columns are expanded."""
        stacked = standardised.columns.to_dense() * np.sqrt(weight)[:, None]
        penalised = bool(penalty.any())
        if penalised:
            stacked = np.vstack([stacked, np.diag(np.sqrt(penalty))])
        outer = None
        if len(stacked) > stacked.shape[1]:
            outer, stacked = _qr(stacked)
        inner, triangle, order = _qr(stacked, pivoting=True)
        diagonal = np.abs(np.diag(triangle))
        tolerance = max(len(weight), len(order)) * np.finfo(np.float64).eps
        rank = int((diagonal > tolerance * diagonal.max(initial=0.0)).sum())
        triangle = triangle[:rank]
        return cls(
            penalised=penalised,
            outer=outer,
            inner=inner[:, :rank],
            triangle=triangle,
            order=order,
            scale=standardised.scale,
            condition=_condition(triangle[:, :rank]),
            rank=rank,
        )

    def solve(self, defect: Defect) -> np.ndarray:
        """Return the correction [D]."""
        right = defect.upper
        if self.penalised:
            right = np.concatenate([right, defect.lower])
        if self.outer is not None:
            right = self.outer.T @ right
        projected = self.inner.T @ right
        answer = np.zeros(len(self.order))
        if self.rank == len(self.order):
            answer[self.order] = _back_substitute(self.triangle, projected)
        else:
            # Of all c with R c = q, the one with the smallest ‖S⁻¹c‖.
            units = self.scale[self.order]
            basis, lower = _qr((self.triangle * units).T)
            shortest = basis @ _back_substitute(lower, projected, transposed=True)
            answer[self.order] = units * shortest
        return answer


def _qr(matrix: np.ndarray, *, pivoting: bool = False) -> Any:
    return scipy.linalg.qr(matrix, mode="economic", pivoting=pivoting, check_finite=False)


def _back_substitute(
    triangle: np.ndarray, right: np.ndarray, *, transposed: bool = False
) -> np.ndarray:
    if not len(right):
        return right
    return scipy.linalg.solve_triangular(triangle, right, trans=int(transposed), check_finite=False)


def _condition(triangle: np.ndarray) -> float:
    reciprocal = _reciprocal_condition("trcon", triangle)
    return 1.0 / reciprocal if reciprocal else np.inf


def _reciprocal_condition(routine: str, triangle: np.ndarray, *norm: float) -> float:
    """Return LAPACK's estimate of 1 / condition, in the 1-norm, from a triangular factor."""
    if not len(triangle):
        return 1.0
    (estimate,) = scipy.linalg.get_lapack_funcs((routine,), (triangle,))
    reciprocal, _ = estimate(triangle, *norm)
    return float(reciprocal)
