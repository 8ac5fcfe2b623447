"""Rows drawn from a table of any size: all rows are counted, and some are held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from gradum.engines.engine import Engine
from gradum.engines.in_order import in_order
from gradum.errors import TableError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.run.forecast.later_rows import in_later_pairs
from gradum.study.watch.column_drift import Counted
from gradum.tables.check.check import ColumnsRead, check
from gradum.tables.check.differences import Difference, merged
from gradum.tables.doubts.totals import without_totals
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read
from gradum.tables.sources.stream import BLOCK_ROWS, DrawnRows, Stream, refuse_empty
from gradum.tables.table import Table
from gradum.waiting import told


@dataclass(frozen=True)
class SampledRows:
    """Typed rows of a table, drawn at random."""

    frame: pl.DataFrame
    """The features of the rows drawn."""
    numbers: np.ndarray
    """Of shape (n,). Their places in the table, from 0, in ascending order."""
    rows: int
    """The number of rows of the whole table."""
    source: str
    """What the table is called."""
    differences: tuple[Difference, ...]
    """How the whole table differs from the rows learned from."""
    labels: int = 0
    """The number of rows of the whole table that have a target value."""
    left_out: tuple[str, ...] = ()
    """Sentences on rows of totals, which are not among the rows."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that must be said about the rows."""
        return (*self.left_out, *(difference.sentence for difference in self.differences))


def sampled_rows(
    fitted: Fitted,
    data: Any,
    most: int,
    name: str,
    *,
    reading: ReadingOptions = PLAINLY,
    counted: Counted | None = None,
    engine: Engine | None = None,
) -> SampledRows:
    """Read a table block by block, and draw up to ``most`` of its rows.

    Parameters
    ----------
    fitted : Fitted
        The model whose schema is used to read the rows.
    name : str
        The name of the draw, so that two draws of a watch differ.
    counted : Counted, optional
        Counts all rows.
    engine : Engine, optional
        Reads the table's partitions, which changes nothing of what is drawn and counted.

    Raises
    ------
    SchemaError
        A column is absent or of another kind.
    TableError
        The table cannot be read, or has no rows.
    EngineError
        A task failed too often.
    """
    with _opened(data, fitted, reading, divided=engine is not None) as table:
        rng, rows = stream(fitted.spec.seed, "study", "watch", name), len(table.places)
        numbers = np.sort(rng.choice(rows, min(rows, most), replace=False))
        sampling = Sampling(fitted, counted)
        if engine is None:
            found = sampling.of(table.blocks(), numbers)
        else:
            assert isinstance(table.rows, Stream)
            found = _across(sampling, engine, table.rows, table.places, numbers)
        found.read.refuse_unread(fitted.schema)
        if counted is not None and found.counted is not None:
            counted.merge(found.counted)
        return SampledRows(
            pl.concat(found.frames, how="vertical_relaxed"),
            table.places[numbers],
            rows,
            table.head.source,
            found.differences,
            found.labels,
            table.head.left_out,
        )


def _across(
    sampling: Sampling, engine: Engine, table: Stream, places: np.ndarray, numbers: np.ndarray
) -> SampledPart:
    """Let an engine read the partitions, and merge what they gave."""
    stream, partitions = table.for_tasks(elsewhere=engine.elsewhere), table.partitions
    work = SamplingPartitions(sampling, stream)
    starts = np.searchsorted(places, [rows.start for rows in partitions])
    ends = [*starts[1:], len(places)]
    items = []
    for rows, start, end in zip(partitions, starts, ends, strict=True):
        first, last = np.searchsorted(numbers, [start, end])
        items.append(DrawnRows(rows, numbers[first:last] - start))
    found = SampledPart(
        [], counted=None if sampling.counted is None else sampling.counted.nothing()
    )
    for part in told(in_order(engine, work, items), say("watch: all rows"), len(items)):
        found.merge(part)
    return found


@dataclass
class SampledPart:
    """What some rows gave; what later rows give can be merged in.

    ``labels`` counts the rows that have a target value.
    """

    frames: list[pl.DataFrame]
    differences: tuple[Difference, ...] = ()
    labels: int = 0
    read: ColumnsRead = field(default_factory=ColumnsRead)
    counted: Counted | None = None

    def merge(self, later: SampledPart) -> None:
        """Take in what later rows gave."""
        self.frames += later.frames
        self.differences = merged((*self.differences, *later.differences))
        self.labels += later.labels
        self.read.merge(later.read)
        if self.counted is not None and later.counted is not None:
            self.counted.merge(later.counted)


@dataclass(frozen=True)
class Sampling:
    """How rows are counted and some are taken; ``counted`` says how, and counts none itself."""

    fitted: Fitted
    counted: Counted | None

    def of(self, tables: Iterable[Table], numbers: np.ndarray) -> SampledPart:
        """Count all rows of consecutive tables, and take those at some places, in order."""
        features = [column.name for column in self.fitted.schema.features]
        target, before = self.fitted.spec.target, 0
        found = SampledPart([], counted=None if self.counted is None else self.counted.nothing())
        for table in tables:
            checked = check(table, self.fitted.schema, encoder=self.fitted.encoder, block=True)
            frame = checked.frame.select(features)
            if found.counted is not None:
                found.counted.add(frame)
            first, last = np.searchsorted(numbers, [before, before + len(frame)])
            found.frames.append(frame[numbers[first:last] - before])
            before += len(frame)
            found.read.add(checked)
            found.differences = merged((*found.differences, *checked.differences))
            if target in table.frame.columns:
                found.labels += table.frame[target].count()
        return found


@dataclass(frozen=True)
class SamplingPartitions:
    """The work of sampling a partition of a table: a `gradum.engines.engine.Work`."""

    sampling: Sampling
    stream: Stream

    def named(self, drawn: DrawnRows) -> str:
        """Name a partition."""
        return self.stream.named(drawn.rows)

    def __call__(self, drawn: DrawnRows) -> SampledPart:
        """Read a partition; its places count from its first row that is no total."""
        assert drawn.places is not None
        return self.sampling.of(self.stream.blocks(rows=drawn.rows), drawn.places)


@dataclass(frozen=True)
class _Opened:
    """A table without its totals, and the places of its rows (n,)."""

    rows: Table | Stream
    places: np.ndarray

    @property
    def head(self) -> Table:
        return self.rows if isinstance(self.rows, Table) else self.rows.head

    def blocks(self) -> Iterator[Table]:
        """Yield the rows in blocks."""
        if isinstance(self.rows, Stream):
            return self.rows.blocks()
        frame = self.rows.frame
        starts = range(0, len(frame), BLOCK_ROWS)
        return (replace(self.rows, frame=frame[at : at + BLOCK_ROWS]) for at in starts)


@contextmanager
def _opened(
    data: Any, fitted: Fitted, reading: ReadingOptions, *, divided: bool
) -> Iterator[_Opened]:
    """Open a table; if it is ``divided``, as a stream, or not at all."""
    with at_hand(data, reading) as here, ExitStack() as entered:
        table = here
        if fitted.schema.forecast is not None:
            table = in_later_pairs(fitted, read(here))
        elif divided or not isinstance(here, Table):
            try:
                rows = entered.enter_context(opened(here))
            except TableError:
                if divided:
                    raise
                table = read(here)  # JSON is read as a whole
            else:
                refuse_empty(rows.head.source, len(rows))
                rows = rows.without_totals()
                yield _Opened(rows, rows.places)
                return
        refuse_empty(table.source, len(table.frame))
        table = without_totals(table)
        places = np.arange(len(table.frame)) if table.numbers is None else table.numbers
        yield _Opened(table, places)
