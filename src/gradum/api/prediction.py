"""Predictions of a model: numbers, classes, intervals, sets and distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.errors import SpecError, TargetError
from gradum.forks import refuse_after_fork
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.run.predicting import predict_rows, predict_typed
from gradum.rungs.rung import Prediction
from gradum.tables.check.check import check
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    import polars as pl

    from gradum.questions.subject import Subject
    from gradum.run.intervals.conformal.distribution import Distribution
    from gradum.run.intervals.conformal.statement import Statement
    from gradum.run.intervals.predictor import ConformalPredictor


def predict(self: Subject, data: Any, *, rung: str | None = None) -> np.ndarray:
    """Predict the target of each row.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict
        Rows with the columns that the model was fitted on. A dict names each of them, with None
        where no value is known, and no other.
    rung : str, optional
        ``baseline``, ``linear``, ``mlp``, ``pack`` or ``enough``; the best-scoring one
        if left out.

    Returns
    -------
    ndarray of shape (n,)
        Numbers, for the exposure of each row if the model has exposures; or labels as they were
        given: the likeliest class, or under balanced classes the
        one whose probability is largest relative to its share of the rows learned from.

    Raises
    ------
    SchemaError
        A column is absent or of another kind, or a dict has a name that the model does not know.
    """
    prediction = _prediction(self, data, rung)
    return self.fitted.labels[prediction.value] if self.classes else prediction.value


def predict_proba(self: Subject, data: Any, *, rung: str | None = None) -> np.ndarray:
    """Return class probabilities (n, K), with columns in the order of `classes`.

    They assume classes as common as in the table, whether the classes were balanced or not.

    Raises
    ------
    TargetError
        The target is a number.
    """
    if not self.classes:
        raise TargetError("The target is a number, which has no classes.", "Use predict.")
    probability = _prediction(self, data, rung).probability
    assert probability is not None
    return probability


@with_checked_arguments
def predict_interval(
    self: Subject, data: Any, coverage: float = 0.9, *, rung: str | None = None
) -> np.ndarray:
    """Return for each row an interval that holds its target with a stated probability.

    It is made from the errors on the rows that judged the model, by conformal prediction;
    `guarantee` says what is promised. With too few judged rows it is infinite. If the fit was given
    ``interval_by``, that column is needed, and the coverage holds for each of its values
    separately.

    Parameters
    ----------
    data : path, data frame, array, list of dicts or one dict
        As in `predict`.
    coverage : float
        The share of rows whose targets should lie in their intervals, between 0 and 1.
    rung : str, optional
        As in `predict`.

    Returns
    -------
    ndarray of shape (n, 2)
        Lower and upper ends, in the target's units.

    Raises
    ------
    TargetError
        The target is a class.
    SpecError
        The coverage is invalid, or the model keeps no scores of judged rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    if self.classes:
        raise TargetError("The target is a class, which has no interval.", "Use predict_set.")
    conformal, frame = _conformal(self, data, coverage, rung)
    return conformal.intervals(frame)


@with_checked_arguments
def predict_set(
    self: Subject,
    data: Any,
    coverage: float = 0.9,
    *,
    rung: str | None = None,
    by_class: bool | None = None,
) -> list[tuple]:
    """Return for each row a set of classes that holds its true class with a stated probability.

    Sets are made, and have the guarantee, as in `predict_interval`. The predicted class is always
    in the set, so no set is empty; this can only increase the coverage.

    Parameters
    ----------
    data, coverage, rung
        As in `predict_interval`.
    by_class : bool, optional
        Whether the coverage should hold for the rows of each class separately; if left out, it
        does where the classes are unequal: one has less than half of an equal share of the rows
        that judged, and each has enough of them.

    Returns
    -------
    list of tuple
        Labels, in the order of `classes`.

    Raises
    ------
    TargetError
        The target is a number.
    SpecError, SchemaError
        As in `predict_interval`.
    """
    refuse_after_fork()
    if not self.classes:
        raise TargetError(
            "The target is a number, which has no set of classes.", "Use predict_interval."
        )
    conformal, frame = _conformal(self, data, coverage, rung, by_class=by_class)
    prediction = predict_typed(self.fitted, frame, rung=rung)
    return conformal.labels(conformal.sets(frame, prediction))


def predict_distribution(self: Subject, data: Any, *, rung: str | None = None) -> Distribution:
    """Return for each row a distribution of its target.

    It is made from the signed errors on the rows that judged the model (a conformal predictive
    system), with a guarantee as in `predict_interval`: for rows like those that judged, the
    probability that it gives to values up to the true one is uniformly distributed.

    Parameters
    ----------
    data, rung
        As in `predict`.

    Returns
    -------
    Distribution
        ``quantile(levels)``, ``interval(coverage)``, ``beyond(threshold)``, ``cumulative(values)``,
        ``mean`` and ``crps(target)``, each with one line per row.

    Raises
    ------
    TargetError
        The target is a class.
    SpecError
        The model keeps no scores of judged rows.
    SchemaError
        A column is absent or of another kind.
    """
    refuse_after_fork()
    if self.classes:
        raise TargetError(
            "The target is a class, whose distribution is its probabilities.", "Use predict_proba."
        )
    conformal, frame = _conformal(self, data, 0.9, rung)
    return conformal.distribution(frame)


@with_checked_arguments
def guarantee(
    self: Subject, coverage: float = 0.9, *, rung: str | None = None, by_class: bool | None = None
) -> Statement:
    """Say what intervals and sets promise for new rows like those that judged.

    Parameters
    ----------
    coverage, rung, by_class
        As in `predict_set`.

    Returns
    -------
    Statement
        ``name`` is "split", "cross", "adaptive" or "none"; ``at_least`` is the least coverage,
        ``low`` and ``high`` say where the coverage of 1,000 rows will lie, and ``sentence`` has
        everything in words, or for "none" the reason and the remedy.

    Raises
    ------
    SpecError
        As in `predict_interval`.
    """
    from gradum.questions.rows.judges import conformal_of

    return conformal_of(self, coverage, rung=rung, by_class=by_class).statement


def _refuse_series(self: Subject) -> None:
    """Refuse to predict rows by a model that continues series."""
    if self.fitted.spec.is_forecast:
        raise SpecError(
            "The model continues series, and predicts no rows of a table.",
            "Use forecast, which takes later rows; or gradum predict.",
        )


def _prediction(self: Subject, data: Any, rung: str | None) -> Prediction:
    _refuse_series(self)
    prediction, differences = predict_rows(self.fitted, data, rung=rung)
    self.remember(differences)
    return prediction


def _conformal(
    self: Subject, data: Any, coverage: float, rung: str | None, *, by_class: bool | None = None
) -> tuple[ConformalPredictor, pl.DataFrame]:
    """Return the predictor of intervals and sets, and the rows to make them for."""
    from gradum.questions.rows.judges import conformal_of

    _refuse_series(self)
    conformal = conformal_of(self, coverage, rung=rung, by_class=by_class)
    checked = check(
        read(data), self.fitted.schema, encoder=self.fitted.encoder, also=conformal.also
    )
    self.remember(checked.differences)
    return conformal, checked.frame
