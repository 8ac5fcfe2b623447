"""Linear regression, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.callback import with_callbacks

from gradum.core import Params
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import MatrixLike, checked_rows
from gradum.estimators.linear_base import Checked, Linear
from gradum.estimators.solver_arguments import number_loss


class LinearRegression(RegressorMixin, Linear):
    """Linear regression with any loss and penalty, by any solver.

    Minimises over coefficients b and intercept b0

        Σ wᵢ · loss(xᵢ·b + b0, yᵢ) / Σ wᵢ  +  alpha · ½ ‖b‖²,

    where the loss is squared error, (yᵢ − xᵢ·b − b0)², unless another is given: the first term is
    the mean squared error without the factor ½. The intercept is not penalised. With n rows of
    weight 1, scikit-learn's ``Ridge(alpha=a)`` is ``alpha = 2 a / n`` here, and its
    ``Lasso(alpha=a)`` and ``ElasticNet(alpha=a)`` are ``alpha = 2 a``.

    Parameters
    ----------
    loss : str or loss, default "squared_error"
        ``"squared_error"``; ``"absolute_error"`` (the median); ``"huber"`` or
        ``gradum.Huber(delta)``, on which outliers have little influence; ``"quantile"`` or
        ``gradum.Quantile((0.1, 0.5, 0.9))``; ``"poisson"`` for counts and ``"gamma"`` for amounts
        above 0, both with predictions exp(x·b + b0).
    penalty : str, penalty or None, default "l2"
        ``"l2"``, ``"l1"`` (the lasso), ``"elastic_net"``, ``"none"``; or an instance such as
        ``gradum.L1(alpha, factor=[…])``, whose own numbers then count instead of alpha and
        l1_ratio.
    alpha : float, "cv" or CrossValidated, default 0
        Strength of the penalty; 0 means no penalty. ``"cv"`` chooses it by cross-validation, and
        ``gradum.CrossValidated(folds=10)`` says how.
    l1_ratio : float, default 0.5
        Share of the L1 term in the elastic net.
    fit_intercept : bool, default True
        Whether b0 is fitted; otherwise it is 0.
    solver : str or solver, default "auto"
        ``"exact"`` (Cholesky or QR), ``"newton"``, ``"proximal"``, ``"interior"``, ``"lbfgs"``,
        ``"gd"``, ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adam"``, ``"adamw"``,
        ``"muon"``, or an instance such as ``gradum.Adam(learning_rate=1e-3)``. ``"auto"`` picks
        by loss, penalty and size; ``solver_reason_`` says why.
    learning_rate : float or str, optional
        Step length of a first-order solver; the solver's default if not given. Gradient descent
        also takes ``"1/L"`` and ``"line_search"``.
    batch_size : int or "auto", default "auto"
        Rows per step of a stochastic solver; ``"auto"`` is min(200, n).
    max_iter : int, default 1000
        Epochs of a stochastic solver, iterations of any other.
    tol : float, default 1e-4
        Full-batch first-order solvers stop once the gradient's norm is at most this; stochastic
        ones stop after 10 epochs none of which lowers the loss by more than this. The convex
        solvers, whose last steps are nearly free, always go on to their own tolerance.
    random_state : int, RandomState or None, default None
        Order of rows of the stochastic solvers, and folds of the cross-validation.
    warm_start : bool, default False
        Whether an iterative solver starts from the coefficients of the last fit.

    Attributes
    ----------
    coef_ : ndarray of shape (d,)
        b; (k, d) for k quantile levels.
    intercept_ : float
        b0; (k,) for k quantile levels.
    alpha_ : float
        The strength that was used.
    path_ : Path
        Under ``alpha="cv"``: the strengths tried, with their held-out losses.
    certificate_ : Certificate
        The gradient's norm in float64 at the solution, an upper bound on how far the objective is
        above its minimum, and the condition and rank of the columns.
    solver_reason_ : str
        Why this solver was chosen.
    status_, n_iter_, loss_, history_
        Why the solver stopped, the number of iterations, the objective at the solution, and one
        event for each iteration.
    n_features_in_, feature_names_in_
        The columns of X, and their names if X is a frame.

    Notes
    -----
    The convex solvers compute in float64, the first-order ones in the dtype of X.
    """

    @with_callbacks
    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LinearRegression:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing.
        y : array-like of shape (n,)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0. For full-batch solvers, a whole number is equivalent to repeating the row.

        Returns
        -------
        LinearRegression
            The estimator itself.

        Raises
        ------
        ShapeError
            ``y`` has more than one column; the message gives both shapes.
        TargetError
            The loss is not defined for a value of ``y``; the message names its row.
        SpecError
            A parameter makes no sense.
        """
        rows, loss, outputs, _ = self._checked(X, y, sample_weight, reset=True)
        listeners = Listeners(self, X, y, sample_weight, self._attributes)
        return self._fit(rows, loss, outputs, listeners)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Return the predictions [n], in the target's unit; [n, k] for k quantile levels."""
        logits = self._logits(X)
        return self._loss.inverse_link(logits)

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Checked:
        loss = number_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=True, reset=reset)
        return rows, loss, loss.outputs(None), None

    def _attributes(self, params: Params) -> dict[str, Any]:
        layer = params["layers"][0]
        weight, bias = layer["weight"], layer.get("bias")
        if weight.shape[1] > 1:
            level = np.zeros(weight.shape[1], weight.dtype) if bias is None else bias
            return {"coef_": np.ascontiguousarray(weight.T), "intercept_": level}
        return {"coef_": weight[:, 0], "intercept_": 0.0 if bias is None else float(bias[0])}
