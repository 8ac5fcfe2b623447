"""Errors among rows whose labels arrived, counted in order; a state continues the count."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec import structs

from gradum.engines.engine import Engine
from gradum.engines.in_order import in_order
from gradum.errors import ColumnError, SpecError
from gradum.messages import say
from gradum.questions.rows.groups import judged_evidence
from gradum.questions.rows.table_rows import table_rows
from gradum.run.fitted import Fitted
from gradum.run.reference.judged_errors import JudgedErrors, is_wrong, judged_errors
from gradum.run.spec.exposure import exposure_of, for_exposure
from gradum.rungs.rung import Prediction
from gradum.study.evaluation.labels import label_column, with_labels
from gradum.study.watch.counted_table import CountedTable, refuse_counted, stable_hashes
from gradum.study.watch.error_rate_test import Labelled, follow
from gradum.study.watch.sequential_test import (
    ALPHA,
    ErrorBound,
    ErrorCount,
    SequentialTest,
    Unjudged,
)
from gradum.tables.check.check import Checked, ColumnsRead, check
from gradum.tables.check.differences import Difference, merged
from gradum.tables.check.role_values import class_codes, has_target, time_values
from gradum.tables.doubts.totals import without_totals
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.stream import Stream
from gradum.tables.table import Table
from gradum.tables.wording import quoted
from gradum.waiting import told

if TYPE_CHECKING:
    from gradum.questions.subject import Subject


def sequential_test(
    model: Subject,
    data: Any,
    *,
    labels: str | None = None,
    at_most: float | None = None,
    beyond: float | None = None,
    alpha: float = ALPHA,
    state: str | os.PathLike | None = None,
    reading: ReadingOptions = PLAINLY,
    engine: Engine | None = None,
) -> SequentialTest:
    """Test whether the error rate is above a bound, row by row of a table with labels.

    Rows are taken in the order of the run's time column, if it has one, else in the table's order.
    The test is valid at every row: see `gradum.study.watch.error_rate_test`.

    Parameters
    ----------
    data : path, data frame, …
        What ``predict`` takes.
    labels : str, optional
        The column of labels; the run's target if left out.
    at_most : float, optional
        The rate that is tested; if left out, the highest that is compatible with the judged rows.
    beyond : float, optional
        For numbers, the distance beyond which a prediction is an error; if left out, the distance
        within which 90% of the judged rows lie.
    alpha : float
        The greatest probability of ever raising an alarm without cause.
    state : path, optional
        A JSON file from which the test is continued, if it exists. It is not written.
    reading : ReadingOptions
        Which table of a workbook or a database, and how a text is written.
    engine : Engine, optional
        Reads and predicts the table's partitions; the rows are counted here, in their order.

    Raises
    ------
    SpecError
        The bound is not known, no row has a label, some rows were already counted, or the state is
        of another model or another bound.
    ColumnError, SchemaError
        The column of labels, or a feature, is absent or of another kind.
    """
    fitted = model.fitted
    before = None if state is None else _read_state(Path(state))
    if before is None:
        bound = _bound(model, at_most, beyond, alpha)
        before = ErrorCount(fitted.provenance.fingerprint, bound)
    else:
        _refuse_other(before, Path(str(state)), fitted, at_most, beyond, alpha)
    column = label_column(fitted, labels)
    with table_rows(data, fitted, reading, divided=engine is not None) as rows:
        judging = _Judging(fitted, column, before.bound.beyond, len(rows), state is not None)
        blocks = _judged_blocks(judging, rows.table, engine)
        labelled = _labelled(fitted, blocks, rows.source, column)
    notes = _notes(fitted, before.bound)
    if state is None:
        return follow(labelled, before, notes)
    of_rows = np.concatenate([block.hashes for block in blocks])
    refuse_counted(labelled.source, of_rows, before.tables)
    test = follow(labelled, before, notes)
    tables = (*before.tables, CountedTable.of(labelled.source, of_rows))
    return structs.replace(test, count=structs.replace(test.count, tables=tables))


def _bound(model: Subject, at_most: float | None, beyond: float | None, alpha: float) -> ErrorBound:
    """Return the given rate, or the highest that is compatible with the judged rows."""
    if beyond is not None and model.classes:
        raise SpecError(
            "The target has classes, for which no distance defines an error.", "Leave out --beyond."
        )
    if beyond is not None and not 0 < beyond < np.inf:
        raise SpecError(
            "A distance of {beyond} cannot tell an error from a right answer.",
            "Give one above 0, in the target's unit.",
            beyond=beyond,
        )
    if at_most is not None and (beyond is not None or model.classes):
        return ErrorBound.given(at_most, beyond, alpha)
    judged = _judged(model, beyond)
    if at_most is not None:
        return ErrorBound.given(at_most, judged.beyond, alpha)
    return ErrorBound.of_judged(judged, alpha)


def _judged(model: Subject, beyond: float | None) -> JudgedErrors:
    """Return the errors among the rows that judged the run, recounted if the distance differs."""
    reference = model.fitted.reference
    if beyond is None and reference is not None and reference.errors is not None:
        return reference.errors
    if model.run is None and model.folder is None:
        raise SpecError(
            say("A model file alone does not hold the rows that judged it."),
            say("Name its run folder, or give --at-most RATE.")
            if model.classes
            else say("Name its run folder, or give --at-most RATE and --beyond DISTANCE."),
        )
    evidence = judged_evidence(model)
    return judged_errors(
        evidence.truth,
        evidence.rows,
        evidence.prediction,
        evidence.seed,
        exposure=exposure_of(evidence.schema, evidence.frame),
        beyond=beyond,
    )


def _notes(fitted: Fitted, bound: ErrorBound) -> tuple[str, ...]:
    """Note if the claim rests on more than the rows in their order."""
    notes, group = [], fitted.schema.group
    if group is not None:
        notes.append(
            say(
                "Rows of one {group} may have errors in common: if many of them follow one "
                "another, they alone may cause an alarm.",
                group=group,
            )
        )
    if bound.judged is not None and fitted.judgement is not None and fitted.judgement.kept_on_all:
        notes.append(
            say(
                "The judged rows were predicted by the models of the cross-validation, which "
                "learned from fewer rows than the one that is kept."
            )
        )
    return tuple(notes)


@dataclass(frozen=True, eq=False)
class _JudgedBlock:
    """Rows of a table, predicted."""

    wrong: np.ndarray
    counted: np.ndarray
    """Of shape (n,). Which predictions are errors; which rows have a label that is not a left-out
    class."""
    missing: int
    """Rows without a label."""
    unknown: tuple[str, ...]
    """The labels that training never saw, one for each of their rows."""
    time: np.ndarray | None
    """Of shape (n,)."""
    differences: tuple[Difference, ...]
    """Labels that could not be read."""
    hashes: np.ndarray
    """Of shape (n,). Hashes of the features; empty if nobody asks."""


@dataclass(frozen=True)
class _Judging:
    """How rows with labels are predicted."""

    fitted: Fitted
    column: str
    """The column of labels."""
    beyond: float | None
    """For numbers, the distance beyond which a prediction is an error."""
    of_rows: int
    """The number of rows of the whole table."""
    hashed: bool
    """Whether rows are hashed."""

    def of(self, checked: Checked) -> _JudgedBlock:
        """Predict some rows."""
        fitted, target, rung = self.fitted, self.fitted.schema.target, self.fitted.rung()
        assert target is not None
        labels, counted = checked.frame[target.name], has_target(checked)
        unknown: tuple[str, ...] = ()
        if target.classes:
            codes = class_codes(checked)
            unknown = tuple(map(str, labels.filter((codes == -1) & counted)))
            truth = codes.to_numpy()
        else:
            truth = labels.to_numpy()
        designs = fitted.encoder.blocks(checked.frame, rung.block_rows)
        predicted = for_exposure(
            fitted.schema,
            checked.frame,
            Prediction.join(rung.predict_blocks(designs, self.of_rows)),
        )
        features = [feature.name for feature in fitted.schema.features]
        hashes = stable_hashes(checked.frame.select(features)) if self.hashed else np.zeros(0)
        return _JudgedBlock(
            is_wrong(truth, predicted.value, self.beyond),
            counted.to_numpy(),
            labels.null_count(),
            unknown,
            time_values(checked),
            tuple(
                difference for difference in checked.differences if difference.column == target.name
            ),
            hashes,
        )


@dataclass(frozen=True)
class _JudgingPartitions:
    """The work of predicting a partition of a table: a `gradum.engines.engine.Work`."""

    judging: _Judging
    stream: Stream

    def named(self, rows: range) -> str:
        """Name a partition."""
        return self.stream.named(rows)

    def __call__(self, rows: range) -> tuple[list[_JudgedBlock], ColumnsRead]:
        """Predict the rows of a partition block by block."""
        fitted, blocks, read = self.judging.fitted, [], ColumnsRead()
        for block in self.stream.blocks(rows=rows):
            labelled = with_labels(block, fitted, self.judging.column)
            checked = check(labelled, fitted.schema, require_target=True, block=True)
            read.add(checked)
            blocks.append(self.judging.of(checked))
        return blocks, read


def _judged_blocks(
    judging: _Judging, table: Table | Stream, engine: Engine | None
) -> list[_JudgedBlock]:
    """Predict a table by the model's schema, at once or partition by partition."""
    fitted = judging.fitted
    if isinstance(table, Table):
        table = with_labels(without_totals(table), fitted, judging.column)
        return [judging.of(check(table, fitted.schema, require_target=True))]
    table = table.without_totals()
    stream = table.for_tasks(elsewhere=engine is not None and engine.elsewhere)
    work, items, read = _JudgingPartitions(judging, stream), table.partitions, ColumnsRead()
    judged: list[_JudgedBlock] = []
    results = map(work, items) if engine is None else in_order(engine, work, items)
    for blocks, read_there in told(results, say("watch: rows with labels"), len(items)):
        judged += blocks
        read.merge(read_there)
    read.refuse_unread(fitted.schema)
    return judged


def _labelled(fitted: Fitted, blocks: Sequence[_JudgedBlock], source: str, column: str) -> Labelled:
    """Put the rows with labels in the order in which they are tested.

    Raises
    ------
    ColumnError
        None of the labels is a class of the model.
    """
    counted = np.concatenate([block.counted for block in blocks])
    places, notes = np.flatnonzero(counted), []
    if (name := fitted.schema.time) is not None:
        times = [block.time for block in blocks if block.time is not None]
        if len(times) == len(blocks):
            places = places[np.argsort(np.concatenate(times)[places], kind="stable")]
            notes.append(say("Rows are taken in the order of {time}.", time=name))
        else:
            notes.append(
                say("Rows are taken as they stand: the table has no column {time!r}.", time=name)
            )
    unknown = Counter(label for block in blocks for label in block.unknown)
    if len(places) and unknown.total() == len(places):
        raise ColumnError(
            "No label of column {column!r} is a class of the model: it has {labels}.",
            "Give one of {classes}.",
            column=column,
            labels=quoted(unknown),
            classes=quoted(fitted.classes),
        )
    missing = sum(block.missing for block in blocks)
    unread = merged(difference for block in blocks for difference in block.differences)
    return Labelled(
        source,
        column,
        np.concatenate([block.wrong for block in blocks])[places],
        places + 1,
        Unjudged(missing, len(counted) - len(places) - missing, dict(unknown.most_common())),
        (*(difference.sentence for difference in unread), *notes),
    )


def _read_state(path: Path) -> ErrorCount | None:
    """Return the test that a file holds; None if there is no file yet."""
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=ErrorCount)
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(
            "{path} holds no state of a test: {cause}.",
            "Name the file that the test wrote, or a new one.",
            path=path,
            cause=error,
        ) from error


def _refuse_other(
    before: ErrorCount,
    path: Path,
    fitted: Fitted,
    at_most: float | None,
    beyond: float | None,
    alpha: float,
) -> None:
    """Refuse a state that is of another model, or tests a bound other than the one asked for."""
    if before.fingerprint != fitted.provenance.fingerprint:
        raise SpecError("{path} holds the test of another model.", "Name a new file.", path=path)
    bound = before.bound
    asked_and_known = {
        "--at-most": (at_most, bound.at_most),
        "--beyond": (beyond, bound.beyond),
        "alpha": (alpha, bound.alpha),
    }
    for option, (asked, known) in asked_and_known.items():
        if asked is not None and asked != known:
            raise SpecError(
                "{path} holds a test with {option} {known}, not {asked}.",
                "Leave the option out, or name a new file.",
                path=path,
                option=option,
                known=known,
                asked=asked,
            )
