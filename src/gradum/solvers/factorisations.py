"""Three factorisations of a penalised least-squares problem.

Each solves (Zᵀ W Z + P) δ = slope for standardised columns Z [n, D], weights W that sum to 1 and a
diagonal penalty P [D]:

- ``Normal``: Cholesky of Zᵀ W Z + P. It squares the condition of Z, for which refinement
  compensates while the condition is small; it never expands sparse columns.
- ``Dual``: the same, by Cholesky of an n × n matrix, for more columns than rows and P > 0.
- ``Orthogonal``: QR with column pivoting, which works on Z itself and decides its rank. Of the
  minimisers of a rank-deficient problem it takes the one with the smallest ‖S⁻¹ c‖, where S is the
  columns' scale: the smallest coefficients in the units of the raw columns, and the limit for a
  vanishing penalty on them. Q is not kept: if the slope is exact, the two triangular solves of the
  seminormal equations RᵀR δ = slope lose a factor of eps times the condition of Z at every
  correction, as QR itself does, and not eps times its square.

Source: Björck, Numerical Methods for Least Squares Problems (SIAM, 1996), sections 2.4 to
2.9: QR and rank, iterative refinement, corrected seminormal equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.linalg

from gradum.margins import of_dependence, of_sums

LARGEST_CONDITION = 1e5  # of Z, up to which refinement compensates for its square


class Factor(Protocol):
    """A factorisation of the problem for one penalty P."""

    @property
    def condition(self) -> float:
        """Estimated condition number of W^½ Z stacked on P^½."""
        ...

    @property
    def rank(self) -> int | None:
        """Rank of the same matrix, if it was decided."""
        ...

    @property
    def invertible(self) -> bool:
        """Whether Zᵀ W Z + P is known to have an inverse."""
        ...

    def solve(self, slope: np.ndarray) -> np.ndarray:
        """Return δ [D, k], for a slope [D, k]."""
        ...


@dataclass(frozen=True)
class Normal:
    """Cholesky of ZᵀWZ + P, with a ridge the size of rounding whose effect refinement removes."""

    factor: np.ndarray
    condition: float
    rank: int | None
    invertible: bool

    @classmethod
    def of(cls, gram: np.ndarray, alive: np.ndarray, penalty: np.ndarray, rows: int) -> Normal:
        """Factorise, given the upper triangle of ZᵀWZ, which columns have spread, and n."""
        matrix = np.array(gram, order="F")
        empty = ~alive & (penalty == 0.0)
        np.einsum("ii->i", matrix)[:] += penalty + empty
        upper = np.abs(np.triu(matrix))
        norm = (upper.sum(axis=0) + upper.sum(axis=1) - np.diag(upper)).max(initial=0.0)
        try:
            factor = scipy.linalg.cholesky(matrix, check_finite=False)
        except scipy.linalg.LinAlgError:
            return cls._with_ridge(matrix, norm)
        reciprocal = _reciprocal_condition("pocon", factor, norm)
        # For linearly dependent columns, the reciprocal is only the rounding of the sums.
        if reciprocal < max(1e-13, of_sums(rows, most=LARGEST_CONDITION**-2)):
            return cls._with_ridge(matrix, norm)
        return cls(factor, float(reciprocal**-0.5), int(alive.sum()), not empty.any())

    @classmethod
    def _with_ridge(cls, matrix: np.ndarray, norm: float) -> Normal:
        # Refining with this is the proximal point method: from 0 it tends to the minimiser
        # of smallest norm, losing a factor ridge / eigenvalue of the error at every step.
        np.einsum("ii->i", matrix)[:] += 1e-10 * norm
        return cls(scipy.linalg.cholesky(matrix, check_finite=False), np.inf, None, False)

    def solve(self, slope: np.ndarray) -> np.ndarray:
        """Return δ [D, k]."""
        if not len(self.factor):
            return slope
        return scipy.linalg.cho_solve((self.factor, False), slope, check_finite=False)


@dataclass(frozen=True)
class Dual:
    """Cholesky of I + B Bᵀ, [n, n], for B = W^½ Z P^-½.

    (I + Bᵀ B)⁻¹ = I − Bᵀ (I + B Bᵀ)⁻¹ B.
    """

    scaled: np.ndarray  # B, [n, D]
    root_penalty: np.ndarray  # [D, 1]
    factor: np.ndarray
    condition: float
    rank: int | None = None
    invertible: bool = True

    @classmethod
    def of(cls, weighted: np.ndarray, penalty: np.ndarray) -> Dual | None:
        """Factorise W^½ Z; return None if the penalty is too small for this."""
        if not penalty.all():
            return None
        root_penalty = np.sqrt(penalty)
        scaled = weighted / root_penalty
        kernel = scaled @ scaled.T
        norm = np.abs(kernel).sum(axis=0).max()
        if not norm < LARGEST_CONDITION**2:
            return None
        np.einsum("ii->i", kernel)[:] += 1.0
        factor = scipy.linalg.cholesky(kernel, check_finite=False)
        return cls(scaled, root_penalty[:, None], factor, float(np.sqrt(1.0 + norm)))

    def solve(self, slope: np.ndarray) -> np.ndarray:
        """Return δ [D, k]."""
        right = slope / self.root_penalty
        inner = scipy.linalg.cho_solve(
            (self.factor, False), self.scaled @ right, check_finite=False
        )
        return (right - self.scaled.T @ inner) / self.root_penalty


@dataclass(frozen=True)
class Orthogonal:
    """QR of W^½ Z stacked on P^½, first plain (fast), then of its triangle with pivoting."""

    triangle: np.ndarray  # R, or L of the deficient problem's R S = Lᵀ Bᵀ
    basis: np.ndarray | None  # B, [D, rank], where the rank is deficient
    order: np.ndarray
    scale: np.ndarray
    condition: float
    rank: int

    @classmethod
    def of(
        cls, weighted: np.ndarray, scale: np.ndarray, penalty: np.ndarray, size: np.ndarray
    ) -> Orthogonal:
        """Factorise W^½ Z, given the scale S of the columns and their `margins.sizes`."""
        rows, width = weighted.shape
        stacked = weighted
        if penalty.any():
            stacked = np.vstack([weighted, np.diag(np.sqrt(penalty))])
        if len(stacked) > width:
            (stacked,) = _qr(stacked, mode="r")
        triangle, order = _qr(stacked[:width], mode="r", pivoting=True)
        rank = _rank(triangle, of_sums(max(rows, width)), size[order])
        triangle, basis = triangle[:rank], None
        reciprocal = _reciprocal_condition("trcon", triangle[:, :rank])
        condition = 1.0 / reciprocal if reciprocal else np.inf
        if rank < width:
            basis, triangle = _qr((triangle * scale[order]).T, mode="economic")
        return cls(triangle, basis, order, scale, condition, rank)

    @property
    def invertible(self) -> bool:
        """Whether Zᵀ W Z + P is known to have an inverse."""
        return self.rank == len(self.order)

    def solve(self, slope: np.ndarray) -> np.ndarray:
        """Return δ [D, k]."""
        answer, right = np.zeros_like(slope), slope[self.order]
        if self.basis is None:
            inner = _substitute(self.triangle, right, transposed=True)
            answer[self.order] = _substitute(self.triangle, inner)
        else:
            units = self.scale[self.order, None]
            inner = _substitute(self.triangle, self.basis.T @ (units * right))
            shortest = self.basis @ _substitute(self.triangle, inner, transposed=True)
            answer[self.order] = units * shortest
        return answer


def _qr(matrix: np.ndarray, **options: Any) -> Any:
    return scipy.linalg.qr(matrix, check_finite=False, **options)


def _rank(triangle: np.ndarray, rounding: float, size: np.ndarray) -> int:
    """Count the pivots of a QR that exceed both its own rounding and the columns'."""
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > rounding * diagonal.max(initial=0.0)).sum())
    inverse = _substitute(triangle[:rank, :rank], np.eye(rank))
    factors = np.triu(inverse, 1) * np.diag(triangle)[:rank]
    unsure = diagonal[:rank] <= of_dependence(factors, size[:rank], size[:rank])
    return int(unsure.argmax()) if unsure.any() else rank


def _substitute(triangle: np.ndarray, right: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    if not len(right):
        return right
    return scipy.linalg.solve_triangular(triangle, right, trans=int(transposed), check_finite=False)


def _reciprocal_condition(routine: str, triangle: np.ndarray, *norm: float) -> float:
    """Return LAPACK's estimate of 1 / condition, in the 1-norm, from a triangular factor."""
    if not len(triangle):
        return 1.0
    (estimate,) = scipy.linalg.get_lapack_funcs((routine,), (triangle,))
    reciprocal, _ = estimate(triangle, *norm)
    return float(reciprocal)
