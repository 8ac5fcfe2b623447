"""The second pass over a large table: rows learned from go to disk, rows that judge to memory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gradum.files.atomic import whole
from gradum.run.source.row_parts import Parting
from gradum.run.source.survey import blocks
from gradum.rungs.context import Context
from gradum.rungs.spool import Spool, SpooledSegment, SpoolFiles, Totals
from gradum.tables.check.role_values import target_values
from gradum.tables.encode import Encoder
from gradum.tables.kinds.blocks import Units
from gradum.tables.schema.schema import Schema
from gradum.tables.sources.origin import folder_of_processes
from gradum.tables.sources.stream import Stream
from gradum.tables.split import UNUSED, Part


@dataclass(frozen=True)
class Held:
    """Rows in memory: all rows that judge or stop a fit, and a sample of the rows learned from.

    ``parts`` (n,) and ``numbers`` (n,) belong to the rows of ``frame``; ``totals`` are sums over
    all rows that are learned from.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    parts: np.ndarray
    totals: Totals

    @classmethod
    def of(cls, parts: Sequence[Held]) -> Held:
        """Join what several stretches of rows gave, in their order."""
        totals = parts[0].totals
        for part in parts[1:]:
            totals.merge(part.totals)
        return cls(
            pl.concat([part.frame for part in parts]),
            np.concatenate([part.numbers for part in parts]),
            np.concatenate([part.parts for part in parts]),
            totals,
        )


@dataclass(frozen=True)
class Encoding:
    """How a table's rows are divided and encoded."""

    stream: Stream
    schema: Schema
    encoder: Encoder
    parting: Parting
    units: Units
    """The units of the dense columns."""
    log: bool = False
    """Whether the logarithm of the target is learned."""
    also: tuple[str, ...] = ()
    """Columns that are wanted for the rows in memory although no model uses them."""

    @property
    def classes(self) -> int:
        """K; 0 for a regression."""
        return len(self.schema.learned_target.classes)

    def spool(self, folder: Path | None = None, path: Path | None = None) -> Spool:
        """Return a spool without rows: in a file at a path, or in one without a name."""
        return Spool(
            self.encoder.layout, self.units, classes=self.classes, folder=folder, path=path
        )

    def divide(self, rows: range, spool: Spool) -> Held:
        """Encode the training rows of a partition into a spool, and return the others.

        Raises
        ------
        DiskError
            The disk is full.
        """
        totals = Totals(self.classes, log=self.log)
        frames, numbers, parts = [], [], []
        for block in blocks(self.stream, self.schema, self.parting, self.also, rows=rows):
            train = block.parts == Part.TRAIN
            target, weight = target_values(block.checked)[train], block.weight[train]
            totals.add(target, weight)
            design = self.encoder.transform(block.checked.frame.filter(train))
            spool.write(design, target, weight)
            kept = (block.parts != UNUSED) & (~train | self.parting.in_sample(block.numbers))
            frames.append(block.checked.frame.filter(kept))
            numbers.append(block.numbers[kept])
            parts.append(block.parts[kept])
        spool.end_partition()
        return Held(pl.concat(frames), np.concatenate(numbers), np.concatenate(parts), totals)


def divide(encoding: Encoding, spool: Spool, context: Context) -> Held:
    """Pass over all rows once: encode the training rows into the spool, and return the others."""
    held = []
    for part in context.one_by_one(EncodingHere(encoding, spool), encoding.stream.partitions):
        held.append(part)
        if context.stop():
            break
    return Held.of(held)


def divide_across(encoding: Encoding, folder: Path, context: Context) -> tuple[Held, SpoolFiles]:
    """Do what `divide` does on the context's engine, with a file for each partition in a folder."""
    work = EncodingToFiles(encoding, folder, secrets.token_hex(16))
    held, files = [], []
    for part, segments in context.one_by_one(work, range(len(encoding.stream.partitions))):
        held.append(part)
        files.append(segments)
        if context.stop():
            break
    layout, units = encoding.encoder.layout, encoding.units
    return Held.of(held), SpoolFiles(layout, units, tuple(files), work.encoded, work.named)


@dataclass(frozen=True)
class EncodingHere:
    """The work of dividing a partition, whose encoded rows go to a spool, as all others do."""

    encoding: Encoding
    spool: Spool
    stage = "encoding"

    def named(self, rows: range) -> str:
        """Name a partition."""
        return self.encoding.stream.named(rows)

    def rows(self, rows: range) -> int:
        """Return how many rows a partition has."""
        return len(rows)

    def __call__(self, rows: range) -> Held:
        """Encode a partition's training rows, and return the others."""
        return self.encoding.divide(rows, self.spool)


@dataclass(frozen=True)
class EncodingToFiles:
    """The work of dividing a partition, by its number: a `gradum.engines.engine.Work`.

    Its encoded rows lie in a file of the folder. A machine that has no such folder keeps files in
    one of its own, which only the user may read.
    """

    encoding: Encoding
    folder: Path
    token: str
    stage = "encoding"

    def named(self, number: int) -> str:
        """Name a partition."""
        stream = self.encoding.stream
        return stream.named(stream.partitions[number])

    def rows(self, number: int) -> int:
        """Return how many rows a partition has."""
        return len(self.encoding.stream.partitions[number])

    def __call__(self, number: int) -> tuple[Held, tuple[SpooledSegment, ...]]:
        """Leave a partition's encoded rows in a file; return the others, and what lies there."""
        path = self._file(number)
        with whole(path) as partial, self.encoding.spool(path=partial) as spool:
            held = self.encoding.divide(self.encoding.stream.partitions[number], spool)
        return held, tuple(spool.segments)

    def encoded(self, number: int) -> Path:
        """Return the file of a partition's encoded rows, which is made if it is not at hand."""
        path = self._file(number)
        if not path.exists():
            self(number)
        return path

    def _file(self, number: int) -> Path:
        folder = self.folder
        if not folder.is_dir():
            folder = folder_of_processes(self.token)
        return folder / f"{number}.rows"
