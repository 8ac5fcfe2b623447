"""A table in memory as the source of a run's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from gradum.run.dataset import (
    Dataset,
    join,
    labelled,
    require_enough,
    without_duplicates,
    without_rare_classes,
)
from gradum.run.events.events import Expected
from gradum.run.memory.estimate import expect
from gradum.run.plan import Plan, make_plan
from gradum.run.rivals import Rival, kept_from, teacher_of
from gradum.run.source.row_source import Asked, understood
from gradum.run.spec.spec import Spec
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.teacher import Teacher
from gradum.tables.doubts.totals import without_totals
from gradum.tables.encode import Encoder
from gradum.tables.schema.schema import Schema
from gradum.tables.split import Part
from gradum.tables.table import Table


@dataclass(frozen=True)
class RowsInMemory:
    """A table that is read as a whole."""

    read: Callable[[], Table]
    """Returns the table; nothing keeps the table once its rows are labelled."""
    teacher: Rival | None = None
    """What a pack learns from, besides the rows."""

    def describe(self, asked: Asked, context: Context) -> DescribedInMemory:
        """Infer the schema, and keep the rows that have a target and a weight above 0."""
        table = without_totals(self.read())
        spec, schema = understood(asked, table)
        dataset, notes = labelled(table, schema, also=spec.also), table.notes
        del table  # the dataset has new columns; nobody else may need the old ones
        if spec.drop_duplicates:
            dataset = without_duplicates(dataset)
        if spec.drop_rare_classes:
            dataset = without_rare_classes(dataset)
        require_enough(dataset)
        if asked.test is not None:
            test = labelled(asked.test, dataset.schema, also=spec.also)
            dataset = join(dataset, test)
        return DescribedInMemory(spec, dataset, notes, self.teacher)


@dataclass(frozen=True)
class DescribedInMemory:
    """A table in memory whose columns are understood."""

    spec: Spec
    dataset: Dataset
    table_notes: tuple[str, ...]
    teacher: Rival | None = None

    @property
    def schema(self) -> Schema:
        """What each column is taken for."""
        return self.dataset.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the table and its rows."""
        left_out = (doubt.note for doubt in self.dataset.doubts)
        return (*self.table_notes, *left_out, *self.dataset.remarks)

    @contextmanager
    def divide(self, context: Context) -> Iterator[DividedInMemory]:
        """Choose among a test file, cross-validation and a hold-out."""
        plan = make_plan(self.spec, self.dataset)
        teacher, notes = None, self.table_notes
        if self.teacher is not None:
            teacher = teacher_of(self.teacher, self.dataset, self.spec)
            notes = (*notes, *kept_from(self.teacher, self.dataset))
        yield DividedInMemory(self.spec, self.dataset, plan, notes, teacher)


@dataclass(frozen=True)
class DividedInMemory:
    """Rows in memory that have been divided into parts."""

    spec: Spec
    dataset: Dataset
    plan: Plan
    notes: tuple[str, ...]
    teacher: Teacher | None = None

    def learning(self, parts: np.ndarray) -> tuple[Encoder, InMemory]:
        """Return the encoder, fitted on the rows of the part train, and the rows."""
        return self._encoded(parts, np.flatnonzero(parts == Part.TRAIN))

    def everything(self) -> tuple[Encoder, InMemory]:
        """Return all rows as training rows."""
        return self._encoded(np.full(len(self.dataset), Part.TRAIN, np.int8), None)

    def expected(self, encoder: Encoder) -> Expected:
        """Return what the run will take."""
        return expect(self.spec, self.plan, encoder.layout, len(self.dataset.classes))

    def _encoded(self, parts: np.ndarray, measured: np.ndarray | None) -> tuple[Encoder, InMemory]:
        encoder = self.dataset.encoder(self.spec.rungs, measured)
        balance = self.spec.class_weight is not None
        rows = replace(
            self.dataset.rows(encoder), teacher=self.teacher, monotone=self.spec.directions
        )
        return encoder, InMemory(rows, parts, balance)
