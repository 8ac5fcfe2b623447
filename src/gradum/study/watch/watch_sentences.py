"""The findings of a watch in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradum.messages import listed, say, say_plural, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent
from gradum.study.watch.drift_effect import HARMLESS
from gradum.study.watch.watched import AnswersWatch, ColumnWatch, DriftEffect, JointWatch, Median
from gradum.tables.kinds import KINDS
from gradum.tables.wording import and_more, number, shortened


def column_sentence(fitted: Fitted, column: ColumnWatch, beyond: Mapping[str, bool]) -> str:
    """Say how a column has drifted, from its tests that are beyond chance, and with what effect."""
    words = {"values": _moved, "missing": _missing, "unseen": _unseen}
    found = [words[test](column) for test, is_beyond in beyond.items() if is_beyond]
    return sentences([*found, _effect(fitted, column)])


def answers_sentence(fitted: Fitted, answers: AnswersWatch) -> str:
    """Say how the answers have moved."""
    if not answers.drifted:
        return ""
    values = {
        "size": figure(answers.size, digits=2),
        "before": _answer(fitted, answers.reference_median),
        "now": _answer(fitted, answers.median),
    }
    if fitted.classes:
        return say(
            "The predicted probability of {answer!r} is {now} in the median, {before} for the rows "
            "that judged the model (distance {size}).",
            answer=shortened(answers.answer),
            **values,
        )
    return say(
        "The predicted {answer!r} is {now} in the median, {before} for the rows that judged the "
        "model (distance {size}).",
        answer=shortened(answers.answer),
        **values,
    )


def joint_sentence(joint: JointWatch) -> str:
    """Say whether new rows can be told from the reference's by all columns together."""
    auc = figure(joint.auc, digits=3)
    if not joint.drifted:
        return say(
            "From all columns together, a classifier cannot tell the new rows from those learned "
            "from (AUC {auc}; chance is 0.5).",
            auc=auc,
        )
    columns = [repr(shortened(name)) for name, _ in joint.columns]
    found = say(
        "From all columns together, a classifier can tell the new rows from those learned from "
        "(AUC {auc}; chance is 0.5).",
        auc=auc,
    )
    most = say("It relies most on {columns}.", columns=listed(columns, "and")) if columns else ""
    return sentences([found, most])


def _moved(column: ColumnWatch) -> str:
    name, size = shortened(column.column), figure(column.size, digits=2)
    if column.level is not None:
        return say(
            "Column {column!r} has moved: {level!r} is {now} of its values, where it was {before} "
            "(total variation {size}).",
            column=name,
            level=shortened(column.level.level),
            before=percent(column.level.reference, decimals=1),
            now=percent(column.level.new, decimals=1),
            size=size,
        )
    if column.median is None or column.median.reference == column.median.new:
        return say("Column {column!r} has moved (distance {size}).", column=name, size=size)
    before, now = median_texts(column.kind, column.median)
    values = {
        "column": name,
        "size": size,
        "before": before,
        "now": now,
        "shift": figure(column.median.shift, digits=2, sign=True),
    }
    if KINDS[column.kind].holds_words:
        return say(
            "Column {column!r} has moved: the median of its lengths is {now} characters, where it "
            "was {before} ({shift} standard deviations; distance {size}).",
            **values,
        )
    return say(
        "Column {column!r} has moved: its median is {now}, where it was {before} ({shift} standard "
        "deviations; distance {size}).",
        **values,
    )


def median_texts(kind: str, median: Median) -> tuple[str, str]:
    """Write the medians of the reference and of new rows, dates as days."""
    write = KINDS[kind].written
    before, now = (write(value) or number(value) for value in (median.reference, median.new))
    return before, now


def _missing(column: ColumnWatch) -> str:
    return say(
        "Column {column!r} has no value in {now} of the rows, where it was {before}.",
        column=shortened(column.column),
        now=percent(column.missing.new, decimals=1),
        before=percent(column.missing.reference, decimals=1),
    )


def _unseen(column: ColumnWatch) -> str:
    unseen = column.unseen
    assert unseen is not None
    return say_plural(
        "Column {column!r} has {count:,} row of levels that the model does not know ({levels}), "
        "where about {expected} could be expected.",
        "Column {column!r} has {count:,} rows of levels that the model does not know ({levels}), "
        "where about {expected} could be expected.",
        unseen.rows,
        column=shortened(column.column),
        levels=and_more(
            listed([repr(shortened(level)) for level in unseen.levels]),
            unseen.count - len(unseen.levels),
        ),
        expected=figure(np.ceil(unseen.expected), digits=3),
    )


def _effect(fitted: Fitted, column: ColumnWatch) -> str:
    effect = column.effect
    if effect is None:
        return say("Its effect on the answers is not known.")
    if effect.unused:
        return say("No answer depends on it: it is harmless.")
    if effect.harmless:
        return say(
            "It moves answers by less than {share} of their standard deviation: it is harmless.",
            share=percent(HARMLESS),
        )
    return effect_sentence(fitted, effect)


def effect_sentence(fitted: Fitted, effect: DriftEffect) -> str:
    """Say how much a drift moves the answers."""
    if fitted.classes:
        return say(
            "It moves the predicted probability of {answer!r} by {mean} percentage points on "
            "average; a typical prediction moves by {absolute}.",
            answer=shortened(effect.answer),
            mean=figure(100 * effect.mean, digits=2, sign=True),
            absolute=figure(100 * effect.absolute, digits=2),
        )
    return say(
        "It moves predictions by {mean} on average; a typical prediction moves by {absolute}.",
        mean=figure(effect.mean, digits=3, sign=True),
        absolute=figure(effect.absolute, digits=3),
    )


def _answer(fitted: Fitted, value: float) -> str:
    return percent(value, decimals=1) if fitted.classes else figure(value)
