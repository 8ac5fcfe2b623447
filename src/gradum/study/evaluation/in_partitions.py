"""Evaluation of a table by tasks, each of which reads a partition and predicts its rows.

What comes back of a row is what scores look at: its target, weight, group and time, each rung's
prediction, and whether its interval covers it. The features stay where they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from msgspec import structs

from gradum.engines.engine import Engine
from gradum.engines.in_order import in_order
from gradum.messages import say
from gradum.run.dataset import Dataset, usable
from gradum.run.fitted import Fitted
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.run.judge import Judge
from gradum.run.predicting import predict_typed
from gradum.run.source.row_parts import held_row
from gradum.rungs.rung import Prediction, joined
from gradum.study.coverage.new_rows import covered_rows, covering
from gradum.study.evaluation.evaluate import (
    UNGROUPED,
    Evaluation,
    Grouping,
    ScoredRows,
    also_of,
    concluded,
    drawn_places,
    grouped,
)
from gradum.study.evaluation.labels import with_labels
from gradum.study.evaluation.run_rows import RunRows, row_hashes
from gradum.study.groups.groups import Groups
from gradum.study.groups.scoring import refuse_no_column
from gradum.tables.check.check import Checked, ColumnsRead, check
from gradum.tables.check.differences import Difference, merged
from gradum.tables.check.role_values import class_codes, row_numbers
from gradum.tables.schema.schema import Schema, with_columns_of
from gradum.tables.sources.stream import DrawnRows, Stream, refuse_empty
from gradum.tables.table import Table
from gradum.waiting import told


class ScoredPart(NamedTuple):
    """What a task says of its rows (n).

    ``frame`` holds typed columns, ``raw`` columns as read that the model's schema does not know;
    ``covered`` and ``hashes`` (n,) are None where nobody asks.
    """

    numbers: np.ndarray
    frame: pl.DataFrame
    raw: pl.DataFrame
    predictions: dict[str, Prediction]
    covered: np.ndarray | None
    hashes: np.ndarray | None
    differences: tuple[Difference, ...]
    read: ColumnsRead

    @classmethod
    def of(cls, parts: Sequence[ScoredPart]) -> ScoredPart:
        """Join what is said of several stretches of rows, in their order."""
        read = ColumnsRead()
        for part in parts:
            read.merge(part.read)
        return cls(
            np.concatenate([part.numbers for part in parts]),
            pl.concat([part.frame for part in parts], how="vertical_relaxed"),
            pl.concat([part.raw for part in parts], how="vertical_relaxed"),
            {
                name: Prediction.join(part.predictions[name] for part in parts)
                for name in parts[0].predictions
            },
            joined([part.covered for part in parts]),
            joined([part.hashes for part in parts]),
            merged(each for part in parts for each in part.differences),
            read,
        )


@dataclass(frozen=True)
class Scoring:
    """The work of predicting rows of a partition: a `gradum.engines.engine.Work`."""

    fitted: Fitted
    stream: Stream
    """The table."""
    of_rows: int
    """How many rows are predicted in all."""
    labels: str
    """The column that stands for the target."""
    rungs: tuple[str, ...]
    """Whose predictions are wanted."""
    also: tuple[str, ...] = ()
    """Columns that are wanted besides those with a role."""
    conformal: ConformalPredictor | None = None
    """Says which rows are covered."""
    hashed: tuple[str, ...] = ()
    """Columns whose values are hashed row by row."""

    def named(self, drawn: DrawnRows) -> str:
        """Name a partition."""
        return self.stream.named(drawn.rows)

    def __call__(self, drawn: DrawnRows) -> ScoredPart:
        """Read the rows block by block, and return what is to be said of them."""
        blocks = self.stream.drawn_blocks(drawn)
        return ScoredPart.of([self._block(block) for block in blocks])

    def _block(self, block: Table) -> ScoredPart:
        fitted, schema, also = self.fitted, self.fitted.schema, self.also
        block = with_labels(block, fitted, self.labels)
        assert block.numbers is not None
        encoder = fitted.encoder
        checked = check(block, schema, encoder=encoder, require_target=True, also=also, block=True)
        checked, read, frame = replace(checked, numbers=block.numbers), ColumnsRead(), checked.frame
        read.add(checked)
        predictions = {
            name: predict_typed(fitted, frame, rung=name, of_rows=self.of_rows)
            for name in self.rungs
        }
        covered = None
        if self.conformal is not None:
            covered = covered_rows(
                self.conformal, frame, _target(checked), predictions[fitted.used]
            )
        known = {column.name for column in schema.columns}
        new = [name for name in block.frame.columns if name in also and name not in known]
        return ScoredPart(
            block.numbers,
            _looked_at(frame, schema, also),
            block.frame.select(new),
            predictions,
            covered,
            row_hashes(frame.select(self.hashed)) if self.hashed else None,
            tuple(each for each in checked.differences if each.column not in new),
            read,
        )


def _target(checked: Checked) -> np.ndarray:
    """Return the rows' target (n,), with -1 for labels that are refused once all rows are known."""
    if checked.schema.learned_target.classes:
        return class_codes(checked).to_numpy()
    return row_numbers(checked)


def evaluate_in_partitions(
    fitted: Fitted,
    rows: Stream,
    engine: Engine,
    memory: int | None,
    *,
    run_rows: RunRows | None = None,
    judges: Sequence[Judge] = (),
    grouping: Grouping = UNGROUPED,
) -> Evaluation:
    """Score every rung on a table whose partitions an engine reads and predicts.

    All rows are judged, or as many random ones as fit into ``memory`` bytes without their features,
    if that is not None. Scores are those of `gradum.study.evaluation.evaluate.evaluate`; intervals
    that follow the order of time learn from no outcome of these rows.

    Raises
    ------
    SchemaError, TargetError, SpecError
        As `evaluate`.
    EngineError
        A task failed too often.
    """
    rows, rungs = _opened(fitted, rows, grouping), tuple(fitted.rungs)
    places = None
    if memory is not None:
        kept = _looked_at(rows.head.frame, fitted.schema, also_of(fitted, grouping))
        row_bytes = held_row(kept, len(rungs) * max(len(fitted.classes), 1))
        places = drawn_places(fitted, rows, row_bytes, memory)
    conformal = covering(fitted, judges)
    conformal = None if conformal is None else conformal.without_outcomes()
    hashed = () if run_rows is None else run_rows.columns
    asked: dict[str, Any] = {"rungs": rungs, "conformal": conformal, "hashed": hashed}
    part, dataset = _scored(fitted, rows, engine, places, fitted.spec.target, grouping, **asked)
    kept = np.searchsorted(part.numbers, dataset.numbers)
    learned, held_out = np.zeros((2, len(dataset)), bool)
    if run_rows is not None and part.hashes is not None:
        learned, held_out = run_rows.among_hashed(part.hashes[kept])
    scored = ScoredRows(
        dataset,
        {name: prediction.take(kept) for name, prediction in part.predictions.items()},
        learned,
        held_out,
        conformal,
        lambda: None if part.covered is None else part.covered[kept],
    )
    return concluded(
        fitted,
        scored,
        notes=rows.head.notes,
        drawn_from=None if places is None else len(rows.places),
        at_hand=run_rows is not None,
        grouping=grouping,
    )


def groups_in_partitions(
    fitted: Fitted,
    rows: Stream,
    engine: Engine,
    places: np.ndarray | None,
    labels: str,
    grouping: Grouping,
) -> Groups:
    """Score the rung in use by groups of the rows at some places, or of all if that is None.

    Raises
    ------
    SchemaError, TargetError, SpecError, EngineError
        As `evaluate_in_partitions`.
    """
    rows = _opened(fitted, rows, grouping)
    rungs = (fitted.used,)
    part, dataset = _scored(fitted, rows, engine, places, labels, grouping, rungs=rungs)
    kept = np.searchsorted(part.numbers, dataset.numbers)
    groups = grouped(fitted, dataset, part.predictions[fitted.used].take(kept), grouping)
    assert groups is not None
    return groups


def _opened(fitted: Fitted, rows: Stream, grouping: Grouping) -> Stream:
    """Return a table without its totals, if it has rows and the columns to group by."""
    refuse_empty(rows.head.source, len(rows))
    target = fitted.spec.target
    for name in grouping.columns:
        refuse_no_column(name, rows.head.frame.columns, target)
    return rows.without_totals()


def _looked_at(frame: pl.DataFrame, schema: Schema, also: Sequence[str]) -> pl.DataFrame:
    """Return the columns of a table that scores look at: those with a role, and some others."""
    roles = {column.name for column in schema.columns if column.role not in ("feature", "unused")}
    return frame.select(name for name in frame.columns if name in roles | {*also})


def _scored(
    fitted: Fitted,
    rows: Stream,
    engine: Engine,
    places: np.ndarray | None,
    labels: str,
    grouping: Grouping,
    **asked: Any,
) -> tuple[ScoredPart, Dataset]:
    """Let tasks predict the rows; return what they say, and the rows that have a target."""
    drawn = rows.drawn_partitions(places)
    of_rows = len(rows) if places is None else len(places)
    stream = rows.for_tasks(elsewhere=engine.elsewhere)
    work = Scoring(fitted, stream, of_rows, labels, also=also_of(fitted, grouping), **asked)
    results = told(in_order(engine, work, drawn), say("predicting rows"), len(drawn))
    part = ScoredPart.of(list(results))
    part.read.refuse_unread(fitted.schema)
    # Of what kind a new column is, all of its rows tell, as in a table held whole.
    raw = replace(rows.head, frame=part.raw, numbers=part.numbers)
    schema = with_columns_of(fitted.schema, raw, grouping.columns)
    new = structs.replace(schema, columns=schema.columns[len(fitted.schema.columns) :])
    typed = check(raw, new, also=grouping.columns)
    differences = (*part.differences, *typed.differences)
    frame = part.frame.hstack(typed.frame)
    checked = Checked(frame, schema, differences, rows.head.source, part.numbers)
    return part, usable(checked, rows.head.doubts)
