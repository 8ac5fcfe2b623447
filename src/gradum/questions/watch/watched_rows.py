"""A watch from a model and a table of new rows: what both hold is found and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from threadpoolctl import threadpool_limits

from gradum.engines import engine_of
from gradum.engines.engine import Engine
from gradum.messages import say, say_plural
from gradum.questions.rows.asked_engine import refuse_no_partitions
from gradum.questions.rows.reference_rows import (
    FEWEST_ROWS,
    WatchReference,
    given_reference,
    reference_of_run,
    refuse_few,
)
from gradum.questions.rows.sampled_rows import SampledRows, sampled_rows
from gradum.questions.watch.answer import Watch
from gradum.questions.watch.boosted_trees import classifying_trees
from gradum.questions.watch.expected_score import expected_score
from gradum.questions.watch.labels import NO_LABELS, LabelOptions, shown_by_labels
from gradum.questions.watch.watched_series import refuse_options, watch_series
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.run.reference.reference import Reference
from gradum.study.explanation.learned import drawn_rows
from gradum.study.watch.column_drift import ANSWERED_ROWS, Counted
from gradum.study.watch.drift_effect import AnsweredRows, answers_for
from gradum.study.watch.joint import FEWEST_ROWS as FEWEST_JOINT_ROWS
from gradum.study.watch.joint import JOINT_ROWS, watch_jointly
from gradum.study.watch.watch import watch
from gradum.study.watch.watched import JointWatch, Watched
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.waiting import tell

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def watch_model(
    model: Subject,
    data: Any,
    *,
    reference: Any = None,
    rung: str | None = None,
    labels: LabelOptions = NO_LABELS,
    reading: ReadingOptions = PLAINLY,
    on: Any = None,
) -> Watch:
    """Compare new rows, which are read with ``reading``, with a model's; see `Model.watch`.

    This writes no state: the caller passes it to `save_state` after showing the watch.
    """
    model.fitted.rung(rung)  # raises if there is none, before anything is read
    if on is not None:
        refuse_no_partitions(model.fitted, data)
    if model.fitted.spec.is_forecast:
        labels.refuse_unused(data)
        of_labels = {"stream": labels.in_order, "by": labels.by}
        refuse_options(reference=reference is not None, rung=rung, **of_labels)
        return watch_series(model, data, reading=reading)
    with engine_of(on) as engine:
        return _watched(model, data, reference, rung, labels, reading, engine)


def _watched(
    model: Subject,
    data: Any,
    reference: Any,
    rung: str | None,
    labels: LabelOptions,
    reading: ReadingOptions,
    engine: Engine | None,
) -> Watch:
    """Do what `watch_model` does; an engine reads partitions, and predicts rows with labels."""
    fitted = model.fitted
    if reference is None:
        before = reference_of_run(model)
    else:
        before = given_reference(model, reference, rung, engine)
    shown = shown_by_labels(model, data, labels, reading, engine)
    new = Counted(before.summary.columns, fitted.encoder)
    some = sampled_rows(
        fitted, data, ANSWERED_ROWS, "new", reading=reading, counted=new, engine=engine
    )
    if some.rows < FEWEST_ROWS and shown.stream is not None:
        return Watch(shown.added_to(_uncompared(before.summary, some, fitted)), fitted, some.source)
    refuse_few(some)
    tell(say("watch: all columns together"))
    joint, notes = _jointly(fitted, before, some.frame)
    tell(say("watch: the score to expect"))
    expected = expected_score(model, some.frame, rung)
    if isinstance(expected, str):
        expected, notes = None, (*notes, expected)
    else:
        expected = expected.numbered(some.numbers)
    if some.labels and not labels.asked:
        notes = (*notes, _unused_labels(some, fitted))
    tell(say("watch: the model's answers"))
    found = watch(
        fitted,
        before.summary,
        new,
        AnsweredRows(some.frame, answers_for(fitted, some.frame, rung)),
        joint=joint,
        expected=expected,
        notes=(*some.remarks, *notes),
        rung=rung,
    )
    return Watch(shown.added_to(found), fitted, some.source)


def _unused_labels(some: SampledRows, fitted: Fitted) -> str:
    """Say that the table has labels, and what would look at them."""
    return say_plural(
        "{source} holds {target!r} in {count:,} row, which is not used here: gradum evaluate "
        "scores it, --stream (stream) counts errors, --by (by) scores groups.",
        "{source} holds {target!r} in {count:,} rows, which is not used here: gradum evaluate "
        "scores them, --stream (stream) counts errors, --by (by) scores groups.",
        some.labels,
        source=some.source,
        target=fitted.spec.target,
    )


def _uncompared(reference: Reference, some: SampledRows, fitted: Fitted) -> Watched:
    """Return a watch of too few rows to be compared, whose labels are counted all the same."""
    note = say("Columns and answers were not looked at: that takes {rows} rows.", rows=FEWEST_ROWS)
    return Watched(
        target=fitted.spec.target,
        rung=fitted.used,
        rows=some.rows,
        reference_rows=reference.rows,
        alarms=(),
        tests=0,
        columns=(),
        notes=(*some.remarks, note),
    )


def _jointly(
    fitted: Fitted, before: WatchReference, new: pl.DataFrame
) -> tuple[JointWatch | None, tuple[str, ...]]:
    """Let a classifier tell new rows from others, or say why it was not used."""
    if isinstance(before.rows, str):
        why = say(
            "Columns were looked at one by one, not jointly. {cause} Rows to compare with can be "
            "given by --reference (reference).",
            cause=before.rows,
        )
        return None, (*before.notes, why)
    if min(len(before.rows), len(new)) < FEWEST_JOINT_ROWS:
        why = say(
            "Columns were looked at one by one, not jointly: that takes {rows} rows.",
            rows=FEWEST_JOINT_ROWS,
        )
        return None, (*before.notes, why)
    rng = stream(fitted.spec.seed, "study", "watch", "joint")
    some = drawn_rows(new, JOINT_ROWS, rng)
    # Threads that wait for each other take many times longer on a busy machine.
    with threadpool_limits(1, user_api="openmp"):
        found = watch_jointly(before.rows, some, fitted.schema.features, classifying_trees, rng)
    return found, before.notes
