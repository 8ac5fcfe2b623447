"""Rows drawn from a table of any size: all rows are counted, and some are held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from gradum.errors import TableError
from gradum.randomness import stream
from gradum.run.fitted import Fitted
from gradum.study.watch.column_drift import Counted
from gradum.tables.check import check_blocks
from gradum.tables.differences import Difference, merged
from gradum.tables.forecast.pairs import in_pairs
from gradum.tables.reading import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.read import read
from gradum.tables.sources.stream import BLOCK_ROWS, at_hand, opened, refuse_empty
from gradum.tables.table import Table
from gradum.tables.totals import without_totals


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
    left_out : tuple of str
        Sentences on rows of totals, which are not among the rows.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    rows: int
    source: str
    differences: tuple[Difference, ...]
    labels: int = 0
    left_out: tuple[str, ...] = ()

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
    frames, differences, before, source, labels, left_out = [], [], 0, "", 0, ()
    with _blocks(data, fitted, reading) as (places, tables):
        rng = stream(fitted.spec.seed, "study", "watch", name)
        rows = len(places)
        numbers = np.sort(rng.choice(rows, min(rows, most), replace=False))
        for table, checked in check_blocks(tables, fitted.schema, encoder=fitted.encoder):
            frame = checked.frame.select(features)
            if counted is not None:
                counted.add(frame)
            first, last = np.searchsorted(numbers, [before, before + len(frame)])
            frames.append(frame[numbers[first:last] - before])
            before, source, left_out = before + len(frame), table.source, table.left_out
            differences = merged([*differences, *checked.differences])
            if fitted.spec.target in table.frame.columns:
                labels += table.frame[fitted.spec.target].count()
    frame = pl.concat(frames, how="vertical_relaxed")
    return SampledRows(frame, places[numbers], rows, source, tuple(differences), labels, left_out)


@contextmanager
def _blocks(
    data: Any, fitted: Fitted, reading: ReadingOptions
) -> Iterator[tuple[np.ndarray, Iterator[Table]]]:
    """Yield the places of a table's rows without totals, and the blocks in which it is read."""
    with at_hand(data, reading) as here, ExitStack() as entered:
        table = here
        if fitted.schema.forecast is not None:
            table = in_pairs(read(here), fitted.schema.forecast)
        elif not isinstance(here, Table):
            try:
                rows = entered.enter_context(opened(here))
            except TableError:  # JSON is read as a whole
                table = read(here)
            else:
                refuse_empty(rows.head.source, len(rows))
                rows = rows.without_totals()
                yield rows.places, rows.blocks()
                return
        refuse_empty(table.source, len(table.frame))
        table = without_totals(table)
        starts = range(0, len(table.frame), BLOCK_ROWS)
        parts = (replace(table, frame=table.frame[at : at + BLOCK_ROWS]) for at in starts)
        places = np.arange(len(table.frame)) if table.numbers is None else table.numbers
        yield places, parts

