"""Multi-layer perceptrons, as scikit-learn estimators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted, validate_data

from gradum.core import L2, LogLoss, Loss, Network, Params, Problem, SquaredError
from gradum.errors import SpecError
from gradum.estimators.callbacks import Listeners
from gradum.estimators.classes import Classifies, coded_rows
from gradum.estimators.estimator import Estimator
from gradum.estimators.rows import FLOATS, Rows, checked_rows, network_inputs
from gradum.estimators.training import batch_rows, check_numbers, resolve_solver, seed_of
from gradum.solvers.data import Validation
from gradum.solvers.driver import train
from gradum.solvers.first_order import Adam
from gradum.solvers.solution import Solution
from gradum.solvers.stopping import Regime


class MLP(Estimator):
    """What both perceptrons share; see :class:`MLPRegressor`."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        learning_rate: float | None = None,
        alpha: float = 1e-5,
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
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.warm_start = warm_start

    def _fit(self, rows: Rows, loss: Loss, outputs: int, listeners: Listeners) -> Any:
        """Train from the beginning, or from the last parameters under ``warm_start``."""
        problem, seed = self._problem(rows, loss, outputs), seed_of(self.random_state)
        validation = None
        if self.early_stopping:
            stratify = problem.loss.name == LogLoss.name
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
            ),
            validation=validation,
            seed=seed,
            start=self._params() if self.warm_start and self._continues(problem) else None,
            stop=listeners.stop,
        )
        self._network = problem.network
        return self._keep(problem, rows, listeners.follow(events, self.max_iter))

    def _fit_more(self, rows: Rows, loss: Loss, outputs: int, listeners: Listeners) -> Any:
        """Train for one epoch more, with the optimiser's state of the last."""
        problem, start, history = self._problem(rows, loss, outputs), None, ()
        if self._continues(problem):
            start, history = replace(self._solution, params=self._params()), self.history_
        events = train(
            problem,
            rows.data,
            solver=self._solver(),
            regime=Regime(1, batch_rows(self.batch_size, len(rows))),
            seed=seed_of(self.random_state),
            start=start,
            stop=listeners.stop,
        )
        self._network = problem.network
        self._keep(problem, rows, listeners.follow(events, 1))
        self.history_ = (*history, *self.history_)
        return self

    def _keep(self, problem: Problem, rows: Rows, solution: Solution) -> Any:
        self._solution = replace(solution, params={}, history=())
        self.n_layers_ = len(problem.network.widths)
        self.n_outputs_ = problem.network.outputs
        return self._settle(problem, rows, solution, optimum_expected=False)

    def _problem(self, rows: Rows, loss: Loss, outputs: int) -> Problem:
        check_numbers(self, {"alpha": 0, "max_iter": 1, "tol": 0, "n_iter_no_change": 1})
        network = Network(
            inputs=rows.matrix.shape[1],
            outputs=outputs,
            hidden=_widths(self.hidden_layer_sizes),
            activation=self.activation,
        )
        return Problem(network, loss, L2(float(self.alpha)))

    def _solver(self) -> Any:
        return resolve_solver(self.solver, self.learning_rate, {"auto": Adam()})

    def _continues(self, problem: Problem) -> bool:
        """Whether the last fit was of the same network."""
        return hasattr(self, "coefs_") and self._network == problem.network

    def _params(self) -> Params:
        pairs = zip(self.coefs_, self.intercepts_, strict=True)
        return {"layers": [{"weight": weight, "bias": bias} for weight, bias in pairs]}

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        return self._network.forward(self._params(), network_inputs(X))


class MLPRegressor(RegressorMixin, MLP):
    """A multi-layer perceptron for regression.

    Minimises over the weights W₁ … W_L and biases of the network f

        Σ wᵢ (yᵢ − f(xᵢ))² / Σ wᵢ  +  alpha · ½ Σ ‖W_l‖²,

    the mean squared error without the factor ½. scikit-learn's ``MLPRegressor(alpha=a)``, which
    has ½ in front of the error and a/(2n) in front of the weights of a batch of n rows, is
    ``alpha = 2 a / n`` here.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        Width of each hidden layer.
    activation : str, default "relu"
        ``"relu"``, ``"tanh"``, ``"logistic"``, ``"identity"``, ``"gelu"`` or ``"selu"``.
    solver : str or solver, default "adam"
        ``"gd"``, ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adam"``, which is ``"auto"``,
        ``"adamw"``; or an instance such as ``gradum.Adam(learning_rate=1e-3)``.
    learning_rate : float, optional
        Length of a step (scikit-learn's ``learning_rate_init``); the solver's own if not given.
    alpha : float, default 1e-5
        Strength of the L2 penalty.
    batch_size : int or "auto", default "auto"
        Rows a step; ``"auto"`` is min(200, n).
    max_iter : int, default 200
        Epochs at most.
    tol : float, default 1e-4
        An epoch that does not lower the best loss by more than this made no progress.
    n_iter_no_change : int, default 10
        Epochs without progress after which to stop.
    early_stopping : bool, default False
        Whether progress is measured on held-out rows, and the best epoch kept.
    validation_fraction : float, default 0.1
        Share of the rows that is held out for it.
    random_state : int, RandomState or None, default None
        Initial weights, order of rows, and which rows are held out.
    warm_start : bool, default False
        Whether to begin at the weights of the last fit.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Weights [in, out] and biases [out] of each layer.
    certificate_ : Certificate
        The best epoch and its loss on held-out rows, if there were any.
    status_, n_iter_, loss_, history_
        Why training stopped, its epochs, the objective at the answer, and one event for
        each epoch.
    n_layers_, n_outputs_, out_activation_
        Layers with the input's, outputs, and what is applied to these.
    n_features_in_, feature_names_in_
        The columns of X, and their names if X is a frame.

    Notes
    -----
    Everything is computed in the dtype of X. A whole number as weight is repetition of
    the row where a step sees every row (n <= batch_size); else only on average.
    """

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing, best of variance about 1.
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
            ``y`` has more than one column; both shapes are named.
        SpecError
            A parameter makes no sense.
        """
        rows = checked_rows(self, X, y, sample_weight, numeric=True)
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        self.out_activation_ = "identity"
        return self._fit(rows, SquaredError(), 1, listeners)

    @with_callbacks
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Go once over these rows; parameters as those of ``fit``."""
        rows = checked_rows(self, X, y, sample_weight, numeric=True, **_as_before(self))
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        self.out_activation_ = "identity"
        return self._fit_more(rows, SquaredError(), 1, listeners)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions, [n]."""
        return self._logits(X)[:, 0]


class MLPClassifier(Classifies, MLP):
    """A multi-layer perceptron for two or more classes.

    Minimises over the weights W₁ … W_L and biases of the network f

        Σ wᵢ · (−log p(yᵢ | xᵢ)) / Σ wᵢ  +  alpha · ½ Σ ‖W_l‖²,

    where p is the logistic function of f(xᵢ) for two classes, and its softmax for more.
    scikit-learn's ``MLPClassifier(alpha=a)``, which has a/(2n) in front of the weights of a
    batch of n rows, is ``alpha = a / n`` here.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, learning_rate, alpha, batch_size, max_iter, tol
        As those of :class:`MLPRegressor`.
    n_iter_no_change, early_stopping, validation_fraction, random_state, warm_start
        As those of :class:`MLPRegressor`; held-out rows are stratified by class.
    class_weight : dict, "balanced" or None, default None
        Factor of the rows of each class; balanced is n / (K · rows of the class).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels, sorted.
    coefs_, intercepts_, certificate_, status_, n_iter_, loss_, history_
        As those of :class:`MLPRegressor`.
    n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As those of :class:`MLPRegressor`.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        learning_rate: float | None = None,
        alpha: float = 1e-5,
        class_weight: Any = None,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        random_state: Any = None,
        warm_start: bool = False,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            learning_rate=learning_rate,
            alpha=alpha,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            random_state=random_state,
            warm_start=warm_start,
        )
        self.class_weight = class_weight

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing, best of variance about 1.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights >= 0.

        Returns
        -------
        MLPClassifier
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
        rows = checked_rows(self, X, y, sample_weight, numeric=False)
        rows, self.classes_ = coded_rows(rows, None, self.class_weight)
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        return self._fit(rows, LogLoss(), self._outputs(), listeners)

    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MLPClassifier:
        """Go once over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As those of ``fit``.
        classes : array-like of shape (K,), optional
            All labels there will ever be; needed at the first call.

        Raises
        ------
        SpecError
            The classes are missing at the first call, or have changed since; or class
            weights are to be balanced, for which all rows are needed.
        """
        before = _as_before(self)
        rows = checked_rows(self, X, y, sample_weight, numeric=False, **before)
        known = self._known_classes(classes, first=not before)
        rows, self.classes_ = coded_rows(rows, known, self.class_weight)
        listeners = Listeners(self, X, y, sample_weight, _attributes)
        return self._fit_more(rows, LogLoss(), self._outputs(), listeners)

    def _outputs(self) -> int:
        outputs = LogLoss().outputs(len(self.classes_))
        self.out_activation_ = "logistic" if outputs == 1 else "softmax"
        return outputs

    def _known_classes(self, classes: Any, *, first: bool) -> np.ndarray:
        if isinstance(self.class_weight, str):
            raise SpecError(
                f"class_weight={self.class_weight!r} needs all rows, and partial_fit sees some.",
                "Give the weight of each class as a dict.",
            )
        if classes is None:
            if first:
                raise SpecError(
                    "The classes are not known at the first call of partial_fit.",
                    "Give classes=, all labels there will ever be.",
                )
            return self.classes_
        known = np.unique(classes)
        if not first and not np.array_equal(known, self.classes_):
            raise SpecError(
                f"The classes are {known.tolist()}, but were {self.classes_.tolist()} before.",
                "Give the same ones, or leave them out.",
            )
        return known


def _attributes(params: Params) -> dict[str, Any]:
    layers = params["layers"]
    return {
        "coefs_": [layer["weight"] for layer in layers],
        "intercepts_": [layer["bias"] for layer in layers],
    }


def _as_before(estimator: MLP) -> dict[str, Any]:
    """Ask for the columns and the dtype of the rows before, where there were any."""
    if not hasattr(estimator, "coefs_"):
        return {}
    return {"reset": False, "dtype": estimator.coefs_[0].dtype}


def _widths(sizes: Any) -> tuple[int, ...]:
    widths = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    if not all(isinstance(width, Integral) for width in widths):
        raise SpecError(
            f"hidden_layer_sizes is {sizes!r}.", "Give whole numbers, one for each hidden layer."
        )
    return tuple(int(width) for width in widths)
