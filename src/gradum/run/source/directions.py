"""Columns and targets that can be given a direction; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Mapping

from gradum.errors import SpecError
from gradum.messages import say
from gradum.tables.columns import Column
from gradum.tables.schema import Schema


def refuse_directions(directions: Mapping[str, int], schema: Schema, classes: int | None) -> None:
    """Refuse what no model can be monotone in.

    Parameters
    ----------
    directions : mapping from str to int
        The direction of each column, 1 or -1.
    schema : Schema
    classes : int or None
        K; None for numbers.

    Raises
    ------
    SpecError
        There are more than two classes, or a column is no number to learn from.
    ColumnError
        There is no such column; the nearest names are told.
    """
    if directions and classes is not None and classes > 2:
        raise SpecError(
            say(
                "The target has {count} classes, and only a number, or the probability of one of "
                "two classes, rises or falls with a column.",
                count=classes,
            ),
            say("Leave the directions of columns out."),
        )
    names = {column.name for column in schema.columns}
    for name, sign in directions.items():
        written = f"{name}{'+' if sign > 0 else '-'}"
        if name not in names and written in names:
            raise SpecError(
                say("The direction of column {column!r} is missing.", column=written),
                say("Put + or - behind its name: {column}+ or {column}-.", column=written),
            )
        _refuse(schema.column(name))


def _refuse(column: Column) -> None:
    if column.role == "target":
        raise SpecError(
            say("Column {column!r} is the target, and has no direction.", column=column.name),
            say("Give a direction to columns that are learned from."),
        )
    if column.role != "feature":
        raise SpecError(
            say(
                "Column {column!r} can have no direction: no model learns from it.",
                column=column.name,
            ),
            say("Leave its direction out."),
        )
    if not column.traits.is_quantity:
        raise SpecError(
            say(
                "Column {column!r} can have no direction: it is of the kind {kind}, not a number.",
                column=column.name,
                kind=column.kind,
            ),
            say("Leave its direction out; if its values are numbers, take it as one (numeric)."),
        )
