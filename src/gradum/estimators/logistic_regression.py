"""Logistic regression, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.callback import with_callbacks

from gradum.core import Params
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import MatrixLike, checked_rows
from gradum.estimators.classes import Classifies, class_loss, coded_rows
from gradum.estimators.linear_base import Checked, Linear


class LogisticRegression(Classifies, Linear):
    """Logistic regression, binary or multinomial.

    Minimises over coefficients W and intercepts b

        Σ wᵢ · (−log p(yᵢ | xᵢ)) / Σ wᵢ  +  alpha · ½ ‖W‖²,

    where p is the logistic function of xᵢ·W + b for two classes, and its softmax for more. The
    intercepts are not penalised. With rows of total weight n, scikit-learn's
    ``LogisticRegression(C=c)`` is ``alpha = 1 / (c n)`` here.

    Parameters
    ----------
    loss : str or loss, default "log_loss"
        ``"log_loss"``, or ``gradum.LogLoss(label_smoothing=0.1)``.
    penalty : str, penalty or None, default "l2"
        ``"l2"``, ``"l1"``, ``"elastic_net"``, ``"none"``; or an instance such as
        ``gradum.L1(alpha, factor=[…])``, whose own numbers then count instead of alpha and
        l1_ratio.
    alpha : float, "cv" or CrossValidated, default 1e-4
        Strength of the penalty. At 0, the best coefficients are infinite if the columns tell a
        class apart without error; this is detected and reported, with the columns. ``"cv"`` chooses
        it by cross-validation, and ``gradum.CrossValidated(folds=10)`` says how.
    l1_ratio : float, default 0.5
        Share of the L1 term in the elastic net.
    fit_intercept : bool, default True
        Whether b is fitted; otherwise it is 0.
    solver : str or solver, default "auto"
        ``"newton"``, ``"proximal"``, ``"lbfgs"``, ``"gd"``, ``"sgd"``, ``"momentum"``,
        ``"nesterov"``, ``"adam"``, ``"adamw"``, ``"muon"``; or an instance such as
        ``gradum.Adam(learning_rate=1e-3)``. ``"auto"`` picks by penalty and size;
        ``solver_reason_`` says why.
    learning_rate : float or str, optional
        Step length of a first-order solver; the solver's default if not given. Gradient descent
        also takes ``"1/L"`` and ``"line_search"``.
    class_weight : dict, "balanced" or None, default None
        Factor on the rows of each class; "balanced" is n / (K · rows of the class).
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
        Whether to start from the coefficients of the last fit.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted.
    coef_ : ndarray of shape (1, d) or (K, d)
        W, transposed; for two classes, a single row, that of ``classes_[1]``.
    intercept_ : ndarray of shape (1,) or (K,)
        b; for K classes, they sum to 0.
    alpha_ : float
        The strength that was used.
    path_ : Path
        Under ``alpha="cv"``: the strengths tried, with their held-out losses.
    certificate_ : Certificate
        The gradient's norm in float64 at the solution, an upper bound on how far the objective is
        above its minimum, the condition and rank of the columns, and the columns that separate.
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

    def __init__(
        self,
        *,
        loss: Any = "log_loss",
        penalty: Any = "l2",
        alpha: Any = 1e-4,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        solver: Any = "auto",
        learning_rate: Any = None,
        class_weight: Any = None,
        batch_size: int | str = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            solver=solver,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            random_state=random_state,
            warm_start=warm_start,
        )
        self.class_weight = class_weight

    @with_callbacks
    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LogisticRegression:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0. For full-batch solvers, a whole number is equivalent to repeating the row.

        Returns
        -------
        LogisticRegression
            The estimator itself.

        Raises
        ------
        ShapeError
            ``y`` has more than one column; the message gives both shapes.
        TargetError
            There is only one class.
        SpecError
            A parameter makes no sense.
        """
        rows, loss, outputs, self.classes_ = self._checked(X, y, sample_weight, reset=True)
        listeners = Listeners(self, X, y, sample_weight, self._attributes)
        return self._fit(rows, loss, outputs, listeners)

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Checked:
        loss = class_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=False, reset=reset)
        rows, classes = coded_rows(rows, None, self.class_weight)
        return rows, loss, loss.outputs(len(classes)), classes

    def _attributes(self, params: Params) -> dict[str, Any]:
        weight = params["layers"][0]["weight"]
        intercept = params["layers"][0].get("bias", np.zeros(weight.shape[1], weight.dtype))
        if len(intercept) > 1:
            # Adding one number to all intercepts changes no probability; make them sum to 0.
            intercept = intercept - intercept.mean()
        return {"coef_": np.ascontiguousarray(weight.T), "intercept_": intercept}
