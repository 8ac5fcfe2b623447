"""Refinement: a least-squares answer is corrected by its own residuals.

    minimise over b, b0    Σᵢ vᵢ (yᵢ − xᵢ·b − b0)² / Σᵢ vᵢ  +  alpha · ½ ‖b‖²

With the residual r = y − X b − b0, the answer is where the slope (minus half of the gradient),

    sₓ = Xᵀ W r − ½ alpha b,      s₀ = Σᵢ wᵢ rᵢ,          w = v / Σ v,

is 0. From any point, a factorisation turns the slope into a step towards the answer. If both were
exact, one step would be enough. As they are not, each step is smaller than the last by some factor,
and the accuracy of the final answer depends on how accurately the slope is known, not on the
factorisation:

- ``Plain`` slopes are float64 sums over columns about their mean. The answer has the accuracy that
  rounding in the data themselves allows: a relative error of about eps (κ + κ² ρ), for κ the
  condition of the standardised columns and ρ the unexplained share of the target.
- ``Accurate`` slopes are computed from the columns and the target as given, in twice the precision,
  and so is the point. All coefficients are right to the last digit or the one before as long as
  steps shrink: each is about 10 κ eps times the last.

This is Björck's refinement of the augmented system r + X b = y, Xᵀ W r = ½ alpha b, in which r is
refined too. In twice the precision, r satisfies the first equation at every step, and only the
second is left.

Shapes: n rows, D columns, k targets; a point and a slope are [D + 1, k], the intercept last.

Source: Björck, BIT 7 (1967) 257; Numerical Methods for Least Squares Problems (1996), section 2.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from gradum.solvers.double_double import DoubleDoubleColumns, Pair, total
from gradum.solvers.factorisations import Factor
from gradum.solvers.moments import BlockedColumns, Frame

MOST_STEPS = 40
Point = TypeVar("Point", np.ndarray, Pair)


@dataclass(frozen=True)
class Measured:
    """The slope, the gradient and the objective at a point."""

    slope: np.ndarray
    """Of shape (D + 1, k). Minus half of the gradient with respect to coefficients of the
    standardised columns and the level at their centre; 0 for a column without spread."""
    gradient: np.ndarray
    """Of shape (D + 1, k). The gradient with respect to b and b0."""
    objective: float
    """The objective."""


class Refinable(Protocol[Point]):
    """A problem whose slope can be measured with some precision."""

    precision: float

    def start(self) -> tuple[Point, Measured]:
        """Return a first point and its slope."""
        ...

    def measure(self, point: Point) -> Measured:
        """Return the measurements at a point."""
        ...

    def moved(self, point: Point, step: np.ndarray) -> Point:
        """Return the point after a step in standardised units."""
        ...


def refine(problem: Refinable[Point], factor: Factor) -> Point:
    """Take steps until the next is below the precision, or is not below half of the last."""
    point, measured = problem.start()
    first = previous = np.ones(())
    for count in range(MOST_STEPS):
        slope = measured.slope
        step = np.concatenate([factor.solve(slope[:-1]), slope[-1:]])
        length = np.linalg.norm(step, axis=0)
        if count == 0:
            first = np.where(length > 0.0, length, 1.0)
        size = (length / first).max(initial=0.0)
        if count and not size < 0.5 * previous:
            break
        point = problem.moved(point, step)
        if count and size * size / previous <= problem.precision:
            break
        previous = size
        measured = problem.measure(point)
    return point


class Plain:
    """Slopes in float64; the last entry of a point is the level at the columns' origin.

    Parameters
    ----------
    passes : BlockedColumns
        The columns, the target and the weights.
    frame : Frame
        Origin, mean and spread of the columns.
    first : ndarray of shape (D + 1, 1)
        The slope at b = 0 and the level ``level``, measured before.
    level : float
        The starting level.
    alpha : float or ndarray of shape (D,)
        Strength of the penalty.
    centred : bool
        Whether the intercept is fitted.
    """

    precision = 2.0**-53

    def __init__(
        self,
        passes: BlockedColumns,
        frame: Frame,
        first: np.ndarray,
        level: float,
        alpha: float | np.ndarray,
        *,
        centred: bool,
    ) -> None:
        self.passes, self.frame, self.alpha, self.centred = passes, frame, alpha, centred
        self.first, self.level = first, level

    def start(self) -> tuple[np.ndarray, Measured]:
        """Return b = 0 and the slope there."""
        point = np.zeros_like(self.first)
        point[-1] = self.level
        return point, Measured(self.first, np.full_like(self.first, np.nan), np.nan)

    def measure(self, point: np.ndarray) -> Measured:
        """Return the measurements at a point."""
        coefficients, frame = point[:-1, 0], self.frame
        slope, level, squares = self.passes.slope(coefficients, frame.origin, float(point[-1, 0]))
        level *= self.centred
        penalty = 0.5 * self.alpha * coefficients
        standard = (slope - frame.drift * level - penalty) * (frame.alive / frame.scale)
        gradient = slope + frame.origin * level - penalty
        return Measured(
            np.append(standard, level)[:, None],
            -2.0 * np.append(gradient, level)[:, None],
            squares + float(penalty @ coefficients),
        )

    def moved(self, point: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return the point after a step in standardised units."""
        change = step.copy()
        change[:-1] /= self.frame.scale[:, None]
        change[-1] -= self.frame.drift @ change[:-1]
        return point + change * np.append(np.ones(len(step) - 1), self.centred)[:, None]

    def layer(self, point: np.ndarray) -> np.ndarray:
        """Return b and b0, [D + 1]."""
        return np.append(point[:-1, 0], point[-1, 0] - self.frame.origin @ point[:-1, 0])


class Accurate:
    """Slopes and points in twice the precision; the last entry of a point is b0.

    Parameters
    ----------
    columns : DoubleDoubleColumns
        X.
    target : ndarray of shape (n, k)
        y.
    weight : ndarray of shape (n,) or None
        v; 1 if None.
    frame : Frame
        Mean and spread of the columns.
    alpha : float or ndarray of shape (D,)
        Strength of the penalty.
    centred : bool
        Whether the intercept is fitted.
    push : ndarray of shape (D + 1, k), optional
        Added to the slope (sₓ, s₀). With y = 0, the answer is then the push times the inverse of
        half of the objective's Hessian. Without a push, columns without spread are left out.
    """

    precision = 2.0**-75

    def __init__(
        self,
        columns: DoubleDoubleColumns,
        target: np.ndarray,
        weight: np.ndarray | None,
        frame: Frame,
        alpha: float | np.ndarray,
        *,
        centred: bool,
        push: np.ndarray | None = None,
    ) -> None:
        self.columns, self.target, self.frame, self.centred = columns, target, frame, centred
        weights = np.ones((len(target), 1)) if weight is None else weight[:, None]
        self.weight = None if weight is None else Pair.of(weights)
        self.total = total(Pair.of(weights))
        strength = np.broadcast_to(alpha, len(frame.scale))[:, None]
        self.penalty = Pair.of(0.5 * strength) * self.total
        self.units = ((frame.alive if push is None else 1.0) / frame.scale)[:, None]
        self.centre = Pair.of(-frame.centre[:, None])
        self.push = None if push is None else Pair.of(push) * self.total

    def start(self) -> tuple[Pair, Measured]:
        """Return b = 0, b0 = 0 and the slope there."""
        point = Pair.of(np.zeros((len(self.units) + 1, self.target.shape[1])))
        return point, self.measure(point)

    def measure(self, point: Pair) -> Measured:
        """Return the measurements at a point."""
        residual = Pair.of(self.target) - self.columns.product(point[:-1]) - point[-1:]
        weighted = residual if self.weight is None else residual * self.weight
        shrinkage = self.penalty * point[:-1]
        slope = self.columns.transpose_product(weighted) - shrinkage
        level = total(weighted)
        if self.push is not None:
            slope, level = slope + self.push[:-1], level + self.push[-1:]
        if not self.centred:
            level = Pair.of(np.zeros_like(level.high))
        standard = (slope + self.centre * level).high * self.units
        gradient = np.concatenate([slope.high, level.high])
        objective = np.sum(weighted.high * residual.high) + np.sum(shrinkage.high * point[:-1].high)
        whole = float(self.total.high[0, 0])
        return Measured(
            np.concatenate([standard, level.high]) / whole,
            -2.0 * gradient / whole,
            float(objective) / whole,
        )

    def moved(self, point: Pair, step: np.ndarray) -> Pair:
        """Return the point after a step in standardised units."""
        change = step.copy()
        change[:-1] /= self.frame.scale[:, None]
        change[-1] -= self.frame.centre @ change[:-1]
        change[-1] *= self.centred
        return point + Pair.of(change)
