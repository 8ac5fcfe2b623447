"""Rows drawn from a table of any size: all rows are counted, and some are held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.study.watch.column_drift import Counted
from gradum.tables.check import check_blocks
from gradum.tables.differences import Difference, merged
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.sources.stream import BLOCK_ROWS, at_hand, opened
from gradum.tables.table import Table


@dataclass(frozen=True)
class SampledRows:
    """Typed rows of a table, drawn at random.

    Parameters
    ----------
    frame : DataFrame
        The features of the rows drawn.
    numbers : ndarray of shape (n,)
        Their places in the table, from 0, in ascending order.
    rows : int
        The number of rows of the whole table.
    source : str
        What the table is called.
    differences : tuple of Difference
        How the whole table differs from the rows learned from.
    labels : int
        The number of rows of the whole table that have a target value.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    rows: int
    source: str
    differences: tuple[Difference, ...]
    labels: int = 0


def sampled_rows(
    fitted: Fitted,
    data: Any,
    most: int,
    name: str,
    *,
    reading: ReadingOptions = PLAINLY,
    counted: Counted | None = None,
) -> SampledRows:
    """Read a table block by block, and draw up to ``most`` of its rows.

    Parameters
    ----------
    fitted : Fitted
        The model whose schema is used to read the rows.
    data : path, data frame, …
    most : int
    name : str
        The name of the draw, so that two draws of a watch differ.
    reading : ReadingOptions
    counted : Counted, optional
        Counts all rows.

    Raises
    ------
    SchemaError
        A column is absent or of another kind.
    TableError
        The table cannot be read, or has no rows.
    """
    features = [column.name for column in fitted.schema.features]
    frames, differences, before, source, labels = [], [], 0, "", 0
    with _blocks(data, reading) as (rows, tables):
        rng = stream(fitted.spec.seed, "study", "watch", name)
        numbers = np.sort(rng.choice(rows, min(rows, most), replace=False))
        for table, checked in check_blocks(tables, fitted.schema, encoder=fitted.encoder):
            frame = checked.frame.select(features)
            if counted is not None:
                counted.add(frame)
            first, last = np.searchsorted(numbers, [before, before + len(frame)])
            frames.append(frame[numbers[first:last] - before])
            before, source = before + len(frame), table.source
            differences = merged([*differences, *checked.differences])
            if fitted.spec.target in table.frame.columns:
                labels += table.frame[fitted.spec.target].count()
    frame = pl.concat(frames, how="vertical_relaxed")
    return SampledRows(frame, numbers, rows, source, tuple(differences), labels)


@contextmanager
def _blocks(data: Any, reading: ReadingOptions) -> Iterator[tuple[int, Iterator[Table]]]:
    """Yield the number of a table's rows, and the blocks in which it is read."""
    with at_hand(data, reading) as here, ExitStack() as entered:
        table = here
        if not isinstance(here, Table):
            try:
                rows = entered.enter_context(opened(here))
            except TableError:  # JSON is read as a whole
                table = read(here)
            else:
                _refuse_empty(rows.head.source, len(rows))
                yield len(rows), rows.blocks()
                return
        _refuse_empty(table.source, len(table.frame))
        starts = range(0, len(table.frame), BLOCK_ROWS)
        parts = (replace(table, frame=table.frame[at : at + BLOCK_ROWS]) for at in starts)
        yield len(table.frame), parts


def _refuse_empty(source: str, rows: int) -> None:
    if not rows:
        raise TableError(say("{source} has no rows.", source=source), say("Give some."))
