"""Intervals and sets of a model, with the guarantee that its run folder can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradum.errors import TargetError
from gradum.fitting.conformal.distribution import Distribution
from gradum.fitting.conformal.statement import Statement
from gradum.fitting.intervals.predictor import ConformalPredictor
from gradum.fitting.judge import Judge, first_repeat
from gradum.fitting.predict import predict_typed
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.ship.judges import load_judges
from gradum.ship.layout import JUDGES
from gradum.tables.check import Checked, check
from gradum.tables.sources.read import read

if TYPE_CHECKING:
    from gradum.api.model import Model


def judges_of(model: Model) -> tuple[Judge, ...]:
    """Return the judges that a model's guarantee needs, and none where they are not at hand.

    Raises
    ------
    ModelFileError
        Their file is damaged, or of another model.
    """
    guarantee = model.fitted.guarantee
    if guarantee is None or guarantee.terms.name != "cross":
        return ()
    if model.run is not None:
        return first_repeat(model.run.judges)
    if model.folder is None or not (model.folder / JUDGES).exists():
        return ()
    return load_judges(model.fitted, model.folder / JUDGES)


def conformal_of(
    model: Model, coverage: float = 0.9, *, rung: str | None = None, by_class: bool = False
) -> ConformalPredictor:
    """Return what makes a model's intervals and sets of a coverage, and its distributions.

    Raises
    ------
    SpecError
        As `ConformalPredictor.of`.
    """
    return ConformalPredictor.of(model.fitted, model.judges, coverage, rung=rung, by_class=by_class)


def model_intervals(
    model: Model, data: Any, coverage: float, rung: str | None
) -> tuple[np.ndarray, Checked]:
    """Return the intervals of rows; see `Model.predict_interval`."""
    refuse_after_fork()
    if model.classes:
        raise TargetError(
            say("The target is a class, which has no interval."), say("Use predict_set.")
        )
    conformal = conformal_of(model, coverage, rung=rung)
    checked = _checked(model, data, conformal)
    return conformal.intervals(checked.frame), checked


def model_distribution(model: Model, data: Any, rung: str | None) -> tuple[Distribution, Checked]:
    """Return the predictive distributions of rows; see `Model.predict_distribution`."""
    refuse_after_fork()
    if model.classes:
        raise TargetError(
            say("The target is a class, whose distribution is its probabilities."),
            say("Use predict_proba."),
        )
    conformal = conformal_of(model, rung=rung)
    checked = _checked(model, data, conformal)
    return conformal.distribution(checked.frame), checked


def model_sets(
    model: Model, data: Any, coverage: float, rung: str | None, *, by_class: bool
) -> tuple[list[tuple], Checked]:
    """Return the sets of rows; see `Model.predict_set`."""
    refuse_after_fork()
    if not model.classes:
        raise TargetError(
            say("The target is a number, which has no set of classes."),
            say("Use predict_interval."),
        )
    conformal = conformal_of(model, coverage, rung=rung, by_class=by_class)
    checked = _checked(model, data, conformal)
    prediction = predict_typed(model.fitted, checked.frame, rung=rung)
    return conformal.labels(conformal.sets(checked.frame, prediction)), checked


def model_guarantee(
    model: Model, coverage: float, rung: str | None, *, by_class: bool
) -> Statement:
    """Say what intervals and sets are promised; see `Model.guarantee`."""
    return conformal_of(model, coverage, rung=rung, by_class=by_class).statement


def _checked(model: Model, data: Any, conformal: ConformalPredictor) -> Checked:
    fitted = model.fitted
    return check(read(data), fitted.schema, encoder=fitted.encoder, also=conformal.also)
