"""The rows of a fit, summed up for the model file so that later rows can be compared with them.

It contains no single row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import numpy as np
import polars as pl
from msgspec import structs

from gradum.margins import falling
from gradum.randomness import stream
from gradum.run.dataset import Dataset
from gradum.run.judging.judge_rungs import Seen
from gradum.run.judging.judgement import Judgement
from gradum.run.plan import Plan
from gradum.run.reference.column_counts import (
    Levels,
    Numbers,
    Values,
    as_numbers,
    expected_unseen,
    level_counts,
)
from gradum.run.reference.judged_errors import JudgedErrors, judged_errors
from gradum.run.reference.judged_summary import JudgedSummary, judged_summary
from gradum.run.spec.spec import Spec
from gradum.rungs.rung import Prediction
from gradum.tables.columns import Column, KindName
from gradum.tables.kinds import KINDS
from gradum.tables.split import Part

MOST_ROWS = 100_000
"""The most rows that are summarised; if there are more, so many are drawn."""

MOST_ANSWERS = 20

Unseen = Callable[[str, dict[str, int]], float]
"""From a column and its rows by level to the number of rows with a level unknown to an encoder."""


class ColumnSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column: the number of rows without a value, and the distribution of the other values.

    For a text, this is the distribution of its length in characters; its words are not kept.
    """

    missing: int
    values: Values


class AnswerSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the rung in use said of judged rows: one column of `answers_of`, by its place."""

    place: int
    values: Numbers


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of a fit, for comparison with later rows."""

    rows: int
    """How many rows are summarised."""
    columns: dict[str, ColumnSummary]
    """The summary of each feature."""
    target: ColumnSummary | None = None
    """The summary of the target; for classes by their names."""
    answers: tuple[AnswerSummary, ...] = ()
    """The answers of the rung in use on judged rows; empty if nothing was judged."""
    same_fit: bool = False
    """Whether the kept model gave these answers, to rows that it had not learned from. The answers
    of a cross-validation, or of a model that was refitted since, come from other fits."""
    dependent: bool = False
    """Whether rows belong together, in groups or in time."""
    judged: JudgedSummary | None = None
    """How answers and targets of judged rows went together; None if nothing was judged."""
    errors: JudgedErrors | None = None
    """How often the rung in use was wrong on judged rows; None if nothing was judged."""

    @classmethod
    def of(cls, frame: pl.DataFrame, columns: Iterable[Column], unseen: Unseen) -> Reference:
        """Summarise typed columns, as `tables.check` leaves them; without answers and target."""
        return cls(
            len(frame),
            {column.name: summary(frame[column.name], column.kind, unseen) for column in columns},
        )

    @classmethod
    def of_rows(cls, dataset: Dataset, learned: int, seed: int) -> Reference:
        """Summarise the features and the target of up to `MOST_ROWS` of a run's rows.

        ``learned`` is how many of them the encoder has learned from.
        """
        schema, target = dataset.schema, dataset.target
        frame = dataset.frame
        if len(frame) > MOST_ROWS:
            drawn = stream(seed, "reference").choice(len(frame), MOST_ROWS, replace=False)
            rows = np.sort(drawn)
            frame, target = frame[rows], target[rows]
        if dataset.classes:
            names = pl.Series("level", [str(label) for label in dataset.classes])
            known = Levels.of(level_counts(names[target]), 0.0)
        else:
            known = Numbers.of(target)
        return structs.replace(
            cls.of(frame, schema.features, lambda _, counts: expected_unseen(counts, learned)),
            target=ColumnSummary(0, known),
            dependent=schema.group is not None or schema.time is not None,
        )

    def with_answers(self, prediction: Prediction, *, same_fit: bool) -> Reference:
        """Add what a rung said of judged rows."""
        answers = answers_of(prediction)
        commonest = falling(answers.mean(axis=0))[:MOST_ANSWERS]
        places = range(answers.shape[1]) if answers.shape[1] <= MOST_ANSWERS else sorted(commonest)
        return structs.replace(
            self,
            answers=tuple(
                AnswerSummary(int(place), Numbers.of(answers[:, place])) for place in places
            ),
            same_fit=same_fit,
        )


def reference_of(
    spec: Spec, dataset: Dataset, plan: Plan, judged: Seen | None, judgement: Judgement | None
) -> Reference:
    """Return the reference for later rows: a run's rows, and what was said of the judged ones.

    Parameters
    ----------
    spec : Spec
        The spec, with ``refit`` if the model has been refitted.
    plan : Plan
        The part of each row.
    judged : Seen or None
        The predictions of the judged rows.
    judgement : Judgement or None
        Says which rung is used; None if nothing was judged.
    """
    learned = len(dataset) if spec.refit else int(np.count_nonzero(plan.kept == Part.TRAIN))
    reference = Reference.of_rows(dataset, learned, spec.seed)
    if judgement is None or judged is None:
        return reference
    rows, averaged = judged.average(len(dataset))
    used = averaged[judgement.verdict.used]
    reference = reference.with_answers(used, same_fit=not (spec.refit or plan.folds))
    return structs.replace(
        reference,
        judged=judged_summary(used, dataset.target[rows], dataset.weight[rows]),
        errors=judged_errors(
            dataset.truth,
            rows,
            used,
            spec.seed,
            exposure=None if dataset.exposure is None else dataset.exposure[rows],
        ),
    )


def summary(values: pl.Series, kind: KindName, unseen: Unseen) -> ColumnSummary:
    """Summarise a typed column of a kind that a model may use."""
    missing = values.null_count()
    if KINDS[kind].has_levels:
        counts = level_counts(values)
        return ColumnSummary(missing, Levels.of(counts, unseen(values.name, counts)))
    return ColumnSummary(missing, Numbers.of(as_numbers(values)))


def answers_of(prediction: Prediction) -> np.ndarray:
    """Return a rung's predictions as columns (n, c).

    This is one column for numbers (the middle quantile), one for two classes (the probability of
    the second), otherwise the probability of each class.
    """
    if prediction.probability is not None:
        probability = prediction.probability
        return probability[:, 1:] if probability.shape[1] == 2 else probability
    return prediction.middle[:, None]
