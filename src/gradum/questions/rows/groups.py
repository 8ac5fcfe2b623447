"""Scores by group: what was asked for, and the scores of the rows that judged a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradum.errors import SpecError
from gradum.questions.rows.judged_rows import judged_rows
from gradum.run.spec.metric import metric_for
from gradum.study.evaluation.evaluate import Evaluation, Grouping
from gradum.study.evidence import Evidence
from gradum.study.groups.scoring import scores_by_group

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def grouping_of(model: Subject, by: str | Sequence[str], metric: str | None) -> Grouping:
    """Return the grouping that was asked for: one or several columns, and a metric of the task.

    Raises
    ------
    SpecError
        There is no such metric, or it was given without columns.
    """
    columns = (by,) if isinstance(by, str) else tuple(by)
    if metric is not None:
        metric_for(metric, model.task)
        if not columns:
            raise SpecError(
                "A metric for groups is chosen, but no groups are asked for.",
                "Name their column with --by (by).",
            )
    return Grouping(columns, metric)


def judged_by_group(model: Subject, grouping: Grouping) -> Evaluation:
    """Score the rows that judged a run by group; the other scores are those of the run.

    Raises
    ------
    SpecError
        No groups are asked for, or the judged rows are not at hand or cannot be grouped this way.
    """
    judgement = model.fitted.judgement
    if not grouping.columns:
        raise SpecError(
            "There is no table to evaluate the model on.",
            "Name one, or group the judged rows of a run with --by (by).",
        )
    if judgement is None or (model.run is None and model.folder is None):
        raise SpecError(
            "A model file alone does not hold the rows that judged it.",
            "Name its run folder, or a table.",
        )
    evidence = judged_evidence(model, grouping.columns)
    metric = grouping.metric or judgement.verdict.metric
    return Evaluation(judgement, (), groups=scores_by_group(evidence, grouping.columns, metric))


def judged_evidence(model: Subject, also: Sequence[str] = ()) -> Evidence:
    """Return the judged rows of a run that is at hand, or in a folder with its table.

    ``also`` names wanted columns that no model uses; a run at hand knows only those that it was
    sliced by.
    """
    if model.run is not None and model.run.judged is not None:
        return Evidence.of(model.run)
    assert model.folder is not None
    return judged_rows(model.folder, also=also)
