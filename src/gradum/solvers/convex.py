"""The choice of a convex solver for a linear model, and one function that runs any of them.

Exact least squares, Newton's method, the same for one score, accelerated proximal gradients and the
interior-point method each solve some problems; where two solve the same problem, they agree.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses import Loss
from gradum.core.models import Params
from gradum.core.penalties import Penalty
from gradum.errors import SpecError
from gradum.messages import marked, say
from gradum.solvers.exact import LeastSquares
from gradum.solvers.interior_point import InteriorPoint, interior_point
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.matrix import Columns
from gradum.solvers.needs import LEAST_SQUARES, Need
from gradum.solvers.newton import LARGEST_DIRECT, LARGEST_WORK, Newton, newton
from gradum.solvers.one_score import OneScore, one_score
from gradum.solvers.proximal import Proximal, proximal
from gradum.solvers.separation import separating_columns
from gradum.solvers.solution import EpochDone, Solution, Status

FIRST_ORDER = marked("a first-order solver, such as solver='adam'")
LARGEST_EXACT, LARGEST_SPARSE_EXACT = 10_000, 1000  # columns


@dataclass(frozen=True)
class Exact:
    """The exact solution of least squares, which has no settings."""

    title: ClassVar[str] = marked("The exact solver")
    need: ClassVar[Need] = LEAST_SQUARES


Convex = Exact | Newton | Proximal | InteriorPoint | OneScore
CONVEX: dict[str, Convex] = {
    "exact": Exact(),
    "newton": Newton(),
    "proximal": Proximal(),
    "interior": InteriorPoint(),
    "one-score": OneScore(),
}


@dataclass(frozen=True)
class Choice:
    """A solver, and the reason for it in one sentence."""

    name: str
    reason: str

    @property
    def solver(self) -> Convex:
        """The solver with its default settings."""
        return CONVEX[self.name]


def solvers_of(loss: Loss) -> dict[str, Convex]:
    """Return the solvers that take a loss, by name."""
    return {name: solver for name, solver in CONVEX.items() if solver.need.is_met_by(loss)}


def misfit(solver: Convex, loss: Loss) -> str:
    """Say what a solver needs and a loss does not have; empty if they match."""
    if solver.need.is_met_by(loss):
        return ""
    return say(
        "{solver} {need}, which {loss} is not.",
        solver=say(solver.title),
        need=say(solver.need.words),
        loss=loss.name,
    )


def refuse_misfit(solver: Convex, loss: Loss) -> None:
    """Refuse a solver and a loss that do not match.

    Raises
    ------
    SpecError
        It names both, and the solvers that take the loss.
    """
    why = misfit(solver, loss)
    if why:
        others = say(" or ").join(f"solver={name!r}" for name in solvers_of(loss))
        raise SpecError(why, say("Use {solvers}.", solvers=others or say(FIRST_ORDER)))


def choose(
    loss: Loss,
    penalty: Penalty,
    shape: tuple[int, int],
    outputs: int,
    *,
    sparse: bool,
    signed: bool = False,
) -> Choice:
    """Return the solver for a linear model with n rows and D columns, its ``shape``.

    ``signed`` says that coefficients of a smooth loss with one output are held to a sign.
    """
    rows, columns = shape
    l1, _ = penalty.strengths(columns)
    selects, coefficients = bool(l1.any()), (columns + 1) * outputs
    fits = coefficients <= LARGEST_DIRECT and rows * coefficients**2 <= LARGEST_WORK
    if loss.one_score:
        return Choice(
            "one-score", say("Ordered classes have one score, whose slopes this solver finds.")
        )
    if not loss.smooth:
        refuse_misfit(CONVEX["interior"], loss)
        return Choice(
            "interior",
            say("The loss {loss} has kinks, which only this solver takes.", loss=loss.name),
        )
    if signed and fits:
        return Choice("newton", say("Coefficients with a sign: proximal Newton ends exactly."))
    if signed:
        return Choice(
            "proximal",
            say(
                "Coefficients with a sign, and {coefficients:,} of them: too many for a Hessian.",
                coefficients=coefficients,
            ),
        )
    if selects and loss.link == "logit" and outputs > 1:
        return Choice(
            "proximal",
            say("An L1 term and several classes, whose Hessian cannot tell all weights apart."),
        )
    if selects and not loss.strictly_convex:
        return Choice("proximal", say("An L1 term and a loss that bends only near its target."))
    if selects and fits:
        return Choice(
            "newton", say("An L1 term and few coefficients: proximal Newton ends exactly.")
        )
    if selects:
        return Choice(
            "proximal",
            say(
                "An L1 term and {coefficients:,} coefficients: too many for a Hessian.",
                coefficients=coefficients,
            ),
        )
    most = LARGEST_SPARSE_EXACT if sparse else LARGEST_EXACT
    if loss.quadratic and columns <= most:
        return Choice(
            "exact", say("Squared error without an L1 term has a solution in closed form.")
        )
    if fits:
        return Choice(
            "newton", say("A smooth loss and few coefficients: Newton's method is fastest.")
        )
    return Choice(
        "newton",
        say(
            "A smooth loss and {coefficients:,} coefficients: Newton's method by "
            "conjugate gradients.",
            coefficients=coefficients,
        ),
    )


def minimise(
    columns: Any,
    target: np.ndarray,
    loss: Loss,
    penalty: Penalty,
    *,
    solver: Convex,
    outputs: int = 1,
    weight: np.ndarray | None = None,
    fit_intercept: bool = True,
    start: Params | None = None,
    signs: np.ndarray | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Solve for a linear model; yield an event after every iteration, and return the solution.

    Parameters
    ----------
    columns : Columns, ndarray or sparse matrix of shape (n, D)
    target : ndarray of shape (n,)
    solver : Exact, Newton, Proximal, InteriorPoint or OneScore
    outputs : int
        Logits per row.
    weight : ndarray of shape (n,), optional
    start : dict, optional
        Parameters to start from, for solvers that iterate.
    signs : ndarray of shape (D,), optional
        The sign that each column's coefficients are held to, 1 or -1; 0 if either is allowed. Only
        for Newton and Proximal, and a smooth loss with one output.

    Raises
    ------
    ShapeError
        The shapes of columns, target and penalty do not match.
    SpecError
        The solver does not take this loss or penalty.
    """
    columns = Columns.of(columns)
    l1, l2 = penalty.strengths(columns.shape[1])
    if isinstance(solver, Exact):
        refuse_misfit(solver, loss)
        if l1.any():
            raise SpecError(
                "The exact solver takes squared error with an L2 penalty or none.",
                "Use {solvers}.",
                solvers="solver='auto'",
            )
        squares = LeastSquares(columns, target, weight, fit_intercept=fit_intercept)
        return squares.solve(l2)
    model = LinearModel.of(
        columns,
        target,
        loss,
        outputs=outputs,
        weight=weight,
        fit_intercept=fit_intercept,
        signs=signs,
    )
    solution = yield from descend(model, solver, l1=l1, l2=l2, start=start)
    return _with_separation(model, solution)


def descend(
    model: LinearModel,
    solver: Newton | Proximal | InteriorPoint | OneScore,
    *,
    l1: Any = 0.0,
    l2: Any = 0.0,
    start: Params | None = None,
) -> Generator[EpochDone, Any, Solution]:
    """Solve a problem that is already measured; l1 and l2 are one number or one per column.

    Raises
    ------
    SpecError
        The solver does not take the loss.
    """
    refuse_misfit(solver, model.loss)
    if isinstance(solver, Newton):
        return (yield from newton(model, l1=l1, l2=l2, method=solver, start=start))
    if isinstance(solver, OneScore):
        return (yield from one_score(model, l1=l1, l2=l2, method=solver, start=start))
    if isinstance(solver, Proximal):
        return (yield from proximal(model, l1=l1, l2=l2, method=solver, start=start))
    return (yield from interior_point(model, l1=l1, l2=l2, method=solver, start=start))


def _with_separation(model: LinearModel, solution: Solution) -> Solution:
    """Name the columns that separate a class if the solution is at infinity, or deny separation."""
    if solution.status is not Status.SEPARATED:
        return solution
    separating = separating_columns(model)
    if separating is None:
        return replace(solution, status=Status.CONVERGED, advice=Status.CONVERGED.advice)
    return replace(solution, certificate=replace(solution.certificate, separating=separating))
