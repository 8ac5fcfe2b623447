"""Teachers of a pack: an estimator that is fitted here, or predictions made elsewhere.

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
from gradum.messages import marked, say
from gradum.randomness import stream
from gradum.run.rivals import first_line, seeded
from gradum.rungs.teacher import Teacher

GIVEN = "teacher_predictions"
WHAT_TO_GIVE = marked("Give a number a row, or the probability of each class in sorted order.")
SUM_OFF = 1e-3  # how far a sum of probabilities may be from 1: they may be in single precision


def given_teacher(predictions: ArrayLike, rows: int, classes: np.ndarray | None) -> Teacher:
    """Return the teacher whose answers are given, whatever rows it is fitted to.

    Parameters
    ----------
    predictions : array-like of shape (n,) or (n, K)
        Numbers, or the probability of each class in order; for two classes, that of the second is
        enough. A row of NaN gives no answer.
    rows : int
        n.
    classes : ndarray of shape (K,), optional
        The labels; None if the target is a number.

    Raises
    ------
    ShapeError, SpecError
        The predictions have another shape, or are neither finite numbers nor probabilities.
    """
    answers = _numbers(GIVEN, predictions)
    if classes is not None and len(classes) == 2 and answers.shape in ((rows,), (rows, 1)):
        answers = np.stack([1 - answers.ravel(), answers.ravel()], axis=1)
    wanted = (rows,) if classes is None else (rows, len(classes))
    if answers.shape == (*wanted, 1):
        answers = answers.reshape(wanted)
    _refuse_other_shape(GIVEN, answers, wanted)
    table = answers.reshape(rows, -1)
    heard = np.flatnonzero(~np.isnan(table).all(axis=1))
    _refuse_nonsense(GIVEN, table[heard], heard, classes)
    return Teacher(GIVEN, lambda learned, asked: answers[asked], np.arange(rows))


def fitted_teacher(
    estimator: Any,
    X: Any,
    target: np.ndarray,
    weight: np.ndarray | None,
    classes: np.ndarray | None,
    seed: int,
) -> Teacher:
    """Return a teacher made from an estimator; a clone of it is fitted each time it is asked.

    Parameters
    ----------
    estimator : estimator
        A classifier with ``predict_proba``, or a regressor. It gets the rows as the user gave them.
    X : data frame or array of shape (n, columns)
    target : ndarray of shape (n,)
        Labels or numbers.
    weight : ndarray of shape (n,), optional
        The rows' weights, for an estimator that takes weights.
    classes : ndarray of shape (K,), optional
        The labels; None if the target is a number.
    seed : int
        Seeds the estimator if it has no seed of its own.

    Raises
    ------
    SpecError
        The estimator has no such method, or X has no rows to choose from.

    When asked, the teacher raises SpecError or ShapeError if the estimator fails, or does not
    answer in the form that `given_teacher` requires; it must give an answer for every row.
    """
    method = "predict" if classes is None else "predict_proba"
    _refuse_no_estimator(estimator, method)
    if not (hasattr(X, "shape") or isinstance(X, list)):
        raise SpecError(
            "A teacher learns from some rows of X, and {kind} gives none.",
            "Give a data frame or an array.",
            kind=type(X).__name__,
        )
    title = type(estimator).__name__
    weights = weight if has_fit_parameter(estimator, "sample_weight") else None

    def ask(learned: np.ndarray, asked: np.ndarray) -> np.ndarray:
        options = {} if weights is None else {"sample_weight": weights[learned]}
        try:
            fitted = seeded(clone(estimator), stream(seed, "teacher"))
            fitted.fit(_safe_indexing(X, learned), target[learned], **options)
            answers = getattr(fitted, method)(_safe_indexing(X, asked))
        except Exception as error:  # libraries raise errors of any kind
            raise SpecError(
                "The teacher {title} failed: {error}.",
                "Give one that takes such columns, such as a pipeline, or leave it out.",
                title=title,
                error=first_line(error),
            ) from error
        answers = _numbers(title, answers)
        if classes is None:
            answers = answers.reshape(len(asked)) if answers.size == len(asked) else answers
            _refuse_other_shape(title, answers, (len(asked),))
        else:
            known = np.asarray(getattr(fitted, "classes_", classes)).tolist()
            _refuse_other_shape(title, answers, (len(asked), len(known)))
            answers = _of_all_classes(title, answers, known, classes.tolist())
        _refuse_nonsense(title, answers.reshape(len(asked), -1), asked, classes)
        return answers

    return Teacher(title, ask, np.arange(len(target)))


def _refuse_no_estimator(estimator: Any, method: str) -> None:
    """Raise SpecError if there is no estimator that can be cloned, fitted and asked."""
    if isinstance(estimator, type):
        title = estimator.__name__
        raise SpecError(
            "The teacher {title} is a class.",
            "Give one of its estimators, such as {title}().",
            title=title,
        )
    for needed in ("get_params", "fit", method):
        if not hasattr(estimator, needed):
            raise SpecError(
                "The teacher {title} has no {method}.",
                "Give a classifier with predict_proba, or a regressor, as scikit-learn's are.",
                title=type(estimator).__name__,
                method=needed,
            )


def _numbers(title: str, answers: Any) -> np.ndarray:
    """Return a teacher's answers as float64."""
    try:
        return np.asarray(answers, np.float64)
    except (TypeError, ValueError) as error:
        raise SpecError(
            say("The answers of {title} are no numbers.", title=title), say(WHAT_TO_GIVE)
        ) from error


def _of_all_classes(
    title: str, answers: np.ndarray, known: list[Any], classes: list[Any]
) -> np.ndarray:
    """Return probabilities of all classes (m, K) from those of the classes that a teacher knows."""
    if not set(known) <= set(classes):
        raise SpecError(
            "{title} has learned other classes than the target's.",
            "Give a classifier whose classes_ are the labels that it was fitted to.",
            title=title,
        )
    probability = np.zeros((len(answers), len(classes)))
    probability[:, [classes.index(label) for label in known]] = answers
    return probability


def _refuse_other_shape(title: str, answers: np.ndarray, wanted: tuple[int, ...]) -> None:
    if answers.shape != wanted:
        raise ShapeError(
            say(
                "The answers of {title} have the shape {shape}, not {wanted}.",
                title=title,
                shape=answers.shape,
                wanted=wanted,
            ),
            say(WHAT_TO_GIVE),
        )


def _refuse_nonsense(
    title: str, table: np.ndarray, rows: np.ndarray, classes: np.ndarray | None
) -> None:
    """Raise SpecError if the answers (m, 1 or K) for these rows cannot be learned."""
    right = np.isfinite(table).all(axis=1)
    if classes is not None:
        right &= (table >= 0).all(axis=1) & (np.abs(table.sum(axis=1) - 1) <= SUM_OFF)
    if not right.all():
        wrong = np.flatnonzero(~right)[0]
        raise SpecError(
            "The answers of {title} to row {row:,} are {values}.",
            "Give finite numbers, or probabilities that sum to 1.",
            title=title,
            row=int(rows[wrong]),
            values=table[wrong].round(4).tolist(),
        )
