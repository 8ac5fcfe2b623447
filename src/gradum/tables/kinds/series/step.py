"""A column of series: its kernels, and simple numbers of each channel.

Shapes: n rows, each a series of c channels and T readings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import structs

from gradum.messages import say
from gradum.randomness import stream
from gradum.tables.grids.cell import grids_of, packed
from gradum.tables.kinds.design import Feature, GridColumn
from gradum.tables.kinds.series.features import SeriesFeatures
from gradum.tables.kinds.series.readings import as_grid, of_grid, stretched, without_gaps
from gradum.tables.kinds.series.views import MIDDLE, SeriesViews
from gradum.tables.kinds.step import Measure, MissingMeasure, Step, missing_feature

LETTER = b"t"
SAMPLE = 2_000  # series by which a step is chosen
NUMBERS = ("mean", "deviation")
VARIES = 1e-3  # of a number: less, in units of the readings' deviation, is rounding


class SeriesStep(Step, frozen=True, tag="series"):
    """Features of the shape of series, and the level and spread of each channel.

    Parameters
    ----------
    source : str
        The table's column.
    channels : int
        c; 0 if no training row has a value.
    numbers : tuple of int
        Which numbers vary among training rows: of channel k, number j is 2 k + j.
    lengths_vary : bool
        Whether training series differ in length.
    missing : bool
        Whether training rows have missing values: if so, an indicator column is added.
    features : SeriesFeatures or None
        None if no training row has a series.
    views : SeriesViews or None
        How series are seen as grids; None unless filters look at them.
    """

    channels: int
    numbers: tuple[int, ...]
    lengths_vary: bool
    missing: bool
    features: SeriesFeatures | None = None
    views: SeriesViews | None = None

    is_measured = True

    def __post_init__(self) -> None:
        """Refuse values that no fit yields but that a damaged model file could hold."""
        of = 0 if self.features is None else len(self.features.scales)
        known = all(0 <= at < self.channels * len(NUMBERS) for at in self.numbers)
        seen = self.channels if self.views is None else len(self.views.centres)
        if of != self.channels or seen != self.channels or not known:
            raise ValueError(
                say("the series of column {source!r} have no possible shape", source=self.source)
            )

    @classmethod
    def fit(cls, series: pl.Series) -> SeriesStep:
        """Draw the kernels by training rows."""
        cells = _sample(series)
        sample = series_in(cells)
        if not sample:
            return cls(series.name, 0, (), False, False)
        channels = max(len(each) for each in sample)
        whole = [without_gaps(_with_channels(each, channels)) for each in sample]
        features, measured = SeriesFeatures.fit(whole, stream(0, "series"))
        numbers, scales = _numbers(whole), np.repeat(features.scales, len(NUMBERS))
        varying = np.flatnonzero(numbers.std(axis=0) > VARIES * scales)
        lengths_vary = len({each.shape[1] for each in whole}) > 1
        kept, missing = tuple(varying.tolist()), series.null_count() > 0
        step = cls(series.name, channels, kept, lengths_vary, missing, features)
        vars(step)["_known"] = dict(zip(cells, measured, strict=True))
        return step

    def with_grids(self, series: pl.Series) -> SeriesStep:
        """Return the step with views of its series."""
        if self.features is None:
            return self
        views = SeriesViews.fit(self._whole(_sample(series)))
        step = structs.replace(self, views=views)
        vars(step)["_known"] = self._known
        return step

    def grid_column(self) -> GridColumn | None:
        """Describe the views."""
        return None if self.views is None else GridColumn(self.source, *self.views.shape)

    def pixels(self, series: pl.Series) -> np.ndarray:
        """Return the views of a column: uint8 (n, 1, T', v c); of a missing value, level lines."""
        assert self.views is not None
        pixels = np.full((len(series), *self.views.shape), MIDDLE, np.uint8)
        grids = grids_of(series, LETTER)
        present = [row for row, grid in enumerate(grids) if grid is not None]
        pixels[present] = self.views.pixels(self._whole(series[present]))
        return pixels

    def measure(self, most: int) -> Measure:
        """Count the missing values of all rows, to tell whether there are any."""
        return MissingMeasure(self)

    def dense_features(self) -> tuple[Feature, ...]:
        """Name the numbers, the length, the components, then the indicator."""
        if self.features is None:
            return ()
        source = self.source
        names = [_name(at, self.channels) for at in self.numbers]
        names += ["length"] if self.lengths_vary else []
        plain = tuple(Feature(f"{source} {name}", source, "reading") for name in names)
        shapes = tuple(Feature(f"{source} {n}", source, "grid") for n in self.features.names)
        return (*plain, *shapes, missing_feature(source)) if self.missing else (*plain, *shapes)

    def dense_block(self, series: pl.Series) -> np.ndarray:
        """Compute these columns (n, d)."""
        found = np.zeros((len(series), len(self.dense_features())))
        grids = grids_of(series, LETTER)
        present = [row for row, grid in enumerate(grids) if grid is not None]
        if self.features is None:
            return found
        if present:
            cells = series[present]
            whole = self._whole(cells)
            lengths = np.log([each.shape[1] for each in whole])[:, None]
            numbers = [_numbers(whole)[:, self.numbers], lengths[:, : self.lengths_vary]]
            measured = np.hstack([*numbers, self._measured(cells, whole)])
            found[present, : measured.shape[1]] = measured
        if self.missing:
            found[:, -1] = series.is_null().to_numpy()
        return found

    def _whole(self, cells: pl.Series) -> list[np.ndarray]:
        """Return the series (c, T) of cells, without gaps."""
        return [without_gaps(_with_channels(each, self.channels)) for each in series_in(cells)]

    def _measured(self, cells: pl.Series, series: Sequence[np.ndarray]) -> np.ndarray:
        """Return the components of series, of training ones without measuring them again."""
        assert self.features is not None
        new = [place for place, cell in enumerate(cells) if cell not in self._known]
        measured = np.empty((len(cells), len(self.features.names)), np.float32)
        if new:
            measured[new] = self.features.measured([series[place] for place in new])
        for place, cell in enumerate(cells):
            if cell in self._known:
                measured[place] = self._known[cell]
        return measured

    @cached_property
    def _known(self) -> dict[bytes, np.ndarray]:
        """What `fit` measured, by cell; nothing in a step that was read from a file."""
        return {}

    @property
    def is_divisible(self) -> bool:
        """Whether training rows had a series."""
        return self.features is not None

    def divided(self, own: pl.Series, others: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return one series (c, T, 1) and others at its length (n, c, T, 1), float32."""
        readings, channels = _with_channels(series_in(own)[0], self.channels), self.channels
        length = readings.shape[1]
        each = [stretched(_with_channels(one, channels), length) for one in series_in(others)]
        return readings[:, :, None], np.stack(each)[..., None]

    def lattice(self, side: int) -> tuple[int, int]:
        """Return the channels, at most ``side``, and stretches of time; of one channel, twice."""
        return min(self.channels, side), side if self.channels > 1 else 2 * side

    def cells(self, grids: np.ndarray) -> pl.Series:
        """Return a typed column that has these series, float32 (n, c, T, 1)."""
        return pl.Series(
            self.source, [packed(LETTER, as_grid(grid[:, :, 0])) for grid in grids], pl.Binary
        )


def _sample(series: pl.Series) -> pl.Series:
    """Return up to `SAMPLE` cells of a column, whatever the order of its rows."""
    ordered = series.drop_nulls().sort()
    return ordered.gather_every(-(-len(ordered) // SAMPLE) or 1)


def series_in(cells: pl.Series) -> list[np.ndarray]:
    """Return the readings (c, T) of each cell, none of them missing."""
    return [of_grid(grid) for grid in grids_of(cells, LETTER) if grid is not None]


def _with_channels(readings: np.ndarray, channels: int) -> np.ndarray:
    """Return a series with so many channels; one that it lacks is a gap.

    One of fewer readings than channels was read with its sides exchanged.
    """
    if readings.shape[1] == channels > len(readings) > 1:
        readings = np.ascontiguousarray(readings.T)
    if len(readings) >= channels:
        return readings[:channels]
    lacking = np.full((channels - len(readings), readings.shape[1]), np.nan, np.float32)
    return np.concatenate([readings, lacking])


def _numbers(series: Sequence[np.ndarray]) -> np.ndarray:
    """Return the `NUMBERS` of every channel (n, 2 c); series of one length are measured together.

    Each has the bits that it has alone, as every sum is one of readings that follow each other.
    """
    lengths = np.array([each.shape[1] for each in series])
    numbers = np.empty((len(series), *series[0].shape[:1], len(NUMBERS)), series[0].dtype)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        block = np.stack([series[row] for row in rows.tolist()])
        numbers[rows] = np.stack([block.mean(axis=2), block.std(axis=2)], axis=2)
    return numbers.reshape(len(series), -1)


def _name(at: int, channels: int) -> str:
    channel, number = divmod(at, len(NUMBERS))
    return NUMBERS[number] if channels == 1 else f"{NUMBERS[number]} ({channel + 1})"
