"""The model that is in use today: a column of a run's table has its answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from gradum.errors import ColumnError
from gradum.messages import listed, say
from gradum.run.spec.exposure import per_unit
from gradum.rungs.rung import Prediction
from gradum.study.evidence import Evidence
from gradum.tables.wording import nearest, quoted


def incumbent(evidence: Evidence, column: str) -> tuple[Evidence, str]:
    """Return the judged rows with the answers of a column as predictions, and how it was read.

    The column holds numbers for a number, and for classes the classes; of two classes, it may also
    hold the probability of the second. Rows without an answer are left out.

    Raises
    ------
    ColumnError
        There is no such column, or it holds none of these.
    """
    if column not in evidence.frame.columns:
        raise ColumnError(
            say("The table has no column {column!r}.", column=column),
            nearest(column, evidence.frame.columns),
        )
    answers = evidence.frame[column]
    given = answers.is_not_null().to_numpy()
    if answers.dtype.is_float():
        given &= np.isfinite(answers.fill_null(np.nan).to_numpy())
    if not given.any():
        raise ColumnError(
            "Column {column!r} has no answer in the judged rows.",
            "Name a column with the answers of the model in use.",
            column=column,
        )
    said = answers.filter(pl.Series(given))
    frame = evidence.frame.filter(pl.Series(given))
    if evidence.classes:
        prediction = _of_classes(said, evidence.classes)
    else:
        prediction = per_unit(evidence.schema, frame, _of_numbers(said))
    answered = replace(
        evidence,
        rung=say("column {column!r}", column=column),
        rows=evidence.rows[given],
        numbers=evidence.numbers[given],
        frame=frame,
        prediction=prediction,
        rivals=(),
        own_score=None,
    )
    return answered, _how_read(prediction, column, evidence.classes)


def _how_read(prediction: Prediction, column: str, classes: tuple[str, ...]) -> str:
    if prediction.probability is None:
        return ""
    if np.isin(prediction.probability, (0, 1)).all():
        return say(
            "Column {column!r} holds classes, each taken as certain: compare by a score of "
            "classes, such as accuracy, and not by log loss.",
            column=column,
        )
    return say(
        "Column {column!r} is read as the probability of {second!r}.",
        column=column,
        second=classes[1],
    )


def _of_numbers(said: pl.Series) -> Prediction:
    if not said.dtype.is_numeric():
        raise ColumnError(
            "Column {column!r} holds no numbers, and the target is one.",
            "Name a column with the numbers that the model in use predicts.",
            column=said.name,
        )
    return Prediction(said.cast(pl.Float64).to_numpy(), None)


def _of_classes(said: pl.Series, classes: tuple[str, ...]) -> Prediction:
    is_whole = said.dtype.is_float() and (said == said.round()).all()
    names = (said.cast(pl.Int64) if is_whole else said).cast(pl.String)
    known = names.is_in(classes)
    if known.all():
        codes = np.array([classes.index(name) for name in names])
        return Prediction.of_classes(np.eye(len(classes))[codes])
    if len(classes) == 2 and said.dtype.is_numeric() and said.is_between(0, 1).all():
        second = said.cast(pl.Float64).to_numpy()
        return Prediction.of_classes(np.column_stack([1 - second, second]))
    odd = names.filter(~known)[0]
    if len(classes) == 2:
        raise ColumnError(
            "Column {column!r} holds {value!r}, which is neither {classes} nor a probability.",
            "Give classes, or the probability of {second!r} from 0 to 1.",
            column=said.name,
            value=odd,
            classes=listed([quoted([each]) for each in classes], "or"),
            second=classes[1],
        )
    raise ColumnError(
        "Column {column!r} holds {value!r}, which is no class of the target.",
        "Give one of {classes} in each row.",
        column=said.name,
        value=odd,
        classes=quoted(classes),
    )
