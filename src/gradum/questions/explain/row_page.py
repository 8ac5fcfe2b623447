"""The page of one row: everything that is known about why it has its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradum.errors import SpecError
from gradum.margins import falling
from gradum.messages import say
from gradum.questions.alike.alike import Alike, alike
from gradum.questions.alike.answer import AlikeRows
from gradum.questions.counterfactual.answer import Counterfactuals
from gradum.questions.counterfactual.counterfactual import counterfactuals
from gradum.questions.counterfactual.limits import Limits
from gradum.questions.explain.row_sections import (
    alike_section,
    answers_to_show,
    changes_section,
    distribution_section,
    effects_section,
    not_alike_section,
    row_page,
)
from gradum.questions.rows.judges import conformal_of
from gradum.questions.rows.learned_rows import learned_rows
from gradum.show.document.document import Section
from gradum.study.explanation.effects import columns_with_curve, effects_of
from gradum.study.row_distribution import COVERAGE, row_distribution
from gradum.tables.encode import Unencoded

if TYPE_CHECKING:
    from gradum.questions.explain.answer import Explanation
    from gradum.questions.subject import Subject
    from gradum.study.explanation.learned import LearnedRows


def page_of_row(model: Subject, explanation: Explanation, *, cache: Path | None = None) -> str:
    """Return the page of the first row of an explanation; see `Model.row_page`."""
    looks_at_columns = model.fitted.rung(explanation.found.rung).input_layer is not None
    more = _sections(model, explanation) if looks_at_columns else ()
    return row_page(explanation, list(more), cache=cache)


def _sections(model: Subject, explanation: Explanation) -> Iterator[Section]:
    found, fitted = explanation.found, model.fitted
    row, number = found.values[:1], found.rows[:1]
    expected = _expected(model, explanation)
    if expected is not None:
        yield expected
    columns = _foremost(explanation)
    if columns:
        effects = effects_of(
            fitted,
            found.background_rows,
            columns=columns,
            rows=row,
            rung=found.rung,
            scale=found.scale,
        )
        yield effects_section(effects, answers_to_show(explanation, 0)[0])
    if fitted.classes:  # a number has no opposite answer
        changes = counterfactuals(
            fitted, row, found.background_rows, numbers=number, limits=Limits(), rung=found.rung
        )
        yield changes_section(Counterfactuals(changes, fitted))
    try:
        learned = learned_rows(model, found.rung)
    except SpecError:  # the rows are not kept
        return
    try:
        like_it = _like_it(learned, row, int(number[0]))
    except SpecError as error:  # the rung has no last layer to compare them by
        yield not_alike_section(error.message)
    else:
        yield alike_section(AlikeRows(like_it, fitted))


def _expected(model: Subject, explanation: Explanation) -> Section | None:
    """Return what may be expected of the row's number, if judged rows tell it."""
    found, guarantee = explanation.found, model.fitted.guarantee
    if model.classes or guarantee is None:
        return None
    conformal = conformal_of(model, COVERAGE, rung=found.rung)
    row, schema = found.values[:1], model.fitted.schema
    target = model.fitted.spec.target
    if schema.exposure is not None:  # as the explanation, this is of one unit
        row = row.with_columns(pl.lit(1.0).alias(schema.exposure))
        target = say("{target} per unit of {exposure}", target=target, exposure=schema.exposure)
    if not set(conformal.also) <= set(row.columns):
        return None
    answer = model.fitted.rung(found.rung).predict(Unencoded(model.fitted.encoder, row))
    expected = row_distribution(
        conformal.distribution(row), float(answer.value[0]), conformal.intervals(row)[0]
    )
    if expected is None:
        return None
    return distribution_section(expected, target, conformal.statement.sentence)


def _like_it(learned: LearnedRows, row: pl.DataFrame, number: int) -> Alike:
    """Return the rows most like the given row, without the row itself if it was learned from."""
    near = alike(learned, row, number=number)
    itself = (pl.col("row") == number) & (pl.col("equal_columns") == row.width)
    if near.frame.filter(itself).is_empty():
        return near
    return alike(learned.without(number), row, number=number)


def _foremost(explanation: Explanation) -> list[str]:
    """Return the columns with a curve that add most to the row's first answer."""
    found = explanation.found
    answer = answers_to_show(explanation, 0)[0]
    order = falling(np.abs(found.parts[0].values[:, answer]))
    columns = [column for player in order for column in found.players[player]]
    return columns_with_curve(explanation.fitted, columns)
