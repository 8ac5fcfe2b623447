"""Rows of a table by number, whether the table is held or read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.messages import say, say_plural
from gradum.run.fitted import Fitted
from gradum.run.forecast.later_rows import in_later_pairs
from gradum.run.memory.memory_bound import predicted_in_blocks
from gradum.tables.check.check import Checked, check, check_blocks
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.sources.fetched import PLAINLY
from gradum.tables.sources.open_stream import at_hand, opened
from gradum.tables.sources.read import read
from gradum.tables.sources.stream import Stream
from gradum.tables.table import Table


@dataclass(frozen=True)
class TableRows:
    """The rows of a table."""

    table: Table | Stream
    """Held, or read block by block."""
    too_large: bool = False
    """Whether it is too large to be held."""

    def __len__(self) -> int:
        return len(self.table.frame) if isinstance(self.table, Table) else len(self.table)

    @property
    def source(self) -> str:
        """What the table is called."""
        return self.table.source if isinstance(self.table, Table) else self.table.head.source

    def take(self, numbers: Sequence[int]) -> Table:
        """Return the rows with the given numbers, from 1, in that order.

        Raises
        ------
        SpecError
            The table has no such row.
        """
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int | np.integer):
                raise SpecError(
                    "A row is named by its number, and {number!r} is none.",
                    "Give a number from 1 to {last:,}.",
                    number=number,
                    last=len(self),
                )
            if not 1 <= number <= len(self):
                raise SpecError(
                    say_plural(
                        "{source} has {count:,} row, and none has the number {number:,}.",
                        "{source} has {count:,} rows, and none has the number {number:,}.",
                        len(self),
                        source=self.source,
                        number=number,
                    ),
                    say("Give a number from 1 to {last:,}.", last=len(self)),
                )
        places = np.array(numbers, np.int64) - 1
        if isinstance(self.table, Table):
            return replace(self.table, frame=self.table.frame[places])
        rising, order = np.unique(places, return_inverse=True)
        taken = self.table.take(rising)
        return replace(taken, frame=taken.frame[order])

    def checked(self, fitted: Fitted) -> Iterator[Checked]:
        """Yield all rows as a model's schema reads them: at once, or block by block."""
        if isinstance(self.table, Table):
            yield check(self.table, fitted.schema, encoder=fitted.encoder)
        else:
            blocks = check_blocks(self.table.blocks(), fitted.schema, encoder=fitted.encoder)
            yield from (checked for _, checked in blocks)


@contextmanager
def table_rows(
    data: Any, fitted: Fitted, reading: ReadingOptions = PLAINLY, *, divided: bool = False
) -> Iterator[TableRows]:
    """Hold a table, or open it block by block if it is too large to hold.

    Parameters
    ----------
    data : path, address or table
        What ``predict`` takes.
    fitted : Fitted
        The model for predictions, which determines how much memory a row takes.
    reading : ReadingOptions
        Which table of a workbook or a database, and how a text is written.
    divided : bool
        Whether the table is opened block by block in any case, for an engine.
    """
    with at_hand(data, reading) as here:
        too_large = predicted_in_blocks(fitted, here, None)
        if too_large or divided:
            with opened(here) as rows:
                yield TableRows(rows, too_large)
        else:
            yield TableRows(in_later_pairs(fitted, read(here)))
