"""The score to be expected on new rows without labels: where the judged rows come from.

They are the run's own, with their columns, if its table is at hand; else the summary in the model
file, which has only answers and targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.core.losses import Loss, resolve
from gradum.errors import GradumError, SpecError
from gradum.messages import say
from gradum.questions.rows.judged_rows import judged_rows
from gradum.questions.rows.run_rows import small_run_with_its_table
from gradum.questions.watch.boosted_trees import boosted_trees
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.run.judging.judge_rungs import cost_by
from gradum.run.judging.judgement import Judgement
from gradum.run.predicting import predict_typed
from gradum.study.evidence import Evidence
from gradum.study.watch.domain_sample import DomainSample, answered_rows
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.expected import MOST_ROWS, expect

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def expected_score(model: Subject, new: pl.DataFrame, rung: str | None) -> Expectation | str:
    """Estimate the scores on typed new rows from the rows that judged the model, or say why not."""
    fitted = model.fitted
    try:
        judgement, column = _judgement(fitted, rung), fitted.schema.target
        assert column is not None
        loss = _loss(column.loss)
        judged, target = _judged(model)
        answered = answered_rows(fitted, new, predict_typed(fitted, new))
        if judged.columns is None:
            answered = answered.without_columns
        return expect(
            judged,
            target,
            answered,
            task=column.task,
            metric=judgement.verdict.metric,
            scores=judgement.scores[fitted.used]["test"],
            learners=boosted_trees(),
            rng=stream(fitted.spec.seed, "study", "watch", "expected score"),
            dependent=fitted.schema.group is not None or fitted.schema.time is not None,
            cost=None if loss is None else cost_by(loss),
        )
    except GradumError as error:
        return say("No score is expected without labels. {cause}", cause=error.message)


def _judgement(fitted: Fitted, rung: str | None) -> Judgement:
    """Return the judgement of the rung in use.

    Raises
    ------
    SpecError
        There is no judgement, or another rung is asked for.
    """
    if fitted.judgement is None:
        raise SpecError("The model was not judged.")
    if rung is not None and fitted.rung(rung).name != fitted.used:
        raise SpecError("Predictions of judged rows are kept only for the model in use.")
    return fitted.judgement


def _loss(name: str) -> Loss | None:
    """Return the loss that was asked for, if any.

    Raises
    ------
    SpecError
        Its targets are never below 0, as labels drawn around the answers may be.
    """
    loss = resolve(name) if name else None
    if loss is not None and loss.link == "log":
        raise SpecError(
            "Labels drawn around the answers would fall below 0, which the loss {loss} does "
            "not allow.",
            loss=name,
        )
    return loss


def _judged(model: Subject) -> tuple[DomainSample, np.ndarray]:
    """Return the rows that judged the model and their targets, or rows made from their summary.

    Raises
    ------
    GradumError
        They are not at hand, and the model file has no summary of them.
    """
    fitted = model.fitted
    try:
        evidence = _evidence(model)
    except SpecError:
        summary = fitted.reference and fitted.reference.judged
        if not summary:
            raise
        prediction, target = summary.as_rows()
        return DomainSample(prediction, np.ones(len(target))), target
    judged = answered_rows(fitted, evidence.frame, evidence.prediction, evidence.weight)
    return judged, evidence.target


def _evidence(model: Subject) -> Evidence:
    """Return the judged rows with their columns.

    Raises
    ------
    GradumError
        They are not at hand.
    """
    if model.run is not None:
        return Evidence.of(model.run, MOST_ROWS)
    small_run_with_its_table(model.folder)
    assert model.folder is not None
    return judged_rows(model.folder)
