"""The base of both multi-layer perceptrons: a fit, one more epoch, and the forward pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from gradum.core import Loss, Network, Params, Problem
from gradum.core.models.input_blocks import of_matrix
from gradum.errors import SpecError
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import FLOATS, CheckedRows
from gradum.estimators.solver_arguments import (
    Estimator,
    batch_rows,
    check_numbers,
    resolve_penalty,
    resolve_solver,
    seed_of,
    still_falls,
)
from gradum.rungs.number_ranges import WIDEST
from gradum.solvers.driver import train
from gradum.solvers.first_order import Adam
from gradum.solvers.rows_to_learn import Validation
from gradum.solvers.solution import Solution
from gradum.solvers.training_state import Regime


class MLP(Estimator):
    """A network's parameters, its training, and its logits."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        learning_rate: Any = None,
        loss: Any = "squared_error",
        penalty: Any = "l2",
        alpha: float = 1e-5,
        dropout: float = 0.0,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate = learning_rate
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.warm_start = warm_start

    def _fit(self, rows: CheckedRows, loss: Loss, outputs: int, listeners: Listeners) -> Any:
        """Train from scratch, or from the last parameters under ``warm_start``."""
        problem, seed = self._problem(rows, loss, outputs), seed_of(self.random_state)
        validation = None
        if self.early_stopping:
            stratify = problem.loss.link == "logit"
            rows, held = rows.hold_out(self.validation_fraction, seed, stratify=stratify)
            validation = Validation(held.data)
        events = train(
            problem,
            rows.data,
            solver=self._solver(),
            regime=Regime(
                self.max_iter,
                batch_rows(self.batch_size, len(rows)),
                self.n_iter_no_change,
                self.tol,
                each_epoch=bool(listeners),
            ),
            validation=validation,
            seed=seed,
            start=self._params() if self.warm_start and self._continues(problem) else None,
        )
        self._network = problem.network
        solution = listeners.follow(events, self.max_iter)
        steady = not self.dropout  # with dropout, losses fluctuate; tol=0 asks for all epochs
        unfinished = self.tol > 0 and steady and still_falls(solution)
        return self._keep(problem, rows, solution, unfinished=unfinished)

    def _fit_more(self, rows: CheckedRows, loss: Loss, outputs: int, listeners: Listeners) -> Any:
        """Train for one more epoch, with the optimiser's state of the last."""
        problem, solver = self._problem(rows, loss, outputs), self._solver()
        start, history = None, ()
        if self._continues(problem):
            carried, history = self._solution, self.history_
            if type(solver) is not type(self._last_solver):
                carried = replace(carried, state=None)  # no other method can read this state
            start = replace(carried, params=self._params())
        events = train(
            problem,
            rows.data,
            solver=solver,
            regime=Regime(1, batch_rows(self.batch_size, len(rows))),
            seed=seed_of(self.random_state),
            start=start,
        )
        self._network = problem.network
        self._keep(problem, rows, listeners.follow(events, 1))
        self.history_ = (*history, *self.history_)
        return self

    def _keep(
        self, problem: Problem, rows: CheckedRows, solution: Solution, *, unfinished: bool = False
    ) -> Any:
        self._fitted_problem = problem
        self._solution, self._last_solver = replace(solution, params={}, history=()), self._solver()
        self.n_layers_ = len(problem.network.widths)
        self.n_outputs_ = problem.network.outputs
        return self._settle(problem, rows, solution, optimum_expected=unfinished)

    def _problem(self, rows: CheckedRows, loss: Loss, outputs: int) -> Problem:
        check_numbers(self, {"max_iter": 1, "tol": 0.0, "n_iter_no_change": 1, "dropout": 0.0})
        loss.check_target(rows.target)
        network = Network(
            inputs=rows.matrix.shape[1],
            outputs=outputs,
            hidden=_widths(self.hidden_layer_sizes),
            activation=self.activation,
        )
        penalty = resolve_penalty(self.penalty, self.alpha)
        return Problem(network, loss, penalty, self.dropout or None)

    def _solver(self) -> Any:
        return resolve_solver(self.solver, self.learning_rate, {"auto": Adam()})

    def _continues(self, problem: Problem) -> bool:
        """Whether the last fit had the same network."""
        return hasattr(self, "coefs_") and self._network == problem.network

    def _params(self) -> Params:
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return {"layers": [{"weight": weight, "bias": bias} for weight, bias in pairs]}

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return self._network.forward(self._params(), of_matrix(X))


def mlp_attributes(params: Params) -> dict[str, Any]:
    """Return what a prediction needs, under scikit-learn's names."""
    layers = params["layers"]
    return {
        "coefs_": [layer["weight"] for layer in layers],
        "intercepts_": [layer["bias"] for layer in layers],
    }


def as_before(estimator: MLP) -> dict[str, Any]:
    """Require the columns and the dtype of earlier rows, if there were any."""
    if not hasattr(estimator, "coefs_"):
        return {}
    return {"reset": False, "dtype": estimator.coefs_[0].dtype}


def _widths(sizes: Any) -> tuple[int, ...]:
    widths = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    whole = all(isinstance(width, Integral) and not isinstance(width, bool) for width in widths)
    if not whole or max(widths, default=0) > WIDEST:
        raise SpecError(
            "hidden_layer_sizes is {sizes!r}.",
            "Give whole numbers up to {widest:,}, one for each hidden layer.",
            sizes=sizes,
            widest=WIDEST,
        )
    return tuple(int(width) for width in widths)
