"""Logistic regression, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted, validate_data

from gradum.core import L2, LogLoss, Network, Params, Problem
from gradum.estimators.callbacks import Listeners
from gradum.estimators.classes import Classifies, coded_rows
from gradum.estimators.estimator import Estimator
from gradum.estimators.rows import FLOATS, checked_rows
from gradum.estimators.training import (
    Solver,
    check_numbers,
    linear_events,
    linear_regime,
    resolve_solver,
    seed_of,
)
from gradum.solvers.newton import Newton


class LogisticRegression(Classifies, Estimator):
    """Logistic regression, binary or multinomial.

    Minimises over coefficients W and intercepts b

        Σ wᵢ · (−log p(yᵢ | xᵢ)) / Σ wᵢ  +  alpha · ½ ‖W‖²,

    where p is the logistic function of xᵢ·W + b for two classes, and the softmax for more.
    The intercepts are not penalised. With rows of total weight n, scikit-learn's
    ``LogisticRegression(C=c)`` is ``alpha = 1 / (c n)`` here.

    Parameters
    ----------
    alpha : float, default 1e-4
        Strength of the L2 penalty. At 0 the best coefficients are infinite where the
        columns tell a class apart without error; that is noticed and said.
    fit_intercept : bool, default True
        Whether b is fitted; else it is 0.
    solver : str or solver, default "auto"
        ``"newton"``, which is ``"auto"``; ``"gd"``, ``"sgd"``, ``"momentum"``, ``"nesterov"``,
        ``"adam"``, ``"adamw"``; or an instance such as ``gradum.Adam(learning_rate=1e-3)``.
    learning_rate : float, optional
        Length of a step of a first-order solver; its own if not given.
    class_weight : dict, "balanced" or None, default None
        Factor of the rows of each class; balanced is n / (K · rows of the class).
    batch_size : int or "auto", default "auto"
        Rows a step of a stochastic solver; ``"auto"`` is min(200, n).
    max_iter : int, default 100
        Epochs of a stochastic solver, iterations of any other.
    tol : float, default 1e-4
        Full-batch solvers stop once the gradient's norm is at most this; stochastic ones
        after 10 epochs none of which lowers the loss by more than this. Newton's method,
        whose last steps are nearly free, goes on to 1e-8 in any case.
    random_state : int, RandomState or None, default None
        Order of rows of the stochastic solvers.
    warm_start : bool, default False
        Whether to begin at the coefficients of the last fit.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted.
    coef_ : ndarray of shape (1, d) or (K, d)
        W, transposed; one row for two classes, and it is that of ``classes_[1]``.
    intercept_ : ndarray of shape (1,) or (K,)
        b; those of K classes sum to 0.
    certificate_ : Certificate
        The gradient's norm in float64 at the answer.
    status_, n_iter_, loss_, history_
        Why the solver stopped, its iterations, the objective at the answer, and one
        event for each iteration.
    n_features_in_, feature_names_in_
        The columns of X, and their names if X is a frame.

    Notes
    -----
    Newton's method computes in float64, the others in the dtype of X.
    """

    coef_: np.ndarray
    intercept_: np.ndarray

    def __init__(
        self,
        *,
        alpha: float = 1e-4,
        fit_intercept: bool = True,
        solver: Any = "auto",
        learning_rate: float | None = None,
        class_weight: Any = None,
        batch_size: int | str = "auto",
        max_iter: int = 100,
        tol: float = 1e-4,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.learning_rate = learning_rate
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.warm_start = warm_start

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0. For full-batch solvers a whole number is repetition of the row.

        Returns
        -------
        LogisticRegression
            The estimator itself.

        Raises
        ------
        ShapeError
            ``y`` has more than one column; both shapes are named.
        TargetError
            There is only one class.
        SpecError
            A parameter makes no sense.
        """
        check_numbers(self, {"alpha": 0, "max_iter": 1, "tol": 0})
        newton = Newton(tol=min(self.tol, Newton.tol), max_iter=self.max_iter)
        own: dict[str, Solver] = {"auto": newton, "newton": newton}
        solver = resolve_solver(self.solver, self.learning_rate, own)
        rows = checked_rows(self, X, y, sample_weight, numeric=False)
        rows, self.classes_ = coded_rows(rows, None, self.class_weight)
        columns, outputs = rows.matrix.shape[1], LogLoss().outputs(len(self.classes_))
        network = Network(inputs=columns, outputs=outputs, intercept=bool(self.fit_intercept))
        problem = Problem(network, LogLoss(), L2(float(self.alpha)))
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        events = linear_events(
            problem,
            rows,
            solver,
            linear_regime(self, solver, len(rows), watched=bool(listeners)),
            seed=seed_of(self.random_state),
            start=self._start((outputs, columns)),
            stop=listeners.stop,
        )
        solution = listeners.follow(events, self.max_iter)
        return self._settle(problem, rows, solution, optimum_expected=self.tol > 0)

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return X @ self.coef_.T + self.intercept_

    def _start(self, shape: tuple[int, int]) -> Params | None:
        if not (self.warm_start and hasattr(self, "coef_") and self.coef_.shape == shape):
            return None
        layer = {"weight": self.coef_.T}
        if self.fit_intercept:
            layer["bias"] = self.intercept_
        return {"layers": [layer]}


def _attributes(params: Params) -> dict[str, Any]:
    weight = params["layers"][0]["weight"]
    intercept = params["layers"][0].get("bias", np.zeros(weight.shape[1], weight.dtype))
    if len(intercept) > 1:
        # One number added to all intercepts changes no probability; let it be 0.
        intercept = intercept - intercept.mean()
    return {"coef_": np.ascontiguousarray(weight.T), "intercept_": intercept}
