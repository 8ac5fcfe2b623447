"""The base of kinds whose values are grids of bytes, such as pictures: how they are opened.

Such values lie in files or in bytes of other formats until a table is read; `gradum.tables.media`
opens them there and leaves cells (`gradum.tables.grids.cell`). A kind reads cells alone, so neither
a model nor a server that answers strangers ever opens a path.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from gradum.errors import SchemaError
from gradum.messages import marked, say, say_plural
from gradum.tables.doubt import Doubt
from gradum.tables.extra import needs
from gradum.tables.grids.cell import (
    Grid,
    are_cells,
    failed,
    grids_of,
    packed,
    unpacked,
    why_failed,
)
from gradum.tables.grids.opening import (
    LOOKED_AT,
    CannotOpen,
    array_in,
    bytes_in,
    ends_with,
    lies_beneath,
    read_beneath,
)
from gradum.tables.grids.resize import averaged
from gradum.tables.kinds.kind import Kind, Opener, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import Values
from gradum.tables.wording import and_more, first_upper, joined_clauses, quoted

SHOWN = 3  # of the values that cannot be opened
START_BYTES = 16
COARSE = 8  # the averages along a side by which grids are compared


class GridKind(Kind):
    """Values that are grids of bytes; polars' Binary, a cell each, null where missing."""

    is_grid = True
    together = marked(
        "what is measured of a picture or a sound, hundreds of numbers, all hangs on the same "
        "pixels or tones, and bounds of each number by itself would say nothing"
    )
    stays = marked(
        "An exported model takes numbers and texts; it opens no pictures or sounds, and measures "
        "nothing of them."
    )

    letter: ClassVar[bytes]
    """Its mark in cells."""

    @abstractmethod
    def starts(self, content: bytes) -> bool:
        """Whether a file's first bytes are those of a format that it opens."""

    @abstractmethod
    def opened(self, content: bytes) -> np.ndarray:
        """Return what a file holds: uint8 (height, width, channels).

        Raises
        ------
        CannotOpen
            It is damaged, too large, or of another format.
        """

    package: ClassVar[str]
    """The package that opens its files."""

    extra: ClassVar[str]
    """The extra of gradum that brings it."""

    of_arrays: ClassVar[bool] = False
    """Whether arrays of numbers are such values too."""

    def of_array(self, values: np.ndarray) -> np.ndarray:
        """Return numbers of a user as a grid: uint8 (height, width, channels).

        Raises
        ------
        CannotOpen
            They cannot be one.
        """
        raise NotImplementedError

    @abstractmethod
    def described(self, grids: list[Grid]) -> str:
        """Say in a clause what the values of a column are."""

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a column of cells, or of names of files that are not opened."""
        if are_cells(values.raw, self.letter):
            return self._reading(values)
        if not values.is_text or not values.present or not self.are_names(values.levels["level"]):
            return None
        if self._can_open:
            reason = say(
                "Names of files that are not opened, because none of them lies where the table "
                "does; not used"
            )
        else:
            reason = say(
                "Names of files, which are opened after pip install 'gradum[{extra}]'; not used",
                extra=self.extra,
            )
        return Reading(self.name, reason, usable=False)

    @property
    def _can_open(self) -> bool:
        return find_spec(self.package) is not None

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

    def opener(self, raw: pl.Series, folder: Path | None) -> Opener | None:
        """Return what makes a cell of one value: of a name, of bytes, or of an array."""
        # The package is looked for last: it takes longest, and hardly any column needs it.
        found = self._of_names(raw, folder) if raw.dtype == pl.String else self._of_values(raw)
        return found if found is not None and self._can_open else None

    def _of_names(self, raw: pl.Series, folder: Path | None) -> Opener | None:
        if folder is None:
            return None
        names = raw.drop_nulls().head(LOOKED_AT)
        if not self.are_names(names) or not lies_beneath(names, folder):
            return None
        return self._opening(lambda name: self.opened(read_beneath(folder, name)), str)

    def _of_values(self, raw: pl.Series) -> Opener | None:
        if (content := bytes_in(raw)) is not None:
            first = raw.drop_nulls().head(1)
            if not len(first) or not self._holds(content, first[0]):
                return None
            return self._opening(lambda value: self.opened(content(value)))
        if self.of_arrays and (array := array_in(raw)) is not None:
            return self._opening(lambda value: self.of_array(array(value)))
        return None

    def _holds(self, content: Callable[[Any], bytes], value: Any) -> bool:
        try:
            return self.starts(content(value)[:START_BYTES])
        except CannotOpen:
            return False

    def _opening(
        self, open_one: Callable[[Any], np.ndarray], name_of: Callable[[Any], str] = lambda _: ""
    ) -> Opener:
        def cell(value: Any) -> bytes | None:
            if value is None:
                return None
            try:
                return packed(self.letter, Grid(open_one(value), name_of(value)))
            except CannotOpen as why:
                return failed(self.letter, name_of(value), str(why))

        return cell

    def places(self, values: pl.Series) -> np.ndarray | None:
        """Return places by a few averages of each grid, whatever its brightness and contrast."""
        grids = grids_of(values, self.letter)
        places = np.full((len(grids), COARSE**2), np.nan)
        for row, grid in enumerate(grids):
            if grid is not None:
                coarse = averaged(grid.pixels, COARSE, COARSE).mean(axis=2).ravel()
                places[row] = (coarse - coarse.mean()) / (coarse.std() or 1.0)
        places -= np.nanmean(places, axis=0) if any(grids) else 0.0
        spread = float(np.sqrt(np.nansum(np.nanvar(places, axis=0)))) if any(grids) else 1.0
        return np.nan_to_num(places / (spread or 1.0))

    def grid(self, value: bytes | None) -> Grid | None:
        """Return the grid of a cell, as it is drawn."""
        grid = None if value is None else unpacked(value, self.letter)
        return Grid(grid.pixels[::-1], grid.name) if grid is not None and self.goes_up else grid

    def are_names(self, texts: pl.Series) -> bool:
        """Whether texts are names of such files."""
        return ends_with(texts, self.endings)

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the cells; null where a value is missing or none of this kind.

        Raises
        ------
        SchemaError
            The column names files, which a table may do, but not a row that comes without one.
        """
        if raw.dtype == pl.String and self.are_names(raw.drop_nulls()):
            needs(self.package, self.extra, first_upper(say(self.in_words)), SchemaError)
            raise SchemaError(
                say("Column {column!r} names files, which are not opened here.", column=raw.name),
                say(
                    "Give the bytes of each file, or allow a folder: "
                    'with gradum.files_in("folder"): …'
                ),
            )
        if raw.dtype != pl.Binary:
            return pl.Series(raw.name, [None] * len(raw), pl.Binary)
        sound = [cell is not None and unpacked(cell, self.letter) is not None for cell in raw]
        return raw if all(sound) else raw.set(~pl.Series(sound, dtype=pl.Boolean), None)
