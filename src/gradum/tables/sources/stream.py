"""A table larger than memory: blocks of rows, read in order and as often as needed.

Every stream is a sequence of Parquet files; `open_stream.py` makes them of tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from gradum.errors import GradumError, TableError
from gradum.messages import listed, say
from gradum.tables.doubts.totals import HEAD_ROWS, AllRows, TotalRows, find_totals
from gradum.tables.formats.calendar_range import within_calendar
from gradum.tables.formats.columnar import DAMAGE
from gradum.tables.formats.parquet import groups_of
from gradum.tables.sources.file_stamp import FileStamp
from gradum.tables.sources.origin import Origin, hash_of
from gradum.tables.table import Table

BLOCK_ROWS = 65_536
PREDICTED_ROWS = 8_192  # at a time, of a table that is held
BLOCK_BYTES = 2**25  # fewer rows if tables are wide or texts long
LONG_VALUE = 64  # bytes, on average over all columns
WINDOW_ROWS = 4_096  # of a sample: neighbours in the file
PARTITIONS = 64  # of a table that has as many blocks
MOST_BLOCKS = 8  # of a partition


class DrawnRows(NamedTuple):
    """Rows of a partition: all of them, or those at some places of the table (m,), in order."""

    rows: range
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Stream:
    """A table as blocks."""

    head: Table
    """A few rows with the columns' names and types, the table's name, and the notes on it."""
    files: tuple[Path, ...]
    """Parquet files, with consecutive rows."""
    lengths: tuple[int, ...]
    """The number of rows of each file."""
    totals: np.ndarray | None = None
    """Of shape (t,). The places of the rows of totals, which blocks and samples leave out."""
    names: tuple[str, ...] = ()
    """What each file is called in messages; the table's name where they are left out."""
    stamps: tuple[FileStamp, ...] = ()
    """Each file as it was when the stream was opened: one that is another is refused."""
    origins: tuple[Origin | None, ...] = ()
    """What each file is a copy of, where another machine can make it anew."""
    rows_in_block: int = 0
    """The number of rows of a block; 0 for as many as the rows of the head suggest."""

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def places(self) -> np.ndarray:
        """The places of the rows that are no totals (n,), from 0."""
        places = np.arange(len(self))
        return places if self.totals is None else np.delete(places, self.totals)

    @property
    def block_rows(self) -> int:
        """The number of rows of a block."""
        return self.rows_in_block or rows_of_block(self.head.frame)

    def for_tasks(self, *, elsewhere: bool) -> Stream:
        """Return the same stream without the rows of its head, to be sent to tasks.

        Where tasks may be ``elsewhere``, on machines that do not see this one's files, they
        recognise by hashes what they copy from the same origins.
        """
        head, origins = replace(self.head, frame=self.head.frame.clear()), self.origins
        if elsewhere:
            origins = tuple(
                origin and replace(origin, sha256=hash_of(file, stamp))
                for origin, file, stamp in zip(origins, self.files, self.stamps, strict=False)
            )
        return replace(self, head=head, origins=origins, rows_in_block=self.block_rows)

    def without_totals(self) -> Stream:
        """Return the stream without its rows of totals, as `doubts.totals` does a table."""
        if self.head.keep_totals:
            return self
        found = self.total_rows()
        head = replace(self.head, keep_totals=True)
        if found is None:
            return replace(self, head=head)
        head = replace(head, doubts=(*head.doubts, found.doubt))
        return replace(self, head=head, totals=found.rows)

    def total_rows(self) -> TotalRows | None:
        """Return the rows of totals; None if there are none, or they are kept."""
        if self.head.keep_totals:
            return None
        return find_totals(
            AllRows(
                replace(self.head, frame=pl.concat(self._window(0, HEAD_ROWS))),
                len(self),
                pl.concat(self._window(len(self) - 1)),
                lambda columns: (block.frame for block in self.blocks(columns)),
            )
        )

    @property
    def partitions(self) -> tuple[range, ...]:
        """Stretches of rows that tasks read, of whole blocks; they depend on the rows alone.

        There are up to `PARTITIONS` of them; tables of more blocks than `PARTITIONS` times
        `MOST_BLOCKS` have more.
        """
        blocks = -(-len(self) // self.block_rows)
        rows = self.block_rows * min(-(-blocks // PARTITIONS), MOST_BLOCKS)
        return tuple(range(at, min(at + rows, len(self))) for at in range(0, len(self), rows))

    def drawn_partitions(self, places: np.ndarray | None = None) -> list[DrawnRows]:
        """Return the partitions that have any of the rows at some places; of all rows if None."""
        if places is None and self.totals is None:
            return [DrawnRows(rows) for rows in self.partitions]
        drawn = self.places if places is None else places
        ends = [
            (rows, *np.searchsorted(drawn, [rows.start, rows.stop])) for rows in self.partitions
        ]
        return [DrawnRows(rows, drawn[first:last]) for rows, first, last in ends if first < last]

    def drawn_blocks(self, drawn: DrawnRows) -> Iterator[Table]:
        """Yield the blocks of a partition, of each only the rows drawn, and none without any."""
        for block in self.blocks(rows=drawn.rows):
            if drawn.places is None:
                yield block
                continue
            assert block.numbers is not None
            kept = np.isin(block.numbers, drawn.places, assume_unique=True)
            if kept.any():
                yield replace(block, frame=block.frame.filter(kept), numbers=block.numbers[kept])

    def named(self, rows: range) -> str:
        """Name a stretch of rows: its files, and the row groups that hold it."""
        return listed(
            [
                say(
                    "{name}, rows {first:,} to {last:,} (row groups {groups})",
                    name=self.names[file] if self.names else self.head.source,
                    first=first + 1,
                    last=last,
                    groups=groups_of(self.files[file], first, last),
                )
                for file, first, last in self._pieces(rows.start, rows.stop)
            ],
            "and",
        )

    def blocks(
        self, columns: Sequence[str] | None = None, rows: range | None = None
    ) -> Iterator[Table]:
        """Yield all rows in order, `block_rows` at a time; only the named columns if any are named.

        Without its totals, a block has fewer rows, whose places are its ``numbers``. Those of a
        stretch of ``rows`` alone are the same blocks, if the stretch is one of `partitions`.

        Raises
        ------
        TableError
            A file is damaged, or is not what it was when the stream was opened.
        """
        before = 0 if rows is None else rows.start
        for frame in self._frames(columns, rows):
            block = replace(self.head, frame=frame)
            if self.totals is not None or rows is not None:
                places = np.arange(before, before + len(frame))
                block = replace(block, numbers=places)
            if self.totals is not None:
                kept = ~np.isin(places, self.totals)
                block = replace(block, frame=frame.filter(kept), numbers=places[kept])
            before += len(frame)
            yield block

    def _frames(
        self, columns: Sequence[str] | None, rows: range | None = None
    ) -> Iterator[pl.DataFrame]:
        rest = pl.DataFrame()
        rows = range(len(self)) if rows is None else rows
        with self._explained():
            frames = pl.concat(
                [
                    self._scan(self._at_hand(file), columns).slice(first, last - first)
                    for file, first, last in self._pieces(rows.start, rows.stop)
                ]
            )
            # Where the reader cuts depends on its threads, and blocks must not depend on that.
            for frame in frames.collect_batches(chunk_size=self.block_rows, maintain_order=True):
                rest = pl.concat([rest, frame]) if rest.height else frame
                while rest.height >= self.block_rows:
                    yield rest[: self.block_rows]
                    rest = rest[self.block_rows :]
        if rest.height:
            yield rest

    def sample(self, rows: int, rng: np.random.Generator) -> Table:
        """Return about that many rows: windows of neighbours, drawn from all rows, in order."""
        if rows >= len(self):
            windows = np.arange(0, len(self), WINDOW_ROWS)
        else:
            places = -(-len(self) // WINDOW_ROWS)
            drawn = rng.choice(places, min(-(-rows // WINDOW_ROWS), places), replace=False)
            windows = np.sort(drawn) * WINDOW_ROWS
        with self._explained():
            frames = [part for start in windows.tolist() for part in self._window(start)]
        numbers = (windows[:, None] + np.arange(WINDOW_ROWS)).ravel()
        frame, numbers = pl.concat(frames), numbers[numbers < len(self)]
        if self.totals is not None:
            kept = ~np.isin(numbers, self.totals)
            frame, numbers = frame.filter(kept), numbers[kept]
        return replace(self.head, frame=frame, numbers=numbers)

    def _window(self, start: int, count: int | None = None) -> Iterator[pl.DataFrame]:
        """Yield `WINDOW_ROWS` or ``count`` rows from ``start`` on, in one part per file."""
        for file, first, last in self._pieces(start, start + (count or WINDOW_ROWS)):
            yield self._scan(self._at_hand(file)).slice(first, last - first).collect()

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Yield, for each file that holds some of the rows, its number and its rows' places."""
        ends = np.cumsum(self.lengths)
        stop = min(stop, len(self))
        while start < stop:
            file = int(np.searchsorted(ends, start, side="right"))
            before, last = int(ends[file]) - self.lengths[file], min(stop, int(ends[file]))
            yield file, start - before, last - before
            start = last

    def _at_hand(self, file: int) -> Path:
        """Return the path of a file, or of another copy of the same rows."""
        path = self.files[file]
        if self.stamps:
            origin = self.origins[file] if self.origins else None
            if origin is not None and origin.sha256 and not path.exists():
                return origin.copied(self.names[file])
            self.stamps[file].refuse_change(path, self.names[file])
        return path

    def take(self, numbers: np.ndarray) -> Table:
        """Return the rows of these numbers, which count from 0 and ascend, totals included."""
        frames, before = [], 0
        for frame in self._frames(None):
            first, last = np.searchsorted(numbers, [before, before + len(frame)])
            frames.append(frame[numbers[first:last] - before])
            before += len(frame)
        return replace(self.head, frame=pl.concat(frames), keep_totals=True)

    def _scan(self, file: Path, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        frame = within_calendar(pl.scan_parquet(file, glob=False))
        types = self.head.frame.schema
        types_here = frame.collect_schema()
        return frame.select(
            pl.col(name) if types_here[name] == types[name] else pl.col(name).cast(types[name])
            for name in (columns or types)
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            if isinstance(error, GradumError):
                raise
            if isinstance(error, FileNotFoundError) and any(
                origin and origin.sha256 for origin in self.origins
            ):
                raise  # the process that made a copy has ended: another attempt copies anew
            raise TableError(
                "{source} cannot be read to its end: one of its files is damaged, "
                "truncated, or was changed meanwhile ({why}).",
                "Copy or write it anew.",
                source=self.head.source,
                why=str(error).splitlines()[0],
            ) from None


def refuse_empty(source: str, rows: int) -> None:
    """Refuse a table without rows.

    Raises
    ------
    TableError
    """
    if not rows:
        raise TableError("{source} has no rows.", "Give some.", source=source)


def rows_of_block(some: pl.DataFrame) -> int:
    """Return how many rows like the given ones are held at a time: fewer if they are long.

    Unless it is fewer, it is a multiple of `PREDICTED_ROWS`, so that rows are predicted in the same
    blocks, and to the same bits, as those of a table in memory.
    """
    rows = max(1, min(BLOCK_ROWS, BLOCK_BYTES // row_bytes(some)))
    return rows - rows % PREDICTED_ROWS if rows > PREDICTED_ROWS else rows


def row_bytes(some: pl.DataFrame) -> int:
    """Return what a row like the given ones takes as numbers: the same for text and Parquet.

    Only if values are long does their length as read count.
    """
    read, width = int(some.estimated_size()) // max(len(some), 1), max(some.width, 1)
    return read if read > LONG_VALUE * width else 8 * width
