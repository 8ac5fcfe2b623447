"""The first pass over a large table: what a sample of it cannot tell.

Levels and classes are counted in all training rows; ranges and missing values are complete. What
needs all values in memory at once (medians, the vocabulary of a text, the kinds of the columns)
comes from a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from gradum.errors import TargetError
from gradum.messages import say
from gradum.run.dataset import (
    FEWEST_ROWS_PER_CLASS,
    OF_NO_WEIGHT,
    WITHOUT_TARGET,
    too_rare,
    without_rare,
)
from gradum.run.source.row_parts import Parting
from gradum.rungs.context import Context
from gradum.tables.check import Checked, check_blocks
from gradum.tables.columns import Label
from gradum.tables.encode import Encoder
from gradum.tables.kinds.step import LevelCounts
from gradum.tables.role_values import group_names, has_target, time_values, weights_of_block
from gradum.tables.schema import Schema
from gradum.tables.sources.stream import Stream
from gradum.tables.split import Part
from gradum.tables.target import MOST_CLASSES, say_classes
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
    stream: Stream, schema: Schema, parting: Parting, also: tuple[str, ...] = ()
) -> Iterator[Block]:
    """Yield the rows that can be used, block by block, each with its part.

    Raises
    ------
    TableError
        A file is damaged, a block does not match the schema, or a row has no usable weight, group
        or time.
    """
    assert schema.target is not None
    before = 0
    for block, checked in check_blocks(stream.blocks(), schema, require_target=True, also=also):
        numbers = np.arange(before, before + len(checked.frame))
        before += len(numbers)
        numbers = numbers if block.numbers is None else block.numbers
        known = has_target(checked).to_numpy()
        checked = _kept(replace(checked, numbers=numbers), known)
        weight = weights_of_block(checked)
        weight = np.ones(len(checked.frame)) if weight is None else weight
        left_out = {
            WITHOUT_TARGET: int(np.count_nonzero(~known)),
            OF_NO_WEIGHT: int(np.count_nonzero(weight == 0)),
        }
        checked, weight = _kept(checked, weight > 0), weight[weight > 0]
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
    """What a pass over all rows found.

    Parameters
    ----------
    rows : int
        The number of rows with a target and a weight above 0.
    left_out : Counter
        What the other rows are -> number of rows.
    classes : dict
        Label -> number of rows; empty for regression.
    low : float
        The lowest target of a regression.
    encoder : Encoder
        The encoder of the sample, completed.
    unread : dict
        Column -> number of values that are not of its kind and are taken as missing.
    """

    rows: int
    left_out: Counter[str]
    classes: dict[Label, int]
    low: float
    encoder: Encoder
    unread: dict[str, int]


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
    target = schema.target
    assert target is not None
    rows, left_out = 0, Counter[str]()
    counted = sum(column.traits.names_groups for column in schema.features)
    room = int(COUNTED_SHARE * memory / (COUNTED_BYTES * max(counted, 1)))
    most = min(max(room, FEWEST_COUNTED), MOST_COUNTED)
    measures = [step.measure(most) for step in encoder.steps]
    labels = LevelCounts(most)
    low = np.inf
    unread: dict[str, int] = {}
    for block in blocks(stream, schema, parting):
        rows += len(block.numbers)
        left_out += block.left_out
        for difference in block.checked.differences:
            if difference.kind == "wrong kind":
                unread[difference.column] = unread.get(difference.column, 0) + difference.count
        values = block.checked.frame[target.name]
        if target.classes:
            labels.add(values.alias("level").value_counts(name="rows"))
        elif len(values):
            low = min(low, float(values.min()))  # type: ignore[arg-type]
        train = block.checked.frame.filter(block.parts == Part.TRAIN)
        for measure in measures:
            measure.add(train[measure.step.source])
        if context.stop():
            break
    steps = tuple(measure.completed() for measure in measures)
    rows_of = dict(labels.table.sort("level").iter_rows()) if target.classes else {}
    return Survey(rows, left_out, rows_of, low, Encoder(steps), unread)


def with_classes(schema: Schema, counts: dict[Any, int], *, drop_rare: bool) -> Schema:
    """Return the schema with the classes found in all rows (label -> rows, in their order).

    Raises
    ------
    TargetError
        A class has too few rows and is not to be left out, or there are too many classes.
    """
    target = schema.target
    assert target is not None
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
            say(
                "Target {name!r} has {count:,} classes; only fewer than {most:,} "
                "can be told apart.",
                name=target.name,
                count=len(kept),
                most=MOST_CLASSES,
            ),
            say("Group rare labels into one, or give --task regression."),
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
    columns = tuple(
        structs.replace(column, reason=reason) if column.name == target.name else column
        for column in schema.columns
    )
    return structs.replace(schema, target=target, columns=columns)


def _as_whole(label: Any) -> Any:
    return int(label) if isinstance(label, float) and label.is_integer() else label
