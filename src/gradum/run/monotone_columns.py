"""Monotone answers, as the signs of a fitted model's weights prove them, column by column.

Every step from a column's value to the answer is checked: scaling and clipping, the network, the
steps after the logits, and the way back to the target's unit. If each step is known to rise or to
fall, so is the answer, on the whole domain. The converse does not hold: a model may be monotone
although the signs do not show it. The proof holds for real numbers; in floating point, answers that
are almost equal may differ in their last digits either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from gradum.core.models.monotonicity import Movement
from gradum.errors import SpecError
from gradum.messages import say
from gradum.rungs.kind import RungKind
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.tables.columns import Column, Target
from gradum.tables.kinds.design import Layout
from gradum.tables.schema.schema import Schema


def monotone_by_signs(rung: Rung, layout: Layout, column: str, sign: int) -> bool:
    """Return whether signs prove that an answer never falls (1) or never rises (-1) with a column.

    The answer is the number, each of several quantiles, or the probability of the second of two
    classes. With more classes, signs can only prove an answer that does not move at all. All other
    columns stay the same, and the column has a value.

    Parameters
    ----------
    layout : Layout
        The layout of the encoder that the rung was fitted with.
    column : str
        A column of the table; a column that does not reach the model does not move it.
    sign : int
        1 or -1.
    """
    movement = _movement(rung, layout, column)
    if rung.target_scale is None and rung.network.outputs > 1:
        return bool((movement.rises & movement.falls).all())
    return bool((movement.rises if sign > 0 else movement.falls).all())


def refuse_unproven(rungs: Iterable[Rung], layout: Layout, directions: Mapping[str, int]) -> None:
    """Raise SpecError if signs do not prove that the rungs are monotone in the columns."""
    for rung in rungs:
        for column, sign in directions.items():
            if not monotone_by_signs(rung, layout, column, sign):
                raise SpecError(
                    "The weights of the model {rung} do not prove that it is monotone in "
                    "{column!r}.",
                    "Its training broke down: leave out extreme values, or the directions.",
                    rung=say(KINDS[rung.name].title),
                    column=column,
                )


def monotone_in_words(target: Target, directions: Mapping[str, int]) -> tuple[str, ...]:
    """Say in which columns all models are monotone, with a sentence for each column."""
    label = target.classes[-1] if target.classes else None
    return tuple(_sentence(target.name, label, column, sign) for column, sign in directions.items())


def _sentence(target: str, label: object, column: str, sign: int) -> str:
    if label is None and sign > 0:
        return say(
            "As {column!r} rises and all else stays, no model's {target!r} ever falls: the signs "
            "of the weights prove it.",
            column=column,
            target=target,
        )
    if label is None:
        return say(
            "As {column!r} rises and all else stays, no model's {target!r} ever rises: the signs "
            "of the weights prove it.",
            column=column,
            target=target,
        )
    if sign > 0:
        return say(
            "As {column!r} rises and all else stays, no model's probability of {label!r} ever "
            "falls: the signs of the weights prove it.",
            column=column,
            label=label,
        )
    return say(
        "As {column!r} rises and all else stays, no model's probability of {label!r} ever rises: "
        "the signs of the weights prove it.",
        column=column,
        label=label,
    )


def _movement(rung: Rung, layout: Layout, column: str) -> Movement:
    """Return how the outputs behind the answer move as the column rises."""
    logits = _of_logits(rung, layout, column)
    kept = all(step.keeps_order for step in rung.post)
    return logits.where(kept and (rung.target_scale is None or rung.target_scale.rises))


def _of_logits(rung: Rung, layout: Layout, column: str) -> Movement:
    if rung.input_layer is None:  # it looks at no column
        still = np.ones(rung.network.outputs, bool)
        return Movement(still, still)
    dense = len(rung.input_layer.centre)
    numbers, others = layout.columns[:dense], layout.columns[dense:]
    if any(other.source == column for other in others):
        unknown = np.zeros(rung.network.outputs, bool)
        return Movement(unknown, unknown)
    # As the value changes, it does not become missing.
    moving = [n.source == column and not n.traits.marks_missing for n in numbers]
    values = np.array([number.traits.is_quantity for number in numbers], bool)
    upright = (rung.input_layer.scale > 0) & (rung.input_layer.spread > 0)
    still = ~np.array(moving, bool)
    return rung.network.movement(rung.params, Movement(still | (values & upright), still))


def refuse_directions(directions: Mapping[str, int], schema: Schema, classes: int | None) -> None:
    """Refuse columns or targets in which no model can be monotone.

    Parameters
    ----------
    directions : mapping from str to int
        The direction of each column, 1 or -1.
    classes : int or None
        K; None for numbers.

    Raises
    ------
    SpecError
        There are more than two classes, or a column is not a number to learn from.
    ColumnError
        There is no such column; the message gives the nearest names.
    """
    if directions and classes is not None and classes > 2:
        raise SpecError(
            "The target has {count} classes, and only a number, or the probability of one of "
            "two classes, rises or falls with a column.",
            "Leave the directions of columns out.",
            count=classes,
        )
    names = {column.name for column in schema.columns}
    for name, sign in directions.items():
        written = f"{name}{'+' if sign > 0 else '-'}"
        if name not in names and written in names:
            raise SpecError(
                "The direction of column {column!r} is missing.",
                "Put + or - behind its name: {column}+ or {column}-.",
                column=written,
            )
        _refuse(schema.column(name))


def refuse_free(kinds: Iterable[RungKind]) -> None:
    """Raise SpecError if a kind of rung cannot be kept monotone in any column."""
    for kind in kinds:
        if not kind.monotone:
            raise SpecError(
                "The model {rung} cannot be held monotone in columns: nothing is known of the "
                "signs of its weights.",
                "Choose another --model (model), or leave out --monotone (monotone).",
                rung=say(kind.title),
            )


def _refuse(column: Column) -> None:
    if column.role == "target":
        raise SpecError(
            "Column {column!r} is the target, and has no direction.",
            "Give a direction to columns that are learned from.",
            column=column.name,
        )
    if column.role != "feature":
        raise SpecError(
            "Column {column!r} can have no direction: no model learns from it.",
            "Leave its direction out.",
            column=column.name,
        )
    if not column.traits.is_quantity:
        raise SpecError(
            "Column {column!r} can have no direction: it is of the kind {kind}, not a number.",
            "Leave its direction out; if its values are numbers, take it as one (numeric).",
            column=column.name,
            kind=column.kind,
        )
