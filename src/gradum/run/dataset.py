"""The rows of a table that have a target, ready to be split, encoded and judged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import structs

from gradum.core.losses import Loss, resolve
from gradum.errors import SchemaError, SpecError, TargetError
from gradum.messages import Said, listed, marked, say, say_plural
from gradum.run.judging.judge_rungs import Truth
from gradum.run.spec.suited_loss import refuse_unsuited
from gradum.rungs.registry import look_at_grids
from gradum.rungs.rows import Rows
from gradum.tables.check.check import Checked, check
from gradum.tables.check.role_values import (
    exposure_values,
    group_values,
    left_out_counts,
    row_numbers,
    target_values,
    time_values,
    weight_values,
)
from gradum.tables.doubt import Doubt
from gradum.tables.doubts.totals import without_totals
from gradum.tables.encode import Encoder, Unencoded
from gradum.tables.forecast.panel import Panel
from gradum.tables.schema.schema import Label, Schema, Target
from gradum.tables.table import Table
from gradum.tables.wording import SHOWN_NAMES, quoted

FEWEST_ROWS = 20
FEWEST_ROWS_PER_CLASS = 3  # one to train, one to choose by, one to judge by
WITHOUT_TARGET, OF_NO_WEIGHT = marked("without a target"), marked("of weight 0")


@dataclass(frozen=True)
class Dataset:
    """Rows with a target and a weight above 0."""

    source: str
    """The name of the table."""
    frame: pl.DataFrame
    """The checked, typed columns."""
    schema: Schema
    """The meaning of the columns."""
    numbers: np.ndarray
    """Of shape (n,). Each row's place in the table it came from, from 0."""
    own_rows: int
    """How many of them came from the table itself; the rest are those of the test file."""
    differences: tuple[str, ...] = ()
    """How the table differs from its schema and, if an encoder was given, from the rows that the
    encoder was fitted on."""
    notes: tuple[str, ...] = ()
    """What was done to the rows."""
    drawn_from: int | None = None
    """The number of rows of the table, if these are only the ones held in memory: all rows that
    judge or stop a fit, and a sample of the rows learned from. None if all rows are here."""
    doubts: tuple[Doubt, ...] = ()
    """What a reader should check about them."""
    history: Panel | None = None
    """The series that are forecast; None for rows of a table."""
    judged: float | None = None
    """The share of the rows that judges a forecast; None where the spec says it."""

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that must be said about the rows."""
        return (*self.differences, *self.notes)

    @cached_property
    def checked(self) -> Checked:
        """The rows as they were checked at the door."""
        return Checked(self.frame, self.schema, (), self.source, self.numbers)

    @cached_property
    def target(self) -> np.ndarray:
        """Numbers, per unit of exposure if there are exposures, or class codes (n,)."""
        return target_values(self.checked)

    @cached_property
    def row_target(self) -> np.ndarray:
        """Numbers for the exposure of each row, as the table has them, or class codes (n,)."""
        return self.target if self.classes else row_numbers(self.checked)

    @cached_property
    def weight(self) -> np.ndarray:
        """Sample weights (n,); 1 if no column gives them."""
        weight = weight_values(self.checked)
        return np.broadcast_to(np.ones(1), len(self)) if weight is None else weight

    @cached_property
    def exposure(self) -> np.ndarray | None:
        """How many units each target is a mean of (n,); None if no column gives it."""
        return exposure_values(self.checked)

    @cached_property
    def groups(self) -> np.ndarray | None:
        """Group codes (n,); None without groups."""
        return group_values(self.checked)

    @cached_property
    def time(self) -> np.ndarray | None:
        """Sortable times (n,); None without times."""
        return time_values(self.checked)

    @cached_property
    def until(self) -> np.ndarray | None:
        """When the outcome of each row is known (n,), of a forecast; None for rows of a table."""
        forecast = self.schema.forecast
        return None if forecast is None else forecast.until(self.frame)

    @property
    def classes(self) -> tuple:
        """The labels; empty for regression."""
        return self.schema.learned_target.classes

    @property
    def loss(self) -> Loss | None:
        """The loss that models learn by, if the user named one."""
        return resolve(self.schema.learned_target.loss) if self.schema.learned_target.loss else None

    @property
    def weighted(self) -> bool:
        """Whether rows weigh differently, by their weight or their exposure."""
        return self.schema.weight is not None or self.schema.exposure is not None

    @property
    def split_keys(self) -> dict[str, np.ndarray | None]:
        """What a split of the table's own rows must respect."""

        def own(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[: self.own_rows]

        labels = own(self.target) if self.classes else None
        keys = {"labels": labels, "groups": own(self.groups), "time": own(self.time)}
        return keys if self.until is None else keys | {"until": own(self.until)}

    @cached_property
    def truth(self) -> Truth:
        """The known targets and weights with which predictions are compared."""
        by_chance = self.groups is None and self.time is None and self.drawn_from is None
        truth = Truth(
            self.schema.learned_target.task,
            self.target,
            self.weight,
            self.classes,
            self.groups,
            self.time,
            self.own_rows if by_chance and self.classes else 0,
            self.loss,
        )
        forecast, until = self.schema.forecast, self.until
        if forecast is None or until is None:
            return truth
        scale = forecast.scales_in(self.frame) if forecast.scaled else None
        places = forecast.frequency.places(until)
        return replace(truth, time=places, stretch=forecast.memory, scale=scale)

    def encoder(self, rungs: Sequence[str], rows: np.ndarray | None = None) -> Encoder:
        """Return an encoder fitted to some rows, with grids if filters of a rung look at them."""
        encoder = Encoder.fit(self.frame, self.schema, rows)
        grids = look_at_grids(rungs, self.schema)
        return encoder.with_grids(self.frame, rows) if grids else encoder

    def rows(self, encoder: Encoder) -> Rows:
        """Return all rows for training; they are encoded when they are used."""
        return Rows(
            Unencoded(encoder, self.frame),
            self.target,
            self.weight,
            len(self.classes) or None,
            self.groups,
            self.time,
            exposure=self.exposure,
            loss=self.loss,
            until=self.until,
        )


def labelled(
    table: Table,
    schema: Schema,
    *,
    encoder: Encoder | None = None,
    also: Collection[str] = (),
    block: bool = False,
) -> Dataset:
    """Check a table at the door and keep the rows that have a target and a weight above 0.

    ``also`` names columns that are kept although no model uses them. With an encoder, unseen levels
    and values outside the range of its training rows are noticed too. A ``block`` is a part of a
    table's rows. Of a whole table, rows of totals are left out.

    Raises
    ------
    SchemaError, TargetError
        The table does not match the schema, or no row is left.
    """
    table = table if block else without_totals(table)
    checked = check(table, schema, encoder=encoder, require_target=True, also=also, block=block)
    return usable(replace(checked, numbers=table.numbers), table.doubts)


def usable(checked: Checked, doubts: tuple[Doubt, ...] = ()) -> Dataset:
    """Keep the rows of checked columns that have a target and a weight above 0.

    Raises
    ------
    TargetError
        No row is left.
    """
    schema, frame = checked.schema, checked.frame
    differences = tuple(difference.sentence for difference in checked.differences)
    numbers = np.arange(len(frame)) if checked.numbers is None else checked.numbers
    dataset = Dataset(checked.source, frame, schema, numbers, len(numbers), differences)
    dataset = replace(dataset, doubts=doubts)
    known = dataset.frame[schema.learned_target.name].is_not_null().to_numpy()
    dataset = _without_labels_left_out(_keep(dataset, known, say(WITHOUT_TARGET)))
    dataset = _keep(dataset, dataset.weight > 0, say(OF_NO_WEIGHT))
    for values in (target_values, group_values, time_values):
        values(dataset.checked)  # refuse bad values here, while the table has its own name
    refuse_unsuited(dataset.checked)
    return dataset


def _keep(dataset: Dataset, kept: np.ndarray, others: str) -> Dataset:
    if kept.all():
        return dataset
    if not kept.any():
        raise only_rows(dataset.source, others)
    frame = dataset.frame.filter(kept)
    note = left_out_note(int(np.count_nonzero(~kept)), others)
    return replace(
        dataset,
        frame=frame,
        numbers=dataset.numbers[kept],
        own_rows=len(frame),
        notes=(*dataset.notes, note),
    )


def only_rows(source: str, others: str) -> TargetError:
    """Return the error for a table all of whose rows are left out, namely ``others``."""
    return TargetError(
        "{source} has only rows {others}.",
        "Give others to learn or judge from.",
        source=source,
        others=others,
    )


def left_out_note(count: int, others: str) -> str:
    """Say how many rows are left out, namely ``others``."""
    return say_plural(
        "Left out: {count:,} row {others}.",
        "Left out: {count:,} rows {others}.",
        count,
        others=others,
    )


def without_duplicates(dataset: Dataset) -> Dataset:
    """Keep the first of rows that are equal in every column of use, the target included."""
    first = dataset.frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    return _keep(dataset, first.to_numpy(), say("that repeat an earlier one"))


def without_rare_classes(dataset: Dataset) -> Dataset:
    """Leave out the rows of classes with fewer than `FEWEST_ROWS_PER_CLASS` rows, and say so.

    The schema says so too: these classes move from its target's ``classes`` to ``left_out``, so
    that their rows are left out of any other table as well.

    Raises
    ------
    TargetError
        Fewer than two classes remain, or fewer than three with an order.
    SpecError
        The target is a number.
    """
    target = dataset.schema.learned_target
    refuse_number(target)
    rare = _rare_classes(dataset)
    if not rare:
        return dataset
    classes = tuple(label for label in target.classes if label not in rare)
    if len(classes) < (3 if dataset.loss is not None and dataset.loss.one_score else 2):
        raise too_rare(dataset.schema, dataset.classes, rare)
    less = structs.replace(
        target,
        task="binary" if len(classes) == 2 else "multiclass",
        classes=classes,
        left_out=(*target.left_out, *rare),
        reason=without_rare(target.reason),
    )
    columns = tuple(
        structs.replace(column, reason=less.reason) if column.name == less.name else column
        for column in dataset.schema.columns
    )
    schema = structs.replace(dataset.schema, target=less, columns=columns)
    return _without_labels_left_out(replace(dataset, schema=schema))


def refuse_number(target: Target) -> None:
    """Refuse a target that has no classes to leave out."""
    if not target.classes:
        raise SpecError(
            "Target {name!r} is a number, which has no classes to leave out.",
            "Leave out --drop-rare-classes.",
            name=target.name,
        )


def _without_labels_left_out(dataset: Dataset) -> Dataset:
    counts = {label: rows for label, rows in left_out_counts(dataset.checked).items() if rows}
    if not counts:
        return dataset
    return _keep(dataset, dataset.target >= 0, too_rare_to_learn(counts))


def too_rare_to_learn(counts: dict[Label, int]) -> str:
    """Return the words for rows left out because their classes are rare."""
    return say("of classes too rare to learn: {classes}", classes=named_classes(counts))


def without_rare(reason: str) -> str:
    """Add to the reason for a target's classes that rare ones are left out."""
    return say(
        "{reason}; those of fewer than {fewest} left out.",
        reason=Said("clause", reason),
        fewest=FEWEST_ROWS_PER_CLASS,
    )


def _rare_classes(dataset: Dataset) -> dict[Label, int]:
    """Return the classes that have too few rows to train, to choose by and to judge by."""
    rows = np.bincount(dataset.target, minlength=len(dataset.classes)).tolist()
    pairs = zip(dataset.classes, rows, strict=True)
    rare = {label: count for label, count in pairs if count < FEWEST_ROWS_PER_CLASS}
    return dict(sorted(rare.items(), key=lambda pair: -pair[1]))


def named_classes(counts: dict[Label, int]) -> str:
    """Return classes with their numbers of rows: ``'maybe' (2), 'never' (1)``."""
    named = [f"{label!r} ({count:,})" for label, count in counts.items()]
    more = len(named) - SHOWN_NAMES
    shown = listed(named[:SHOWN_NAMES])
    return say("{shown} and {more:,} more", shown=shown, more=more) if more > 0 else shown


def require_enough(dataset: Dataset) -> None:
    """Refuse a table that is too small to learn from and to judge by.

    Raises
    ------
    TargetError
        Fewer than `FEWEST_ROWS` rows can be used, or a class has fewer than
        `FEWEST_ROWS_PER_CLASS` of them.
    """
    if len(dataset) < FEWEST_ROWS:
        left_out = (doubt.note for doubt in dataset.doubts)
        raise too_few(dataset.source, len(dataset), (*left_out, *dataset.notes))
    rare = _rare_classes(dataset) if dataset.classes else {}
    if rare:
        raise too_rare(dataset.schema, dataset.classes, rare)


def too_few(source: str, rows: int, notes: Iterable[str]) -> TargetError:
    """Return the error of a table with too few rows to learn from; ``notes`` may say why."""
    why = say("; ").join(note[0].lower() + note[1:].rstrip(".。") for note in notes)
    if why:
        message = say_plural(
            "{source} has {count:,} row to learn from ({why}).",
            "{source} has {count:,} rows to learn from ({why}).",
            rows,
            source=source,
            why=why,
        )
    else:
        message = say_plural(
            "{source} has {count:,} row to learn from.",
            "{source} has {count:,} rows to learn from.",
            rows,
            source=source,
        )
    return TargetError(
        message, say("Give at least {rows}, to learn from and to be judged by.", rows=FEWEST_ROWS)
    )


def too_rare(schema: Schema, classes: Collection[Label], rare: dict[Label, int]) -> TargetError:
    """Return the error, with a remedy, for a target with classes that have too few rows."""
    name = schema.learned_target.name
    message = say_plural(
        "Target {target!r} has {count:,} class with fewer than {fewest} rows: {classes}.",
        "Target {target!r} has {count:,} classes with fewer than {fewest} rows: {classes}.",
        len(rare),
        target=name,
        fewest=FEWEST_ROWS_PER_CLASS,
        classes=named_classes(rare),
    )
    if len(rare) > len(classes) - 2:
        return TargetError(message, say("Add rows of them, or choose another target."))
    if schema.column(name).traits.is_quantity:
        remedy = say(
            "Leave their rows out with --drop-rare-classes, or add rows of them; --task "
            "regression if they are quantities."
        )
    else:
        remedy = say("Leave their rows out with --drop-rare-classes, or add rows of them.")
    return TargetError(message, remedy)


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
            "The test file {source} lacks the column {absent}.",
            "Add it: weights, groups and times are needed there as well.",
            source=test.source,
            absent=quoted(absent),
        )
    remarks = (*(doubt.note for doubt in test.doubts), *test.remarks)
    notes = tuple(say("Test file: {note}", note=note) for note in remarks)
    return replace(
        dataset,
        frame=pl.concat([dataset.frame, test.frame], how="vertical_relaxed"),
        numbers=np.concatenate([dataset.numbers, test.numbers]),
        notes=(*dataset.notes, *notes),
    )
