"""Linear regression, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import RegressorMixin
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted, validate_data

from gradum.core import L2, Network, Params, Problem, SquaredError
from gradum.estimators.callbacks import Listeners
from gradum.estimators.estimator import Estimator
from gradum.estimators.rows import FLOATS, checked_rows
from gradum.estimators.training import (
    Exact,
    Solver,
    check_numbers,
    linear_events,
    linear_regime,
    resolve_solver,
    seed_of,
)
from gradum.solvers.newton import Newton

# Beyond, conjugate gradients are the faster way to the same digits.
MOST_COLUMNS_EXACT, MOST_SPARSE_COLUMNS_EXACT = 10_000, 1000


class LinearRegression(RegressorMixin, Estimator):
    """Least squares, exactly or by gradient descent and its relatives.

    Minimises over coefficients b and intercept b0

        Σ wᵢ (yᵢ − xᵢ·b − b0)² / Σ wᵢ  +  alpha · ½ ‖b‖².

    This is the mean squared error without the factor ½, and the intercept is not penalised.
    With n rows of weight 1, scikit-learn's ``Ridge(alpha=a)`` is ``alpha = 2 a / n`` here.

    Parameters
    ----------
    alpha : float, default 0
        Strength of the L2 penalty; 0 is ordinary least squares.
    fit_intercept : bool, default True
        Whether b0 is fitted; else it is 0.
    solver : str or solver, default "auto"
        ``"exact"`` (Cholesky or QR), ``"newton"`` (conjugate gradients), ``"gd"``, ``"sgd"``,
        ``"momentum"``, ``"nesterov"``, ``"adam"``, ``"adamw"``, or an instance such as
        ``gradum.Adam(learning_rate=1e-3)``. ``"auto"`` is exact up to 10,000 columns (1,000
        sparse ones) and newton beyond.
    learning_rate : float, optional
        Length of a step of a first-order solver; its own if not given.
    batch_size : int or "auto", default "auto"
        Rows a step of a stochastic solver; ``"auto"`` is min(200, n).
    max_iter : int, default 1000
        Epochs of a stochastic solver, iterations of any other.
    tol : float, default 1e-4
        Full-batch solvers stop once the gradient's norm is at most this; stochastic ones
        after 10 epochs none of which lowers the loss by more than this. Exact and
        Newton solutions do not depend on it.
    random_state : int, RandomState or None, default None
        Order of rows of the stochastic solvers.
    warm_start : bool, default False
        Whether an iterative solver begins at the coefficients of the last fit.

    Attributes
    ----------
    coef_ : ndarray of shape (d,)
        b.
    intercept_ : float
        b0.
    certificate_ : Certificate
        The gradient's norm in float64 at the answer; condition and rank of the columns.
    status_, n_iter_, loss_, history_
        Why the solver stopped, its iterations, the objective at the answer, and one
        event for each iteration.
    n_features_in_, feature_names_in_
        The columns of X, and their names if X is a frame.

    Notes
    -----
    Exact and Newton solutions are computed in float64, the others in the dtype of X.
    """

    coef_: np.ndarray
    intercept_: float

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        fit_intercept: bool = True,
        solver: Any = "auto",
        learning_rate: float | None = None,
        batch_size: int | str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.warm_start = warm_start

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing.
        y : array-like of shape (n,)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0. For full-batch solvers a whole number is repetition of the row.

        Returns
        -------
        LinearRegression
            The estimator itself.

        Raises
        ------
        ShapeError
            ``y`` has more than one column; both shapes are named.
        SpecError
            A parameter makes no sense.
        """
        check_numbers(self, {"alpha": 0, "max_iter": 1, "tol": 0})
        rows = checked_rows(self, X, y, sample_weight, numeric=True)
        columns = rows.matrix.shape[1]
        solver = resolve_solver(self.solver, self.learning_rate, self._own_solvers(rows.matrix))
        network = Network(inputs=columns, outputs=1, intercept=bool(self.fit_intercept))
        problem = Problem(network, SquaredError(), L2(float(self.alpha)))
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        events = linear_events(
            problem,
            rows,
            solver,
            linear_regime(self, solver, len(rows), watched=bool(listeners)),
            seed=seed_of(self.random_state),
            start=self._start(columns),
            stop=listeners.stop,
        )
        most = 0 if isinstance(solver, Exact) else self.max_iter
        solution = listeners.follow(events, most)
        return self._settle(problem, rows, solution, optimum_expected=self.tol > 0)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions [n]: X b + b0."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return X @ self.coef_ + self.intercept_

    def _own_solvers(self, matrix: Any) -> dict[str, Solver]:
        newton = Newton(max_iter=self.max_iter)
        most = MOST_SPARSE_COLUMNS_EXACT if issparse(matrix) else MOST_COLUMNS_EXACT
        automatic = Exact() if matrix.shape[1] <= most else newton
        return {"auto": automatic, "exact": Exact(), "newton": newton}

    def _start(self, columns: int) -> Params | None:
        if not (self.warm_start and hasattr(self, "coef_") and len(self.coef_) == columns):
            return None
        layer = {"weight": self.coef_[:, None]}
        if self.fit_intercept:
            layer["bias"] = np.array([self.intercept_], self.coef_.dtype)
        return {"layers": [layer]}


def _attributes(params: Params) -> dict[str, Any]:
    layer = params["layers"][0]
    return {"coef_": layer["weight"][:, 0], "intercept_": float(layer.get("bias", [0.0])[0])}
