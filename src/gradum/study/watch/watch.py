"""New rows against what a model learned from: the tests that are made, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from msgspec import structs
from scipy import stats

from gradum.fitting.fitted import Fitted
from gradum.fitting.reference import Reference
from gradum.margins import falling
from gradum.messages import say
from gradum.randomness import stream
from gradum.study.watch.answers import watch_answers
from gradum.study.watch.columns import watch_column
from gradum.study.watch.counted import Counted
from gradum.study.watch.distances import LEVEL
from gradum.study.watch.effect import EFFECT_ROWS, answer_names, answers_for, effect_of
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.watched import (
    AnswersWatch,
    ColumnWatch,
    DriftEffect,
    JointWatch,
    WatchAlarm,
    Watched,
)
from gradum.study.watch.wording import answers_sentence, column_sentence, joint_sentence


def watch(
    fitted: Fitted,
    reference: Reference,
    new: Counted,
    some: pl.DataFrame,
    *,
    joint: JointWatch | None,
    expected: Expectation | None = None,
    notes: Iterable[str] = (),
    rung: str | None = None,
) -> Watched:
    """Hold new rows against a reference.

    All tests are counted together: of rows that are like the reference's, at most 5% of watches
    find any drift (Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, JRSS B 57,
    1995).

    Parameters
    ----------
    fitted : Fitted
    reference : Reference
    new : Counted
        All new rows, counted.
    some : DataFrame
        Typed new rows, drawn by chance: those whose answers are looked at.
    joint : JointWatch or None
        What a classifier tells apart, if reference rows are at hand.
    expected : Expectation or None
        The score that the rows will have, if rows that judged the model are at hand.
    notes : iterable of str
        What else is to be said of the rows.
    rung : str, optional
        The rung in use, if not another is asked for.
    """
    seed = fitted.spec.seed
    columns = [
        watch_column(column, reference, new.columns[column.name], some[column.name], seed)
        for column in fitted.schema.features
    ]
    predicted = answers_for(fitted, some, rung)
    of_used = rung is None or fitted.rung(rung).name == fitted.used
    answers = watch_answers(reference, predicted, answer_names(fitted)) if of_used else None
    ps = list(_p_values(columns, answers, joint, expected))
    beyond = iter((stats.false_discovery_control(ps) <= LEVEL).tolist())
    effects = _Effects.of(fitted, reference, some, predicted, rung)
    columns = [_concluded(column, beyond, effects) for column in columns]
    if answers is not None and answers.p is not None:
        answers = structs.replace(answers, drifted=next(beyond))
        answers = structs.replace(answers, sentence=answers_sentence(fitted, answers))
    if joint is not None:
        joint = structs.replace(joint, drifted=next(beyond))
        joint = structs.replace(joint, sentence=joint_sentence(joint))
    if expected is not None and expected.worse_p is not None:
        expected = structs.replace(expected, worse=next(beyond))
    return Watched(
        target=fitted.spec.target,
        rung=fitted.rung(rung).name,
        rows=new.rows,
        reference_rows=reference.rows,
        alarms=tuple(_alarms(columns, answers, joint, expected)),
        tests=len(ps),
        columns=tuple(_farthest_first(columns)),
        answers=answers,
        joint=joint,
        expected_score=expected,
        notes=(*notes, *_notes(reference, answers)),
    )


def _p_values(
    columns: Iterable[ColumnWatch],
    answers: AnswersWatch | None,
    joint: JointWatch | None,
    expected: Expectation | None,
) -> Iterator[float]:
    """Yield the p-values of all tests, in the order in which `watch` concludes from them."""
    for column in columns:
        yield from column.ps
    others = [test.p for test in (answers, joint) if test is not None]
    if expected is not None:
        others.append(expected.worse_p)
    yield from (p for p in others if p is not None)


@dataclass(frozen=True, eq=False)
class _Effects:
    """Up to `EFFECT_ROWS` new rows (n) and the answers for them (n, c), to be answered again."""

    fitted: Fitted
    reference: Reference
    rows: pl.DataFrame
    answers: np.ndarray
    rung: str | None

    @classmethod
    def of(
        cls,
        fitted: Fitted,
        reference: Reference,
        rows: pl.DataFrame,
        answers: np.ndarray,
        rung: str | None,
    ) -> _Effects:
        """Draw some of the rows."""
        order = stream(fitted.spec.seed, "study", "watch", "effect").permutation(len(rows))
        drawn = np.sort(order[:EFFECT_ROWS])
        return cls(fitted, reference, rows[drawn], answers[drawn], rung)

    def of_column(self, column: ColumnWatch) -> DriftEffect | None:
        """Return what the drift of a column does to the answers; None of texts."""
        if column.kind == "text":
            return None
        rng = stream(self.fitted.spec.seed, "study", "watch", "effect", column.column)
        return effect_of(
            self.fitted,
            self.reference,
            column.column,
            self.rows,
            self.answers,
            rung=self.rung,
            rng=rng,
        )


def _concluded(column: ColumnWatch, beyond: Iterator[bool], effects: _Effects) -> ColumnWatch:
    """Say what a column's tests show; ``beyond`` tells of each whether it is beyond chance."""
    values, *others = (next(beyond) for _ in column.ps)
    missing = others.pop(0) if column.missing.p is not None else False
    unseen = others.pop(0) if column.unseen is not None else False
    if not (values or missing or unseen):
        return column
    drifted = structs.replace(column, drifted=True, effect=effects.of_column(column))
    sentence = column_sentence(
        effects.fitted, drifted, values=values, missing=missing, unseen=unseen
    )
    return structs.replace(drifted, sentence=sentence)


def _alarms(
    columns: Iterable[ColumnWatch],
    answers: AnswersWatch | None,
    joint: JointWatch | None,
    expected: Expectation | None,
) -> Iterator[WatchAlarm]:
    if expected is not None and expected.worse:
        yield WatchAlarm("score", expected.sentences[0])
    if answers is not None and answers.drifted:
        yield WatchAlarm("answers", answers.sentence)
    for column in _farthest_first(columns):
        if column.alarming:
            yield WatchAlarm("column", column.sentence, column.column)
    if joint is not None and joint.drifted and not any(column.drifted for column in columns):
        yield WatchAlarm("joint", joint.sentence)


def _farthest_first(columns: Iterable[ColumnWatch]) -> list[ColumnWatch]:
    """Put columns that alarm first, then harmless drift, then the others; the larger first."""
    listed = list(columns)
    rank = np.array([column.alarming + 0.5 * column.drifted for column in listed])
    size = np.array([column.size for column in listed])
    order = falling(size)
    return [listed[place] for place in order[np.argsort(-rank[order], kind="stable")]]


def _notes(reference: Reference, answers: AnswersWatch | None) -> Iterator[str]:
    if reference.dependent:
        yield say(
            "The rows learned from belong together in groups or in time, and p-values take rows "
            "as independent: of such rows, drift is found more often than it is there."
        )
    if answers is not None and answers.p is None:
        yield say(
            "Whether the answers have moved is shown but not tested: the judged rows were answered "
            "by other fits than the one that is kept."
        )
