"""Least squares, solved exactly.

    minimise over b, b0    Σᵢ wᵢ (yᵢ − xᵢ·b − b0)² / Σᵢ wᵢ  +  alpha · ½ ‖b‖²

The intercept b0 is not penalised. With the columns centred and scaled, Z = (X − m) S⁻¹,
and b = S⁻¹c, it drops out, and c solves the symmetric positive definite system

    (Zᵀ W Z + ½ alpha S⁻²) c = Zᵀ W (y − ȳ),        W = diag(w) / Σ w.

Shapes: n rows, D columns; one output.

One of three factorisations solves it: ``Normal`` (Cholesky) while the condition of Z is
small and where the columns are too many to be expanded, ``Dual`` for more columns than
rows, ``Orthogonal`` (QR) for all that is ill-conditioned. Whichever it was, the answer is
refined by what it leaves over, recomputed from the columns themselves, and the norm of the
objective's gradient at the answer is the certificate.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.losses import check_shapes
from gradum.solvers.factors import LARGEST_CONDITION, Defect, Dual, Factor, Normal, Orthogonal
from gradum.solvers.matrix import Columns, Standardised
from gradum.solvers.solution import Certificate, Solution, Status

LARGEST_EXPANDED = 5e7  # entries of a matrix that may be held densely for QR
REFINEMENTS = 5


def least_squares(
    columns: Any,
    target: np.ndarray,
    *,
    alpha: float = 0.0,
    weight: np.ndarray | None = None,
    fit_intercept: bool = True,
) -> Solution:
    """Solve one least-squares problem; see :class:`LeastSquares`."""
    return LeastSquares(columns, target, weight, fit_intercept=fit_intercept).solve(alpha)


class LeastSquares:
    """A least-squares problem, measured once and solved for as many penalties as you like.

    Parameters
    ----------
    columns : Columns, ndarray or sparse matrix of shape (n, D)
        The matrix X.
    target : ndarray of shape (n,)
        The target y.
    weight : ndarray of shape (n,), optional
        Weights w >= 0, of which a whole number equals repetition of the row.
    fit_intercept : bool
        Whether b0 is fitted; else it is 0.

    Raises
    ------
    ShapeError
        ``columns`` is not [n, D], or ``target`` not [n].
    """

    def __init__(
        self,
        columns: Any,
        target: np.ndarray,
        weight: np.ndarray | None = None,
        *,
        fit_intercept: bool = True,
    ) -> None:
        self.raw = Columns.of(columns)
        rows = self.raw.shape[0]
        check_shapes(np.empty((rows, 1)), target)
        self.weight = np.full(rows, 1.0 / rows) if weight is None else weight / np.sum(weight)
        self.fit_intercept = fit_intercept
        self.standardised = Standardised.of(self.raw, self.weight, centred=fit_intercept)
        target = np.asarray(target, np.float64)
        self.level = float(self.weight @ target) if fit_intercept else 0.0
        self.target = target - self.level

    @cached_property
    def gram(self) -> np.ndarray:
        """ZᵀWZ, [D, D]."""
        return self.standardised.columns.gram(self.weight)

    def path(self, alphas: Iterable[float]) -> list[Solution]:
        """Solve for each alpha; the Gram matrix is formed once."""
        return [self.solve(alpha) for alpha in alphas]

    def solve(self, alpha: float = 0.0) -> Solution:
        """Return the minimiser for one alpha >= 0."""
        started = time.perf_counter()
        penalty = 0.5 * alpha / self.standardised.scale**2
        factor = self._factorise(penalty)
        answer, descent = self._refine(factor, penalty)
        return self._solution(answer, descent, alpha, factor, started)

    def _factorise(self, penalty: np.ndarray) -> Factor:
        rows, width = self.standardised.columns.shape
        can_expand = rows * width <= LARGEST_EXPANDED
        if width > rows and can_expand:
            dual = Dual.of(self.standardised.columns, self.weight, penalty)
            return dual or Orthogonal.of(self.standardised, self.weight, penalty)
        normal = Normal.of(self.gram, self.standardised.alive, penalty)
        if normal.condition <= LARGEST_CONDITION or not can_expand:
            return normal
        return Orthogonal.of(self.standardised, self.weight, penalty)

    def _refine(self, factor: Factor, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Add corrections to 0 for as long as each halves what is left to descend."""
        answer = np.zeros(len(penalty))
        defect = self._defect(answer, penalty)
        for _ in range(1 + REFINEMENTS):
            refined = answer + factor.solve(defect)
            smaller = self._defect(refined, penalty)
            if not np.linalg.norm(smaller.descent) < 0.5 * np.linalg.norm(defect.descent):
                break
            answer, defect = refined, smaller
        return answer, defect.descent

    def _defect(self, answer: np.ndarray, penalty: np.ndarray) -> Defect:
        columns = self.standardised.columns
        residual = self.target - columns @ answer
        return Defect(
            upper=np.sqrt(self.weight) * residual,
            lower=-np.sqrt(penalty) * answer,
            descent=columns.transpose_product(self.weight * residual) - penalty * answer,
        )

    def _solution(
        self,
        answer: np.ndarray,
        descent: np.ndarray,
        alpha: float,
        factor: Factor,
        started: float,
    ) -> Solution:
        level = np.array([self.level]) if self.fit_intercept else None
        layer = self.standardised.restore(answer[:, None], level)
        certificate = Certificate(
            kind="stationary",
            gradient_norm=self._gradient_norm(layer, alpha),
            condition=factor.condition,
            rank=factor.rank,
        )
        spread = np.sqrt(self.weight @ self.target**2)
        stationary = np.abs(descent).max(initial=0.0) <= 1e-9 * spread
        return Solution(
            params={"layers": [layer]},
            status=Status.CONVERGED if stationary else Status.STALLED,
            certificate=certificate,
            iterations=1,
            steps=1,
            seconds=time.perf_counter() - started,
        )

    def _gradient_norm(self, layer: dict[str, np.ndarray], alpha: float) -> float:
        """Norm of the objective's gradient in (b, b0), from the raw columns."""
        target = self.target + self.level
        residual = self.weight * (
            self.raw @ layer["weight"][:, 0] + layer.get("bias", 0.0) - target
        )
        gradient = 2.0 * self.raw.transpose_product(residual) + alpha * layer["weight"][:, 0]
        level = 2.0 * residual.sum() if self.fit_intercept else 0.0
        return float(np.hypot(np.linalg.norm(gradient), level))
