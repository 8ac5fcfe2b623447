"""The rows of a table that have a target, ready to be split, encoded and judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from gradum.errors import TargetError
from gradum.fitting.judgement import Truth
from gradum.fitting.rows import Rows, class_balanced
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

FEWEST_ROWS = 20


@dataclass(frozen=True)
class Dataset:
    """Rows with a target.

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
    balanced : bool
        Whether training weighs every class the same.
    notes : tuple of str
        What was done to the rows.
    """

    frame: pl.DataFrame
    schema: Schema
    numbers: np.ndarray
    own_rows: int
    balanced: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

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
        weight = self.weight
        if self.balanced and self.classes:
            weight = class_balanced(self.target, weight, len(self.classes))
        return Rows(
            encoder.transform(self.frame),
            self.target,
            weight,
            len(self.classes) or None,
            self.groups,
            self.time,
        )


def labelled(table: Table, schema: Schema, *, balanced: bool = False) -> Dataset:
    """Check a table at the door and keep its rows that have a target.

    Raises
    ------
    SchemaError, TargetError
        The table does not match the schema, or too few rows have a target.
    """
    checked = check(table, schema, require_target=True)
    target = target_values(checked)
    known = np.isfinite(target) if target.dtype.kind == "f" else target >= 0
    notes = [difference.sentence for difference in checked.differences]
    if not known.all():
        notes.append(f"{np.count_nonzero(~known):,} rows without a target are left out.")
    numbers = np.flatnonzero(known)
    frame = checked.frame if known.all() else checked.frame[numbers]
    return Dataset(frame, schema, numbers, len(frame), balanced, tuple(notes))


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
    """Put a test file's rows after the table's own."""
    notes = tuple(f"Test file: {note}" for note in test.notes)
    return replace(
        dataset,
        frame=pl.concat([dataset.frame, test.frame]),
        numbers=np.concatenate([dataset.numbers, test.numbers]),
        notes=(*dataset.notes, *notes),
    )
