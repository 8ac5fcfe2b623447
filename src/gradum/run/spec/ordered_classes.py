"""Classes in an order: who says it, what it must name, and what does not go with it."""

from __future__ import annotations

import polars as pl
from msgspec import structs

from gradum.core.losses import LOSSES, resolve
from gradum.errors import SpecError, TargetError
from gradum.messages import say
from gradum.run.spec.spec import Spec
from gradum.rungs.registry import have_grids
from gradum.tables.columns import Target
from gradum.tables.schema.schema import Schema
from gradum.tables.table import Table
from gradum.tables.wording import quoted

SPELLED = next(name for name, loss in LOSSES.items() if loss.one_score)
"""The loss by which ordered classes are learned if none is named."""


def is_ordered(target: Target) -> bool:
    """Whether the classes of a target have an order that models learn."""
    return bool(target.loss) and resolve(target.loss).one_score


def with_order(spec: Spec, schema: Schema, table: Table, *, edited: bool) -> Schema:
    """Return a schema whose target's classes stand in the order that the user or the type says.

    The user says one with --ordered; the type of a column does, if it is an Enum of polars or an
    ordered category of pandas. The classes of an ``edited`` schema stand in the order there. A
    loss that has no order is learned by as it was asked for.

    Raises
    ------
    TargetError
        The order leaves out a class of the table or has one that no row has, there are fewer than
        three classes, or the target is a number or has no order.
    SpecError
        Another loss was named besides the order.
    """
    target = schema.target
    if target is None or target.name != spec.target:
        return schema
    asked = bool(spec.loss) and resolve(spec.loss or "").one_score
    if spec.ordered and spec.loss and not asked:
        raise SpecError(
            "--ordered and --loss {loss} were both given.",
            "Leave out --loss: ordered classes have a loss of their own.",
            loss=spec.loss,
        )
    if edited and not spec.ordered:
        return schema
    of_type = _of_type(target, table)
    if not (spec.ordered or asked or (of_type and not spec.loss)):
        return schema
    if not target.classes:
        raise TargetError(
            "Target {name!r} is a number, which has no classes to order.",
            "Leave out the order; if its numbers are grades, add --task multiclass.",
            name=target.name,
        )
    classes = _named(target, spec.ordered) if spec.ordered else of_type or _of_numbers(target)
    if len(classes) < 3:
        if not (spec.ordered or asked):
            return schema
        raise TargetError(
            "Target {name!r} has {count} classes to order.",
            "An order needs three; leave it out.",
            name=target.name,
            count=len(classes),
        )
    reason = say(
        "{reason} Their order is {order}.",
        reason=target.reason,
        order=" < ".join(str(label) for label in classes),
    )
    ordered = structs.replace(
        target, task="multiclass", classes=classes, loss=SPELLED, reason=reason
    )
    return schema.with_target(ordered)


def refuse_beside_order(spec: Spec, schema: Schema) -> None:
    """Refuse what models of ordered classes cannot do.

    Raises
    ------
    SpecError
    """
    if not is_ordered(schema.learned_target):
        return
    if spec.blocks:
        raise SpecError(
            "Ordered classes are learned from rows in memory; this table is read in blocks.",
            "Allow more with --max-memory (max_memory), or name the loss log_loss.",
        )
    if spec.class_weight:
        raise SpecError(
            "Ordered classes are not balanced: their thresholds already fit rare classes.",
            "Leave out --class-weight.",
        )
    if have_grids(spec.rungs, schema):
        raise SpecError(
            "The convolutional network learns no ordered classes.",
            "Leave out the order, the columns of pictures and sounds with --drop, or --model.",
        )


def _of_type(target: Target, table: Table) -> tuple:
    """Return the classes in the order of the column's type; empty if it has none."""
    dtype = table.frame[target.name].dtype
    if not isinstance(dtype, pl.Enum):
        return ()
    place = {level.strip(): at for at, level in enumerate(dtype.categories.to_list())}
    known = all(label in place for label in target.classes)
    return tuple(sorted(target.classes, key=place.__getitem__)) if known else ()


def _of_numbers(target: Target) -> tuple:
    """Return classes that are numbers, in their order; refuse words, which have none."""
    if all(isinstance(label, int | float) for label in target.classes):
        return target.classes
    raise TargetError(
        "The classes of {name!r} have no order of their own.",
        'Say it with --ordered, such as "{order}".',
        name=target.name,
        order="<".join(map(str, target.classes)),
    )


def _named(target: Target, order: tuple[str, ...]) -> tuple:
    """Return the classes in the order that the user named."""
    labels = {str(label): label for label in target.classes}
    missing = [label for label in labels if label not in order]
    if missing:
        raise TargetError(
            "Target {name!r} has classes that --ordered leaves out: {classes}.",
            "Add them at their place in the order, or leave their rows out.",
            name=target.name,
            classes=quoted(missing),
        )
    unknown = [level for level in order if level not in labels]
    if unknown:
        raise TargetError(
            "No row of {name!r} has the class {level!r} that --ordered names; there are {classes}.",
            "Leave it out of the order, or correct its spelling.",
            name=target.name,
            level=unknown[0],
            classes=quoted(target.classes),
        )
    return tuple(labels[level] for level in order)
