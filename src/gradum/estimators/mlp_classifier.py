"""A multi-layer perceptron for classes, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.callback import with_callbacks

from gradum.core import LogLoss
from gradum.errors import SpecError
from gradum.estimators.callbacks import Listeners
from gradum.estimators.checked_rows import MatrixLike, checked_rows
from gradum.estimators.classes import Classifies, class_loss, coded_rows
from gradum.estimators.mlp import MLP, as_before, mlp_attributes


class MLPClassifier(Classifies, MLP):
    """A multi-layer perceptron for two or more classes.

    Minimises over the weights W₁ … W_L and biases of the network f

        Σ wᵢ · (−log p(yᵢ | xᵢ)) / Σ wᵢ  +  alpha · ½ Σ ‖W_l‖²,

    where p is the logistic function of f(xᵢ) for two classes, and its softmax for more.
    scikit-learn's ``MLPClassifier(alpha=a)``, whose penalty has the factor a/(2n) for a batch of n
    rows, is ``alpha = a / n`` here.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, learning_rate, penalty, alpha, dropout
        As those of :class:`MLPRegressor`.
    batch_size, max_iter, tol
        As those of :class:`MLPRegressor`.
    loss : str or loss, default "log_loss"
        ``"log_loss"``, or ``gradum.LogLoss(label_smoothing=0.1)``.
    n_iter_no_change, early_stopping, validation_fraction, random_state, warm_start
        As in :class:`MLPRegressor`; held-out rows are stratified by class.
    class_weight : dict, "balanced" or None, default None
        Factor on the rows of each class; "balanced" is n / (K · rows of the class).

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
        learning_rate: Any = None,
        loss: Any = "log_loss",
        penalty: Any = "l2",
        alpha: float = 1e-5,
        dropout: float = 0.0,
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
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            dropout=dropout,
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
    def fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> MLPClassifier:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            Columns: numbers, none missing, preferably with variance about 1.
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
            ``y`` has more than one column; the message gives both shapes.
        TargetError
            There is only one class.
        SpecError
            A parameter makes no sense.
        """
        loss = class_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=False)
        rows, self.classes_ = coded_rows(rows, None, self.class_weight)
        listeners = Listeners(self, X, y, sample_weight, mlp_attributes)
        return self._fit(rows, loss, self._outputs(), listeners)

    @with_callbacks
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> MLPClassifier:
        """Make one pass over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array-like of shape (K,), optional
            All labels that will ever occur; needed at the first call.

        Raises
        ------
        SpecError
            The classes are missing at the first call, or have changed since; or class weights
            should be balanced, for which all rows are needed.
        """
        before, loss = as_before(self), class_loss(self.loss)
        rows = checked_rows(self, X, y, sample_weight, numeric=False, **before)
        known = self._known_classes(classes, first=not before)
        rows, self.classes_ = coded_rows(rows, known, self.class_weight)
        listeners = Listeners(self, X, y, sample_weight, mlp_attributes)
        return self._fit_more(rows, loss, self._outputs(), listeners)

    def _outputs(self) -> int:
        outputs = LogLoss().outputs(len(self.classes_))
        self.out_activation_ = "logistic" if outputs == 1 else "softmax"
        return outputs

    def _known_classes(self, classes: Any, *, first: bool) -> np.ndarray:
        if isinstance(self.class_weight, str):
            raise SpecError(
                "class_weight={class_weight!r} needs all rows, but partial_fit sees only some "
                "of them.",
                "Give the weight of each class as a dict.",
                class_weight=self.class_weight,
            )
        if classes is None:
            if first:
                raise SpecError(
                    "The classes are not known at the first call of partial_fit.",
                    "Give classes=, with all labels that will ever occur.",
                )
            return self.classes_
        known = np.unique(classes)
        if not first and not np.array_equal(known, self.classes_):
            raise SpecError(
                "The classes are {given}, but were {before} before.",
                "Give the same ones, or leave them out.",
                given=known.tolist(),
                before=self.classes_.tolist(),
            )
        return known
