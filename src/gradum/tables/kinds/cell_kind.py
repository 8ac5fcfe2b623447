"""The base of kinds whose values are cells: pictures, sounds and series, opened when read.

`gradum.tables.sources.media` makes a cell (`gradum.tables.grids.cell`) of whatever a table holds.
A kind reads cells alone, so neither a model nor a server that answers strangers ever opens a path.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import polars as pl

from gradum.messages import say, say_plural
from gradum.tables.doubt import Doubt
from gradum.tables.grids.cell import Grid, are_cells, failed, grids_of, packed, unpacked, why_failed
from gradum.tables.grids.opening import CannotOpen
from gradum.tables.kinds.kind import Kind, Opener, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import Values
from gradum.tables.wording import and_more, joined_clauses, quoted

SHOWN = 3  # of the values that cannot be opened


class CellKind(Kind):
    """Values that are cells; polars' Binary, null where missing."""

    is_grid = True

    letter: ClassVar[bytes]
    """Its mark in cells."""

    @abstractmethod
    def described(self, grids: list[Grid]) -> str:
        """Say in a clause what the values of a column are."""

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a column of cells."""
        return self._reading(values) if are_cells(values.raw, self.letter) else None

    def _reading(self, values: Values) -> Reading:
        grids = [grid for grid in grids_of(values.raw, self.letter) if grid is not None]
        reasons = [why for cell in values.raw.drop_nulls() if (why := why_failed(cell)) is not None]
        if not grids:
            clause = say("No value can be opened ({why}); not used", why=reasons[0])
            return Reading(self.name, clause, usable=False)
        clauses, doubts = [self.described(grids)], ()
        if reasons:
            unopened = say_plural(
                "{count:,} value cannot be opened and is taken as missing: {examples}",
                "{count:,} values cannot be opened and are taken as missing: {examples}",
                len(reasons),
                examples=and_more(quoted(reasons[:SHOWN]), len(reasons) - len(reasons[:SHOWN])),
            )
            clauses.append(unopened)
            doubts = (Doubt("unopened", unopened),)
        unread = len(reasons)
        return Reading(self.name, joined_clauses(clauses), unread=unread, doubts=doubts)

    def opening(
        self, open_one: Callable[[Any], Grid], name_of: Callable[[Any], str] = lambda _: ""
    ) -> Opener:
        """Return what makes a cell of a value: of its grid, or of why there is none."""

        def cell(value: Any) -> bytes | None:
            if value is None:
                return None
            try:
                return packed(self.letter, open_one(value))
            except CannotOpen as why:
                return failed(self.letter, name_of(value), str(why))

        return cell

    def grid(self, value: bytes | None) -> Grid | None:
        """Return the grid of a cell, as it is drawn."""
        return None if value is None else unpacked(value, self.letter)

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the cells; null where a value is missing or none of this kind."""
        if raw.dtype != pl.Binary:
            return pl.Series(raw.name, [None] * len(raw), pl.Binary)
        sound = [cell is not None and unpacked(cell, self.letter) is not None for cell in raw]
        return raw if all(sound) else raw.set(~pl.Series(sound, dtype=pl.Boolean), None)
