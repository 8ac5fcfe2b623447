"""A multi-layer perceptron for regression, as a scikit-learn estimator."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.callback import with_callbacks

from gradum.core import Loss
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import MatrixLike, checked_rows
from gradum.estimators.mlp import MLP, as_before, mlp_attributes
from gradum.estimators.solver_arguments import number_loss


class MLPRegressor(RegressorMixin, MLP):
    """A multi-layer perceptron for regression.

    Minimises over the weights W₁ … W_L and biases of the network f

        Σ wᵢ (yᵢ − f(xᵢ))² / Σ wᵢ  +  alpha · ½ Σ ‖W_l‖²,

    with the mean squared error without the factor ½, unless another loss or penalty is given.
    scikit-learn's ``MLPRegressor(alpha=a)``, whose error has the factor ½ and whose penalty has
    a/(2n) for a batch of n rows, is ``alpha = 2 a / n`` here.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        Width of each hidden layer.
    activation : str, default "relu"
        ``"relu"``, ``"tanh"``, ``"logistic"``, ``"identity"``, ``"gelu"`` or ``"selu"``.
    solver : str or solver, default "adam"
        ``"gd"``, ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adam"`` (the same as ``"auto"``),
        ``"adamw"``, ``"muon"``, ``"lbfgs"``; or an instance such as
        ``gradum.Adam(learning_rate=1e-3)`` or ``gradum.Averaged(gradum.Adam())``.
    learning_rate : float, optional
        Step length (scikit-learn's ``learning_rate_init``); the solver's default if not given.
    loss : str or loss, default "squared_error"
        As in :class:`LinearRegression`.
    penalty : str, penalty or None, default "l2"
        ``"l2"``, ``"l1"``, ``"elastic_net"``, ``"none"``, or an instance such as
        ``gradum.L2(alpha)``, whose own numbers then count.
    alpha : float, default 1e-5
        Strength of the penalty.
    dropout : float, default 0.0
        The probability that a hidden unit is left out of a step, below 1; the others make up for
        it.
    batch_size : int or "auto", default "auto"
        Rows per step; ``"auto"`` is min(200, n).
    max_iter : int, default 200
        The most epochs. If there are 100 or more, each a step on all rows, and the last still
        lowered the loss, a ConvergenceWarning says so.
    tol : float, default 1e-4
        An epoch that does not lower the best loss by more than this made no progress.
    n_iter_no_change : int, default 10
        Training stops after this many epochs without progress.
    early_stopping : bool, default False
        Whether progress is measured on held-out rows, and the best epoch kept.
    validation_fraction : float, default 0.1
        Share of the rows that is held out for early stopping.
    random_state : int, RandomState or None, default None
        Initial weights, order of rows, and which rows are held out.
    warm_start : bool, default False
        Whether to start from the weights of the last fit.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights [in, out] and biases [out] of each layer.
    certificate_ : Certificate
        The best epoch, and its loss on held-out rows if there were any.
    status_, n_iter_, loss_, history_
        Why training stopped, the number of epochs, the objective at the solution, and one event for
        each epoch.
    n_layers_, n_outputs_, out_activation_
        The number of layers including the input, the number of outputs, and the function applied to
        these.
    n_features_in_, feature_names_in_
        The columns of X, and their names if X is a frame.

    Notes
    -----
    Everything is computed in the dtype of X. A whole number as a weight is equivalent to repeating
    the row if every step sees all rows (n <= batch_size); otherwise only on average.
    """

    @with_callbacks
    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> MLPRegressor:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing, preferably with variance about 1.
        y : array-like of shape (n,)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        MLPRegressor
            The estimator itself.

        Raises
        ------
        ShapeError
            ``y`` has more than one column; the message gives both shapes.
        SpecError
            A parameter makes no sense.
        """
        loss = number_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=True)
        listeners = Listeners(self, X, y, sample_weight, mlp_attributes)
        self._keep_loss(loss)
        return self._fit(rows, loss, loss.outputs(None), listeners)

    @with_callbacks
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> MLPRegressor:
        """Make one pass over these rows; parameters as in ``fit``."""
        loss = number_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=True, **as_before(self))
        listeners = Listeners(self, X, y, sample_weight, mlp_attributes)
        self._keep_loss(loss)
        return self._fit_more(rows, loss, loss.outputs(None), listeners)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Return the predictions [n], in the target's unit; [n, k] for k quantile levels."""
        logits = self._logits(X)
        return self._loss.inverse_link(logits)

    def _keep_loss(self, loss: Loss) -> None:
        self._loss = loss
        self.out_activation_ = "exp" if loss.link == "log" else "identity"
