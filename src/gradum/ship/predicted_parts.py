"""Predictions of a table's partitions: each is a file that one task writes, once, and keeps.

The files lie in a folder whose name tells model, table and options. So the same prediction, begun
again after it was cut short, finds those that are done.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from gradum.engines.engine import Engine
from gradum.engines.in_order import in_order
from gradum.errors import GradumError
from gradum.files.private import make_private
from gradum.messages import as_text
from gradum.run.fitted import Fitted
from gradum.run.predicting import Added, also_of, predict_typed, predicted_columns
from gradum.ship.prediction_files import beside, kept_columns
from gradum.tables.check.check import ColumnsRead, check
from gradum.tables.check.differences import Difference, merged
from gradum.tables.sources.stream import Stream

KEY = "gradum-part"  # in the metadata of a file


@dataclass(frozen=True)
class PredictedPart:
    """What a partition's file says of its rows, besides their predictions."""

    rows: int
    differences: tuple[Difference, ...]
    read: ColumnsRead


@dataclass(frozen=True)
class Parts:
    """The files of all partitions, in order, and what they say together."""

    files: tuple[Path, ...]
    rows: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class PredictingParts:
    """The work of predicting a partition, by its number: a `gradum.engines.engine.Work`."""

    fitted: Fitted
    stream: Stream
    """The table."""
    rung: str | None
    keep: tuple[str, ...]
    """Columns of the table that are to stand next to the predictions."""
    added: tuple[Added, ...] = ()
    """Columns that are added to the predictions."""
    asked: tuple[Any, ...] = ()
    """The options by which these were asked for."""
    folder: Path = field(default_factory=Path)
    """The folder of the files, which every worker has to see."""

    def named(self, number: int) -> str:
        """Name a partition."""
        return self.stream.named(self.stream.partitions[number])

    def file(self, number: int) -> Path:
        """Return the file of a partition."""
        return self.folder / f"{number}.parquet"

    @property
    def digest(self) -> str:
        """A hash of all that the predictions depend on."""
        stream = self.stream
        asked = (
            self.fitted.provenance.fingerprint,
            self.fitted.provenance.created,
            self.fitted.rung(self.rung).name,
            self.keep,
            self.asked,
            list(map(str, stream.files)),
            stream.lengths,
            stream.stamps,
        )
        return sha256(repr(asked).encode()).hexdigest()[:16]

    def __call__(self, number: int) -> PredictedPart:
        """Write a partition's predictions, unless they are there; return what there is to say."""
        file, rows = self.file(number), self.stream.partitions[number]
        if file.exists():
            return msgspec.json.decode(pl.read_parquet_metadata(file)[KEY], type=PredictedPart)
        frames, differences, read, before = [], (), ColumnsRead(), rows.start
        schema, encoder, also = self.fitted.schema, self.fitted.encoder, also_of(self.added)
        for block in self.stream.blocks(rows=rows):
            checked = check(block, schema, encoder=encoder, also=also, block=True)
            read.add(checked)
            differences = merged((*differences, *checked.differences))
            frame = checked.frame
            predicted = predict_typed(self.fitted, frame, rung=self.rung, of_rows=len(self.stream))
            columns = predicted_columns(self.fitted, checked, predicted, self.added)
            frames.append(beside(kept_columns(block, list(self.keep)), columns, before))
            before += len(frame)
        part = PredictedPart(before - rows.start, differences, read)
        said = msgspec.json.encode(part, enc_hook=as_text).decode()
        partial = file.with_name(f".gradum-{secrets.token_hex(8)}")
        try:
            pl.concat(frames).write_parquet(partial, metadata={KEY: said})
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        return part


@contextmanager
def predicted_parts(work: PredictingParts, engine: Engine, scratch: Path | None) -> Iterator[Parts]:
    """Predict all partitions on an engine; the files last as long as the context.

    If the machine fails, or somebody ends the process, those that are done stay for the next time.

    Raises
    ------
    SchemaError
        A column that the model needs is absent, or no partition has a value of its kind.
    EngineError
        A task failed too often.
    """
    folder = (scratch or Path(tempfile.gettempdir())) / f".gradum-{work.digest}-parts"
    make_private(folder)
    work = replace(
        work, folder=folder.absolute(), stream=work.stream.for_tasks(elsewhere=engine.elsewhere)
    )
    try:
        numbers = range(len(work.stream.partitions))
        read, parts = ColumnsRead(), []
        for part in in_order(engine, work, numbers):
            read.merge(part.read)
            parts.append(part)
        read.refuse_unread(work.fitted.schema)
        differences = merged(each for part in parts for each in part.differences)
        files = tuple(map(work.file, numbers))
        yield Parts(files, sum(part.rows for part in parts), differences)
    except GradumError as error:
        if error.exit_code == 2:  # another attempt would end in the same way
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
