"""The protocol of a row source: where a run's rows lie, and how a fit gets to learn from them.

A run asks a source what the table's columns mean, then to divide the rows, then for the rows of
each fit. Rows in memory and rows in blocks both answer these questions; the run is the same.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from msgspec import structs

from gradum.errors import SchemaError, SpecError
from gradum.messages import marked, say
from gradum.run.dataset import Dataset
from gradum.run.events.events import Expected
from gradum.run.monotone_columns import refuse_directions, refuse_free
from gradum.run.plan import Plan
from gradum.run.spec.ordered_classes import refuse_beside_order, with_order
from gradum.run.spec.spec import Spec
from gradum.run.spec.suited_loss import refuse_loss, task_of
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory, LearningRows
from gradum.rungs.registry import have_grids, kinds_for
from gradum.scores.outcome import TASKS
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Overrides, Schema, Target, infer
from gradum.tables.split import refuse_both
from gradum.tables.table import Table

LACKING = {
    "weight": marked("{source} lacks the weight column {column!r}."),
    "exposure": marked("{source} lacks the exposure column {column!r}."),
    "group": marked("{source} lacks the group column {column!r}."),
    "time": marked("{source} lacks the time column {column!r}."),
}


@dataclass(frozen=True)
class Asked:
    """What a run is asked to do."""

    spec: Spec
    schema: Schema | None = None
    """An edited schema to use in place of the one inferred from the rows."""
    test: Table | None = None
    """Rows to judge by."""


class RowSource(Protocol):
    """A table, wherever its rows lie."""

    def describe(self, asked: Asked, context: Context) -> Described:
        """Say what the columns mean.

        Raises
        ------
        GradumError
            The table, the target or an option cannot be used.
        KeyboardInterrupt
            The context says to stop before there is anything to learn from.
        """
        ...


class Described(Protocol):
    """A table whose columns are understood.

    ``notes`` say what was noticed about the table and its rows.
    """

    @property
    def spec(self) -> Spec:
        """What is asked for, with the scale of the target, which the schema decides."""
        ...

    @property
    def schema(self) -> Schema:
        """What each column is taken for."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the table and its rows."""
        ...

    def divide(self, context: Context) -> AbstractContextManager[Divided]:
        """Decide which rows train and which judge; files on disk last as long as the context.

        Raises
        ------
        GradumError
            A part is left without rows.
        KeyboardInterrupt
            As in `RowSource.describe`.
        """
        ...


class Divided(Protocol):
    """Rows that have been divided into parts."""

    @property
    def dataset(self) -> Dataset:
        """The rows in memory: all rows, or those that judge and a sample of the others."""
        ...

    @property
    def plan(self) -> Plan:
        """The part of each row in memory."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the table before its rows were divided."""
        ...

    def learning(self, parts: np.ndarray) -> tuple[Encoder, LearningRows]:
        """Return the encoder and the rows of a fit in which the rows have these parts."""
        ...

    def everything(self) -> tuple[Encoder, InMemory]:
        """Return all rows to learn from, with their encoder."""
        ...

    def expected(self, encoder: Encoder) -> Expected | None:
        """Return what the run will take; None if that was told before its rows were divided."""
        ...


def understood(asked: Asked, table: Table) -> tuple[Spec, Schema]:
    """Return what a table's columns mean, and the spec with the scale that they decide.

    Raises
    ------
    SpecError, SchemaError
        What was asked for contradicts itself or the table.
    """
    spec = asked.spec
    edited = asked.schema is not None and asked.schema.forecast is None
    if edited and spec.overrides != Overrides():
        raise SpecError(
            "Both an edited schema and options for columns were given.",
            "Write the options' effect into the schema, or leave the schema out.",
        )
    schema = asked.schema or infer(
        table,
        target=spec.target,
        task=spec.task or task_of(spec.loss),
        overrides=spec.overrides,
        log_target=spec.log_target,
        loss=spec.loss or "",
    )
    schema = with_order(spec, schema, table, edited=asked.schema is not None)
    if spec.loss and asked.schema is not None and schema.target is not None:
        schema = structs.replace(schema, target=structs.replace(schema.target, loss=spec.loss))
    target = _refuse_contradictions(spec, schema, table)
    return structs.replace(spec, log_target=target.log, loss=target.loss or None), schema


def _refuse_contradictions(spec: Spec, schema: Schema, table: Table) -> Target:
    """Check what was asked for against a schema, which may have been edited by hand."""
    target = schema.target
    if target is None or target.name != spec.target:
        if target is None:
            message = say(
                "The schema has no target, but {wanted!r} is to be predicted.", wanted=spec.target
            )
        else:
            message = say(
                "The schema predicts {target!r}, but {wanted!r} is to be predicted.",
                target=target.name,
                wanted=spec.target,
            )
        raise SpecError(
            message,
            say("Write one with gradum inspect TABLE --target COL --json."),
        )
    if not schema.features:
        raise SchemaError(
            "The schema leaves no column to learn from.", "Give one of them the role 'feature'."
        )
    refuse_both(schema.group, schema.time)
    for role in LACKING:
        name = getattr(schema, role)
        if name is not None and name not in table.frame.columns:
            raise SchemaError(say(LACKING[role], source=table.source, column=name), say("Add it."))
    for name in spec.report.slices:
        if not schema.column(name).traits.can_be_cut or name == target.name:
            if name == target.name:
                message = say("Column {column!r} is the target, which is no slice.", column=name)
            else:
                message = say(
                    "Column {column!r} is lists or records, which is no slice.", column=name
                )
            raise SpecError(
                message,
                say("Choose another."),
            )
    if spec.interval_by is not None:
        _refuse_levels(spec.interval_by, schema, target)
    refuse_directions(spec.directions, schema, len(target.classes) or None)
    if spec.monotone:
        refuse_free(kinds_for(spec.rungs, grids=have_grids(spec.rungs, schema)))
    if spec.monotone and spec.blocks:
        raise SpecError(
            "Models are held monotone on rows in memory, and this table is read in blocks.",
            "Allow more with --max-memory (max_memory), or leave out --monotone (monotone).",
        )
    if spec.report.cost is not None and target.task != "binary":
        raise SpecError(
            "A cost of mistakes needs two classes, but {target!r} is {task}.",
            "Leave out --cost.",
            target=target.name,
            task=say(TASKS[target.task]),
        )
    refuse_loss(target, schema)
    refuse_beside_order(spec, schema)
    if spec.class_weight and target.task == "regression":
        raise SpecError(
            "The target {name!r} has no classes to weigh.",
            "Leave class weights out.",
            name=target.name,
        )
    return target


def _refuse_levels(name: str, schema: Schema, target: Target) -> None:
    """Refuse a column whose levels cannot have intervals of their own."""
    if name == target.name:
        raise SpecError(
            "Intervals cannot be made by column {column!r}: it is the target.",
            "For sets by class, leave out --interval-by and predict with --by-class.",
            column=name,
        )
    kind = schema.column(name).traits
    if not (kind.has_levels or kind.is_quantity):
        raise SpecError(
            "Intervals cannot be made by column {column!r}: it is of the kind {kind}.",
            "Give --interval-by a column of few levels.",
            column=name,
            kind=schema.column(name).kind,
        )
