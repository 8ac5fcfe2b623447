"""A table larger than memory: blocks of rows, read in order and as often as need be.

Every stream is a row of Parquet files. Those of the user are read where they lie; anything else
(text, Arrow, compressed files, standard input, batches from an iterator) is first written to
Parquet files in a scratch folder, piece by piece.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import TableError
from gradum.tables.columnar import DAMAGE, is_columnar
from gradum.tables.compressed import is_packed, unpack
from gradum.tables.delimited import convert_delimited
from gradum.tables.encoding import Content, convert_to_utf8, stream
from gradum.tables.memory import available_memory
from gradum.tables.paths import STANDARD_INPUT, files_of, is_pattern, matches
from gradum.tables.read import read
from gradum.tables.records import looks_like_json
from gradum.tables.several import name_of, stack
from gradum.tables.table import Table
from gradum.tables.wording import counted

BLOCK_ROWS = 65_536
BLOCK_VALUES = 2**23  # of wide tables, fewer rows
HEAD_ROWS = 1_000  # of each file, whose types must agree
WINDOW_ROWS = 4_096  # of a sample, neighbours in the file
BATCH_ROWS = 65_536  # gathered from an iterator before they are written

PARQUET = b"PAR1"
TYPED_CELL = 64  # bytes that a fit takes for a value of a file that states types
TEXT_BYTE = 15  # and for a byte of text


@dataclass(frozen=True)
class Stream:
    """A table as blocks.

    Parameters
    ----------
    head : Table
        No more than some first rows: the columns' names and types, the table's name, what was
        noted of it.
    files : tuple of Path
        Parquet files, whose rows follow one another.
    lengths : tuple of int
        Rows of each.
    """

    head: Table
    files: tuple[Path, ...]
    lengths: tuple[int, ...]

    def __len__(self) -> int:
        return sum(self.lengths)

    @property
    def block_rows(self) -> int:
        """Rows of a block: fewer where the table is wide."""
        return max(1, min(BLOCK_ROWS, BLOCK_VALUES // max(self.head.frame.width, 1)))

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[Table]:
        """Yield all rows in order, `block_rows` at a time; only these columns if they are named.

        Raises
        ------
        TableError
            A file is damaged.
        """
        frames = pl.concat([self._scan(file, columns) for file in self.files])
        rest = pl.DataFrame()
        with self._explained():
            # How the reader cuts depends on its threads, and blocks must not.
            for frame in frames.collect_batches(chunk_size=self.block_rows, maintain_order=True):
                rest = pl.concat([rest, frame]) if rest.height else frame
                while rest.height >= self.block_rows:
                    yield replace(self.head, frame=rest[: self.block_rows])
                    rest = rest[self.block_rows :]
        if rest.height:
            yield replace(self.head, frame=rest)

    def sample(self, rows: int, rng: np.random.Generator) -> Table:
        """Return about so many rows: windows of neighbours, drawn from the whole table in order."""
        if rows >= len(self):
            windows = np.arange(0, len(self), WINDOW_ROWS)
        else:
            places = -(-len(self) // WINDOW_ROWS)
            drawn = rng.choice(places, min(-(-rows // WINDOW_ROWS), places), replace=False)
            windows = np.sort(drawn) * WINDOW_ROWS
        ends = np.cumsum(self.lengths)
        frames = []
        with self._explained():
            for start in windows.tolist():
                file = int(np.searchsorted(ends, start, side="right"))
                offset = start - int(ends[file]) + self.lengths[file]
                frames.append(self._scan(self.files[file]).slice(offset, WINDOW_ROWS).collect())
        return replace(self.head, frame=pl.concat(frames))

    def take(self, numbers: np.ndarray) -> Table:
        """Return the rows of these numbers, which rise, from 0."""
        frames, before = [], 0
        for block in self.blocks():
            first, last = np.searchsorted(numbers, [before, before + len(block.frame)])
            frames.append(block.frame[numbers[first:last] - before])
            before += len(block.frame)
        return replace(self.head, frame=pl.concat(frames))

    def _scan(self, file: Path, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        frame, types = pl.scan_parquet(file, glob=False), self.head.frame.schema
        own = frame.collect_schema()
        return frame.select(
            pl.col(name) if own[name] == types[name] else pl.col(name).cast(types[name])
            for name in (columns or types)
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            if isinstance(error, TableError):
                raise
            raise TableError(
                f"{self.head.source} cannot be read to its end: one of its files is damaged, "
                f"truncated, or was changed meanwhile ({str(error).splitlines()[0]}).",
                "Copy or write it anew.",
            ) from None


def is_batches(data: Any) -> bool:
    """Whether data are batches of rows to come: an iterator, or another iterable of tables."""
    if isinstance(data, Iterator):
        return True
    if isinstance(data, list | tuple):
        return bool(data) and _is_frame(data[0])
    plain = isinstance(data, str | bytes | os.PathLike | Mapping | Table)
    return isinstance(data, Iterable) and not plain and not _is_frame(data)


def _is_frame(data: Any) -> bool:
    return any(hasattr(data, name) for name in ("columns", "column_names", "__array__"))


def needed_memory(data: Any) -> float:
    """Return about how many bytes a fit of a whole table takes, infinite for batches.

    Only files are weighed: what is in memory already has found its place there.
    """
    if is_batches(data):
        return float("inf")
    return float(sum(_needed(path) for path in _paths(data)))


def _needed(path: Path) -> float:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start != PARQUET:
            return TEXT_BYTE * path.stat().st_size
        frame = pl.scan_parquet(path, glob=False)
        return TYPED_CELL * len(frame.collect_schema()) * _length(path)
    except (OSError, *DAMAGE):
        return 0.0  # the reader will say what is wrong with it


def _paths(data: Any) -> list[Path]:
    names = data if isinstance(data, list | tuple) else [data]
    if not all(isinstance(name, str | os.PathLike) for name in names):
        return []
    return [path for name in names for path in files_of(os.fspath(name))]


def exceeds(data: Any, most: int | None) -> bool:
    """Whether a table is to be read as a stream: a fit of all of it takes more than ``most`` bytes.

    Without ``most``, what memory is left decides.
    """
    limit = available_memory() if most is None else most
    return limit is not None and needed_memory(data) > limit


@contextmanager
def opened(data: Any, scratch: Path | None = None) -> Iterator[Stream]:
    """Open a table as a stream.

    Parameters
    ----------
    data : path, list of paths, or iterable of tables
        A path may be a pattern or ``-``; batches are whatever `gradum.tables.read.read` takes.
    scratch : Path, optional
        The folder for a copy of what is no Parquet file; the system's if left out.

    Raises
    ------
    TableError
        There is no such file, it is no table, or its parts do not belong together.
    """
    with TemporaryDirectory(prefix=".gradum-", dir=scratch) as folder:
        if is_batches(data):
            yield _of_batches(data, Path(folder))
        else:
            yield _of_files(data, Path(folder))


def _of_files(data: Any, folder: Path) -> Stream:
    names = [os.fspath(name) for name in (data if isinstance(data, list | tuple) else [data])]
    paths = [
        path
        for name in names
        for path in (matches(Path(name)) if is_pattern(Path(name)) else [Path(name)])
    ]
    if not paths:
        raise TableError(f"No file matches {names[0]}.", "Check the pattern.")
    source = name_of(paths)
    if len(names) == 1 and is_pattern(Path(names[0])):
        source = f"{Path(names[0]).name} ({counted(len(paths), 'file')})"
    parts = [_part(path, folder / f"{number}") for number, path in enumerate(paths)]
    heads, files = [head for head, _ in parts], tuple(file for _, file in parts)
    head = replace(stack(heads, source), decimal=heads[0].decimal)
    return Stream(head, files, tuple(map(_length, files)))


def _part(path: Path, scratch: Path) -> tuple[Table, Path]:
    """Return some first rows of a file, and the Parquet file that holds all of them."""
    content: Content = path
    if str(path) == STANDARD_INPUT:
        content = scratch.with_suffix(".input")
        with content.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
    elif not path.is_file():
        read(path)  # says what is wrong with it
    if is_packed(_start(content)):
        unpack(content, path.name, scratch.with_suffix(".unpacked"))
        content = scratch.with_suffix(".unpacked")
    start, out = _start(content), scratch.with_suffix(".parquet")
    if start.startswith(PARQUET):
        return Table(_head(content), path.name), content
    if is_columnar(start):
        try:
            pl.scan_ipc(content).sink_parquet(out, row_group_size=BLOCK_ROWS)
        except DAMAGE:
            raise TableError(f"{path.name} is a damaged Arrow file.", "Write it anew.") from None
        return Table(_head(out), path.name), out
    content, encoding = convert_to_utf8(content, path.name, scratch.with_suffix(".txt"))
    if looks_like_json(content):
        raise TableError(
            f"{path.name} is JSON, which is read as a whole and needs more memory than is allowed.",
            "Write it as Parquet or CSV, or give --max-memory a larger value.",
        )
    understood = convert_delimited(content, path.name, out, encoding)
    return replace(understood, frame=_head(out)), out


def _of_batches(batches: Iterable[Any], folder: Path) -> Stream:
    """Write batches to Parquet, small ones together."""
    heads: list[Table] = []
    files: list[Path] = []
    waiting: list[Table] = []
    for number, batch in enumerate(_tables(batches), 1):
        waiting.append(replace(batch, source=f"batch {number:,}"))
        if sum(len(table.frame) for table in waiting) >= BATCH_ROWS:
            _write_batches(waiting, folder, heads, files)
    if waiting:
        _write_batches(waiting, folder, heads, files)
    if not heads:
        raise TableError("The iterator yields no batch of rows.", "Give at least one.")
    head = stack(heads, "the batches")
    return Stream(head, tuple(files), tuple(map(_length, files)))


def _tables(batches: Iterable[Any]) -> Iterator[Table]:
    for batch in batches:
        table = read(batch)
        if table.frame.height:
            yield table


def _write_batches(
    waiting: list[Table], folder: Path, heads: list[Table], files: list[Path]
) -> None:
    together = stack(waiting, waiting[0].source)
    file = folder / f"{len(files)}.parquet"
    together.frame.write_parquet(file, row_group_size=BLOCK_ROWS)
    heads.append(replace(together, frame=together.frame[:HEAD_ROWS]))
    files.append(file)
    waiting.clear()


def _start(content: Content) -> bytes:
    with stream(content) as file:
        return file.read(16)


def _head(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, n_rows=HEAD_ROWS)
    except DAMAGE:
        raise TableError(
            f"{file.name} is a damaged or truncated Parquet file.", "Copy or write it anew."
        ) from None


def _length(file: Path) -> int:
    return pl.scan_parquet(file, glob=False).select(pl.len()).collect().item()
