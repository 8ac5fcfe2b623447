"""A column of labels of new rows, in place of the target."""

from __future__ import annotations

from dataclasses import replace

from gradum.errors import ColumnError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.tables.table import Table
from gradum.tables.wording import nearest


def label_column(fitted: Fitted, labels: str | None) -> str:
    """Return the column of labels, as one that no model uses."""
    if labels is None:
        return fitted.spec.target
    if any(labels == feature.name for feature in fitted.schema.features):
        raise ColumnError(
            "Column {column!r} is one that the model predicts from.",
            "Name the column of labels, or leave it out if it is {target!r}.",
            column=labels,
            target=fitted.spec.target,
        )
    return labels


def with_labels(table: Table, fitted: Fitted, column: str) -> Table:
    """Put a column of labels in place of the target."""
    target, frame = fitted.spec.target, table.frame
    if column not in frame.columns:
        raise ColumnError(
            say("{source} has no column {name!r}.", source=table.source, name=column),
            nearest(column, frame.columns),
        )
    if column == target:
        return table
    labels = frame[column].alias(target)
    return replace(table, frame=frame.drop(column, target, strict=False).with_columns(labels))
