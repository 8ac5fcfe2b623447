"""New rows against what a model learned from: where both are found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from gradum.api.expected_score import expected_score
from gradum.api.learned_rows import kept_rows
from gradum.api.run_rows import MOST_BYTES, run_with_its_table
from gradum.api.watch_labels import NO_LABELS, LabelOptions, shown_by_labels
from gradum.errors import SpecError, TableError
from gradum.fitting.fitted import Fitted
from gradum.fitting.predict import predict_typed
from gradum.fitting.reference.reference import MOST_ROWS, Reference
from gradum.messages import say, say_plural
from gradum.randomness import stream
from gradum.show.watch import Watch
from gradum.study.explanation.drawn_rows import drawn_rows
from gradum.study.watch.answers import ANSWERED_ROWS
from gradum.study.watch.counted import Counted
from gradum.study.watch.joint import FEWEST_ROWS as FEWEST_JOINT_ROWS
from gradum.study.watch.joint import JOINT_ROWS, Scores, watch_jointly
from gradum.study.watch.watch import watch
from gradum.study.watch.watched import JointWatch, Watched
from gradum.tables.check import Difference, check_blocks, merged, widened
from gradum.tables.read import read
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.brought import PLAINLY
from gradum.tables.split import Part
from gradum.tables.stream import BLOCK_ROWS, at_hand, opened
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.api.model import Model

FEWEST_ROWS = 20


def watch_model(
    model: Model,
    data: Any,
    *,
    reference: Any = None,
    rung: str | None = None,
    labels: LabelOptions = NO_LABELS,
    reading: ReadingOptions = PLAINLY,
) -> Watch:
    """Hold new rows, which are read with ``reading``, against a model's; see `Model.watch`."""
    fitted = model.fitted
    fitted.rung(rung)  # or there is none, and nothing need be read
    before = _given(fitted, reference, rung) if reference is not None else _of_run(model)
    # Labels are counted, and a state is written, only once nothing is left to be refused.
    shown = shown_by_labels(model, data, labels, reading)
    new = Counted(before.summary.columns, fitted.encoder)
    some = _drawn(fitted, data, reading, ANSWERED_ROWS, "new", new)
    if some.rows < FEWEST_ROWS and shown.stream is not None:
        return Watch(shown.added_to(_uncompared(before.summary, some, fitted)), fitted, some.source)
    _refuse_few(some)
    joint, unlooked = _jointly(fitted, before, some.frame)
    expected = expected_score(model, some.frame, rung)
    if isinstance(expected, str):
        expected, unlooked = None, (*unlooked, expected)
    else:
        expected = expected.numbered(some.numbers)
    found = watch(
        fitted,
        before.summary,
        new,
        some.frame,
        joint=joint,
        expected=expected,
        notes=(*(difference.sentence for difference in some.differences), *unlooked),
        rung=rung,
    )
    return Watch(shown.added_to(found), fitted, some.source)


def _uncompared(reference: Reference, some: Drawn, fitted: Fitted) -> Watched:
    """Return a watch of rows too few to be compared, whose labels are counted all the same."""
    note = say("Columns and answers were not looked at: that takes {rows} rows.", rows=FEWEST_ROWS)
    return Watched(
        target=fitted.spec.target,
        rung=fitted.used,
        rows=some.rows,
        reference_rows=reference.rows,
        alarms=(),
        tests=0,
        columns=(),
        notes=(*(difference.sentence for difference in some.differences), note),
    )


@dataclass(frozen=True)
class Before:
    """What new rows are held against: a summary; rows, or why there are none; what to say."""

    summary: Reference
    rows: pl.DataFrame | str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """Typed rows of a table, drawn by chance.

    Parameters
    ----------
    frame : DataFrame
        The features of the rows drawn.
    numbers : ndarray of shape (n,)
        Their places in the table, from 0, rising.
    rows : int
        Of the whole table.
    source : str
        What it is called.
    differences : tuple of Difference
        How the whole table differs from the rows learned from.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    rows: int
    source: str
    differences: tuple[Difference, ...]


def _drawn(
    fitted: Fitted,
    data: Any,
    reading: ReadingOptions,
    most: int,
    name: str,
    counted: Counted | None = None,
) -> Drawn:
    """Read a table block by block, count all rows if asked to, and return some of them."""
    features = [column.name for column in fitted.schema.features]
    frames, differences, before, source = [], [], 0, ""
    with _blocks(data, reading) as (rows, tables):
        rng = stream(fitted.spec.seed, "study", "watch", name)
        numbers = np.sort(rng.choice(rows, min(rows, most), replace=False))
        for table, checked in check_blocks(tables, fitted.schema, encoder=fitted.encoder):
            frame = checked.frame.select(features)
            if counted is not None:
                counted.add(frame)
            first, last = np.searchsorted(numbers, [before, before + len(frame)])
            frames.append(frame[numbers[first:last] - before])
            before, source = before + len(frame), table.source
            differences = merged([*differences, *checked.differences])
    frame = pl.concat(frames, how="vertical_relaxed")
    return Drawn(frame, numbers, rows, source, tuple(differences))


@contextmanager
def _blocks(data: Any, reading: ReadingOptions) -> Iterator[tuple[int, Iterator[Table]]]:
    """Yield the number of a table's rows, and the blocks in which it is gone through."""
    with at_hand(data, reading) as here, ExitStack() as entered:
        table = here
        if not isinstance(here, Table):
            try:
                rows = entered.enter_context(opened(here))
            except TableError:  # JSON is read as a whole
                table = read(here)
            else:
                _refuse_empty(rows.head.source, len(rows))
                yield len(rows), rows.blocks()
                return
        _refuse_empty(table.source, len(table.frame))
        starts = range(0, len(table.frame), BLOCK_ROWS)
        parts = (replace(table, frame=table.frame[at : at + BLOCK_ROWS]) for at in starts)
        yield len(table.frame), parts


def _of_run(model: Model) -> Before:
    """Return the summary in the model file, and rows that the run learned from, if at hand."""
    fitted = model.fitted
    if fitted.reference is not None:
        return Before(fitted.reference, _own_rows(model))
    try:
        dataset, parts = kept_rows(model)
    except SpecError as error:
        raise SpecError(
            say("The model was made by an earlier gradum, and holds no summary of its rows."),
            say("Fit it again, or give rows to compare with by --reference (reference)."),
        ) from error
    learned = int(np.count_nonzero(parts == Part.TRAIN))
    summary = Reference.of_rows(dataset, learned, fitted.spec.seed)
    return Before(summary, _own_rows(model))


def _own_rows(model: Model) -> pl.DataFrame | str:
    """Return some of the rows that a run learned from, or why they are not at hand."""
    fitted = model.fitted
    if model.run is not None:
        rng = stream(fitted.spec.seed, "study", "watch", "reference")
        features = [column.name for column in fitted.schema.features]
        return widened(drawn_rows(model.run.dataset.frame.select(features), JOINT_ROWS, rng))
    try:
        run_spec = run_with_its_table(model.folder)
        if sum(Path(file).stat().st_size for file in run_spec.sha256) > MOST_BYTES:
            return say("The run's table is too large to be read again.")
        return _drawn(fitted, run_spec.data, run_spec.spec.reading, JOINT_ROWS, "reference").frame
    except SpecError as error:
        return error.message


def _given(fitted: Fitted, data: Any, rung: str | None) -> Before:
    """Return the summary of rows that somebody gives to compare with, and some of them.

    How many of their levels are unknown to the model is counted, as of new rows.
    """
    given = _drawn(fitted, data, PLAINLY, MOST_ROWS, "reference")
    _refuse_few(given)

    def unseen(column: str, counts: dict[str, int]) -> float:
        known = set(fitted.encoder.levels.get(column, counts))
        return float(sum(rows for level, rows in counts.items() if level not in known))

    rng = stream(fitted.spec.seed, "study", "watch", "reference", "answers")
    some = drawn_rows(given.frame, ANSWERED_ROWS, rng)
    summary = Reference.of(given.frame, fitted.schema.features, unseen).with_answers(
        predict_typed(fitted, some, rung=rung), same_fit=True
    )
    note = say("Those of {source} stand for the rows learned from.", source=given.source)
    return Before(summary, drawn_rows(some, JOINT_ROWS, rng), (note,))


def _jointly(
    fitted: Fitted, before: Before, new: pl.DataFrame
) -> tuple[JointWatch | None, tuple[str, ...]]:
    """Let a classifier tell new rows from others, or say why it was not asked."""
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
    # Threads that wait for each other take many times as long on a machine that is not idle.
    with threadpool_limits(1, user_api="openmp"):
        found = watch_jointly(before.rows, some, fitted.schema.features, _boosted, rng)
    return found, before.notes


def _boosted(values: np.ndarray, coded: np.ndarray, label: np.ndarray) -> Scores:
    """Learn to tell rows apart by gradient-boosted trees."""
    trees = HistGradientBoostingClassifier(
        max_iter=40,
        max_leaf_nodes=8,
        max_bins=64,  # as many as there can be levels, and quicker than more
        categorical_features=coded,  # type: ignore[arg-type] - a mask is taken too
        early_stopping=False,  # type: ignore[arg-type] - the same
        random_state=0,
    )
    return trees.fit(values, label).decision_function


def _refuse_empty(source: str, rows: int) -> None:
    if not rows:
        raise TableError(say("{source} has no rows.", source=source), say("Give some."))


def _refuse_few(drawn: Drawn) -> None:
    if drawn.rows < FEWEST_ROWS:
        raise TableError(
            say_plural(
                "{source} has {count:,} row, which can show no drift.",
                "{source} has {count:,} rows, which can show no drift.",
                drawn.rows,
                source=drawn.source,
            ),
            say("Give at least {rows}.", rows=FEWEST_ROWS),
        )
