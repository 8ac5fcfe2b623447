"""The regression table of a fitted linear estimator."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from gradum.errors import SpecError
from gradum.estimators.checked_rows import MatrixLike, checked_rows
from gradum.estimators.classes import coded_rows
from gradum.messages import listed, say
from gradum.scores.figures import figure

if TYPE_CHECKING:
    from gradum.core import Problem
    from gradum.show.answers.inference import Summary

NOTICEABLE = 0.01  # distance from the optimum, in standard errors, that is worth mentioning


class Summarises:
    """Standard errors, tests and intervals of a fitted linear or logistic regression.

    A subclass has the ``_problem`` that it solved, ``fit_intercept``, ``coef_`` and ``intercept_``,
    and for classes also ``classes_``.
    """

    if TYPE_CHECKING:
        _problem: Problem
        alpha: Any
        fit_intercept: Any
        coef_: np.ndarray
        intercept_: Any
        n_features_in_: int

    def summary(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        covariance: str | None = None,
        weights: str = "precision",
        level: float = 0.95,
    ) -> Summary:
        """Return the regression table, with standard errors, p-values and intervals.

        The rows must be given again, since an estimator keeps none of them. The table describes the
        optimum for these rows, under the estimator's loss and penalty; if the estimator's
        coefficients are not that optimum, the table says so.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, d)
            The columns on which the estimator was fitted.
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional
        covariance : {"classical", "robust", "HC0", "HC1", "HC2", "HC3"}, optional
            All but "classical" are robust to unequal variances. The default is "classical" without
            weights; with weights it is ``robust``, which is HC3, or HC1 for more than two classes.
        weights : {"precision", "frequency"}
            Whether a weight belongs to a single row ("precision"), as in `fit` and in every score,
            or stands for that many equal rows ("frequency").
        level : float
            The level of the intervals.

        Returns
        -------
        Summary
            It displays itself; ``summary.frame`` has one row per coefficient.

        Raises
        ------
        SpecError
            X has other columns than those the estimator was fitted on; the loss is not a
            likelihood; the penalty is one that leaves columns out; or an option makes no sense.
        """
        from gradum.show.answers.inference import Summary
        from gradum.study.inference.infer import infer

        check_is_fitted(self)
        self._refuse_other_columns(X)
        alpha, loss = self._strength(), self._problem.loss
        labels = getattr(self, "classes_", None)
        rows = checked_rows(self, X, y, sample_weight, numeric=labels is None, reset=False)
        notes: tuple[str, ...] = ()
        if labels is not None:
            balance = getattr(self, "class_weight", None)
            rows, _ = coded_rows(rows, labels, balance)
            if balance is not None:
                notes += (
                    say(
                        "Class weights act as weights of rows; only the robust standard errors of "
                        "weights='precision' are valid for them."
                    ),
                )
        if alpha and not isinstance(self.alpha, Real):
            notes += (
                say("alpha was chosen from the data; the standard errors treat it as known."),
            )
        weighted = sample_weight is not None or getattr(self, "class_weight", None) is not None
        named = getattr(self, "feature_names_in_", [f"x{k}" for k in range(self.n_features_in_)])
        inference = infer(
            rows.matrix,
            rows.target,
            loss,
            names=list(named),
            weight=rows.weight,
            weights=weights,
            covariance=covariance or ("robust" if weighted else "classical"),
            level=level,
            fit_intercept=bool(self.fit_intercept),
            alpha=alpha,
            classes=() if labels is None else labels.tolist(),
            target_name=str(getattr(y, "name", None) or "y"),
            numbers=_numbers(len(rows), sample_weight),
        )
        inference = structs.replace(
            inference, sentences=(*inference.sentences, *self._distance(inference))
        )
        return Summary(inference, notes)

    def _refuse_other_columns(self, X: Any) -> None:
        fitted, given = getattr(self, "feature_names_in_", None), getattr(X, "columns", None)
        if fitted is not None and given is not None and list(fitted) != list(given):
            raise SpecError(
                "X has the columns {given}, but the fit had {known}.",
                "Give the columns of the fit, in their order.",
                given=_some(given),
                known=_some(fitted),
            )
        width = np.shape(X)[1] if len(np.shape(X)) == 2 else None
        if width is not None and width != self.n_features_in_:
            raise SpecError(
                "X has {width:,} columns, but the fit had {known:,}.",
                "Give the columns of the fit.",
                width=width,
                known=self.n_features_in_,
            )

    def _strength(self) -> float:
        """Return the alpha of an L2 penalty that is the same for all columns.

        Raises
        ------
        SpecError
            The penalty is of another kind.
        """
        l1, l2 = self._problem.penalty.strengths(self.n_features_in_)
        if l1.any():
            raise SpecError(
                "An L1 penalty leaves columns out; the others' standard errors are not known.",
                "Fit the columns it kept with penalty=None, on rows it has not seen.",
            )
        if len(set(l2.tolist())) > 1:
            raise SpecError(
                "The penalty differs from column to column.", "Fit with one alpha for all."
            )
        return float(l2[0]) if len(l2) else 0.0

    def _distance(self, inference: Any) -> tuple[str, ...]:
        """Say how far the estimator's coefficients are from the optimum, in standard errors."""
        coefficients = np.column_stack([np.atleast_1d(self.intercept_), np.atleast_2d(self.coef_)])
        if len(coefficients) > 1:
            coefficients = coefficients[1:] - coefficients[:1]
        if not self.fit_intercept:
            coefficients = coefficients[:, 1:]
        apart = [
            abs(coefficient.estimate - value) / coefficient.error
            for coefficient, value in zip(inference.coefficients, coefficients.ravel(), strict=True)
            if coefficient.estimate is not None and coefficient.error
        ]
        if max(apart, default=0.0) <= NOTICEABLE:
            return ()
        return (
            say(
                "The estimator's own coefficients are up to {most} standard errors from "
                "the optimum for these rows: its solver stopped short of it, or it was "
                "fitted on other rows.",
                most=figure(max(apart), digits=2),
            ),
        )


def _numbers(rows: int, weight: Any) -> np.ndarray:
    """Return the numbers, from 1, of the kept rows: those with a weight above 0."""
    if np.ndim(weight) == 0 or np.shape(weight) == (rows,):
        return np.arange(1, rows + 1)
    return np.flatnonzero(np.asarray(weight)) + 1


def _some(names: Any) -> str:
    names = [str(name) for name in names]
    first = listed(names[:5])
    if len(names) > 5:
        return say("{columns} and {more} more", columns=first, more=len(names) - 5)
    return first
