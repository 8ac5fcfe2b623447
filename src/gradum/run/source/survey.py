"""The first pass over a large table: what a sample of it cannot tell.

Levels and classes are counted in all training rows, ranges and missing values are complete. What
needs all values in memory at once (medians, the vocabulary of a text, the kinds of the columns)
comes from a sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
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
from gradum.run.source.parting import Parting
from gradum.rungs.context import Context
from gradum.tables.check import (
    Checked,
    check_blocks,
    group_names,
    has_target,
    time_values,
    weights_of_block,
)
from gradum.tables.columns import Label
from gradum.tables.encode import Encoder
from gradum.tables.kinds.boolean.step import Boolean
from gradum.tables.kinds.categorical.step import Categorical, level_counts
from gradum.tables.kinds.date.step import Date
from gradum.tables.kinds.numeric.step import Numeric, decimals_of
from gradum.tables.kinds.step import Step
from gradum.tables.kinds.text.step import Text
from gradum.tables.schema import Schema
from gradum.tables.sources.stream import Stream
from gradum.tables.split import Part
from gradum.tables.target import MOST_CLASSES, say_classes
from gradum.tables.wording import full_stop

MOST_COUNTED, FEWEST_COUNTED = 2_000_000, 20_000  # names of a column, held while they are counted
COUNTED_BYTES = 200  # a name, while counts are put together
COUNTED_SHARE = 0.2  # of the memory allowed


class Block(NamedTuple):
    """Rows of a block that have a target and a weight above 0, and what others there are."""

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
    for _, checked in check_blocks(stream.blocks(), schema, require_target=True, also=also):
        numbers = np.arange(before, before + len(checked.frame))
        before += len(numbers)
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
    """What all rows told.

    Parameters
    ----------
    rows : int
        With a target and a weight above 0.
    left_out : Counter
        What the others are -> rows.
    classes : dict
        Label -> rows; empty for regression.
    low : float
        Least target of a regression.
    encoder : Encoder
        The sample's, completed.
    unread : dict
        Column -> values that are not of its kind, taken as missing.
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
    """Pass over all rows once; where the context says to stop, the rest is left uncounted.

    Where a column has more levels than ``memory`` bytes have room for, the rarest are let go.
    """
    target = schema.target
    assert target is not None
    rows, left_out = 0, Counter[str]()
    coded = [step.source for step in encoder.steps if isinstance(step, Categorical)]
    room = int(COUNTED_SHARE * memory / (COUNTED_BYTES * max(len(coded), 1)))
    most = min(max(room, FEWEST_COUNTED), MOST_COUNTED)
    facts, levels = _Facts(encoder), {source: _Counts(most) for source in coded}
    labels = _Counts(most)
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
        facts.add(train)
        for source, counts in levels.items():
            counts.add(level_counts(train[source]))
        if context.stop():
            break
    steps = tuple(
        Categorical.of_counts(step.source, levels[step.source].table)
        if isinstance(step, Categorical)
        else facts.completed(step)
        for step in encoder.steps
    )
    rows_of = dict(labels.table.sort("level").iter_rows()) if target.classes else {}
    return Survey(rows, left_out, rows_of, low, Encoder(steps), unread)


class _Counts:
    """Rows by level, over all blocks; of about ``most`` levels, those of most rows."""

    def __init__(self, most: int) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._size, self._most = 0, most

    def add(self, counts: pl.DataFrame) -> None:
        """Add the counts of a block."""
        self._waiting.append(counts)
        self._size += len(counts)
        if self._size <= self._most:
            return
        table = self.table
        if len(table) > self._most / 2:  # hardly any level repeats
            table = table.filter(pl.col("rows") > 1)
        if len(table) > self._most / 2:
            commonest = table.sort("rows", "level", descending=[True, False])
            table = commonest.head(self._most // 2)
        self._waiting, self._size = [table], len(table)

    @property
    def table(self) -> pl.DataFrame:
        """``level`` and ``rows``."""
        return pl.concat(self._waiting).group_by("level").agg(pl.col("rows").sum())


class _Facts:
    """Missing values, ranges, decimals and yeses, over all blocks of training rows."""

    def __init__(self, encoder: Encoder) -> None:
        self._expressions = [expression for step in encoder.steps for expression in _measures(step)]
        self._found: dict[str, list[Any]] = {}
        numbers = [step for step in encoder.steps if isinstance(step, Numeric)]
        self._decimals = {step.source: step.decimals for step in numbers}

    def add(self, frame: pl.DataFrame) -> None:
        """Measure a block."""
        if not self._expressions or not len(frame):
            return
        for name, value in frame.select(self._expressions).row(0, named=True).items():
            if value is not None:
                self._found.setdefault(name, []).append(value)
        for source, least in self._decimals.items():
            if least is not None:
                self._decimals[source] = decimals_of(frame[source], least)

    def completed(self, step: Step) -> Step:
        """Return a step that a sample was fitted to, with what all rows told."""
        missing = sum(self._found.get(f"missing {step.source}", [0]))
        match step:
            case Numeric():
                lows = self._found.get(f"low {step.source}", [])
                highs = self._found.get(f"high {step.source}", [])
                if step.median is None or not lows:
                    return step
                return structs.replace(
                    step,
                    minimum=min(lows),
                    maximum=max(highs),
                    missing=missing > 0,
                    decimals=self._decimals[step.source],
                )
            case Boolean():
                trues = sum(self._found.get(f"yes {step.source}", [0]))
                falses = sum(self._found.get(f"rows {step.source}", [0])) - trues
                return structs.replace(step, trues=trues, falses=falses, missing=missing)
            case Date() | Text():
                return structs.replace(step, missing=missing > 0)
            case _:
                return step


def _measures(step: Step) -> list[pl.Expr]:
    column = pl.col(step.source)
    missing = column.null_count().alias(f"missing {step.source}")
    match step:
        case Numeric():
            low, high = column.min().alias(f"low {step.source}"), column.max()
            return [missing, low, high.alias(f"high {step.source}")]
        case Boolean():
            yes = column.sum().alias(f"yes {step.source}")
            return [missing, yes, column.count().alias(f"rows {step.source}")]
        case Date() | Text():
            return [missing]
        case _:
            return []


def with_classes(schema: Schema, counts: dict[Any, int], *, drop_rare: bool) -> Schema:
    """Return the schema with the classes that all rows told (label -> rows, in their order).

    Raises
    ------
    TargetError
        A class has too few rows, and is not to be left out; or there are too many classes.
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
    numbers = schema.column(target.name).kind == "numeric"
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
