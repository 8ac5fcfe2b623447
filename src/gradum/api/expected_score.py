"""The score to be expected of new rows without labels: where the judged rows are found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from gradum.api.boosted_trees import boosted_trees
from gradum.api.judged_rows import judged_rows
from gradum.api.run_rows import MOST_BYTES, run_with_its_table
from gradum.errors import GradumError, SpecError
from gradum.fitting.predict import predict_typed
from gradum.messages import say
from gradum.randomness import stream
from gradum.study.evidence import Evidence
from gradum.study.watch.answered_rows import answered_rows
from gradum.study.watch.expected import MOST_ROWS, Expectation, expect

if TYPE_CHECKING:
    from gradum.api.model import Model


def expected_score(model: Model, new: pl.DataFrame, rung: str | None) -> Expectation | str:
    """Expect the scores of typed new rows by the rows that judged the model, or say why not."""
    fitted = model.fitted
    try:
        evidence = _evidence(model, rung)
        judgement = fitted.judgement
        assert judgement is not None
        judged = answered_rows(fitted, evidence.frame, evidence.prediction, evidence.weight)
        return expect(
            judged,
            evidence.target,
            answered_rows(fitted, new, predict_typed(fitted, new, rung=rung)),
            task=evidence.task,
            metric=judgement.verdict.metric,
            scores=judgement.scores[evidence.rung]["test"],
            learners=boosted_trees(),
            rng=stream(fitted.spec.seed, "study", "watch", "expected score"),
        )
    except GradumError as error:
        return say("No score is expected without labels. {cause}", cause=error.message)


def _evidence(model: Model, rung: str | None) -> Evidence:
    """Return the rows that judged the model.

    Raises
    ------
    GradumError
        There are none, or they are not at hand.
    """
    fitted = model.fitted
    if fitted.judgement is None:
        raise SpecError(say("The model was not judged."))
    if rung is not None and fitted.rung(rung).name != fitted.used:
        raise SpecError(say("Predictions of judged rows are kept of the rung in use alone."))
    if model.run is not None:
        return Evidence.of(model.run, MOST_ROWS)
    run_spec = run_with_its_table(model.folder)
    assert model.folder is not None
    if sum(Path(file).stat().st_size for file in run_spec.sha256) > MOST_BYTES:
        raise SpecError(say("The run's table is too large to be read again."))
    return judged_rows(model.folder)
