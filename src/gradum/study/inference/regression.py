"""The regression table of a run: an unpenalised model of the rows its linear rung learned from."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import GradumError
from gradum.fitting.run import Run
from gradum.study.inference.infer import infer
from gradum.study.inference.reference_coding import most_columns, reference_coded
from gradum.study.inference.result import Inference
from gradum.study.uncertainty import MOST_WORK, learned_rows
from gradum.tables.encode import Encoder
from gradum.tables.wording import counted

MOST_COLUMNS = 100
FEWEST_ROWS_PER_COLUMN = 5


class Regression(msgspec.Struct, frozen=True):
    """A regression table, or a sentence why there is none."""

    inference: Inference | None
    sentence: str


def regression_table(run: Run) -> Regression | None:
    """Return the regression table of a run; None where it has no linear rung.

    The loss is the linear rung's. The standard errors are robust; rows of a group are taken
    together. A weight is that of one row, as it is in the fit and in the scores.
    """
    if "linear" not in run.fitted.rungs:
        return None
    fitted, dataset, rows = run.fitted, run.dataset, learned_rows(run)
    columns = most_columns(fitted.encoder.layout)
    outputs = max(len(dataset.classes) - 1, 1)
    width = columns * outputs
    if not 0 < width <= MOST_COLUMNS:
        return _none(f"{counted(width, 'coefficient')}, where 1 to {MOST_COLUMNS} can be shown")
    if len(rows) < FEWEST_ROWS_PER_COLUMN * width:
        return _none(
            f"{counted(len(rows), 'row')} for {counted(width, 'coefficient')}, fewer than "
            f"{FEWEST_ROWS_PER_COLUMN} each"
        )
    if len(rows) * width**2 > MOST_WORK:
        return _none(f"{counted(len(rows), 'row')} of {counted(width, 'coefficient')} take long")
    try:
        return _regression(run, rows)
    except GradumError as error:
        return Regression(None, f"No regression table. {error.message}")


def _regression(run: Run, rows: np.ndarray) -> Regression:
    dataset, encoder, rung = run.dataset, run.fitted.encoder, run.fitted.rungs["linear"]
    taken = dataset.rows(encoder).take(rows)
    coded = reference_coded(taken.design.encoded(), taken.weight)
    log = rung.target_scale is not None and rung.target_scale.log
    assert dataset.schema.target is not None
    name = dataset.schema.target.name
    found = infer(
        coded.matrix,
        np.log(taken.target) if log else taken.target,
        rung.loss,
        names=coded.names,
        weight=None if dataset.schema.weight is None else taken.weight,
        weights="precision",
        covariance="robust",
        groups=taken.groups,
        target_name=f"log {name}" if log else name,
        classes=dataset.classes,
        numbers=dataset.numbers[rows] + 1,
    )
    imputed = imputation(encoder)
    said = (*coded.sentences, *imputed, *found.sentences)
    found = structs.replace(found, references=coded.references, sentences=said)
    sentence = (
        f"Without a penalty, on the {len(rows):,} rows that the linear rung learned from; "
        "no row that judges it has a part in it."
    )
    if dataset.drawn_from is not None:
        sentence = (
            f"Without a penalty, on {len(rows):,} rows that were drawn from the table's "
            f"{dataset.drawn_from:,}: the intervals are those of so many rows."
        )
    elif len(rows) == len(dataset):
        sentence = f"Without a penalty, on all {len(rows):,} rows."
    return Regression(found, sentence)


def imputation(encoder: Encoder) -> tuple[str, ...]:
    """Say what filling missing values does to the standard errors, where any are missing."""
    if not any(feature.kind == "missing" for feature in encoder.layout.dense):
        return ()
    return (
        "Missing values count as the column's median, with an indicator of their own; the standard "
        "errors take the filled values as known.",
    )


def without_influential(found: Regression) -> Regression:
    """Return the same without any single row of the table."""
    inference = found.inference and structs.replace(found.inference, influential=())
    return structs.replace(found, inference=inference)


def _none(why: str) -> Regression:
    return Regression(None, f"No regression table: {why}.")
