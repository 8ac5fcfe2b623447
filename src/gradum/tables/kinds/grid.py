"""The base of kinds whose values lie in files, as pictures do: how these are opened."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl

from gradum.errors import SchemaError
from gradum.messages import marked, say
from gradum.tables.extra import needs
from gradum.tables.grids.cell import Grid, grids_of
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
from gradum.tables.kinds.cell_kind import CellKind
from gradum.tables.kinds.kind import Opener, Reading
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.values import Values
from gradum.tables.wording import first_upper

START_BYTES = 16
COARSE = 8  # the averages along a side by which grids are compared


class GridKind(CellKind):
    """Values that are files of grids of bytes."""

    is_file = True
    together = marked(
        "what is measured of a picture or a sound, hundreds of numbers, all hangs on the same "
        "pixels or tones, and bounds of each number by itself would say nothing"
    )
    stays = marked(
        "An exported model takes numbers and texts; it opens no pictures or sounds, and measures "
        "nothing of them."
    )

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

    @abstractmethod
    def stated(self, content: bytes) -> int:
        """Return how many numbers the head of a file states; 0 if it is of no format it opens."""

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

    def recognise(self, values: Values) -> Reading | None:
        """Return a reading of a column of cells, or of names of files that are not opened."""
        if (reading := super().recognise(values)) is not None:
            return reading
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

    def decoded_size(self, content: bytes) -> int:
        """Return how many numbers the head of a file states."""
        return self.stated(content) if self._can_open else 0

    @property
    def _can_open(self) -> bool:
        return find_spec(self.package) is not None

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
        return self.opening(lambda name: Grid(self.opened(read_beneath(folder, name)), name), str)

    def _of_values(self, raw: pl.Series) -> Opener | None:
        if (content := bytes_in(raw)) is not None:
            first = raw.drop_nulls().head(1)
            if not len(first) or not self._holds(content, first[0]):
                return None
            return self.opening(lambda value: Grid(self.opened(content(value))))
        if self.of_arrays and (array := array_in(raw)) is not None:
            return self.opening(lambda value: Grid(self.of_array(array(value))))
        return None

    def _holds(self, content: Callable[[Any], bytes], value: Any) -> bool:
        try:
            return self.starts(content(value)[:START_BYTES])
        except CannotOpen:
            return False

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
        grid = super().grid(value)
        return None if grid is None else Grid(self.drawing(grid.pixels), grid.name)

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
                "Column {column!r} names files, which are not opened here.",
                'Give the bytes of each file, or allow a folder: with gradum.files_in("folder"): …',
                column=raw.name,
            )
        return super().parse(raw, how)
