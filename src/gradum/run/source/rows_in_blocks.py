"""A table read in blocks as the source of a run's rows: sampled, surveyed, divided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from msgspec import structs

from gradum.errors import SpecError, TableError, TargetError
from gradum.files.scratch import scratch_folder
from gradum.messages import listed, marked, say, say_plural, sentences
from gradum.run.dataset import (
    FEWEST_ROWS,
    OF_NO_WEIGHT,
    WITHOUT_TARGET,
    Dataset,
    join,
    labelled,
    left_out_note,
    only_rows,
    refuse_number,
    too_few,
    too_rare_to_learn,
)
from gradum.run.memory.estimate import expect_in_blocks
from gradum.run.plan import Plan, say_not_learned, split_clause
from gradum.run.source.row_parts import FEWEST_HELD, Parting, held_row
from gradum.run.source.row_source import Asked, understood
from gradum.run.source.second_pass import Encoding, Held, divide, divide_across
from gradum.run.source.survey import Survey, in_any_case, survey, with_classes
from gradum.run.spec.spec import Spec
from gradum.rungs.balance import balance
from gradum.rungs.context import Context
from gradum.rungs.learning_rows import InBlocks, InMemory
from gradum.rungs.registry import KINDS, kinds_for, kinds_of, learn_in_blocks
from gradum.rungs.spool import EncodedRows
from gradum.tables.check.check import check
from gradum.tables.check.role_values import times_of, without_weight
from gradum.tables.encode import Encoder
from gradum.tables.schema.contradictions import refuse_names
from gradum.tables.schema.schema import Label, Schema
from gradum.tables.sources.stream import Stream, row_bytes
from gradum.tables.split import Part
from gradum.tables.table import Table
from gradum.tables.wording import size

SAMPLED_ROWS = 100_000  # from which the columns' kinds and units are found
SAMPLED_BYTES = 2**25  # fewer rows for wide tables and long texts

PARTS = {
    Part.TRAIN: marked("train"),
    Part.VALIDATION: marked("validation"),
    Part.TEST: marked("test"),
}


@dataclass(frozen=True)
class RowsInBlocks:
    """A table that is read in blocks.

    Two passes come before training: one counts what a sample cannot tell, and one encodes the rows
    that are learned from into a file and holds the others in memory. Then each rung passes over
    this file. `docs/choices.md` says what is decided from which rows.
    """

    rows: Stream
    """The table."""
    scratch: Path | None = None
    """The folder of the file with the encoded rows, which has no name; the system's folder if left
    out."""

    def describe(self, asked: Asked, context: Context) -> DescribedInBlocks:
        """Infer the schema from a sample, and complete it in a pass over all rows."""
        _refuse(asked.spec)
        refuse_names(self.rows.head.frame.columns)
        spec, rows = asked.spec, self.rows.without_totals()
        memory = spec.max_memory or 0
        fewer, began = max(1, SAMPLED_BYTES // row_bytes(rows.head.frame)), perf_counter()
        sample = rows.sample(min(SAMPLED_ROWS, fewer), context.random("sample"))
        spec, schema = understood(asked, sample)
        if spec.drop_rare_classes:
            refuse_number(schema.learned_target)
        checked = check(sample, schema, require_target=True, block=True)
        first = Encoder.fit(checked.frame, schema)
        classes, seconds = len(schema.learned_target.classes), perf_counter() - began
        width = held_row(sample.frame, classes)
        _refuse_wide_rows(rows, FEWEST_HELD * width, memory)
        times = None if schema.time is None else checked.frame[schema.time].drop_nulls()
        parting = Parting.of(
            spec,
            len(rows),
            width,
            memory,
            None if times is None else times_of(times),
            judging=asked.test is None,
        )
        context.tell(
            expect_in_blocks(
                spec,
                len(rows),
                first.layout,
                classes,
                reading=seconds / max(len(sample.frame), 1),
                workers=context.workers,
            )
        )
        known = survey(rows, schema, first, parting, context, memory)
        _end_if(context)
        schema = _completed(
            known.schema, spec, known, rows.head.source, given=asked.schema is not None
        )
        table = replace(self, rows=rows)
        return DescribedInBlocks(table, spec, schema, asked.test, checked.frame, parting, known)


@dataclass(frozen=True)
class DescribedInBlocks:
    """A table read in blocks whose columns are understood."""

    table: RowsInBlocks
    spec: Spec
    schema: Schema
    """The schema of all rows."""
    test: Table | None
    """Rows to judge by."""
    sample: pl.DataFrame
    """Some rows, checked."""
    parting: Parting
    """The part of each row."""
    known: Survey
    """What the survey of all rows found."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the table and its rows."""
        head = self.table.rows.head
        return (*head.notes, *head.left_out, *self._notes)

    @cached_property
    def _notes(self) -> tuple[str, ...]:
        return _notes(self.spec, self.table.rows, self.known, self.schema.learned_target.left_out)

    @contextmanager
    def divide(self, context: Context) -> Iterator[DividedInBlocks]:
        """Encode the training rows into a file, and hold the others in memory."""
        spec, encoder = self.spec, self.known.encoder
        classes = self.schema.learned_target.classes
        with self._encoded(context) as (held, spool):
            _end_if(context)
            by_class = balance(held.totals.by_class) if spec.class_weight else None
            if by_class is not None:
                spool.weigh(by_class)
            dataset = self._dataset(held)
            if self.test is not None:
                dataset = join(dataset, labelled(self.test, self.schema, also=spec.also))
            parts = np.full(len(dataset), Part.TEST, np.int8)
            parts[: len(held.parts)] = held.parts
            _require_parts(parts)
            judged = _how(parts, self.known, self.schema, self.test)
            how = sentences([judged, _not_learned(held, classes)])
            rows = InBlocks(spool, held.totals, by_class, dataset.rows(encoder), parts)
            yield DividedInBlocks(
                dataset, Plan(parts, [], how), self.table.rows.head.notes, encoder, rows
            )

    @contextmanager
    def _encoded(self, context: Context) -> Iterator[tuple[Held, EncodedRows]]:
        """Pass over all rows; the units of the dense columns are those of the sample."""
        encoding = Encoding(
            self.table.rows.for_tasks(elsewhere=context.elsewhere),
            self.schema,
            self.known.encoder,
            self.parting,
            self.known.encoder.transform(self.sample).standard_units(),
            self.spec.log_target,
            self.spec.also,
        )
        if context.engine is None:
            with encoding.spool(self.table.scratch) as spool:
                yield divide(encoding, spool, context), spool
        else:
            with scratch_folder(self.table.scratch) as folder:
                yield divide_across(encoding, folder.absolute(), context)

    def _dataset(self, held: Held) -> Dataset:
        return Dataset(
            self.table.rows.head.source,
            held.frame,
            self.schema,
            held.numbers,
            len(held.frame),
            notes=self._notes,
            drawn_from=self.known.rows,
            doubts=self.table.rows.head.doubts,
        )


@dataclass(frozen=True)
class DividedInBlocks:
    """Rows in blocks that have been divided into parts."""

    dataset: Dataset
    plan: Plan
    notes: tuple[str, ...]
    encoder: Encoder
    rows: InBlocks

    def learning(self, parts: np.ndarray) -> tuple[Encoder, InBlocks]:
        """Return the encoder and the training rows on disk; there is only one fit."""
        return self.encoder, self.rows

    def everything(self) -> tuple[Encoder, InMemory]:
        """Raise NotImplementedError: a refit is refused before the table is read."""
        raise NotImplementedError

    def expected(self, encoder: Encoder) -> None:
        """Return None: it is told before the first pass."""


def _refuse(spec: Spec) -> None:
    """Refuse what is impossible for a table that is read in blocks."""
    if not any(kind.in_blocks for kind in kinds_of(spec.rungs)[1:]):
        raise SpecError(
            "A {rung} learns from rows in memory, but the table is read in blocks.",
            "Choose --model {names}; or have the table read whole: "
            "from files, with a larger --max-memory.",
            rung=say(KINDS[spec.model].title),
            names=listed(["ladder", *learn_in_blocks()], "or"),
        )
    asked = {
        "--cv": spec.split.folds,
        "--refit": spec.refit,
        "--drop-duplicates": spec.drop_duplicates,
    }
    for option, given in asked.items():
        if given:
            raise SpecError(
                "{option} needs all rows at once, but the table is read in blocks.",
                "Leave out {option}; or have the table read whole: from files, with a "
                "larger --max-memory.",
                option=option,
            )


def _refuse_wide_rows(rows: Stream, needed: float, memory: int) -> None:
    """Refuse a table if even the rows that must be held take more memory than allowed."""
    if needed > memory:
        raise TableError(
            say_plural(
                "{source} has {count:,} column: even in blocks it takes about {needed} of "
                "memory, but only {memory} may be used.",
                "{source} has {count:,} columns: even in blocks it takes about {needed} of "
                "memory, but only {memory} may be used.",
                rows.head.frame.width,
                source=rows.head.source,
                needed=size(needed),
                memory=size(memory),
            ),
            say("Leave out columns with --drop, or give a larger --max-memory."),
        )


def _end_if(context: Context) -> None:
    """End a run that is told to stop before anything has been learned."""
    if context.stop():
        raise KeyboardInterrupt


def _completed(schema: Schema, spec: Spec, known: Survey, source: str, *, given: bool) -> Schema:
    """Return the schema with the classes and the number of all rows.

    A schema that was ``given`` names its classes: any other label is refused where it occurs.
    """
    target = schema.learned_target
    if not known.rows and known.left_out[OF_NO_WEIGHT]:
        raise without_weight(
            say("Weight column {weight!r} of {source}", weight=schema.weight, source=source)
        )
    if not known.rows:
        raise only_rows(source, say(WITHOUT_TARGET))
    if known.rows < FEWEST_ROWS:
        raise too_few(source, known.rows, _left_out(known))
    schema = structs.replace(schema, rows=known.rows + known.left_out.total())
    if target.classes:
        counts = known.classes
        if given:
            counts = {label: counts.get(label, 0) for label in target.classes}
        elif not spec.overrides.keep_case:
            schema, counts = in_any_case(schema, counts)
        return with_classes(schema, counts, drop_rare=spec.drop_rare_classes)
    if spec.log_target and known.low <= 0:
        raise TargetError(
            "Target {target!r} has no logarithm in some rows: its least value is {low:g}.",
            "Correct them, or leave out --log-target.",
            target=target.name,
            low=known.low,
        )
    return schema


def _left_out(known: Survey) -> list[str]:
    return [left_out_note(count, say(others)) for others, count in known.left_out.items() if count]


def _notes(spec: Spec, rows: Stream, known: Survey, left_out: tuple[Label, ...]) -> tuple[str, ...]:
    """Say what follows from the table's size, and which rows are left out."""
    notes = [
        say_plural(
            "{count:,} row, read in blocks within {size} of memory. What each column holds, "
            "medians and the words of texts are told from a sample; levels, classes and ranges "
            "from all rows.",
            "{count:,} rows, read in blocks within {size} of memory. What each column holds, "
            "medians and the words of texts are told from a sample; levels, classes and ranges "
            "from all rows.",
            len(rows),
            size=size(spec.max_memory or 0),
        )
    ]
    notes += [
        say(
            "No {rung} is trained: it learns from rows in memory, as --no-blocks has them.",
            rung=say(KINDS[kind.name].title),
        )
        for kind in kinds_for(spec.rungs, grids=bool(known.encoder.layout.grids))
        if not kind.in_blocks
    ]
    notes += _left_out(known)
    rare = {label: count for label, count in known.classes.items() if label in left_out}
    if rare:
        notes.append(left_out_note(sum(rare.values()), too_rare_to_learn(rare)))
    notes += [
        say_plural(
            "Column {column!r}: {count:,} value not of its kind, taken as missing.",
            "Column {column!r}: {count:,} values not of its kind, taken as missing.",
            count,
            column=column,
        )
        for column, count in known.unread.items()
    ]
    return tuple(notes)


def _require_parts(parts: np.ndarray) -> None:
    for part in PARTS:
        if not (parts == part).any():
            raise SpecError(
                "No row is left for the part {part}.",
                "Give more rows, other --group or --time columns, or a larger --max-memory.",
                part=say(PARTS[part]),
            )


def _how(parts: np.ndarray, known: Survey, schema: Schema, test: Table | None) -> str:
    judging = int((parts == Part.TEST).sum())
    clause = split_clause(grouped=schema.group is not None, timed=schema.time is not None)
    if test is not None:
        return say(
            "Judged on {rows:,} held-out rows of the test file{how_split}.",
            rows=judging,
            how_split=clause,
        )
    return say(
        "Judged on {rows:,} held-out rows of {all:,}{how_split}.",
        rows=judging,
        all=known.rows,
        how_split=clause,
    )


def _not_learned(held: Held, classes: tuple[Label, ...]) -> str:
    """Say which classes are missing from the rows learned from."""
    learned = held.totals.by_class if classes else ()
    absent = [label for label, weight in zip(classes, learned, strict=True) if not weight]
    return say_not_learned(absent) if absent else ""
