"""New rows against the rows that a model learned from: the tests, and their conclusions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from msgspec import structs
from scipy import stats

from gradum.margins import falling
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.run.reference.reference import Reference
from gradum.study.watch.column_drift import Counted, watch_answers, watch_column
from gradum.study.watch.distances import LEVEL
from gradum.study.watch.drift_effect import EFFECT_ROWS, AnsweredRows, answer_names, effect_of
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.watch_sentences import answers_sentence, column_sentence, joint_sentence
from gradum.study.watch.watched import (
    AnswersWatch,
    ColumnWatch,
    DriftEffect,
    JointWatch,
    WatchAlarm,
    Watched,
)
from gradum.tables.kinds import KINDS
from gradum.waiting import told


def watch(
    fitted: Fitted,
    reference: Reference,
    new: Counted,
    some: AnsweredRows,
    *,
    joint: JointWatch | None,
    expected: Expectation | None = None,
    notes: Iterable[str] = (),
    rung: str | None = None,
) -> Watched:
    """Compare new rows with a reference.

    All tests are corrected together: for rows like the reference's, at most 5% of watches find any
    drift (Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, JRSS B 57, 1995).

    Parameters
    ----------
    new : Counted
        All new rows, counted.
    some : AnsweredRows
        New rows, drawn by chance, whose answers are looked at.
    joint : JointWatch or None
        The result of a classifier that tells rows apart, if reference rows are at hand.
    expected : Expectation or None
        The expected score of the rows, if judged rows of the model are at hand.
    notes : iterable of str
        Further notes on the rows.
    rung : str, optional
        By default the rung in use.
    """
    seed, features = fitted.spec.seed, fitted.schema.features
    columns = [
        watch_column(column, reference, new.columns[column.name], some.frame[column.name], seed)
        for column in told(features, say("watch: each column by itself"), len(features))
    ]
    of_used = rung is None or fitted.rung(rung).name == fitted.used
    answers = watch_answers(reference, some.answers, answer_names(fitted)) if of_used else None
    tests = [column.tests for column in columns]
    worse_p = None if expected is None else expected.worse_p
    of_all = [test.p for test in (answers, joint) if test is not None] + [worse_p]
    tests += [{"all": p} for p in of_all if p is not None]
    counted = _counted_together(tests)
    beyond = iter([{name: p <= LEVEL for name, p in named.items()} for named in counted])
    least = min((p for named in counted for p in named.values()), default=None)
    drawn = np.sort(
        stream(seed, "study", "watch", "effect").permutation(len(some.frame))[:EFFECT_ROWS]
    )
    few = cache(lambda: some.take(drawn))  # only if a column has drifted

    def effect(column: str) -> DriftEffect | None:
        rng = stream(seed, "study", "watch", "effect", column)
        return effect_of(fitted, reference, column, *few(), rung=rung, rng=rng)

    columns = [_concluded(fitted, column, next(beyond), effect) for column in columns]
    if answers is not None and answers.p is not None:
        answers = structs.replace(answers, drifted=next(beyond)["all"])
        answers = structs.replace(answers, sentence=answers_sentence(fitted, answers))
    if joint is not None:
        joint = structs.replace(joint, drifted=next(beyond)["all"])
        joint = structs.replace(joint, sentence=joint_sentence(joint))
    if expected is not None and worse_p is not None:
        expected = structs.replace(expected, worse=next(beyond)["all"])
    return Watched(
        target=fitted.spec.target,
        rung=fitted.rung(rung).name,
        rows=new.rows,
        reference_rows=reference.rows,
        alarms=tuple(_alarms(columns, answers, joint, expected)),
        tests=sum(map(len, tests)),
        columns=tuple(_farthest_first(columns)),
        answers=answers,
        joint=joint,
        expected_score=expected,
        notes=(*notes, *_notes(reference, answers)),
        p=least,
    )


def _counted_together(tests: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Return p-values, by name, adjusted for one common level.

    The smallest of them is Simes' p-value of all tests.
    """
    ps = [p for named in tests for p in named.values()]
    adjusted = iter(stats.false_discovery_control(ps).tolist())
    return [{name: next(adjusted) for name in named} for named in tests]


def _concluded(
    fitted: Fitted,
    column: ColumnWatch,
    beyond: Mapping[str, bool],
    effect: Callable[[str], DriftEffect | None],
) -> ColumnWatch:
    """Return a column, with its effect and its sentence if any of its tests is beyond chance."""
    if not any(beyond.values()):
        return column
    drifted = structs.replace(
        column,
        drifted=True,
        effect=effect(column.column) if KINDS[column.kind].has_domain else None,
    )
    return structs.replace(drifted, sentence=column_sentence(fitted, drifted, beyond))


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
    alarming = [column for column in _farthest_first(columns) if column.alarming]
    # What moves answers most comes first; of a text that is not known.
    effects = [0.0 if column.effect is None else column.effect.share for column in alarming]
    for place in falling(np.array(effects)):
        yield WatchAlarm("column", alarming[place].sentence, alarming[place].column)
    if joint is not None and joint.drifted and not any(column.drifted for column in columns):
        yield WatchAlarm("joint", joint.sentence)


def _farthest_first(columns: Iterable[ColumnWatch]) -> list[ColumnWatch]:
    """Sort columns: alarms first, then harmless drift, then the others, larger ones first."""
    listed = list(columns)
    rank = np.array([column.alarming + 0.5 * column.drifted for column in listed])
    size = np.array([column.size for column in listed])
    order = falling(size)
    return [listed[place] for place in order[np.argsort(-rank[order], kind="stable")]]


def _notes(reference: Reference, answers: AnswersWatch | None) -> Iterator[str]:
    if reference.dependent:
        yield say(
            "The rows learned from belong together in groups or in time, but p-values treat rows "
            "as independent: for such rows, drift is found more often than it occurs."
        )
    if answers is not None and answers.p is None:
        yield say(
            "The shift of the answers is shown but not tested, because the judged rows were "
            "answered by other fits than the saved one."
        )
