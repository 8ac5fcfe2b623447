"""The regression table of a run: an unpenalised model of the rows its linear rung learned from."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import GradumError
from gradum.messages import say, say_plural, sentences
from gradum.run.run import Run
from gradum.study.coefficients import linear_rung
from gradum.study.inference.infer import infer
from gradum.study.inference.reference_coding import most_columns, reference_coded
from gradum.study.inference.result import Inference
from gradum.study.uncertainty import MOST_WORK, learned_rows
from gradum.tables.encode import Encoder

MOST_COLUMNS = 100
FEWEST_ROWS_PER_COLUMN = 5


class Regression(msgspec.Struct, frozen=True):
    """A regression table, or a sentence that says why there is none."""

    inference: Inference | None
    sentence: str


def regression_table(run: Run) -> Regression | None:
    """Return the regression table of a run; None if it has no linear rung.

    The loss is that of the linear rung. The standard errors are robust and clustered by group. A
    weight belongs to a single row, as in the fit and in the scores.
    """
    if run.fitted.linear is None:
        return None
    fitted, dataset, rows = run.fitted, run.dataset, learned_rows(run)
    columns = most_columns(fitted.encoder.layout)
    outputs = max(len(dataset.classes) - 1, 1)
    width = columns * outputs
    if not width:
        return Regression(
            None, say("No regression table: no column has coefficients that say something alone.")
        )
    if width > MOST_COLUMNS:
        why = say(
            "No regression table: it would have {coefficients}, but only {most} can be shown.",
            coefficients=_coefficients(width),
            most=MOST_COLUMNS,
        )
        return Regression(None, why)
    if len(rows) < FEWEST_ROWS_PER_COLUMN * width:
        why = say(
            "No regression table: {rows} for {coefficients} are fewer than {fewest} rows each.",
            rows=_rows(len(rows)),
            coefficients=_coefficients(width),
            fewest=FEWEST_ROWS_PER_COLUMN,
        )
        return Regression(None, why)
    if len(rows) * width**2 > MOST_WORK:
        why = say(
            "No regression table: {rows} and {coefficients} would take too long.",
            rows=_rows(len(rows)),
            coefficients=_coefficients(width),
        )
        return Regression(None, why)
    try:
        return _regression(run, rows)
    except GradumError as error:
        return Regression(None, sentences([say("No regression table."), error.message]))


def _rows(count: int) -> str:
    return say_plural("{count:,} row", "{count:,} rows", count)


def _coefficients(count: int) -> str:
    return say_plural("{count:,} coefficient", "{count:,} coefficients", count)


def _regression(run: Run, rows: np.ndarray) -> Regression:
    dataset, encoder, rung = run.dataset, run.fitted.encoder, linear_rung(run.fitted)
    taken = dataset.rows(encoder).take(rows)
    coded = reference_coded(taken.design.encoded(), taken.weight)
    log = rung.target_scale is not None and rung.target_scale.log
    name = dataset.schema.learned_target.name
    inference = infer(
        coded.matrix,
        np.log(taken.target) if log else taken.target,
        rung.loss,
        names=coded.names,
        weight=taken.weight if dataset.weighted else None,
        weights="precision",
        covariance="robust",
        groups=taken.groups,
        target_name=say("log {target}", target=name) if log else name,
        classes=dataset.classes,
        numbers=dataset.numbers[rows] + 1,
    )
    imputed = imputation(encoder)
    notes = (*coded.sentences, *imputed, *inference.sentences)
    inference = structs.replace(inference, references=coded.references, sentences=notes)
    sentence = say(
        "Fitted without a penalty, on the {rows:,} rows that the linear model learned from; no "
        "row that judges the model is among them.",
        rows=len(rows),
    )
    if dataset.drawn_from is not None:
        sentence = say(
            "Without a penalty, on {rows:,} rows that were drawn from the table's {drawn_from:,}: "
            "the intervals are those of so many rows.",
            rows=len(rows),
            drawn_from=dataset.drawn_from,
        )
    elif len(rows) == len(dataset):
        sentence = say("Fitted without a penalty, on all {rows:,} rows.", rows=len(rows))
    return Regression(inference, sentence)


def imputation(encoder: Encoder) -> tuple[str, ...]:
    """Say how filling missing values affects the standard errors, if any values are missing."""
    if not any(column.traits.marks_missing for column in encoder.layout.columns):
        return ()
    return (
        say(
            "Missing values count as the column's median, with an indicator of their own; the "
            "standard errors treat the filled values as known."
        ),
    )


def without_influential(regression: Regression) -> Regression:
    """Return this table without any single row of the data."""
    inference = regression.inference and structs.replace(regression.inference, influential=())
    return structs.replace(regression, inference=inference)
