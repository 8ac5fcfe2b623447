"""Accelerated proximal gradient descent with restart, for linear models with a smooth loss.

A step follows the negative gradient of loss and L2 term; the L1 term then pulls it towards 0:

    x₊ = S(y − ∇f(y)/L, l1/L),        S(v, t) = sign(v)·max(|v| − t, 0),

from a point y that runs ahead along the last change of x. Coefficients that are held to the other
sign are set to 0 as well. If running ahead leads uphill, the momentum starts again, which makes the
method as fast as if it knew how strongly convex f is. L is found by trial: it grows until f lies
below its quadratic bound. Only products with the columns are needed, so that any number of columns
is possible.

Sources: Beck and Teboulle, SIAM J. Imaging Sci. 2 (2009) (FISTA); O'Donoghue and Candès,
Found. Comput. Math. 15 (2015) (restart).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from gradum.core.models import Params
from gradum.messages import marked
from gradum.solvers.certify import certify, least_subgradient
from gradum.solvers.linear_model import LinearModel, Point
from gradum.solvers.needs import SMOOTHNESS, Need
from gradum.solvers.solution import EpochDone, Iterations, Solution, Status

SHRINK, GROW = 0.95, 2.0  # factors of L, before every step and after a failed trial


@dataclass(frozen=True)
class Proximal:
    """When accelerated proximal gradient descent stops.

    Parameters
    ----------
    tol : float
        The largest entry of the smallest subgradient, as for `Newton`.
    max_iter : int
        The most iterations.
    bounds_gap : bool
        As for `Newton`.
    """

    title: ClassVar[str] = marked("Proximal gradient descent")
    need: ClassVar[Need] = SMOOTHNESS

    tol: float = 1e-9
    max_iter: int = 10_000
    bounds_gap: bool = True


def proximal(
    model: LinearModel,
    *,
    l1: Any = 0.0,
    l2: Any = 0.0,
    method: Proximal = Proximal(),
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every iteration, and return the solution.

    Parameters are those of :func:`gradum.solvers.newton.newton`.
    """
    iterations, strengths = Iterations(), model.strengths(l1, l2)
    tol = method.tol * model.size
    prices, none = strengths.l1[:, 0], np.zeros(len(strengths.l1))
    signs = strengths.signs[:, 0]
    point = model.point(model.start(start), strengths)
    ahead, momentum, bound = point, 1.0, 1.0
    status, asked_to_end = Status.STEP_LIMIT, False
    for _ in range(method.max_iter):
        if asked_to_end:
            status = Status.INTERRUPTED
            break
        slope = least_subgradient(point.gradient, point.values, prices, none, signs)
        if np.abs(slope).max(initial=0.0) <= tol:
            status = Status.CONVERGED
            break
        moved, bound = _step(model, ahead, strengths, SHRINK * bound)
        if moved is None:
            status = Status.STALLED
            break
        change = moved.values - point.values
        if np.sum((ahead.values - moved.values) * change) > 0:
            momentum = 1.0  # running ahead led uphill
        previous, momentum = momentum, 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        share = (previous - 1.0) / momentum
        values = moved.values + share * change
        logits = moved.logits + share * (moved.logits - point.logits)
        objective = model.objective(values, logits, strengths)
        point, ahead = moved, model.point_at(values, logits, objective, strengths)
        asked_to_end = yield iterations.after(point.objective, partial(model.params, point.values))
    proof = certify(model, point, l1, l2, bounds_gap=method.bounds_gap)
    return iterations.solution(model.params(point.values), status, proof)


def _step(
    model: LinearModel, ahead: Point, strengths: Any, bound: float
) -> tuple[Point | None, float]:
    """Return the point after a step from ``ahead``, and the L used; None if no L works."""
    smooth = ahead.objective - float(np.sum(strengths.l1 * np.abs(ahead.values)))
    rounding = 8 * np.finfo(np.float64).eps * abs(ahead.objective)
    while bound < 1e30:
        goal = ahead.values - ahead.gradient / bound
        values = np.sign(goal) * np.maximum(np.abs(goal) - strengths.l1 / bound, 0.0)
        values = np.where(strengths.signs * values < 0, 0.0, values)
        logits, change = model.logits(values), values - ahead.values
        objective = model.objective(values, logits, strengths)
        promised = smooth + float(np.sum(ahead.gradient * change) + 0.5 * bound * np.sum(change**2))
        if objective - float(np.sum(strengths.l1 * np.abs(values))) <= promised + rounding:
            return model.point_at(values, logits, objective, strengths), bound
        bound *= GROW
    return None, bound
