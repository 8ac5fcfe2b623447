"""Series: sequences of readings, in one or several channels, of any length and with gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from gradum.messages import marked, say, say_plural
from gradum.tables.grids.cell import Grid, grids_of
from gradum.tables.grids.opening import LOOKED_AT
from gradum.tables.grids.resize import resized
from gradum.tables.kinds.cell_kind import CellKind
from gradum.tables.kinds.kind import Opener
from gradum.tables.kinds.parse import Parse
from gradum.tables.kinds.series.readings import (
    as_grid,
    holds_series,
    of_grid,
    readings_of,
    stretched,
    without_gaps,
)
from gradum.tables.kinds.series.step import LETTER, SeriesStep
from gradum.tables.kinds.series.wide_columns import wide_columns

COARSE = 32  # readings of a channel by which series are compared
HELD = (pl.String, pl.Object, pl.List, pl.Array)
TABLE_SIDE, TABLE_SHAPE = 4, 255  # an array of bytes is a picture unless it is so much longer
WIDTH, HEIGHT = 192, 96  # of the drawing
FINE = 2  # times as large it is drawn, so that lines are smooth
LINE = 3  # of the fine pixels, a line is high


class SeriesKind(CellKind):
    """Sequences of numbers, each a cell of readings."""

    name, turn = "series", -3
    step = SeriesStep
    letter = LETTER
    in_words = marked("series")
    together = marked(
        "what is measured of a series, hundreds of numbers, all hangs on the same readings, and "
        "bounds of each number by itself would say nothing"
    )
    stays = marked(
        "An exported model takes numbers and texts; it takes no series, and measures nothing of "
        "them."
    )
    regions = (marked("the beginning"), marked("the middle"), marked("the end"))
    axes = marked("Time runs from left to right; channels lie one below the other.")

    def joined(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame in which columns such as t0 to t99 are one column of cells."""
        for name, columns in wide_columns(frame).items():
            numbers = frame.select(pl.col(columns).cast(pl.Float64, strict=False)).to_numpy()
            open_one = self.opening(lambda row: as_grid(readings_of(row)))
            cells = [None if np.isnan(row).all() else open_one(row) for row in numbers]
            at = frame.columns.index(columns[0])
            frame = frame.insert_column(at, pl.Series(name, cells, pl.Binary)).drop(columns)
        return frame

    def opener(self, raw: pl.Series, folder: Path | None) -> Opener | None:
        """Return what makes a cell of one list, array or text of numbers."""
        if raw.dtype not in HELD:
            return None
        present = raw.drop_nulls() if raw.null_count() else raw
        looked_at = present.head(LOOKED_AT).to_list()
        if not holds_series(looked_at) or _are_pictures(looked_at):
            return None
        return self.opening(lambda value: as_grid(readings_of(value)))

    def parse(self, raw: pl.Series, how: Parse) -> pl.Series:
        """Return the cells; of lists too short to be taken for series by themselves as well."""
        if raw.dtype in HELD:
            open_one = self.opening(lambda value: as_grid(readings_of(value)))
            raw = pl.Series(raw.name, [open_one(value) for value in raw], pl.Binary)
        return super().parse(raw, how)

    def described(self, grids: list[Grid]) -> str:
        """Say how many series there are, how long they are, and of how many channels."""
        lengths = [grid.pixels.shape[1] for grid in grids]
        channels = max(grid.pixels.shape[0] for grid in grids)
        gaps = sum(bool(np.isnan(of_grid(grid)).any()) for grid in grids)
        low, high = min(lengths), max(lengths)
        length = f"{low:,}" if low == high else say("{low:,} to {high:,}", low=low, high=high)
        clause = say_plural(
            "{count:,} series of {length} readings",
            "{count:,} series of {length} readings each",
            len(grids),
            length=length,
        )
        if channels > 1:
            clause = say("{clause}, in {channels} channels", clause=clause, channels=channels)
        if not gaps:
            return clause
        return say("{clause}, {gaps:,} of them with gaps", clause=clause, gaps=gaps)

    def places(self, values: pl.Series) -> np.ndarray | None:
        """Return places by a few readings of each series, whatever its level and spread."""
        grids = grids_of(values, self.letter)
        shapes = [None if grid is None else _shape(of_grid(grid)) for grid in grids]
        channels = max((len(shape) for shape in shapes if shape is not None), default=0)
        places = np.full((len(grids), channels * COARSE), np.nan)
        for place, shape in zip(places, shapes, strict=True):
            if shape is not None:
                place[: shape.size] = shape.ravel()
                place[shape.size :] = 0.0
        if not channels:
            return places
        places -= np.nanmean(places, axis=0)
        spread = float(np.sqrt(np.nansum(np.nanvar(places, axis=0))))
        return np.nan_to_num(places / (spread or 1.0))

    def drawing(self, grid: np.ndarray) -> np.ndarray:
        """Return readings (c, T, 1) as lines."""
        return _drawn(grid[:, :, 0])

    def part(self, place: tuple[int, int], ends: tuple[int, int]) -> str:
        """Name a stretch of readings, and its channel."""
        first, last = 1 + ends[0], 1 + ends[1]
        return say(
            "channel {channel}, readings {first:,} to {last:,}",
            channel=1 + place[0],
            first=first,
            last=last,
        )

    def grid(self, value: bytes | None) -> Grid | None:
        """Return a drawing of a series."""
        grid = super().grid(value)
        return None if grid is None else Grid(_drawn(of_grid(grid)), grid.name)


def _shape(readings: np.ndarray) -> np.ndarray:
    coarse = stretched(without_gaps(readings), COARSE).astype(float)
    spread = coarse.std()
    return (coarse - coarse.mean()) / (spread or 1.0)


def _are_pictures(values: list[Any]) -> bool:
    """Whether arrays of two sides may be pictures: bytes, or fractions, of sides hardly unlike."""
    try:
        arrays = [np.asarray(value, float) for value in values]
    except (TypeError, ValueError):  # channels of unlike lengths
        return False
    sides = [array.shape for array in arrays]
    if not all(len(side) == 2 and max(side) < TABLE_SIDE * min(side) for side in sides):
        return False
    return all(array.min() >= 0 and array.max() <= TABLE_SHAPE for array in arrays)


def _drawn(readings: np.ndarray) -> np.ndarray:
    """Return readings (c, T), NaN where there is a gap, as dark lines on white: uint8 (h, w, 1)."""
    channels, length = readings.shape
    height, width = HEIGHT * FINE, WIDTH * FINE
    canvas = np.full((height, width), 255, np.uint8)
    edges = np.linspace(0, height, channels + 1).astype(int)
    at = np.linspace(0, length - 1, width)
    nearest = np.rint(at).astype(int)
    for channel, top, bottom in zip(readings, edges[:-1], edges[1:], strict=True):
        known = np.flatnonzero(~np.isnan(channel))
        if not len(known):
            continue
        low, high = float(channel[known].min()), float(channel[known].max())
        share = (np.interp(at, known, channel[known]) - low) / ((high - low) or 1.0)
        room = max(bottom - top - 3 * LINE, 1)
        rows = bottom - 2 * LINE - np.rint(share * room).astype(int)
        _draw(canvas, rows, ~np.isnan(channel[nearest]))
    return resized(canvas[:, :, None], HEIGHT, WIDTH)


def _draw(canvas: np.ndarray, rows: np.ndarray, known: np.ndarray) -> None:
    """Draw a line at these rows, one a column, joined from each to the next."""
    before = np.concatenate([rows[:1], rows[:-1]])
    for column, (one, other) in enumerate(zip(before, rows, strict=True)):
        if known[column]:
            low, high = sorted((int(one), int(other)))
            canvas[max(low, 0) : high + LINE, column] = 0
