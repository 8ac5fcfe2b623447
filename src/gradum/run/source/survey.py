"""The first pass over a large table: what a sample of it cannot tell.

Levels and classes are counted in all training rows; ranges and missing values are complete. What
needs all values in memory at once (medians, the vocabulary of a text, the kinds of the columns)
comes from a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from gradum.errors import TargetError
from gradum.run.dataset import (
    FEWEST_ROWS_PER_CLASS,
    OF_NO_WEIGHT,
    WITHOUT_TARGET,
    too_rare,
    without_rare,
)
from gradum.run.source.row_parts import Parting
from gradum.run.spec.suited_loss import refuse_unsuited
from gradum.rungs.context import Context
from gradum.tables.check.check import Checked, ColumnsRead, check
from gradum.tables.check.role_values import group_names, has_target, time_values, weights_of_block
from gradum.tables.columns import Label
from gradum.tables.encode import Encoder
from gradum.tables.kinds.step import LevelCounts, Measure
from gradum.tables.schema.schema import Schema
from gradum.tables.schema.target import MOST_CLASSES, merge_spellings, say_classes
from gradum.tables.sources.stream import Stream
from gradum.tables.split import Part
from gradum.tables.wording import full_stop

MOST_COUNTED, FEWEST_COUNTED = 2_000_000, 20_000  # names of a column, held while they are counted
COUNTED_BYTES = 200  # per name, while counts are put together
COUNTED_SHARE = 0.2  # of the memory allowed


class Block(NamedTuple):
    """The rows of a block that have a target and a weight above 0, and counts of the others."""

    checked: Checked
    numbers: np.ndarray
    parts: np.ndarray
    weight: np.ndarray
    left_out: Counter[str]


def blocks(
    stream: Stream,
    schema: Schema,
    parting: Parting,
    also: tuple[str, ...] = (),
    *,
    rows: range | None = None,
    read: ColumnsRead | None = None,
) -> Iterator[Block]:
    """Yield the rows that can be used, block by block, each with its part.

    Those of one partition alone if its ``rows`` are given. What columns held is added to ``read``.

    Raises
    ------
    TableError
        A file is damaged, a block does not match the schema, or a row has no usable weight, group
        or time.
    """
    for block in stream.blocks(rows=range(len(stream)) if rows is None else rows):
        checked = check(block, schema, require_target=True, also=also, block=True)
        if read is not None:
            read.add(checked)
        known = has_target(checked).to_numpy()
        checked = _kept(replace(checked, numbers=block.numbers), known)
        weight = weights_of_block(checked)
        weight = np.ones(len(checked.frame)) if weight is None else weight
        left_out = {
            WITHOUT_TARGET: int(np.count_nonzero(~known)),
            OF_NO_WEIGHT: int(np.count_nonzero(weight == 0)),
        }
        checked, weight = _kept(checked, weight > 0), weight[weight > 0]
        refuse_unsuited(checked)
        kept = checked.numbers
        assert kept is not None
        parts = parting.parts(kept, group_names(checked), time_values(checked))
        yield Block(checked, kept, parts, weight, Counter(left_out))


def _kept(checked: Checked, usable: np.ndarray) -> Checked:
    assert checked.numbers is not None
    if usable.all():
        return checked
    return replace(checked, frame=checked.frame.filter(usable), numbers=checked.numbers[usable])


@dataclass(frozen=True)
class Survey:
    """What a pass over all rows found."""

    rows: int
    """The number of rows with a target and a weight above 0."""
    left_out: Counter[str]
    """What the other rows are -> number of rows."""
    classes: dict[Label, int]
    """Label -> number of rows; empty for regression."""
    low: float
    """The lowest target of a regression."""
    schema: Schema
    """The schema of the sample, with the spellings that all rows have of levels in any case."""
    encoder: Encoder
    """The encoder of the sample, completed."""
    unread: dict[str, int]
    """Column -> number of values that are not of its kind and are taken as missing."""


def survey(
    stream: Stream,
    schema: Schema,
    encoder: Encoder,
    parting: Parting,
    context: Context,
    memory: int,
) -> Survey:
    """Pass over all rows once; if the context says to stop, the rest is left uncounted.

    If a column has more levels than ``memory`` bytes have room for, the rarest are dropped.
    """
    target = schema.learned_target
    counted = sum(column.traits.names_groups for column in schema.features)
    room = int(COUNTED_SHARE * memory / (COUNTED_BYTES * max(counted, 1)))
    most = min(max(room, FEWEST_COUNTED), MOST_COUNTED)
    tasks = stream.for_tasks(elsewhere=context.elsewhere)
    work = Surveying(tasks, _as_written(schema), encoder, parting, most)
    found = work.nothing()
    for part in context.one_by_one(work, stream.partitions):
        found.merge(part)
        if context.stop():
            break
    else:
        found.read.refuse_unread(schema)
    schema = _folded(schema, found.measures)
    steps = tuple(measure.completed() for measure in found.measures)
    rows_of = dict(found.labels.table.sort("level").iter_rows()) if target.classes else {}
    return Survey(
        found.rows, found.left_out, rows_of, found.low, schema, Encoder(steps), dict(found.unread)
    )


def _as_written(schema: Schema) -> Schema:
    """Return the schema with levels read as they are written: a sample has not every spelling."""
    return structs.replace(
        schema,
        columns=tuple(
            structs.replace(
                column, parse=structs.replace(column.parse, fold_case=False, spellings=())
            )
            if column.role == "feature" and column.parse.fold_case
            else column
            for column in schema.columns
        ),
    )


def _folded(schema: Schema, measures: Sequence[Measure]) -> Schema:
    """Return the schema with the spellings that rows have of levels that are read in any case."""
    parses = {
        column.name: measure.fold_case(column.parse)
        for column, measure in zip(schema.features, measures, strict=True)
        if column.parse.fold_case
    }
    columns = (
        structs.replace(column, parse=parses.get(column.name, column.parse))
        for column in schema.columns
    )
    return structs.replace(schema, columns=tuple(columns))


@dataclass
class Surveyed:
    """What some rows told, as `Survey` has it; summaries of other rows can be merged in."""

    measures: list[Measure]
    labels: LevelCounts
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    low: float = np.inf
    unread: Counter[str] = field(default_factory=Counter)
    read: ColumnsRead = field(default_factory=ColumnsRead)

    def merge(self, later: Surveyed) -> None:
        """Take in what later rows told."""
        for measure, more in zip(self.measures, later.measures, strict=True):
            measure.merge(more)
        self.labels.merge(later.labels)
        self.rows += later.rows
        self.left_out += later.left_out
        self.low = min(self.low, later.low)
        self.unread += later.unread
        self.read.merge(later.read)


@dataclass(frozen=True)
class Surveying:
    """The work of summing up a partition's rows: a `gradum.engines.engine.Work`."""

    stream: Stream
    schema: Schema
    encoder: Encoder
    parting: Parting
    most: int
    stage = "survey"

    def nothing(self) -> Surveyed:
        """Return what no rows tell."""
        measures = [step.measure(self.most) for step in self.encoder.steps]
        return Surveyed(measures, LevelCounts(self.most))

    def named(self, rows: range) -> str:
        """Name a partition."""
        return self.stream.named(rows)

    def rows(self, rows: range) -> int:
        """Return how many rows a partition has."""
        return len(rows)

    def __call__(self, rows: range) -> Surveyed:
        """Return what the rows of a partition tell."""
        target, found = self.schema.learned_target, self.nothing()
        for block in blocks(self.stream, self.schema, self.parting, rows=rows, read=found.read):
            found.rows += len(block.numbers)
            found.left_out += block.left_out
            for difference in block.checked.differences:
                if difference.kind == "wrong kind":
                    found.unread[difference.column] += difference.count
            values = block.checked.frame[target.name]
            if target.classes:
                found.labels.add(values.alias("level").value_counts(name="rows"))
            elif len(values):
                found.low = min(found.low, float(values.min()))  # type: ignore[arg-type]
            train = block.checked.frame.filter(block.parts == Part.TRAIN)
            for measure in found.measures:
                measure.add(train[measure.step.source])
        return found


def in_any_case(schema: Schema, counts: dict[Any, int]) -> tuple[Schema, dict[Any, int]]:
    """Merge classes (label -> rows) that differ in case alone; return how the target is read then.

    A class that the schema knows keeps its spelling.
    """
    target = schema.learned_target
    if not all(isinstance(label, str) for label in counts):
        return schema, counts
    labels, rows, others = merge_spellings(list(counts), list(counts.values()), target.classes)
    if not others:
        return schema, counts
    columns = tuple(
        structs.replace(column, parse=structs.replace(column.parse, spellings=tuple(labels)))
        if column.name == target.name
        else column
        for column in schema.columns
    )
    return structs.replace(schema, columns=columns), dict(zip(labels, rows, strict=True))


def with_classes(schema: Schema, counts: dict[Any, int], *, drop_rare: bool) -> Schema:
    """Return the schema with the classes found in all rows (label -> rows, in their order).

    Raises
    ------
    TargetError
        A class has too few rows and is not to be left out, or there are too many classes.
    """
    target = schema.learned_target
    if all(isinstance(label, int) for label in target.classes) and not isinstance(
        next(iter(counts)), bool
    ):
        counts = {_as_whole(label): rows for label, rows in counts.items()}
    rare = {label: rows for label, rows in counts.items() if rows < FEWEST_ROWS_PER_CLASS}
    kept = [label for label in counts if label not in rare]
    if (rare and not drop_rare) or len(kept) < 2:
        raise too_rare(schema, counts, rare)
    if len(kept) >= MOST_CLASSES:
        raise TargetError(
            "Target {name!r} has {count:,} classes; only fewer than {most:,} can be told apart.",
            "Group rare labels into one, or give --task regression.",
            name=target.name,
            count=len(kept),
            most=MOST_CLASSES,
        )
    numbers = schema.column(target.name).traits.is_quantity
    rows = [counts[label] for label in kept]
    reason = say_classes(kept, rows, numbers=numbers, asked=False)
    reason = without_rare(reason) if rare else full_stop(reason)
    target = structs.replace(
        target,
        task="binary" if len(kept) == 2 else "multiclass",
        classes=tuple(kept),
        reason=reason,
        left_out=(*target.left_out, *rare),
    )
    return schema.with_target(target)


def _as_whole(label: Any) -> Any:
    return int(label) if isinstance(label, float) and label.is_integer() else label
