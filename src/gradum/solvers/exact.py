"""Least squares, solved exactly.

    minimise over b, b0    Σᵢ wᵢ (yᵢ − xᵢ·b − b0)² / Σᵢ wᵢ  +  alpha · ½ ‖b‖²

The intercept b0 is not penalised. With centred and scaled columns, Z = (X − m) S⁻¹, and b = S⁻¹c,
it drops out, and c solves the symmetric positive definite system

    (Zᵀ W Z + ½ alpha S⁻²) c = Zᵀ W (y − ȳ),        W = diag(w) / Σ w.

Shapes: n rows, D columns; one output.

One of three factorisations solves it: ``Normal`` (Cholesky of the Gram matrix, which takes one pass
over the columns) if the condition of Z is at most 1e5 or there are too many columns to expand,
``Dual`` for more columns than rows, ``Orthogonal`` (QR) for all ill-conditioned problems. In each
case, the answer is refined by its own residuals. This gives the following accuracy:

- up to 100,000 entries of X, or beyond a condition κ of 1e4, residuals are computed from the
  columns as given, in twice the precision; every coefficient is then right to its last digit or the
  one before, up to a κ of about 1e13 (`refinement.Accurate`);
- otherwise residuals are float64, and the relative error is about 1e-16 (κ + κ² ρ), where ρ is the
  unexplained share of the target (`refinement.Plain`);
- if there are too many sparse columns to expand and they are ill-conditioned, the same holds with a
  ridge of 1e-10 whose effect refinement removes: rely on predictions, not on single coefficients.

The certificate is the norm of the objective's gradient at the answer, measured the same way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

from gradum.core.losses import check_shapes
from gradum.margins import EPSILON, TIMES, of_sums, sizes
from gradum.messages import say
from gradum.solvers.double_double import DoubleDoubleColumns, Pair
from gradum.solvers.factorisations import LARGEST_CONDITION, Dual, Factor, Normal, Orthogonal
from gradum.solvers.matrix import Columns
from gradum.solvers.moments import BlockedColumns, Frame, Moments
from gradum.solvers.refinement import Accurate, Measured, Plain, refine
from gradum.solvers.solution import Certificate, Solution, Status

LARGEST_EXPANDED = 5e7  # entries of a matrix that QR may hold in dense form
LARGEST_ACCURATE = 1e5  # entries up to which twice the precision costs milliseconds
LARGEST_PLAIN_CONDITION = 1e4
LARGEST_ACCURATE_INVERSE = 1e8  # n D², up to which it costs seconds
RESIDUALS_AT_ONCE = 2e6  # in the columns of an inverse that are refined together


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
    """A least-squares problem, measured once and then solved for any number of penalties.

    Parameters
    ----------
    columns : Columns, ndarray or sparse matrix of shape (n, D)
        The matrix X.
    target : ndarray of shape (n,)
        The target y.
    weight : ndarray of shape (n,), optional
        Weights w >= 0; an integer weight has the same effect as repeating the row.
    fit_intercept : bool
        Whether b0 is fitted; else it is 0.

    Raises
    ------
    ShapeError
        ``columns`` is not [n, D], or ``target`` is not [n].
    """

    def __init__(
        self,
        columns: Any,
        target: np.ndarray,
        weight: np.ndarray | None = None,
        *,
        fit_intercept: bool = True,
    ) -> None:
        self.columns = Columns.of(columns)
        check_shapes(np.empty((self.columns.shape[0], 1)), target)
        self.target = np.asarray(target, np.float64)
        self.weight = None if weight is None else np.asarray(weight, np.float64)
        self.fit_intercept = fit_intercept

    @cached_property
    def passes(self) -> BlockedColumns:
        """Columns, target and weights, for passes over the rows."""
        return BlockedColumns(self.columns, self.target, self.weight)

    @cached_property
    def moments(self) -> Moments:
        """Means and products of the columns, [D, D]."""
        return Moments.of(self.passes, centred=self.fit_intercept)

    @cached_property
    def frame(self) -> Frame:
        """The centres and scales of the columns."""
        if self._wide:
            return Frame.of(self.columns, self._share, centred=self.fit_intercept)
        return self.moments.frame

    @cached_property
    def accurate(self) -> DoubleDoubleColumns:
        """The columns, for products in twice the precision."""
        return DoubleDoubleColumns(self.columns)

    def path(self, alphas: Iterable[float]) -> list[Solution]:
        """Solve for each alpha; the Gram matrix is formed once."""
        return [self.solve(alpha) for alpha in alphas]

    def solve(self, alpha: float | np.ndarray = 0.0) -> Solution:
        """Return the minimiser for one alpha >= 0, a number or one for each column.

        For a rank-deficient problem without a penalty, it is the minimiser with the smallest ‖b‖,
        in the units of the raw columns. The rank is that of the scaled columns.
        """
        started = time.perf_counter()
        factor = self._factorise(alpha)
        if self._is_accurate(factor):
            problem = Accurate(
                self.accurate,
                self.target[:, None],
                self.weight,
                self.frame,
                alpha,
                centred=self.fit_intercept,
            )
            answer = refine(problem, factor).high
            measured, doubt = problem.measure(Pair.of(answer)), 0.0
            values = answer[:, 0]
        else:
            problem = self._plain(alpha)
            answer = refine(problem, factor)
            measured = problem.measure(answer)
            doubt = TIMES * of_sums(len(self.target)) * np.sqrt(max(measured.objective, 0.0))
            values = problem.layer(answer)
        gap = self._duality_gap(measured.slope[:, 0], doubt, factor, alpha)
        return self._solution(values, measured, factor, gap, started)

    def unscaled_covariance(self, alpha: float | np.ndarray = 0.0) -> np.ndarray:
        """Return (X̃ᵀ W X̃ + ½ alpha I₀)⁻¹, the inverse of half of the objective's Hessian.

        X̃ is X with a column of ones at the end, W = diag(w) / Σ w, and I₀ the identity with 0 for
        the intercept. Because W sums to 1, the covariance of ordinary least-squares estimates,
        σ² (X̃ᵀX̃)⁻¹, is σ²/n times this. Without an intercept X̃ is X.

        It is refined like the coefficients, and is as accurate. But beyond n D² = 1e8 the
        factorised matrix is inverted without refinement, with a relative error of about 1e-16 κ²
        (Cholesky) or 1e-16 κ (QR).

        Parameters
        ----------
        alpha : float
            Strength of the penalty, >= 0.

        Returns
        -------
        ndarray of shape (D + 1, D + 1) or (D, D)
            In the units of the raw columns; the intercept last.

        Raises
        ------
        numpy.linalg.LinAlgError
            The matrix has no inverse, or is too large and too ill-conditioned to tell.
        """
        factor = self._factorise(alpha)
        rows, width = self.columns.shape
        if not factor.invertible:
            raise np.linalg.LinAlgError(
                say(
                    "The {width} columns are linearly dependent (rank {rank}): their "
                    "coefficients have no covariance.",
                    width=width,
                    rank=factor.rank,
                )
            )
        if self._is_accurate(factor) and rows * width**2 <= LARGEST_ACCURATE_INVERSE:
            inverse = self._accurate_inverse(factor, alpha)
        else:
            inverse = self._plain_inverse(factor)
        inverse = 0.5 * (inverse + inverse.T)
        return inverse if self.fit_intercept else inverse[:-1, :-1]

    def _accurate_inverse(self, factor: Factor, alpha: float | np.ndarray) -> np.ndarray:
        size = self.columns.shape[1] + 1
        at_once = max(1, int(RESIDUALS_AT_ONCE // self.columns.shape[0]))
        identity, parts = np.eye(size), []
        for start in range(0, size, at_once):
            push = identity[:, start : start + at_once]
            problem = Accurate(
                self.accurate,
                np.zeros((len(self.target), push.shape[1])),
                self.weight,
                self.frame,
                alpha,
                centred=self.fit_intercept,
                push=push,
            )
            parts.append(refine(problem, factor).high)
        return np.hstack(parts)

    def _plain_inverse(self, factor: Factor) -> np.ndarray:
        width, centre = self.columns.shape[1], self.frame.centre
        inverse = np.zeros((width + 1, width + 1))
        inverse[:-1, :-1] = factor.solve(np.eye(width))
        inverse[:-1, :-1] /= np.multiply.outer(self.frame.scale, self.frame.scale)
        inverse[:-1, -1] = inverse[-1, :-1] = -(inverse[:-1, :-1] @ centre)
        inverse[-1, -1] = 1.0 - inverse[-1, :-1] @ centre
        return inverse

    @property
    def _share(self) -> np.ndarray:
        """The weights, scaled to a sum of 1."""
        weight = np.ones(len(self.target)) if self.weight is None else self.weight
        return weight / weight.sum()

    @property
    def _can_expand(self) -> bool:
        rows, width = self.columns.shape
        return rows * width <= LARGEST_EXPANDED

    @property
    def _wide(self) -> bool:
        rows, width = self.columns.shape
        return width > rows and self._can_expand

    def _is_accurate(self, factor: Factor) -> bool:
        rows, width = self.columns.shape
        if rows * width <= LARGEST_ACCURATE:
            return True
        return factor.condition > LARGEST_PLAIN_CONDITION and self._can_expand

    def _factorise(self, alpha: float | np.ndarray) -> Factor:
        penalty = 0.5 * alpha / self.frame.scale**2
        if not self._wide:
            normal = Normal.of(self.moments.gram, self.frame.alive, penalty, self.columns.shape[0])
            if normal.condition <= LARGEST_CONDITION or not self._can_expand:
                return normal
        weighted = self.frame.expand(self.columns) * np.sqrt(self._share)[:, None]
        dual = Dual.of(weighted, penalty) if self._wide else None
        size = sizes(self.frame.centre * self.frame.alive, self.frame.scale)
        return dual or Orthogonal.of(weighted, self.frame.scale, penalty, size)

    def _plain(self, alpha: float | np.ndarray) -> Plain:
        if self._wide:
            level = float(self._share @ self.target) if self.fit_intercept else 0.0
            slope, rest, _ = self.passes.slope(
                np.zeros(self.columns.shape[1]), self.frame.origin, level
            )
            cross = (slope - self.frame.drift * rest) * (self.frame.alive / self.frame.scale)
        else:
            level, cross = self.moments.level, self.moments.cross
        # Columns centred near 0 lose no digits when they are multiplied in place, without a copy.
        about_0 = (np.abs(self.frame.centre) <= self.frame.scale).all()
        return Plain(
            self.passes,
            self.frame.about_0 if about_0 else self.frame,
            np.append(cross, 0.0)[:, None],
            level,
            alpha,
            centred=self.fit_intercept,
        )

    def _solution(
        self,
        values: np.ndarray,
        measured: Measured,
        factor: Factor,
        gap: float | None,
        started: float,
    ) -> Solution:
        layer = {"weight": values[:-1, None]}
        if self.fit_intercept:
            layer["bias"] = values[-1:]
        stationary = np.abs(measured.slope).max(initial=0.0) <= self._rounding(values)
        return Solution(
            params={"layers": [layer]},
            status=Status.CONVERGED if stationary else Status.STALLED,
            certificate=Certificate(
                kind="stationary",
                gradient_norm=float(np.linalg.norm(measured.gradient)),
                duality_gap=gap,
                objective=measured.objective,
                condition=factor.condition,
                rank=factor.rank,
                columns=self.columns.shape[1],
            ),
            iterations=1,
            steps=1,
            seconds=time.perf_counter() - started,
        )

    def _duality_gap(
        self, slope: np.ndarray, doubt: float, factor: Factor, alpha: float | np.ndarray
    ) -> float | None:
        """Return a bound on how far the objective is above its minimum; None without a penalty.

        The objective is a parabola. At a slope s, whose entries are known to within ``doubt``, it
        exceeds its minimum by s·M⁻¹s, where M is the factorised matrix, plus the square of the
        level's slope. Twice s·M⁻¹s allows for the factorisation's own rounding. If M's inverse is
        not known, the penalty alone gives the bound, as in `duality`.
        """
        strength = np.broadcast_to(alpha, len(slope) - 1)
        if not strength.any():
            return None
        above, level = slope[:-1], slope[-1] ** 2
        if factor.invertible:
            unsure = len(above) * (doubt * factor.condition) ** 2
            return float(
                2.0 * (max(above @ factor.solve(above[:, None])[:, 0], 0.0) + unsure) + level
            )
        if not strength.all():
            return None
        least = (self.frame.scale * (np.abs(above) + doubt)) ** 2 / strength
        return float(2.0 * least.sum() + level)

    def _rounding(self, values: np.ndarray) -> float:
        """Return a slope that is 0 except for the rounding of the coefficients and of the sums."""
        level = np.average(self.target, weights=self.weight) if self.fit_intercept else 0.0
        spread = np.sqrt(np.average((self.target - level) ** 2, weights=self.weight))
        size = np.abs(values[:-1]) @ (self.frame.scale + np.abs(self.frame.centre))
        rounded = TIMES * EPSILON * (size + abs(values[-1]))
        return float(1e-9 * spread + rounded)
