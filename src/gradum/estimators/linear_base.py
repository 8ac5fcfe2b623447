"""The base of linear and logistic regression: one fit, by any solver."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted, validate_data

from gradum.core import Loss, Network, Params, Problem
from gradum.errors import SpecError
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import FLOATS, CheckedRows, MatrixLike
from gradum.estimators.cross_validation import CrossValidated, pricing
from gradum.estimators.solver_arguments import (
    Estimator,
    Events,
    Solver,
    check_numbers,
    linear_events,
    linear_regime,
    resolve_penalty,
    resolve_solver,
    seed_of,
)
from gradum.estimators.summary import Summarises
from gradum.messages import listed, say
from gradum.rungs.penalty_path.path import Path, PenaltyPath, penalty_path
from gradum.solvers.convex import CONVEX, Convex, Exact, choose, misfit, solvers_of
from gradum.solvers.linear_model import LinearModel
from gradum.solvers.solution import Solution, Status
from gradum.solvers.threads import turn

Checked = tuple[CheckedRows, Loss, int, Any]  # rows, loss, outputs, and any classes


class Linear(Summarises, Estimator):
    """A linear model's parameters, its fit, and its logits.

    A subclass defines ``_attributes``, which says what a prediction needs, and ``_checked``, which
    checks what ``fit`` was given.
    """

    coef_: np.ndarray
    intercept_: Any
    alpha: Any
    path_: Path
    _loss: Loss
    _problem: Problem

    def __init__(
        self,
        *,
        loss: Any = "squared_error",
        penalty: Any = "l2",
        alpha: Any = 0.0,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        solver: Any = "auto",
        learning_rate: Any = None,
        batch_size: int | str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.warm_start = warm_start

    if TYPE_CHECKING:

        def _attributes(self, params: Params) -> dict[str, Any]: ...

        def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Checked: ...

    @turn()
    def path(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        alphas: Any = 100,
    ) -> PenaltyPath:
        """Fit under a whole path of penalties; the estimator itself is unchanged.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        alphas : int or sequence of float
            The strengths, or how many. With an L1 term, they go from the least that leaves every
            column out down to 1/1000 of it; without one, over ten decades of the loss's curvature.

        Returns
        -------
        PenaltyPath
            Alphas, coefficients, intercepts, objectives and duality gaps.

        Raises
        ------
        SpecError
            A parameter makes no sense.
        """
        rows, loss, outputs, _ = self._checked(X, y, sample_weight, reset=False)
        penalty = resolve_penalty(self.penalty, 1.0, self.l1_ratio)
        cv = CrossValidated(alphas=alphas)
        loss.check_target(rows.target)
        model = LinearModel.of(
            rows.matrix,
            rows.target,
            loss,
            outputs=outputs,
            weight=rows.weight,
            fit_intercept=bool(self.fit_intercept),
        )
        return penalty_path(model, cv.strengths(model, penalty), pricing(model, penalty))

    def _fit(self, rows: CheckedRows, loss: Loss, outputs: int, listeners: Listeners) -> Any:
        """Fit; ``alpha="cv"`` chooses the penalty first."""
        check_numbers(self, {"max_iter": 1, "tol": 0.0})
        loss.check_target(rows.target)
        network = Network(
            inputs=rows.matrix.shape[1], outputs=outputs, intercept=bool(self.fit_intercept)
        )
        self._loss, seed = loss, seed_of(self.random_state)
        cv = CrossValidated() if isinstance(self.alpha, str) and self.alpha == "cv" else self.alpha
        chosen = isinstance(cv, CrossValidated)
        if isinstance(cv, str):
            raise SpecError("alpha is {alpha!r}.", "Give a number from 0 up, or 'cv'.", alpha=cv)
        penalty = resolve_penalty(self.penalty, 1.0 if chosen else self.alpha, self.l1_ratio)
        problem = Problem(network, loss, penalty)
        solver, reason = self._choose(problem, rows)

        def events() -> Events:
            solved = problem
            if chosen:
                solved = yield from self._choose_alpha(cv, problem, rows, seed, listeners)
            self._problem = solved
            return (
                yield from linear_events(
                    solved,
                    rows,
                    solver,
                    linear_regime(self, solver, len(rows), watched=bool(listeners)),
                    seed=seed,
                    start=self._start(network),
                )
            )

        solution = listeners.follow(events(), 0 if isinstance(solver, Exact) else self.max_iter)
        solution = self._with_names(solution)
        self.alpha_ = float(self._problem.penalty.alpha)
        self.solver_reason_ = reason
        return self._settle(self._problem, rows, solution, optimum_expected=self.tol > 0)

    def _choose(self, problem: Problem, rows: CheckedRows) -> tuple[Solver, str]:
        """Return the solver, and the reason for choosing it."""
        limited = {name: self._limited(solver) for name, solver in solvers_of(problem.loss).items()}
        if not (isinstance(self.solver, str) and self.solver == "auto"):
            asked = CONVEX.get(self.solver) if isinstance(self.solver, str) else self.solver
            why = misfit(asked, problem.loss) if isinstance(asked, Convex) else ""
            solver = resolve_solver(self.solver, self.learning_rate, limited, why)
            return solver, say("It was asked for.")
        choice = choose(
            problem.loss,
            problem.penalty,
            rows.matrix.shape,
            problem.network.outputs,
            sparse=not isinstance(rows.matrix, np.ndarray),
        )
        return resolve_solver(choice.name, self.learning_rate, limited), choice.reason

    def _limited(self, solver: Convex) -> Convex:
        """Return the solver with the estimator's limits, and a tolerance no looser than its own."""
        if isinstance(solver, Exact):
            return solver
        return replace(solver, tol=min(self.tol, solver.tol), max_iter=self.max_iter)

    def _choose_alpha(
        self,
        cv: CrossValidated,
        problem: Problem,
        rows: CheckedRows,
        seed: int,
        listeners: Listeners,
    ) -> Generator[Any, None, Problem]:
        network = problem.network
        penalty, self.path_ = yield from cv.choose(
            rows,
            problem.loss,
            problem.penalty,
            outputs=network.outputs,
            fit_intercept=network.intercept,
            seed=seed,
        )
        return replace(problem, penalty=penalty)

    def _with_names(self, solution: Solution) -> Solution:
        """Name the separating columns in the advice."""
        separating = solution.certificate.separating
        if solution.status is not Status.SEPARATED or not separating:
            return solution
        names = getattr(self, "feature_names_in_", None)
        named = [
            say("column {number}", number=j) if names is None else repr(str(names[j]))
            for j in separating[:5]
        ]
        return replace(solution, advice=_infinite(named, len(separating) - len(named)))

    def _start(self, network: Network) -> Params | None:
        if not (self.warm_start and hasattr(self, "coef_")):
            return None
        weight = np.atleast_2d(self.coef_).T
        if weight.shape != (network.inputs, network.outputs):
            return None
        layer = {"weight": weight}
        if network.intercept:
            layer["bias"] = np.atleast_1d(np.asarray(self.intercept_, weight.dtype))
        return {"layers": [layer]}

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return X @ np.atleast_2d(self.coef_).T + self.intercept_


def _infinite(columns: list[str], more: int) -> str:
    """Say that columns separate a class, naming only the first of them."""
    if more > 0:
        return say(
            "{columns} and {more} more tell a class apart without error, so the best coefficients "
            "are infinite and these are only large; set alpha above 0, or drop what gives the "
            "class away.",
            columns=listed(columns),
            more=more,
        )
    return say(
        "{columns} tell a class apart without error, so the best coefficients are infinite and "
        "these are only large; set alpha above 0, or drop what gives the class away.",
        columns=listed(columns),
    )
