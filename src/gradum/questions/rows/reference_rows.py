"""The rows with which new rows are compared: a run's own, or others that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradum.engines.engine import Engine
from gradum.errors import SpecError, TableError
from gradum.messages import say, say_plural
from gradum.questions.rows.learned_rows import kept_rows
from gradum.questions.rows.run_rows import small_run_with_its_table
from gradum.questions.rows.sampled_rows import SampledRows, sampled_rows
from gradum.randomness import stream
from gradum.run.predicting import predict_typed
from gradum.run.reference.reference import MOST_ROWS, Reference
from gradum.study.explanation.learned import drawn_rows
from gradum.study.watch.column_drift import ANSWERED_ROWS
from gradum.study.watch.joint import JOINT_ROWS
from gradum.tables.check.check import widened
from gradum.tables.split import Part

if TYPE_CHECKING:
    from gradum.questions.subject import Subject

FEWEST_ROWS = 20


@dataclass(frozen=True)
class WatchReference:
    """What new rows are compared with."""

    summary: Reference
    rows: pl.DataFrame | str
    """Some of the rows, typed, for a classifier that tells new rows apart; or why there are
    none."""
    notes: tuple[str, ...] = ()
    """What is to be said about these rows."""


def reference_of_run(model: Subject) -> WatchReference:
    """Return the summary in the model file, and rows that the run learned from if they are at hand.

    Raises
    ------
    SpecError
        The file is from an earlier gradum, and its run is not at hand.
    """
    fitted = model.fitted
    if fitted.reference is not None:
        return WatchReference(fitted.reference, _rows_of_run(model))
    try:
        dataset, parts = kept_rows(model)
    except SpecError as error:
        raise SpecError(
            "The model was made by an earlier gradum, and holds no summary of its rows.",
            "Fit it again; a watch also takes rows to compare with, by --reference (reference).",
        ) from error
    learned = int(np.count_nonzero(parts == Part.TRAIN))
    summary = Reference.of_rows(dataset, learned, fitted.spec.seed)
    return WatchReference(summary, _rows_of_run(model))


def given_reference(
    model: Subject, data: Any, rung: str | None, engine: Engine | None = None
) -> WatchReference:
    """Return the summary of rows given for comparison, and some of these rows.

    Their levels that are unknown to the model are counted, as for new rows.

    Raises
    ------
    SchemaError
        A column is absent or of another kind.
    TableError
        The rows are too few.
    """
    fitted = model.fitted
    given = sampled_rows(fitted, data, MOST_ROWS, "reference", engine=engine)
    refuse_few(given)

    def unseen(column: str, counts: dict[str, int]) -> float:
        known = set(fitted.encoder.levels.get(column, counts))
        return float(sum(rows for level, rows in counts.items() if level not in known))

    rng = stream(fitted.spec.seed, "study", "watch", "reference", "answers")
    some = drawn_rows(given.frame, ANSWERED_ROWS, rng)
    summary = Reference.of(given.frame, fitted.schema.features, unseen).with_answers(
        predict_typed(fitted, some, rung=rung), same_fit=True
    )
    note = say("Those of {source} stand for the rows learned from.", source=given.source)
    return WatchReference(summary, drawn_rows(some, JOINT_ROWS, rng), (note,))


def refuse_few(sampled: SampledRows) -> None:
    """Refuse a table of fewer than `FEWEST_ROWS` rows.

    Raises
    ------
    TableError
    """
    if sampled.rows < FEWEST_ROWS:
        raise TableError(
            say_plural(
                "{source} has {count:,} row, which can show no drift.",
                "{source} has {count:,} rows, which can show no drift.",
                sampled.rows,
                source=sampled.source,
            ),
            say("Give at least {rows}.", rows=FEWEST_ROWS),
        )


def _rows_of_run(model: Subject) -> pl.DataFrame | str:
    """Return some of the rows that a run learned from, or why they are not at hand."""
    fitted = model.fitted
    if model.run is not None:
        rng = stream(fitted.spec.seed, "study", "watch", "reference")
        features = [column.name for column in fitted.schema.features]
        return widened(drawn_rows(model.run.dataset.frame.select(features), JOINT_ROWS, rng))
    try:
        run_spec = small_run_with_its_table(model.folder)
        reading = run_spec.spec.reading
        return sampled_rows(fitted, run_spec.data, JOINT_ROWS, "reference", reading=reading).frame
    except SpecError as error:
        return error.message
