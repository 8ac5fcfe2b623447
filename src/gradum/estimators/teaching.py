"""Teachers of a pack: an estimator that is fitted here, or predictions that were made elsewhere.

Shapes: n rows, K classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter

from gradum.errors import ShapeError, SpecError
from gradum.fitting.rivals import first_line, seeded
from gradum.fitting.teacher import Teacher
from gradum.messages import say
from gradum.randomness import stream

GIVEN = "teacher_predictions"
SUM_OFF = 1e-3  # by which probabilities may miss a sum of 1: they may be of single precision


def given_teacher(predictions: ArrayLike, rows: int, classes: np.ndarray | None) -> Teacher:
    """Return the teacher whose answers are there already, whatever it is fitted to.

    Parameters
    ----------
    predictions : array-like of shape (n,) or (n, K)
        Numbers, or the probability of each class in order; of two classes that of the second will
        do. A row of NaN says nothing.
    rows : int
        n.
    classes : ndarray of shape (K,), optional
        The labels; None where the target is a number.

    Raises
    ------
    ShapeError, SpecError
        They have another shape, or are neither finite numbers nor probabilities.
    """
    answers = _checked(GIVEN, predictions, rows, classes)
    return Teacher(GIVEN, lambda learned, asked: answers[asked], np.arange(rows))


def fitted_teacher(
    estimator: Any,
    X: Any,
    target: np.ndarray,
    weight: np.ndarray | None,
    classes: np.ndarray | None,
    seed: int,
) -> Teacher:
    """Return the teacher that is an estimator, of which a clone is fitted wherever it is asked.

    Parameters
    ----------
    estimator : estimator
        A classifier with ``predict_proba``, or a regressor. It gets the rows as the user gave them.
    X : data frame or array of shape (n, columns)
    target : ndarray of shape (n,)
        Labels or numbers.
    weight : ndarray of shape (n,), optional
        The rows' weights, for an estimator that takes any.
    classes : ndarray of shape (K,), optional
        The labels; None where the target is a number.
    seed : int
        Seeds the estimator where it has no seed of its own.

    Raises
    ------
    SpecError
        It has no such method. Asked, the teacher raises it where the estimator fails.
    """
    title = type(estimator).__name__
    method = "predict" if classes is None else "predict_proba"
    if not (hasattr(estimator, "fit") and hasattr(estimator, method)):
        raise SpecError(
            say("The teacher {title} has no {method}.", title=title, method=method),
            say("Give a classifier with predict_proba, or a regressor, as scikit-learn's are."),
        )
    weights = weight if has_fit_parameter(estimator, "sample_weight") else None

    def ask(learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
        fitted = seeded(clone(estimator), stream(seed, "teacher"))
        options = {} if weights is None else {"sample_weight": weights[learned]}
        try:
            fitted.fit(_safe_indexing(X, learned), target[learned], **options)
            answers = np.asarray(getattr(fitted, method)(_safe_indexing(X, asked)))
        except Exception as error:  # of whatever kind that library raises
            raise SpecError(
                say("The teacher {title} failed: {error}.", title=title, error=first_line(error)),
                say("Give one that takes such columns, such as a pipeline, or leave it out."),
            ) from error
        if classes is not None:
            known = np.searchsorted(classes, fitted.classes_)
            probability = np.zeros((len(asked), len(classes)))
            probability[:, known] = answers
            answers = probability
        return _checked(title, answers, len(asked), classes)

    return Teacher(title, ask, np.arange(len(target)))


def _checked(
    title: str, predictions: ArrayLike, rows: int, classes: np.ndarray | None
) -> np.ndarray:
    """Return a teacher's answers as float64 (n,) or (n, K); refuse what are none."""
    answers = np.asarray(predictions, np.float64)
    if classes is not None and len(classes) == 2 and answers.size == rows:
        answers = np.stack([1 - answers.ravel(), answers.ravel()], axis=1)
    wanted = (rows,) if classes is None else (rows, len(classes))
    if answers.shape != wanted and answers.shape != (*wanted, 1):
        raise ShapeError(
            say(
                "The answers of {title} have the shape {shape}, not {wanted}.",
                title=title,
                shape=answers.shape,
                wanted=wanted,
            ),
            say("Give a number a row, or the probability of each class in sorted order."),
        )
    answers = answers.reshape(wanted)
    table = answers.reshape(rows, -1)
    right = np.isfinite(table).all(axis=1)
    if classes is not None:
        right &= (table >= 0).all(axis=1) & (np.abs(table.sum(axis=1) - 1) <= SUM_OFF)
    wrong = np.flatnonzero(~(right | np.isnan(table).all(axis=1)))
    if len(wrong):
        raise SpecError(
            say(
                "The answers of {title} to row {row:,} are {values}.",
                title=title,
                row=int(wrong[0]),
                values=table[wrong[0]].round(4).tolist(),
            ),
            say("Give finite numbers, or probabilities that sum to 1; NaN alone says nothing."),
        )
    return answers
