"""The rows of a table that have a target, ready to be split, encoded and judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.errors import SchemaError, TargetError
from gradum.fitting.judgement import Truth
from gradum.fitting.rows import Rows
from gradum.tables.check import (
    Checked,
    check,
    group_values,
    target_values,
    time_values,
    weight_values,
)
from gradum.tables.encode import Encoder
from gradum.tables.schema import Schema
from gradum.tables.table import Table
from gradum.tables.wording import counted, quoted

FEWEST_ROWS = 20


@dataclass(frozen=True)
class Dataset:
    """Rows with a target and a weight above 0.

    Parameters
    ----------
    frame : polars.DataFrame
        The checked, typed columns.
    schema : Schema
        Their meaning.
    numbers : ndarray of shape (n,)
        Each row's place in the table it came from, from 0.
    own_rows : int
        How many of them came from the table itself; the rest are the test file's.
    differences : tuple of str
        How the table differs from its schema, and, where an encoder was given, from the rows that
        it was fitted on.
    notes : tuple of str
        What was done to the rows.
    """

    frame: pl.DataFrame
    schema: Schema
    numbers: np.ndarray
    own_rows: int
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that is to be said of the rows."""
        return (*self.differences, *self.notes)

    @cached_property
    def _checked(self) -> Checked:
        return Checked(self.frame, self.schema, ())

    @cached_property
    def target(self) -> np.ndarray:
        """Numbers, or class codes (n,)."""
        return target_values(self._checked)

    @cached_property
    def weight(self) -> np.ndarray:
        """Sample weights (n,); 1 where no column gives them."""
        weight = weight_values(self._checked)
        return np.ones(len(self)) if weight is None else weight

    @cached_property
    def groups(self) -> np.ndarray | None:
        """Group codes (n,)."""
        return group_values(self._checked)

    @cached_property
    def time(self) -> np.ndarray | None:
        """Sortable times (n,)."""
        return time_values(self._checked)

    @property
    def classes(self) -> tuple:
        """The labels; empty for regression."""
        assert self.schema.target is not None
        return self.schema.target.classes

    @property
    def split_keys(self) -> dict[str, np.ndarray | None]:
        """What a split of the table's own rows must respect."""

        def own(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[: self.own_rows]

        labels = own(self.target) if self.classes else None
        return {"labels": labels, "groups": own(self.groups), "time": own(self.time)}

    @cached_property
    def truth(self) -> Truth:
        """What predictions are held against."""
        assert self.schema.target is not None
        return Truth(
            self.schema.target.task, self.target, self.weight, self.classes, self.groups, self.time
        )

    def rows(self, encoder: Encoder) -> Rows:
        """Encode all rows for training."""
        return Rows(
            encoder.transform(self.frame),
            self.target,
            self.weight,
            len(self.classes) or None,
            self.groups,
            self.time,
        )


def labelled(table: Table, schema: Schema, *, encoder: Encoder | None = None) -> Dataset:
    """Check a table at the door and keep the rows that have a target and a weight above 0.

    With an encoder, unseen levels and values out of its training rows' range are noticed too.

    Raises
    ------
    SchemaError, TargetError
        The table does not match the schema, or no row is left.
    """
    checked = check(table, schema, encoder=encoder, require_target=True)
    target = target_values(checked)
    known = np.isfinite(target) if target.dtype.kind == "f" else target >= 0
    differences = tuple(difference.sentence for difference in checked.differences)
    whole = Dataset(checked.frame, schema, np.arange(len(known)), len(known), differences)
    dataset = _keep(whole, known, "without a target", table.source)
    return _keep(dataset, dataset.weight > 0, "of weight 0", table.source)


def _keep(dataset: Dataset, kept: np.ndarray, others: str, source: str) -> Dataset:
    if kept.all():
        return dataset
    if not kept.any():
        raise TargetError(f"{source} has only rows {others}.", "Give rows to learn or judge from.")
    left_out = counted(int(np.count_nonzero(~kept)), "row")
    frame = dataset.frame.filter(kept)
    note = f"Left out: {left_out} {others}."
    return replace(
        dataset,
        frame=frame,
        numbers=dataset.numbers[kept],
        own_rows=len(frame),
        notes=(*dataset.notes, note),
    )


def require_enough(dataset: Dataset) -> None:
    """Refuse a table too small to learn from and to judge by.

    Raises
    ------
    TargetError
        Fewer than `FEWEST_ROWS` rows have a target.
    """
    if len(dataset) < FEWEST_ROWS:
        raise TargetError(
            f"{dataset.schema.source} has {len(dataset)} rows with a target.",
            f"A model needs at least {FEWEST_ROWS} to learn from and to be judged by.",
        )


def join(dataset: Dataset, test: Dataset) -> Dataset:
    """Put a test file's rows after the table's own.

    Raises
    ------
    SchemaError
        The test file lacks the weight, group or time column.
    """
    absent = [name for name in dataset.frame.columns if name not in test.frame.columns]
    if absent:
        raise SchemaError(
            f"The test file lacks the column {quoted(absent)}.",
            "It needs the columns of weight, group and time as well.",
        )
    notes = tuple(f"Test file: {note}" for note in test.remarks)
    return replace(
        dataset,
        frame=pl.concat([dataset.frame, test.frame]),
        numbers=np.concatenate([dataset.numbers, test.numbers]),
        notes=(*dataset.notes, *notes),
    )
