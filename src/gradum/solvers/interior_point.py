"""An interior-point method for losses with kinks: least absolute deviations, quantiles.

With residuals split into positive and negative parts, y − Xb = u − v, u, v ≥ 0, quantile regression
with a penalty is a linear or quadratic programme in b, u and v,

    minimise    pᵀu + qᵀv + ½ bᵀPb,        p = w τ,  q = w (1 − τ),

and |b_j| is one more residual, of a row that states b_j = 0. Its dual variables a, −q < a < p, are
the (negative) derivatives of the loss. Primal and dual are followed together along the central
path, u (p − a) = v (q + a) = μ, down to μ ≈ 0; each step is a weighted least-squares problem. The
remaining gap between the primal and the dual objective proves the answer.

Sources: Portnoy and Koenker, Statistical Science 12 (1997); Mehrotra, SIAM J. Optim. 2 (1992).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from gradum.core.models import Params
from gradum.errors import SpecError
from gradum.margins import EPSILON, TIMES, sizes
from gradum.messages import marked
from gradum.solvers.certify import certify_dual
from gradum.solvers.curvature import Factored, bordered_gram
from gradum.solvers.linear_model import LinearModel, Point
from gradum.solvers.needs import PINBALL, Need
from gradum.solvers.solution import EpochDone, Iterations, Solution, Status

BACK_OFF = 0.9995  # as a share of the step that would reach the boundary
LARGEST_DIRECT = 3000  # coefficients
NOTHING = 1e-6  # as a share of the best constant's cost: so little counts as an exact fit
ENOUGH = 1e-6  # relative gap up to which an answer counts where rounding stopped it


@dataclass(frozen=True)
class InteriorPoint:
    """When the interior-point method stops.

    Parameters
    ----------
    tol : float
        The gap between primal and dual objective, relative to the objective.
    max_iter : int
        The most iterations, for each quantile level.
    """

    title: ClassVar[str] = marked("The interior-point method")
    need: ClassVar[Need] = PINBALL

    tol: float = 1e-10
    max_iter: int = 100


def interior_point(
    model: LinearModel,
    *,
    l1: Any = 0.0,
    l2: Any = 0.0,
    method: InteriorPoint = InteriorPoint(),
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Yield an event after every iteration, and return the solution.

    Parameters are those of :func:`gradum.solvers.newton.newton`; ``start`` is not used, since a
    start on the boundary does not help to stay away from it. Levels are solved one by one.

    Raises
    ------
    SpecError
        There are too many columns.
    """
    levels = model.loss.pinball
    model = model.take(np.flatnonzero(model.weight))  # the others have no influence and no dual
    width = model.columns.shape[1]
    if width > LARGEST_DIRECT:
        raise SpecError(
            "The interior-point method takes no more than {most:,} columns; there are {width:,}.",
            "Leave columns out, or use a first-order solver such as solver='adam'.",
            most=LARGEST_DIRECT,
            width=width,
        )
    iterations = Iterations()
    values, slope = np.zeros((width + 1, len(levels))), np.zeros((len(model), len(levels)))
    statuses: list[Status] = []
    asked_to_end = False
    for output, (share, level) in enumerate(levels):
        programme = _Programme(model, share, level, l1, l2)
        status = Status.STEP_LIMIT
        for _ in range(method.max_iter):
            if asked_to_end:
                status = Status.INTERRUPTED
                break
            gap = programme.gap
            if gap <= method.tol:
                status = Status.CONVERGED
                break
            if not programme.step():
                status = Status.CONVERGED if gap <= ENOUGH else Status.STALLED
                break
            values[:, output] = programme.b
            here = partial(model.params, values.copy())
            asked_to_end = yield iterations.after(programme.primal, here)
        values[:, output] = programme.b
        slope[:, output] = programme.slope
        statuses.append(status)
    strengths = model.strengths(l1, l2)
    logits = model.logits(values)
    objective = model.objective(values, logits, strengths)
    point = Point(values, logits, objective, np.zeros_like(values))
    status = next((status for status in statuses if status is not Status.CONVERGED), statuses[0])
    proof = certify_dual(model, point, slope, l1, l2)
    return iterations.solution(model.params(values), status, proof)


class _Programme:
    """The programme of one level, and the current point on the way to its solution."""

    def __init__(self, model: LinearModel, share: float, level: float, l1: Any, l2: Any) -> None:
        self.model = model
        strengths = model.strengths(l1, l2)
        self.curved = strengths.l2[:, 0]
        self.priced = np.flatnonzero(strengths.l1[:, 0])
        prices, cost = strengths.l1[self.priced, 0], share * model.weight
        self.p = np.concatenate([cost * level, prices])
        self.q = np.concatenate([cost * (1.0 - level), prices])
        self.y = np.concatenate([model.target, np.zeros(len(prices))])
        self.a = 0.5 * (self.p - self.q)  # the middle of the allowed range
        self.b = np.zeros(len(self.curved))
        if model.fit_intercept:
            self.b[-1] = np.quantile(model.target, level)
        # The best constant's cost: relative to it, an objective of 0 can be reached too.
        self.scale = max(self.primal, np.finfo(np.float64).tiny)
        residual = self.y - self._times(self.b)
        size = np.abs(residual).mean() + np.finfo(np.float64).tiny
        self.u, self.v = np.maximum(residual, 0.0) + size, np.maximum(-residual, 0.0) + size

    @property
    def slope(self) -> np.ndarray:
        """The loss's derivatives [n] that the dual variables represent."""
        weight = self.model.weight
        return -self.a[: len(weight)] / weight

    @property
    def primal(self) -> float:
        residual = self.y - self._times(self.b)
        cost = self.p @ np.maximum(residual, 0.0) + self.q @ np.maximum(-residual, 0.0)
        return float(cost + 0.5 * self.curved @ self.b**2)

    @property
    def gap(self) -> float:
        """How far the objective is above the dual objective, relative to its size."""
        primal = self.primal
        dual = float(self.a @ self.y - 0.5 * self.curved @ self.b**2)
        broken = float(np.abs(self._unbalanced() * self.b).sum())
        # An exact fit costs only what rounding leaves in each row.
        unsure = max(abs(primal - dual) + broken - self.rounding, 0.0)
        return unsure / max(abs(primal), NOTHING * self.scale)

    @property
    def rounding(self) -> float:
        """How exactly the objective can be known: to the last digits of predictions and targets."""
        columns, b = self.model.columns, np.abs(self.b)
        size = sizes(columns.origin + columns.centre, columns.scale) @ b[:-1] + b[-1]
        return TIMES * EPSILON * float((self.p + self.q) @ (np.abs(self.y) + size))

    def step(self) -> bool:
        """Take a step along the central path; return whether there was room for one."""
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return self._step()

    def _step(self) -> bool:
        upper, lower = self.p - self.a, self.q + self.a
        theta = self.u / upper + self.v / lower
        system = self._system(1.0 / theta)
        missing = self.y - self._times(self.b) - self.u + self.v
        balance = self._unbalanced()
        mean = (self.u @ upper + self.v @ lower) / (2 * len(self.u))

        def direction(mu: float, bent_u: Any, bent_v: Any) -> tuple[np.ndarray, ...]:
            right = missing - (mu - bent_u) / upper + self.u + (mu - bent_v) / lower - self.v
            gradient = balance + self._transposed(right / theta)
            b = -system.step(gradient[:, None])[:, 0]
            a = (right - self._times(b)) / theta
            u = (mu - bent_u - self.u * upper + self.u * a) / upper
            v = (mu - bent_v - self.v * lower - self.v * a) / lower
            return b, a, u, v

        _, a, u, v = direction(0.0, 0.0, 0.0)
        length = self._length(a, u, v, upper, lower)
        after = (self.u + length * u) @ (upper - length * a)
        after += (self.v + length * v) @ (lower + length * a)
        centring = (after / (2 * len(self.u)) / mean) ** 3 * mean
        b, a, u, v = direction(centring, -u * a, v * a)
        length = BACK_OFF * self._length(a, u, v, upper, lower)
        if not (np.isfinite(b).all() and length > 1e-12):
            return False
        self.b, self.a = self.b + length * b, self.a + length * a
        self.u, self.v = self.u + length * u, self.v + length * v
        inside = (self.a < self.p) & (self.a > -self.q) & (self.u > 0) & (self.v > 0)
        return bool(inside.all())

    def _length(self, a: Any, u: Any, v: Any, upper: Any, lower: Any) -> float:
        """Return how far a step can go before a variable turns negative, at most 1."""
        most = 1.0
        for value, change in ((self.u, u), (self.v, v), (upper, -a), (lower, a)):
            falling = change < 0
            if falling.any():
                most = min(most, float((-value[falling] / change[falling]).min()))
        return most

    def _system(self, weight: np.ndarray) -> Factored:
        model, rows = self.model, len(self.model)
        matrix = bordered_gram(model.columns, weight[:rows])
        diagonal = np.einsum("ii->i", matrix)
        diagonal += self.curved
        diagonal[self.priced] += weight[rows:]
        diagonal[:-1] += ~model.columns.alive
        if not model.fit_intercept:
            matrix[-1], matrix[:, -1] = 0.0, 0.0
            matrix[-1, -1] = 1.0
        return Factored.of(matrix)

    def _times(self, b: np.ndarray) -> np.ndarray:
        """Return A b: the columns' product, and the penalised coefficients themselves."""
        return np.concatenate([self.model.columns @ b[:-1] + b[-1], b[self.priced]])

    def _transposed(self, a: np.ndarray) -> np.ndarray:
        rows = len(self.model)
        product = np.append(self.model.columns.transpose_product(a[:rows]), a[:rows].sum())
        product[self.priced] += a[rows:]
        if not self.model.fit_intercept:
            product[-1] = 0.0
        return product

    def _unbalanced(self) -> np.ndarray:
        """Return Aᵀa − P b, which is 0 at the optimum."""
        return self._transposed(self.a) - self.curved * self.b
