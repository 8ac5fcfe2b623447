"""Identifiers in use: columns that name or number the rows, and say nothing about new ones."""

from __future__ import annotations

import polars as pl

from gradum.fitting.alarm import Alarm
from gradum.fitting.dataset import Dataset
from gradum.tables.kinds.values import FEWEST_ROWS_TO_COUNT, Values
from gradum.tables.wording import number

ALL = 0.98
SPARSE = 1.1


def identifiers(dataset: Dataset) -> tuple[Alarm, ...]:
    """Name the features that number the rows, or whose levels hardly ever come again."""
    rows = int(dataset.numbers[: dataset.own_rows].max()) + 1
    alarms = []
    for column in dataset.schema.features:
        values = dataset.frame[column.name].head(dataset.own_rows).drop_nulls()
        name, count, distinct = column.name, len(values), values.n_unique()
        if count < FEWEST_ROWS_TO_COUNT or distinct < ALL * count:
            continue
        if column.kind == "categorical":
            what = f"{name!r} has {distinct:,} levels in {count:,} rows, so few will come again"
            remedy = f"leave it out with --drop {name!r}"
        elif column.kind == "numeric" and (
            _counts(values, rows) or Values(name, values).numbers_rows
        ):
            low, high = (number(float(end)) for end in (values.min(), values.max()))  # type: ignore
            what = (
                f"{name!r} seems to number the rows, with {distinct:,} different whole numbers "
                f"from {low} to {high}"
            )
            remedy = (
                f"leave it out with --drop {name!r}, or order the rows by it with --time {name!r}"
            )
        else:
            continue
        alarms.append(Alarm("identifier", f"{what}: {remedy}.", (name,)))
    return tuple(alarms)


def _counts(values: pl.Series, rows: int) -> bool:
    """Whether nearly all different whole numbers leave few gaps from 0 to the number of rows.

    Years, timestamps and sorted measurements start elsewhere, or leave gaps.
    """
    whole = bool((values == values.floor()).all())
    return whole and values.min() >= 0 and values.max() <= SPARSE * rows  # type: ignore[operator]
