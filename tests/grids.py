"""Columns of grids for tests, drawn at random."""

import numpy as np
import polars as pl

from gradum.tables.grids.cell import Grid, packed
from gradum.tables.grids.log_mel import BANDS


def pictures(*shapes, seed=0):
    """A column of pictures of these shapes (height, width, channels)."""
    return _cells(b"p", shapes, seed)


def sounds(*lengths, seed=0):
    """A column of spectrograms of these numbers of frames."""
    return _cells(b"s", [(BANDS, length, 1) for length in lengths], seed)


def series(*lengths, channels=1, seed=0):
    """A column of series of these numbers of readings, as walks at random."""
    rng = np.random.default_rng(seed)
    walks = (rng.normal(size=(channels, length)).cumsum(axis=1) for length in lengths)
    floats = (walk.astype("<f4").view(np.uint8).reshape(*walk.shape, 4) for walk in walks)
    return pl.Series("x", [packed(b"t", Grid(each)) for each in floats], pl.Binary)


def _cells(letter, shapes, seed):
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, 256, shape).astype(np.uint8) for shape in shapes)
    cells = [packed(letter, Grid(pixels, f"{row}")) for row, pixels in enumerate(drawn)]
    return pl.Series("x", cells, pl.Binary)
